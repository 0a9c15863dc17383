"""
Addresses as they go into headers and envelopes, and text that is safe in a letter.

Nothing here trusts that somebody else has looked at the values before.
"""

import re
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address

import idna

_MAX_ADDRESS = 254
_MAX_NAME = 80

# RFC 5322 §3.2.3 (atext) and, for SMTPUTF8, whatever is not ASCII (RFC 6532 §3.2).
_LOCAL_PART = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
    r"(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+)*"
)
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_MAX_DOMAIN = 253

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown(text: str) -> str:
    r"""Show *text* as one line in which nothing is hidden: `\u202e` for what cannot be seen."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        rf"\u{ord(char):04x}" if unicodedata.category(char) in _HIDDEN else char for char in text
    )


def shown_in_header(text: str) -> str:
    r"""
    Show *text* as `shown` does, and so that a header holds it as it is: `=\u003f` for `=?`.

    `email` decodes encoded words (RFC 2047) in what it is given to write: `=?utf-8?q?=0ABcc:…?=`
    would become a header of its own.
    """
    return shown(text).replace("=?", r"=\u003f")


def host_name(text: str) -> str | None:
    """The host or domain *text* in A-labels; None if it is none."""
    name = text.lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return None
    return name if len(name) <= _MAX_DOMAIN and _DOMAIN.fullmatch(name) else None


def mail_address(text: str) -> Address | None:
    """The address *text*, its domain in A-labels; None if it is none that mail can go to."""
    local_part, _, domain = text.rpartition("@")
    name = host_name(domain)
    if (
        name is None
        or not _LOCAL_PART.fullmatch(local_part)
        or shown_in_header(local_part) != local_part
    ):
        return None
    if len(local_part) + 1 + len(name) > _MAX_ADDRESS:
        return None
    return Address(username=local_part, domain=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who the letters are from: an address, and the name beside it."""

    address: Address
    name: str = ""

    @property
    def header(self) -> Address:
        """What the From header says."""
        return Address(self.name, self.address.username, self.address.domain)


_SENDER = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>")


def read_sender(text: str) -> Sender | None:
    """Read `Service <noreply@commune.example>` or the address alone; None if it is neither."""
    found = _SENDER.fullmatch(text.strip())
    name = found["name"].strip().strip('"') if found else ""
    address = mail_address(found["address"] if found else text.strip())
    if address is None or not address.username.isascii() or shown_in_header(name) != name:
        return None
    return Sender(address=address, name=name)


# Letters and a few signs, no digits; a full stop ends a word, so that there is no `www.example`.
_NAME = re.compile(r"[^\W\d_]([^\W\d_]|[ '\u2019,()&-]|\.(?= |$))*")


def greeted(name: str | None) -> str:
    """
    Give *name* if it reads as the name of somebody, else nothing.

    Names come from files that strangers may have written. One that holds a web address, a
    telephone number or mark-up would let them speak in our letters.
    """
    return name if name and len(name) <= _MAX_NAME and _NAME.fullmatch(name) else ""
