"""Where a dimail is: the one URL of the settings, and where an answer redirects to."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, Self
from urllib.parse import quote, urljoin

from mailstate.errors import SettingsError

_LONGEST = 65_536
LAST_PORT = 65_535
_PORTS = {"http": 80, "https": 443}

# The first two are those of RFC 3986, appendix B, and 3.2.
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?")
_AUTHORITY = re.compile(r"(?:(.*)@)?(\[.*\]|[^:@]*)(?::([0-9]*))?")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_FOUR_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+){3}")

# All that is printable, but for `"`, `#`, `<`, `>`, `?` and more in paths; `%` is taken for the
# beginning of what is encoded already.
_QUERY_SAFE = "!$%&'()*+,/:;=?@[\\]^`{|}"
_PATH_SAFE = "!$%&'()*+,/:;=@[\\]^|"

_HINT = "write https://HOST; the user name and the password have settings of their own"


class _Url(NamedTuple):
    """The parts of a URL, spelt as they go over the wire. `port` is None for the usual one."""

    scheme: str
    userinfo: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ValueError` for what is no URL."""
        found = _URL.fullmatch(text)
        if found is None or len(text) > _LONGEST or any(_is_control(char) for char in text):
            raise ValueError
        scheme, authority, path, query, fragment = (part or "" for part in found.groups())
        scheme = scheme.lower()
        there = _AUTHORITY.fullmatch(authority)
        if there is None:
            raise ValueError
        userinfo, host, port = (part or "" for part in there.groups())
        number = int(port) if port else None
        return cls(
            scheme=scheme,
            userinfo=userinfo,
            host=_host(host),
            port=None if number == _PORTS.get(scheme) else number,
            path=quote(_without_dots(path) if scheme or authority else path, safe=_PATH_SAFE),
            query=quote(query, safe=_QUERY_SAFE),
            fragment=fragment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    A dimail: by https, or by http on this very machine.

    *host* is a name in A-labels or an address without brackets, *port* is None for the usual one,
    *path* ends without a slash.
    """

    scheme: str
    host: str
    port: int | None = None
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `SettingsError` for any other URL, and for one with credentials."""
        try:
            url = _Url.parse(text.rstrip("/"))
        except ValueError:  # UnicodeError is one
            url = None
        if (
            url is None
            or not _HOST.fullmatch(url.host)
            or url.scheme not in _PORTS
            or (url.port or 0) > LAST_PORT
            or url.query
            or url.fragment
        ):
            raise SettingsError("the URL of dimail is not of the form https://HOST", hint=_HINT)
        if url.userinfo:
            raise SettingsError("the URL of dimail holds a user name or a password", hint=_HINT)
        address = cls(scheme=url.scheme, host=url.host, port=url.port, path=url.path.rstrip("/"))
        if address.scheme == "http" and not address.is_local:
            raise SettingsError(
                f"the URL of dimail begins with http://, and {address.host} is not this very "
                "machine",
                hint="write https://: passwords would travel in the clear",
            )
        return address

    @property
    def url(self) -> str:
        """The URL, without a slash at the end."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Host and port as a URL and the header `Host` have them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether it is on loopback."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def redirected(self, target: str, location: str) -> str | None:
        """
        What to ask for in place of *target*; None if *location* is on another server.

        Behind a TLS proxy dimail takes itself for http. The scheme stays what it was: the
        password is not to travel in the clear because of an answer. Raises `ValueError` if
        *location* is no URL.
        """
        _Url.parse(location)
        try:
            joined = urljoin(f"{self.scheme}://{self.authority}{target}", location)
        except ValueError:
            return None
        there = _Url.parse(joined)
        if (there.host, there.port) != (self.host, self.port) or there.userinfo:
            return None
        return (there.path or "/") + there.query


def _is_control(char: str) -> bool:
    return char < " " or char == "\x7f"


def _host(text: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        IPv6Address(text[1:-1])
        return text[1:-1]
    if _FOUR_NUMBERS.fullmatch(text):
        IPv4Address(text)
    if text.isascii():
        return text.lower()
    import idna  # noqa: PLC0415 - its tables take longer to load than a call

    return idna.encode(text.lower()).decode("ascii")


def _without_dots(path: str) -> str:
    """*path* without the segments `.` and `..`, which lead nowhere and one up."""
    way: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if way not in ([], [""]):
                way.pop()
        elif segment != ".":
            way.append(segment)
    return "/".join(way)
