"""
Single values: names of domains, addresses, handles and uuids, and free text.

Each judgement is a function of the text alone. Where a value has a form in which it is compared
and sent (domains: A-labels; addresses), the function gives that form or a `Fault`.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from mailstate.model.resources import DomainName
from mailstate.statefiles.text import character_name, shown

MAX_TEXT = 200
MAX_HANDLE = 64
MAX_LOCAL_PART = 64
MAX_LABEL = 63
MAX_DOMAIN = 128
MAX_EMAIL = 254

LOCAL_PART = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
# RFC 5322 §3.2.3: atext. Capitals are allowed: somebody else's server decides about them.
DOT_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"

RESERVED_LOCAL_PART = "oxadmin"
DROP = "devnull@devnull"
"""The destination that makes dimail drop letters (contract §10); the only one without a dot."""


class Fault(NamedTuple):
    """What is wrong with a value; `hint` if there is a better one than the rule's remedy."""

    rule: str
    message: str
    hint: str | None = None


_HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]*")
_HANDLE_CHARACTERS = re.compile(r"[^a-z0-9._-]")
_UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LOCAL_PART_CHARACTERS = re.compile(r"[^a-z0-9_.-]")
_PLAIN_DOMAIN = re.compile(
    r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
)
_is_local_part = re.compile(LOCAL_PART).fullmatch
_is_dot_atom = re.compile(DOT_ATOM).fullmatch
_EMAIL_HINT = "write `name@domain.tld`, without display name or angle brackets"


def nfc(text: str) -> str:
    """*text* in Unicode NFC, the form in which all text is compared and sent (design §11)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """The form of *text* that is the same for all spellings in capitals and small letters."""
    return text.lower() if text.isascii() else nfc(nfc(text).casefold())


def handle_fault(text: str) -> Fault | None:
    """What is wrong with the handle *text* (design §11)."""
    if len(text) > MAX_HANDLE:
        message = f"the handle has {len(text)} characters; {MAX_HANDLE} is the most"
        return Fault("handle-form", message, "shorten it")
    if _HANDLE.fullmatch(text):
        return None
    if not text:
        return Fault("handle-form", "the handle is empty")
    odd = _HANDLE_CHARACTERS.search(text)
    if odd:
        return Fault("handle-form", f"the handle `{shown(text)}` holds {_character(odd[0])}")
    return Fault("handle-form", f"the handle `{shown(text)}` does not begin with a letter or digit")


def uuid_fault(text: str) -> Fault | None:
    """What is wrong with the uuid *text*: RFC 9562 §4 with hyphens, or 32 hexadecimal digits."""
    if _UUID.fullmatch(text):
        return None
    return Fault("uuid-form", f"`{shown(text)}` is not a uuid")


def local_part_fault(text: str) -> Fault | None:
    """What is wrong with *text* as the local part of a mailbox or alias (design §11)."""
    if text == RESERVED_LOCAL_PART:
        return Fault("local-part-reserved", f"`{text}` is Open-Xchange's own account")
    if len(text) > MAX_LOCAL_PART:
        message = f"the local part has {len(text)} characters; {MAX_LOCAL_PART} is the most"
        return Fault("local-part-form", message, "shorten it")
    if _is_local_part(text):
        return None
    if not text:
        return Fault(
            "local-part-form", "the local part is empty", "write what stands before the `@`"
        )
    what = f"the local part `{shown(text)}`"
    if "@" in text:
        return Fault("local-part-form", f"{what} holds an `@`", "leave out the `@` and the domain")
    odd = _LOCAL_PART_CHARACTERS.search(text)
    if odd:
        return Fault("local-part-form", f"{what} holds {_character(odd[0])}")
    hint = "dots stand between other characters, one at a time"
    where = "two dots together" if ".." in text else "a dot at an end"
    return Fault("local-part-form", f"{what} has {where}", hint)


def text_fault(text: str) -> Fault | None:
    """What is wrong with *text* as a name for people (design §11)."""
    if not text or text.isspace():
        return Fault("text-blank", "the text is empty" if not text else "the text is blank")
    if len(text) > MAX_TEXT:
        message = f"the text has {len(text)} characters; {MAX_TEXT} is the most"
        return Fault("text-too-long", message)
    if text[0].isspace() or text[-1].isspace():
        # A line break at the end is what a block text leaves.
        if text[-1] == "\n":
            return Fault("text-control-character", f"`{shown(text)}` ends in a line break")
        return Fault("text-blank-ends", f"`{shown(text)}` has a blank at an end")
    if text.isprintable():
        return None
    odd = next((char for char in text if _is_invisible(char)), None)
    if odd is None:
        return None
    return Fault("text-control-character", f"the text holds {character_name(odd)}")


@lru_cache(maxsize=65_536)
def domain_name(text: str) -> DomainName | Fault:
    """
    The domain *text* in A-labels (IDNA 2008, RFC 5891), or what is wrong with it.

    The limits are those of design §11: lower case, two labels or more, 63 characters a label,
    128 in all, no final dot, no address of numbers.
    """
    if _PLAIN_DOMAIN.fullmatch(text) and "--" not in text and len(text) <= MAX_DOMAIN:
        return DomainName(text)
    return _difficult_domain(nfc(text))


def _difficult_domain(text: str) -> DomainName | Fault:
    what = f"the domain `{shown(text)}`"
    if not text:
        return Fault("domain-form", "the domain is empty")
    if text != text.lower():
        return Fault("domain-form", f"{what} has capitals", f"write `{shown(text.lower())}`")
    if text.endswith("."):
        hint = f"write `{shown(text.rstrip('.'))}`"
        return Fault("domain-form", f"{what} ends in a dot", hint)
    if "@" in text or "/" in text:
        return Fault("domain-form", f"{what} is an address, not a domain")
    labels = text.split(".")
    if len(labels) == 1:
        return Fault("domain-form", f"{what} has one label only; two are needed")
    encoded = []
    for label in labels:
        a_label = _label(label)
        if isinstance(a_label, Fault):
            return Fault("domain-form", f"{what}: {a_label.message}", a_label.hint)
        encoded.append(a_label)
    if encoded[-1].isdigit():
        return Fault("domain-form", f"{what} ends in a number, as an address of numbers does")
    name = ".".join(encoded)
    if len(name) > MAX_DOMAIN:
        message = f"{what} has {len(name)} characters as A-labels; {MAX_DOMAIN} is the most"
        return Fault("domain-form", message)
    return DomainName(name)


def _label(label: str) -> str | Fault:
    if not label:
        return Fault("domain-form", "two dots together, or one at the beginning")
    if label.isascii() and len(label) > MAX_LABEL:
        message = f"a label has {len(label)} characters; {MAX_LABEL} is the most"
        return Fault("domain-form", message)
    if label.startswith("-") or label.endswith("-"):
        return Fault("domain-form", f"the label `{shown(label)}` has a hyphen at an end")
    if len(label) > 4 * MAX_LABEL:
        return Fault("domain-form", f"a label is longer than {MAX_LABEL} characters as an A-label")
    import idna  # noqa: PLC0415 - its tables take longer to load than most commands to run

    try:
        return idna.alabel(label).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        message = f"the label `{shown(label)}` is not one of letters, digits and hyphens"
        return Fault("domain-form", f"{message} that IDNA 2008 allows")


def email_address(text: str) -> str | Fault:
    """
    The address *text* with its domain in A-labels, or what is wrong with it.

    Pragmatic: RFC 5321's dot-string in ASCII, 64 characters, and a domain as in `domain_name`
    with capitals allowed; no quotes, comments or literals. The local part is kept as it is written.
    """
    local, _, domain = text.rpartition("@")
    if len(local) <= MAX_LOCAL_PART and len(text) <= MAX_EMAIL and _is_dot_atom(local):
        name = domain_name(domain.lower())
        if not isinstance(name, Fault):
            return f"{local}@{name}"
        message = f"`{shown(text)}` is not an e-mail address: {name.message}"
        return Fault("email-form", message, name.hint)
    return _email_fault(text, local)


def _email_fault(text: str, local: str) -> Fault:
    what = f"`{shown(text)}`"
    if not text:
        return Fault("email-form", "the address is empty")
    if "@" not in text:
        return Fault("email-form", f"{what} is not an e-mail address: it has no `@`", _EMAIL_HINT)
    if not local or "@" in local:
        return Fault("email-form", f"{what} is not an e-mail address", _EMAIL_HINT)
    if len(local) > MAX_LOCAL_PART or len(text) > MAX_EMAIL:
        message = f"{what} is longer than {MAX_LOCAL_PART} characters before the `@`"
        if len(local) <= MAX_LOCAL_PART:
            message = f"{what} is longer than {MAX_EMAIL} characters"
        return Fault("email-form", message, "write an address that exists")
    message = f"{what} is not an e-mail address: look at what stands before the `@`"
    return Fault("email-form", message, _EMAIL_HINT)


def destination(text: str) -> str | Fault:
    """
    Where an alias leads: an address in lower case and A-labels, or `devnull@devnull`.

    dimail compares case (contract §2) and People lower-cases, so destinations are sent lower.
    """
    if text.lower() == DROP:
        return DROP
    address = email_address(text)
    return address if isinstance(address, Fault) else address.lower()


def _character(char: str) -> str:
    if char == " ":
        return "a blank"
    if char.isupper():
        return f"a capital, `{char}`"
    return f"`{char}`" if char.isprintable() else character_name(char)


def _is_invisible(char: str) -> bool:
    # Cf without the two joiners that some scripts need to spell names.
    category = unicodedata.category(char)
    return category in {"Cc", "Cs", "Zl", "Zp"} or (category == "Cf" and char not in "\u200c\u200d")
