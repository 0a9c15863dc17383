"""A relay before a mail server, which knows where each letter is and can lose it there."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self
from urllib.parse import urlsplit

from mailstate.sandbox.server import close

_LOOPBACK = "127.0.0.1"
_END = b"\r\n.\r\n"
_TO = re.compile(rb"RCPT TO:<([^>]*)>", re.IGNORECASE)


class Mishap(Enum):
    """What befalls a letter that came whole."""

    NONE = auto()
    PUT_OFF = auto()
    """451: try again later."""

    REFUSED = auto()
    """554: never."""

    LOST = auto()
    """The connection ends, and the mail server has not got it."""

    UNTOLD = auto()
    """The mail server has it, and the connection ends in place of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A letter that reached the relay whole: the *nth* to this recipient, from 1."""

    recipient: str
    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """A mishap, and what is called before the mail server has the letter, then, and at the end."""

    mishap: Mishap = Mishap.NONE
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    answered: Callable[[], object] | None = None


class MailRelay:
    """Hands letters on to *upstream* (`smtp://127.0.0.1:PORT`) as *decide* says."""

    def __init__(self, upstream: str, decide: Callable[[Posted], Carry] | None = None) -> None:
        there = urlsplit(upstream)
        self._there = (there.hostname, there.port)
        self.decide = decide or (lambda _: Carry())
        self.url = ""
        self.untold: list[str] = []
        self._times: Counter[str] = Counter()
        self._error: BaseException | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mail relay", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10), "the relay does not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def settle(self) -> None:
        """Come back when all connections have ended; the client must be gone."""
        asyncio.run_coroutine_threadsafe(self._settle(), self._loop).result()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._accept, _LOOPBACK, 0)
        self.url = f"smtp://{_LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        self._started.set()
        await self._stopping.wait()
        await close(server)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await asyncio.sleep(0)

    async def _settle(self) -> None:
        for _ in range(8):  # what a client has left may not even have been accepted yet
            await asyncio.sleep(0)
        if self._connections:
            await asyncio.wait(self._connections)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._attend(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here, there = await asyncio.open_connection(*self._there)
        try:
            await self._converse(reader, writer, here, there)
        except (OSError, asyncio.IncompleteReadError):
            pass  # either side is gone
        except Exception as error:  # noqa: BLE001  told by settle
            self._error = error
        finally:
            for one in (writer, there):
                one.transport.abort()
                with suppress(OSError):
                    await one.wait_closed()

    async def _converse(
        self,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        recipient = ""
        to_client.write(await _reply(server))
        while line := await client.readline():
            if found := _TO.match(line):
                recipient = found[1].decode()
            to_server.write(line)
            answer = await _reply(server)
            to_client.write(answer)
            await to_client.drain()
            if line.strip().upper() != b"DATA" or not answer.startswith(b"354"):
                continue
            letter = await client.readuntil(_END)
            self._times[recipient] += 1
            carry = self.decide(Posted(recipient=recipient, nth=self._times[recipient]))
            _call(carry.before)
            match carry.mishap:
                case Mishap.LOST:
                    return
                case Mishap.PUT_OFF | Mishap.REFUSED as mishap:
                    answer = b"451 later\r\n" if mishap is Mishap.PUT_OFF else b"554 never\r\n"
                    to_client.write(answer)
                    # The server still waits for the letter, and must not get it.
                    await to_client.drain()
                    return
                case Mishap.NONE | Mishap.UNTOLD as mishap:
                    to_server.write(letter)
                    answer = await _reply(server)
                    _call(carry.after)
                    if mishap is Mishap.UNTOLD:
                        self.untold.append(recipient)
                        return
                    to_client.write(answer)
                    await to_client.drain()
                    _call(carry.answered)


def _call(function: Callable[[], object] | None) -> None:
    if function is not None:
        function()


async def _reply(server: asyncio.StreamReader) -> bytes:
    """A whole reply of the mail server."""
    lines = b""
    while True:
        line = await server.readline()
        lines += line
        if line[3:4] != b"-":
            return lines
