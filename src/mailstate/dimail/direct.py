"""
A direct connection to a server: asyncio's own, one request in one write, one answer.

Whatever happens to a request, it is not sent again from here. A connection is used again only if
nothing is known against it: no byte that nobody asked for, no end, no rest that is not written
yet, and not idle for long.
"""

import asyncio
import re
import select
import ssl

from mailstate.dimail.address import Address
from mailstate.dimail.answer import Answer
from mailstate.dimail.framing import Reading
from mailstate.dimail.line import (
    BROKEN,
    CONNECTING,
    HEADERS,
    IDLE,
    LOST,
    NO_CONNECTION,
    NOT_IN_TIME,
    NOT_SENDABLE,
    UNTRUSTED,
    Trouble,
)
from mailstate.dimail.reach import connected
from mailstate.model.secret import Secret, wordless

_Outcome = Answer | Trouble | RuntimeError | TimeoutError

_AT_ONCE = 64 * 1024
"""Bytes of one read."""

# A line break in one of these would begin a header, or a request, of somebody else's choice.
_BEGINNING = re.compile("[A-Z]+ /[!-~]*")
_VALUE = re.compile("[ -~]+")
_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})


class Direct:
    """A `Line` to the server at *address*; with *context*, through TLS."""

    def __init__(self, address: Address, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._context = context
        lines = {"Host": address.authority, **HEADERS}
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._authorization: Secret | None = None
        self._stream: _Stream | None = None

    async def ask(
        self, method: str, target: str, authorization: str, body: bytes | None, deadline: float
    ) -> Answer | Trouble:
        """What came of one request, sent once. Raises `TimeoutError` at *deadline*."""
        beginning = f"{method} {target}"
        if not _BEGINNING.fullmatch(beginning):
            return NOT_SENDABLE
        # It is the same for a long time.
        if self._authorization is None or authorization != self._authorization.reveal():
            if not _VALUE.fullmatch(authorization):
                return NOT_SENDABLE
            self._authorization = Secret(authorization)
        if body is not None:
            rest = f"Content-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n"
        else:
            rest = "Content-Length: 0\r\n\r\n" if method in _WITH_BODY else "\r\n"
        head = f"{beginning} HTTP/1.1\r\nAuthorization: {authorization}\r\n{self._lines}{rest}"
        request = head.encode("ascii") + (body or b"")
        if self._stream is None or not self._stream.is_fit():
            await self.aclose()
            made = await self._connect(deadline)
            if isinstance(made, Trouble):
                return made
            self._stream = made
        outcome = await self._stream.exchange(request, deadline)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _connect(self, deadline: float) -> "_Stream | Trouble":
        loop = asyncio.get_running_loop()
        port = self._address.port or (80 if self._context is None else 443)
        soonest = min(deadline, loop.time() + CONNECTING)
        limit = asyncio.timeout_at(soonest)
        try:
            async with limit:
                _, stream = await loop.create_connection(
                    _Stream,
                    sock=await connected(self._address.host, port),
                    ssl=self._context,
                    server_hostname=None if self._context is None else self._address.host,
                )
        except ssl.SSLCertVerificationError:
            return UNTRUSTED
        except (OSError, UnicodeError):  # TimeoutError is one, too
            if not limit.expired():
                return NO_CONNECTION
            if soonest == deadline:
                raise TimeoutError from None
            return NOT_IN_TIME
        return stream

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()


class _Stream(asyncio.BufferedProtocol):
    """
    One open connection.

    It reads into a buffer of its own: for each read of a plain protocol asyncio takes and gives
    back 256 KiB of memory, which costs more than all else that is done for an answer.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._buffer = memoryview(bytearray(_AT_ONCE))
        self._waiting = select.poll()
        self._reading = Reading()
        self._is_asked = False
        self._outcome: asyncio.Future[_Outcome]
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._closed = self._loop.create_future()
        self._idle_since = self._loop.time()
        self._is_used_up = False

    def is_fit(self) -> bool:
        """Whether another request may be sent."""
        return not (
            self._is_used_up
            or self._loop.time() - self._idle_since > IDLE
            or self._transport.is_closing()
            or self._transport.get_write_buffer_size()
            # What the loop has had no time to look at: an end, or bytes that nobody asked for.
            or self._waiting.poll(0)
        )

    def exchange(self, request: bytes, deadline: float) -> "asyncio.Future[_Outcome]":
        """Send *request*, and come back with what came of it until *deadline*."""
        if self._reading.is_judged:
            self._reading = Reading()
        self._is_asked = True
        self._outcome = self._loop.create_future()
        self._deadline = deadline
        if self._alarm is None or self._alarm.when() > deadline:
            self._set_alarm()
        self._transport.write(request)
        return self._outcome

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        """Give up, or wait on: an alarm is kept for later requests, which may end later."""
        self._alarm = None
        if not self._is_asked:
            return
        if self._loop.time() < self._deadline:
            self._set_alarm()
        else:
            self._finish(TimeoutError())

    async def aclose(self) -> None:
        """Close at once, whatever is under way."""
        self._is_used_up = True
        self._transport.abort()
        await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio promises
        self._transport = transport
        self._waiting.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def get_buffer(self, _wanted: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, length: int) -> None:
        if not self._is_asked:
            self._is_used_up = True
            self._transport.abort()
            return
        outcome = _told(self._reading, self._buffer[:length].tobytes())
        if outcome is not None:
            self._finish(outcome)

    def eof_received(self) -> None:
        self._is_used_up = True
        if self._is_asked:
            outcome = _told(self._reading, b"") if self._is_end_told() else None
            self._finish(outcome or BROKEN)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_used_up = True
        if self._alarm is not None:
            self._alarm.cancel()
        if self._is_asked:
            self._finish(BROKEN if error is None else LOST)
        if not self._closed.done():
            self._closed.set_result(None)

    def _finish(self, outcome: _Outcome) -> None:
        self._is_asked = False
        self._idle_since = now = self._loop.time()
        if now >= self._deadline:
            outcome = TimeoutError()
        if not isinstance(outcome, Answer) or self._reading.is_last:
            self._is_used_up = True
            self._transport.abort()
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def _is_end_told(self) -> bool:
        """
        Whether the server ended the connection, and not somebody on the way.

        Inside TLS it says so; an end that anybody can make is no end of an answer.
        """
        tls = self._transport.get_extra_info("ssl_object")
        try:
            return tls is None or tls.read(1) == b""
        except ssl.SSLError:
            return False


def _told(reading: Reading, data: bytes) -> _Outcome | None:
    try:
        return reading.receive(data) if data else reading.end()
    except Exception as error:  # noqa: BLE001 - a bug, of h11 or ours
        return wordless(error)
