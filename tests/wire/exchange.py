"""HTTP/1.1 as bytes, for the fault proxy: reads requests, asks servers, writes answers."""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import assert_never

import h11

from tests.wire.deeds import (
    Close,
    Cut,
    Headers,
    Instead,
    LoseAnswer,
    Overtaken,
    Pass,
    Raw,
    Reset,
    Rewrite,
    Slow,
    Spoken,
)

_CHUNK = 65_536
_FRAMING = {"content-length", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request, as it is to be sent on."""

    head: h11.Request
    body: bytes

    @property
    def ends_connection(self) -> bool:
        """Whether the client asks for no other on its connection."""
        return (b"connection", b"close") in [(n, v.lower()) for n, v in self.head.headers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server wrote: *raw* is all of it, the others are what it means and how it ended."""

    raw: bytes = b""
    head: h11.Response | None = None
    body: bytes = b""
    is_whole: bool = False
    was_reset: bool = False

    @property
    def status(self) -> int:
        """Its status; that of a gateway if there is none."""
        return self.head.status_code if self.head else HTTPStatus.BAD_GATEWAY

    @property
    def headers(self) -> Headers:
        """Its headers, but for those that say where the body ends."""
        if self.head is None:
            return ()
        pairs = ((name.decode(), value.decode("latin-1")) for name, value in self.head.headers)
        return tuple(pair for pair in pairs if pair[0] not in _FRAMING)


class Client:
    """The connection of one client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._rest = b""

    async def request(self) -> Request | None:
        """The next request that comes whole, or None when no more will."""
        parser = h11.Connection(h11.SERVER)
        if self._rest:
            parser.receive_data(self._rest)
        head: h11.Request | None = None
        body = b""
        while True:
            try:
                event = parser.next_event()
                if event is h11.NEED_DATA:
                    parser.receive_data(await self.reader.read(_CHUNK))
            except (h11.RemoteProtocolError, OSError):
                return None
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                self._rest = parser.trailing_data[0]
                return Request(head, body)
            elif event is not h11.NEED_DATA:
                return None

    async def reply(self, deed: Spoken, answer: Answer) -> None:
        """Write, and end the connection, as *deed* makes it of the server's *answer*."""
        match deed:
            case Pass() | Overtaken() | Slow():
                await self._pass_back(answer)
                if isinstance(deed, Pass) and deed.close:
                    await self.end()
            case Reset() | LoseAnswer():
                self.reset()
            case Close():
                await self.end()
            case Instead(status=status, headers=headers, body=body):
                await self.write(_spelt(status, headers, body))
                if deed.close:
                    await self.end()
            case Rewrite(function=function):
                await self.write(_spelt(*function(answer.status, answer.headers, answer.body)))
            case Cut():
                await self.write(_cut(answer, deed))
                await self.end()
            case Raw(data=data):
                await self.write(data)
                await self.end()
            case _:
                assert_never(deed)

    async def _pass_back(self, answer: Answer) -> None:
        await self.write(answer.raw)
        if answer.was_reset:
            self.reset()
        elif not answer.is_whole or answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            # dimail closes after a 500.
            await self.end()

    async def write(self, data: bytes) -> None:
        """Write *data*, whether or not anybody is left to read it."""
        with suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    def reset(self) -> None:
        """Break off at once."""
        if not self.writer.is_closing():
            # Lingering for no time makes the kernel send a reset instead of an end.
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self.writer.transport.abort()

    async def end(self) -> None:
        """Close after what is written so far."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def wait_until_gone(self) -> None:
        """Come back when the client has closed or broken its side."""
        with suppress(OSError):
            while await self.reader.read(_CHUNK):
                pass


async def ask(host: str, port: int, request: Request) -> Answer:
    """Send *request* over a connection of its own; a server that is not there resets."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return Answer(was_reset=True)
    try:
        return await _conversation(request, reader, writer)
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def _conversation(
    request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Answer:
    parser = h11.Connection(h11.CLIENT)
    for event in (request.head, h11.Data(data=request.body), h11.EndOfMessage()):
        writer.write(parser.send(event) or b"")
    raw, body = b"", b""
    head: h11.Response | None = None
    while True:
        try:
            got = parser.next_event()
            if got is h11.NEED_DATA:
                data = await reader.read(_CHUNK)
                raw += data
                parser.receive_data(data)
        except (h11.RemoteProtocolError, OSError) as error:
            return Answer(raw=raw, head=head, body=body, was_reset=isinstance(error, OSError))
        if isinstance(got, h11.Response):
            head = got
        elif isinstance(got, h11.Data):
            body += bytes(got.data)
        elif got is not h11.NEED_DATA:
            is_whole = isinstance(got, h11.EndOfMessage)
            return Answer(raw=raw, head=head, body=body, is_whole=is_whole)


def _spelt(status: int, headers: Headers, body: bytes) -> bytes:
    if status == HTTPStatus.NO_CONTENT:
        return _head(status, headers)
    if not any(name.lower() in _FRAMING for name, _ in headers):
        headers = (*headers, ("content-length", str(len(body))))
    return _head(status, headers) + body


def _head(status: int, headers: Headers) -> bytes:
    lines = [f"HTTP/1.1 {status} ", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _cut(answer: Answer, deed: Cut) -> bytes:
    part = answer.body[: int(len(answer.body) * deed.keep)]
    if deed.framing == "head" or not answer.body:
        head = _head(answer.status, answer.headers)
        return head[: int((len(head) - 1) * deed.keep)]
    if deed.framing == "chunked":
        head = _head(answer.status, (*answer.headers, ("transfer-encoding", "chunked")))
        return head + (b"%x\r\n%b\r\n" % (len(part), part) if part else b"")
    return _head(answer.status, (*answer.headers, ("content-length", str(len(answer.body))))) + part
