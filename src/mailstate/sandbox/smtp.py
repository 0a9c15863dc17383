"""The mail server: real SMTP on loopback, whose letters go into the outbox and no further."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading

from aiosmtpd.smtp import SMTP, Envelope, Session

from .outbox import Outbox, Refusals
from .server import close

_LOOPBACK = "127.0.0.1"

# It would log every line it hears at DEBUG: the passwords in letters too.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class MailServer:
    """
    Takes letters in a thread, from `start` to `stop`, time and again, at one and the same port.

    No TLS, no login: who reaches loopback is on this machine already.
    """

    def __init__(self, outbox: Outbox, refusals: Refusals) -> None:
        """Choose a port, at which nobody listens yet."""
        self._handler = _Handler(outbox, refusals)
        # Bound but not listening, it refuses connections, and nobody else gets the port.
        self._reserved = _bound(0)
        self.port: int = self._reserved.getsockname()[1]
        self._serving: _Serving | None = None

    def start(self) -> None:
        """Begin to listen, if it does not yet."""
        if self._serving is None:
            self._serving = _Serving(self._handler, _bound(self.port))

    def stop(self) -> None:
        """Stop listening, breaking off what is under way."""
        if self._serving is not None:
            self._serving.end()
            self._serving = None

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._reserved.close()


class _Serving:
    """A thread with a loop of its own, which listens until its end."""

    def __init__(self, handler: _Handler, listener: socket.socket) -> None:
        self._handler = handler
        self._listener = listener
        # Connections wait for the loop from here on: no need to wait for it ourselves.
        listener.listen()
        self._end = asyncio.Event()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._run, name="mail sandbox", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        with self._runner:
            self._runner.run(self._serve())

    async def _serve(self) -> None:
        transports: set[asyncio.BaseTransport] = set()
        server = await self._loop.create_server(
            lambda: _Connection(self._handler, transports, self._loop), sock=self._listener
        )
        await self._end.wait()
        await close(server)
        for transport in list(transports):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        # Aborted transports close their sockets in the next turn of the loop.
        await asyncio.sleep(0)


class _Connection(SMTP):
    """A connection that its server knows of."""

    def __init__(
        self,
        handler: _Handler,
        transports: set[asyncio.BaseTransport],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            handler,
            hostname="localhost",
            ident="mailstate sandbox",
            enable_SMTPUTF8=True,
            loop=loop,
        )
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transports.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:
            self._transports.discard(self.transport)
        super().connection_lost(error)


class _Handler:
    """What aiosmtpd asks; the names are its own."""

    def __init__(self, outbox: Outbox, refusals: Refusals) -> None:
        self._outbox = outbox
        self._refusals = refusals

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        refusal = self._refusals.answer(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 taken"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        self._outbox.add(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        return "250 2.0.0 in the outbox"


def _bound(port: int) -> socket.socket:
    # asyncio sends without delay only on sockets that name TCP; else each answer takes 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # The port is bound twice: once to reserve it, once to listen.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((_LOOPBACK, port))
    return bound
