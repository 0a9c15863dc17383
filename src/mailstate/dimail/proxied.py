"""
A connection to a server by way of a proxy, as the environment asks for: httpx knows how.

The only module of this package that calls httpx. None of its exceptions leaves: they carry the
request, and with it passwords.
"""

import asyncio
import logging
import ssl
from collections.abc import Iterator
from contextlib import suppress
from urllib.request import getproxies

import httpx

from mailstate.dimail.address import LAST_PORT, Address
from mailstate.dimail.answer import HEEDED, Answer
from mailstate.dimail.line import (
    BROKEN,
    CONNECTING,
    HEADERS,
    IDLE,
    LONGEST_ANSWER,
    LOST,
    NO_CONNECTION,
    NOT_IN_TIME,
    NOT_PACKED,
    PACKINGS,
    TOO_LONG,
    UNTRUSTED,
    Fate,
    Trouble,
)
from mailstate.errors import SettingsError

# They log the headers and the reason of answers, in which a server may repeat what it was sent.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

# The texts are ours: those of the exceptions may quote headers.
_TROUBLES: tuple[tuple[type[Exception], Trouble], ...] = (
    (httpx.ConnectTimeout, NOT_IN_TIME),
    (httpx.ConnectError, NO_CONNECTION),
    (httpx.PoolTimeout, Trouble(fate=Fate.NOT_SENT, words="no free connection")),
    (httpx.ProxyError, Trouble(fate=Fate.NOT_SENT, words="the proxy refused to connect")),
    (httpx.UnsupportedProtocol, Trouble(fate=Fate.NOT_SENT, words="no such protocol")),
    (httpx.NetworkError, LOST),
    (httpx.DecodingError, NOT_PACKED),
    (httpx.RequestError, BROKEN),
)


class Proxied:
    """
    A `Line` to the server at *address*, by way of the proxy that the environment names for it.

    Of `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` httpx makes what others do. Raises `SettingsError` if
    one of them cannot be used. Tests put a *transport* in place of the network.
    """

    def __init__(
        self,
        address: Address,
        context: ssl.SSLContext | None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._origin = f"{address.scheme}://{address.authority}"
        try:
            _check_proxies()
            self._http = httpx.AsyncClient(
                # One that knows no authority refuses every server.
                verify=context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                limits=httpx.Limits(
                    max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE
                ),
                transport=transport,
                headers=HEADERS,
            )
        except (ImportError, ValueError, httpx.InvalidURL):
            pass  # its text may hold the password of the proxy
        else:
            return
        raise SettingsError(
            "a proxy of the environment cannot be used",
            hint="check HTTPS_PROXY, ALL_PROXY and NO_PROXY; SOCKS proxies are not supported",
        )

    async def ask(
        self, method: str, target: str, authorization: str, body: bytes | None, deadline: float
    ) -> Answer | Trouble:
        """What came of one request, sent once. Raises `TimeoutError` at *deadline*."""
        headers = {"Authorization": authorization}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with (
                asyncio.timeout_at(deadline),
                self._http.stream(
                    method,
                    self._origin + target,
                    headers=headers,
                    content=body,
                    timeout=httpx.Timeout(None, connect=CONNECTING),
                    auth=None,
                    follow_redirects=False,
                ) as response,
            ):
                return await _whole(response)
        except (TimeoutError, httpx.TimeoutException) as error:
            if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
                return _trouble(error)
            raise TimeoutError from None
        except (httpx.RequestError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return _trouble(error)

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        with suppress(httpx.HTTPError, OSError):
            await self._http.aclose()


async def _whole(response: httpx.Response) -> Answer | Trouble:
    # Those two unpack to a thousand times their size at most, piece by piece; what is packed
    # twice, or in another way, could be more than all memory before it is counted.
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"identity", *PACKINGS}:
        return NOT_PACKED
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LONGEST_ANSWER:
            return TOO_LONG
    heeded = {name: response.headers.get(name.decode()) for name in HEEDED - {b"content-encoding"}}
    return Answer(
        status=response.status_code,
        headers={name: text.encode() for name, text in heeded.items() if text is not None},
        body=bytes(body),
    )


def _trouble(error: Exception) -> Trouble:
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return UNTRUSTED
    for kind, trouble in _TROUBLES:
        if isinstance(error, kind):
            return trouble
    return LOST


def _causes(error: BaseException) -> Iterator[BaseException]:
    """*error* and what led to it; a chain may bite its own tail."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _check_proxies() -> None:
    """Raise `ValueError` for a port of a proxy that cannot be, which httpx finds too late."""
    for scheme in ("http", "https", "all"):
        proxy = getproxies().get(scheme, "")
        url = httpx.URL(proxy if "://" in proxy else f"http://{proxy}")
        if (url.port or 0) > LAST_PORT:
            raise ValueError
