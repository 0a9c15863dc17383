"""
Connections to one dimail, and what came of a call: an answer, or trouble on the way.

The only module that calls httpx. None of its exceptions leaves: they carry the request, and with
it passwords. What happened is told by values, without a word of what was sent or answered.
"""

import asyncio
import json
import logging
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from ipaddress import ip_address
from pathlib import Path
from urllib.request import getproxies

import httpx

from mailstate import __version__
from mailstate.dimail.calls import Call
from mailstate.dimail.patience import Patience
from mailstate.errors import SettingsError
from mailstate.model.secret import wordless

CONNECTING = 10.0
"""Seconds that making a connection may take."""

# Shorter than the five seconds after which uvicorn closes an idle connection: a request that
# crosses the close on its way would be lost, and a lost POST costs a read-back.
_IDLE = 3.0

LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; the list of 20 000 mailboxes has two million of them (contract §12)."""

_PACKINGS = ("identity", "gzip", "deflate")
_REDIRECTS = 2
_LAST_PORT = 65_535

_log = logging.getLogger("mailstate.dimail")

# They log the headers and the reason of answers, in which a server may repeat what it was sent.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that came whole. `retry_after` and `date` are its headers, in seconds."""

    status: int
    body: bytes = field(default=b"", repr=False)
    retry_after: float | None = None
    date: float | None = None


class Fate(Enum):
    """What is known of a call that got no answer."""

    NOT_SENT = auto()
    UNTRUSTED = auto()
    """Not sent either: the server's certificate cannot be verified."""

    TIMED_OUT = auto()
    LOST = auto()
    """The connection broke, or carried something that is no HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """No answer: what is known of the call, in a value and in words."""

    fate: Fate
    words: str


# The texts are ours: those of the exceptions may quote headers.
_TROUBLES: tuple[tuple[type[Exception], Trouble], ...] = (
    (
        httpx.ConnectTimeout,
        Trouble(fate=Fate.NOT_SENT, words=f"no connection within {CONNECTING:g} s"),
    ),
    (httpx.ConnectError, Trouble(fate=Fate.NOT_SENT, words="no connection")),
    (httpx.PoolTimeout, Trouble(fate=Fate.NOT_SENT, words="no free connection")),
    (httpx.ProxyError, Trouble(fate=Fate.NOT_SENT, words="the proxy refused to connect")),
    (httpx.UnsupportedProtocol, Trouble(fate=Fate.NOT_SENT, words="no such protocol")),
    (httpx.NetworkError, Trouble(fate=Fate.LOST, words="the connection was lost")),
    (httpx.DecodingError, Trouble(fate=Fate.LOST, words="the answer cannot be unpacked")),
    (httpx.InvalidURL, Trouble(fate=Fate.LOST, words="the answer redirects to no URL")),
    (httpx.RequestError, Trouble(fate=Fate.LOST, words="the answer broke off or is no HTTP")),
)
_TOO_LONG = Trouble(fate=Fate.LOST, words=f"the answer is longer than {LONGEST_ANSWER >> 20} MiB")
_UNTRUSTED = Trouble(fate=Fate.UNTRUSTED, words="the certificate of the server cannot be verified")


class Connections:
    """
    A last-in, first-out store of connections to one server, one request at a time on each.

    One `AsyncClient` with one connection per call under way, since the pool of a shared one
    slows down with every connection it holds. After a 500 the server closes the connection
    without saying so (contract §2): that one, and any that met trouble, is thrown away.

    Proxies are taken from the environment as usual (`HTTPS_PROXY`, `NO_PROXY`); a server on
    loopback is always spoken to directly.
    """

    def __init__(
        self,
        url: str,
        *,
        ca_file: Path | None,
        transport: httpx.AsyncBaseTransport | None,
        patience: Patience,
    ) -> None:
        self._base = _base_url(url)
        self._patience = patience
        self._direct = _is_loopback(self._base.host)
        self._ssl = _ssl_context(self._base, ca_file)
        self._transport = transport
        self._idle: list[httpx.AsyncClient] = [self._connect()]

    @property
    def url(self) -> str:
        """Where the server is, without a slash at the end."""
        return str(self._base).rstrip("/")

    def _connect(self) -> httpx.AsyncClient:
        try:
            if not self._direct:
                _check_proxies()
            return httpx.AsyncClient(
                verify=self._ssl,
                limits=httpx.Limits(
                    max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE
                ),
                transport=self._transport,
                trust_env=not self._direct,
                headers={
                    "User-Agent": f"mailstate/{__version__}",
                    "Accept": "application/json",
                    "Accept-Encoding": ", ".join(_PACKINGS[1:]),
                },
            )
        except (ImportError, ValueError, httpx.InvalidURL):
            pass  # its text may hold the password of the proxy
        raise SettingsError(
            "a proxy of the environment cannot be used",
            hint="check HTTPS_PROXY, ALL_PROXY and NO_PROXY; SOCKS proxies are not supported",
        )

    async def send(self, call: Call, authorization: str) -> Answer | Trouble:
        """Send *call* once, and give what came of it."""
        http = self._idle.pop() if self._idle else self._connect()
        started = time.perf_counter()
        outcome: Answer | Trouble | RuntimeError | None = None
        try:
            outcome = await self._exchange(http, call, authorization)
        except Exception as error:  # noqa: BLE001 - a bug, of httpx or ours
            outcome = wordless(error)
        finally:
            if isinstance(outcome, Answer) and outcome.status < httpx.codes.INTERNAL_SERVER_ERROR:
                self._idle.append(http)
            else:
                await _discard(http)
        if isinstance(outcome, RuntimeError):
            raise outcome
        _log.debug(
            "%s: %s in %d ms",
            call,
            outcome.status if isinstance(outcome, Answer) else outcome.words,
            (time.perf_counter() - started) * 1000,
        )
        return outcome

    async def _exchange(
        self, http: httpx.AsyncClient, call: Call, authorization: str
    ) -> Answer | Trouble:
        headers = {"Authorization": authorization}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        seconds = self._patience.slow if call.is_slow else self._patience.quick
        try:
            # One bound for all of it: a server that sends a byte now and then would keep
            # time-outs of single steps happy for ever.
            async with asyncio.timeout(seconds):
                return await self._answer(http, call, headers)
        except _TooLongError:
            return _TOO_LONG
        except (TimeoutError, httpx.TimeoutException) as error:
            if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
                return _trouble(error)
            return Trouble(fate=Fate.TIMED_OUT, words=f"no answer within {seconds:g} s")
        except (httpx.RequestError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return _trouble(error)

    async def _answer(self, http: httpx.AsyncClient, call: Call, headers: dict[str, str]) -> Answer:
        """What the server says, after at most a few redirects."""
        url = httpx.URL(self.url + call.target)
        for left in reversed(range(_REDIRECTS + 1)):
            async with http.stream(
                call.method,
                url,
                headers=headers,
                content=None if call.body is None else json.dumps(call.body).encode(),
                timeout=httpx.Timeout(None, connect=CONNECTING),
                auth=None,
                follow_redirects=False,
            ) as response:
                body = await _whole(response)
            further = self._redirected(response) if left else None
            if further is None:
                return _answer(response, body)
            url = further
        raise AssertionError  # pragma: no cover

    def _redirected(self, response: httpx.Response) -> httpx.URL | None:
        """Where to ask again: on this very server, or nowhere (contract §2, slashes)."""
        if response.status_code not in {307, 308} or "Location" not in response.headers:
            return None
        location = response.url.join(response.headers["Location"])
        # Behind a TLS proxy dimail takes itself for http. The scheme stays what it was: the
        # password is not to travel in the clear because of an answer.
        here = (self._base.host, self._base.port)
        if (location.host, location.port) != here or location.userinfo:
            return None
        return self._base.copy_with(raw_path=location.raw_path)

    async def aclose(self) -> None:
        """Close all connections."""
        while self._idle:
            await _discard(self._idle.pop())


async def _discard(http: httpx.AsyncClient) -> None:
    with suppress(httpx.HTTPError, OSError):
        await http.aclose()


def _trouble(error: Exception) -> Trouble:
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return _UNTRUSTED
    for kind, trouble in _TROUBLES:
        if isinstance(error, kind):
            return trouble
    return Trouble(fate=Fate.LOST, words="the connection was lost")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """*error* and what led to it; a chain may bite its own tail."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


class _TooLongError(Exception):
    """An answer does not end."""


async def _whole(response: httpx.Response) -> bytes:
    # Those two unpack to a thousand times their size at most, piece by piece; what is packed
    # twice, or in another way, could be more than all memory before it is counted.
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in _PACKINGS:
        raise httpx.DecodingError("")
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LONGEST_ANSWER:
            raise _TooLongError
    return bytes(body)


def _answer(response: httpx.Response, body: bytes) -> Answer:
    date = _http_date(response.headers.get("Date"))
    return Answer(
        status=response.status_code,
        body=body,
        retry_after=_retry_after(response.headers.get("Retry-After"), date),
        date=date,
    )


def _retry_after(text: str | None, date: float | None) -> float | None:
    if text is None:
        return None
    if re.fullmatch("[0-9]{1,18}", text):
        return float(text)
    until = _http_date(text)
    # Without a clock on either side to compare with, a date says only "not now".
    return None if until is None else max(0.0, until - (time.time() if date is None else date))


def _http_date(text: str | None) -> float | None:
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _base_url(text: str) -> httpx.URL:
    hint = "write https://HOST; the user name and the password have settings of their own"
    try:
        url = httpx.URL(text.rstrip("/"))
    except (httpx.InvalidURL, UnicodeError):
        url = httpx.URL("")
    if (
        not re.fullmatch(rb"[a-z0-9._-]+|[0-9a-f:.]+", url.raw_host)
        or url.scheme not in {"https", "http"}
        or (url.port or 0) > _LAST_PORT
        or url.query
        or url.fragment
    ):
        raise SettingsError("the URL of dimail is not of the form https://HOST", hint=hint)
    if url.userinfo:
        raise SettingsError("the URL of dimail holds a user name or a password", hint=hint)
    if url.scheme == "http" and not _is_loopback(url.host):
        raise SettingsError(
            f"the URL of dimail begins with http://, and {url.host} is not this very machine",
            hint="write https://: passwords would travel in the clear",
        )
    return url


def _check_proxies() -> None:
    """Raise `ValueError` for a port of a proxy that cannot be, which httpx finds too late."""
    for scheme in ("http", "https", "all"):
        proxy = getproxies().get(scheme, "")
        url = httpx.URL(proxy if "://" in proxy else f"http://{proxy}")
        if (url.port or 0) > _LAST_PORT:
            raise ValueError


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ssl_context(url: httpx.URL, ca_file: Path | None) -> ssl.SSLContext:
    if url.scheme == "http":
        # Reading the certificates of the authorities takes longer than a call to the sandbox;
        # this context knows none, and so would refuse every server.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context = (
            httpx.create_ssl_context()
            if ca_file is None
            else ssl.create_default_context(cafile=str(ca_file))
        )
    except OSError:
        if ca_file is None:
            raise SettingsError(
                "the certificates of the authorities to trust cannot be read",
                hint="check SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE in the environment",
            ) from None
        raise SettingsError(
            f"{ca_file}: no certificates can be read from this file",
            hint="a PEM file with the certificates of the authorities to trust is needed",
        ) from None
    # Whoever has the keys that SSLKEYLOGFILE asks for can read the passwords off the wire.
    context.keylog_filename = None  # type: ignore[assignment]  # as Python has it
    return context
