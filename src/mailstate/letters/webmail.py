"""Where the holder of a mailbox logs in."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from mailstate.letters.addresses import host_name
from mailstate.model.resources import DomainName
from mailstate.model.secret import Secret

DEFAULT_WEBMAIL = "https://webmail.{domain}"
"""The name that dimail asks the owners of a domain to publish (contract §5.2)."""

_DOMAIN = "{domain}"
_WRITTEN = re.compile(r"https?://[A-Za-z0-9:\[\]._-]+(/[A-Za-z0-9._~/-]*)?")


@dataclass(frozen=True, slots=True)
class Webmail:
    """The pattern of the addresses of webmails; `read_webmail` makes it."""

    pattern: str

    def of(self, domain: DomainName) -> str:
        """The address of the webmail of *domain*."""
        return self.pattern.replace(_DOMAIN, domain)

    def login(self, domain: DomainName, code: Secret) -> Secret:
        """The address at which *code* opens a mailbox of *domain* (contract §9)."""
        return Secret(f"{self.of(domain)}/code/{quote(code.reveal(), safe='', errors='replace')}")


def read_webmail(text: str) -> Webmail | None:
    """Read `https://webmail.{domain}`, or an address for all domains; None if it is neither."""
    example = text.replace(_DOMAIN, "commune.example")
    if not _WRITTEN.fullmatch(example):
        return None
    try:
        parts = urlsplit(example)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme == "http" and not is_loopback(host):
        return None  # passwords are typed there
    if not (host_name(host) or is_loopback(host)):
        return None
    return Webmail(text.rstrip("/"))


def is_loopback(host: str) -> bool:
    """Whether *host* is this very machine, whatever a name server may say."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
