"""The sockets: a real HTTP server in a thread, quick to start and to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from .errors import SandboxError
from .faults import CONNECTION

_LOOPBACK = "127.0.0.1"
_START_TIMEOUT = 10.0


class _Connection(H11Protocol):
    """A connection that can be ended in the ways real ones end, each call knowing its own."""

    _closes = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  uvicorn's own
        super().__init__(*args, **kwargs)
        self.app_state = {**self.app_state, CONNECTION: self}

    def close_after_answer(self) -> None:
        self._closes = True

    def cut(self) -> None:
        self.cycle.disconnected = True
        self.transport.close()

    def reset(self) -> None:
        self.cycle.disconnected = True
        # Lingering for no time makes the kernel send a reset instead of an end.
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.transport.abort()

    def on_response_complete(self) -> None:
        if self._closes:
            self.transport.close()
        super().on_response_complete()


class _Uvicorn(uvicorn.Server):
    """Uvicorn without its polling: told to stop, it stops, whatever is under way."""

    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._announced = started
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._announced.set()
        while not self._stopping.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            await close(server)
        for listener in sockets or []:
            listener.close()
        tasks = list(self.server_state.tasks)
        for connection in list(self.server_state.connections):
            if isinstance(connection, _Connection):
                if connection.cycle:
                    connection.cycle.disconnected = True
                connection.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Aborted transports close their sockets in the next turn of the loop.
        await asyncio.sleep(0)

    def stop(self) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(self._stopping.set)


class HttpServer:
    """Serves an ASGI application on loopback until it is stopped."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        """Take *port*, or any free one if it is 0, and begin to serve."""
        self._socket = _listener(port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=_Connection,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        started = threading.Event()
        self._server = _Uvicorn(config, started)
        self._thread = threading.Thread(target=self._run, name="dimail sandbox", daemon=True)
        self._thread.start()
        if not started.wait(_START_TIMEOUT):
            raise SandboxError("the sandbox does not start", hint="look at its log")

    def stop(self) -> None:
        """Stop serving, breaking off what is under way."""
        self._server.stop()
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


async def close(server: asyncio.Server) -> None:
    """Close *server*, and come back when all connections it has accepted are known."""
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        loop.remove_reader(listener.fileno())
    # It takes so many turns of the loop until an accepted socket is a connection; a server
    # that is closed meanwhile leaves the socket open.
    for _ in range(3):
        await asyncio.sleep(0)
    server.close()


def _listener(port: int) -> socket.socket:
    # asyncio sends without delay only on sockets that name TCP; else each answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"port {port} is not free: {error}", hint="choose another port, or 0 for any"
        ) from error
    return listener
