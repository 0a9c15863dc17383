"""TLS in front of a server, and a proxy of the kind that HTTPS_PROXY names, both on loopback."""

import asyncio
import ssl
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_LOOPBACK = "127.0.0.1"


class Front:
    """
    Hands on whatever comes, both ways, to *port*: through TLS if there is a *context*.

    With *connects* it first takes a CONNECT, whatever host that asks for. `heard` is what came
    in before anything was handed on, and of what came without TLS the beginning.
    """

    def __init__(
        self, port: int, *, context: ssl.SSLContext | None = None, connects: bool = False
    ) -> None:
        self._upstream = port
        self._context = context
        self._connects = connects
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self.port = 0
        self.heard: list[bytes] = []

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Clients that do not trust the certificate go away in the middle of the handshake.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._attend, _LOOPBACK, 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        try:
            if self._connects:
                self.heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back, there = await asyncio.open_connection(_LOOPBACK, self._upstream)
            await asyncio.gather(self._pipe(reader, there, heard=True), self._pipe(back, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, heard: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if heard:
                    self.heard.append(data)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
