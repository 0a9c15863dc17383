"""
The mail server of the settings: an SMTP URL, read without ever showing it.

The URL holds a password. Whatever is wrong with it is told without a word of it: what looks like a
host or a port may be a part of a password in which a `/` or an `@` was not percent-encoded.
"""

import re
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from mailstate.errors import SettingsError
from mailstate.letters.addresses import host_name, shown
from mailstate.letters.webmail import is_loopback
from mailstate.model.secret import Secret

_PORTS = {"smtp": 587, "smtps": 465}
_HINT = (
    "write smtp://USER:PASSWORD@HOST:PORT or smtps://…; in the user name and the password,"
    " percent-encode whatever is no letter or digit (@ is %40, / is %2F)"
)
_NOT_UTF8 = "the user name or the password is not UTF-8"
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we are to the mail server."""

    user: Secret
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where letters are handed over, and how: TLS from the start, or by STARTTLS."""

    host: str
    port: int
    is_tls: bool
    login: Login | None = None
    tls: ssl.SSLContext = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def needs_tls(self) -> bool:
        """Whether nothing may be said in the clear: everywhere but on loopback."""
        return self.is_tls or not is_loopback(self.host)


def read_mail_server(url: Secret, *, ca_file: Path | None = None) -> MailServer:
    """
    Read `smtp://user:password@host:port` or `smtps://…`. Raises `SettingsError`.

    *ca_file* holds the certificate authorities to trust instead of the system's.
    """
    found = _read(url)
    if isinstance(found, str):
        raise SettingsError(f"the URL of the mail server cannot be used: {found}", hint=_HINT)
    return MailServer(
        host=found.host,
        port=found.port,
        is_tls=found.is_tls,
        login=found.login,
        tls=_tls(ca_file),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    host: str
    port: int
    is_tls: bool
    login: Login | None


def _read(url: Secret) -> _Parts | str:
    """The parts of *url*, or what is wrong with it in words that hold nothing of it."""
    try:
        parts = urlsplit(url.reveal())
        port = parts.port
    except ValueError:
        return "it cannot be taken apart"
    if parts.scheme not in _PORTS:
        return "it does not begin with smtp:// or smtps://"
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return "something follows the host and the port"
    host = _host(parts.hostname or "")
    if host is None or port == 0:
        return "it names no host"
    login = _login(parts)
    if isinstance(login, str):
        return login
    return _Parts(
        host=host,
        port=port or _PORTS[parts.scheme],
        is_tls=parts.scheme == "smtps",
        login=login,
    )


def _host(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return host_name(text)


def _login(parts: SplitResult) -> Login | str | None:
    if parts.username is None:
        return None
    if not parts.username or not parts.password:
        return "a user name and a password belong together"
    if _BAD_PERCENT.search(parts.username + parts.password):
        return "a percent sign in the user name or the password is not written %25"
    try:
        user, password = (
            unquote(text, errors="strict") for text in (parts.username, parts.password)
        )
    except UnicodeDecodeError:
        return _NOT_UTF8
    if not _is_utf8(user + password):
        return _NOT_UTF8
    if "\0" in user + password:
        return "the user name or the password holds a zero byte"
    return Login(user=Secret(user), password=Secret(password))


def _is_utf8(text: str) -> bool:
    """Whether *text* is no surrogate in place of a byte, as the environment has them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError:
        if ca_file is None:
            raise SettingsError(
                "the certificates of the authorities to trust cannot be read",
                hint="check SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE in the environment",
            ) from None
        raise SettingsError(
            f"{shown(str(ca_file))}: no certificates can be read from this file",
            hint="a PEM file with the certificates of the authorities to trust is needed",
        ) from None
    # Whoever has the keys that SSLKEYLOGFILE asks for can read the letters off the wire.
    context.keylog_filename = None  # type: ignore[assignment]
    return context
