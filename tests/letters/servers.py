"""Two mail servers for tests: a real one (aiosmtpd), and a puppet that can do what none should."""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Inbox:
    """
    A real mail server in a thread; `letters` holds what it took.

    *tls* is its certificate: for STARTTLS, or from the start if *is_tls*. *login* is the one user
    name and password it knows; without one it asks for none. *refused* maps recipients to answers.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        is_tls: bool = False,
        login: tuple[str, str] | None = None,
        mechanisms: Sequence[str] = ("PLAIN", "LOGIN"),
        refused: Mapping[str, str] | None = None,
        smtputf8: bool = False,
    ) -> None:
        self.letters: list[Envelope] = []
        self.sessions: list[Session] = []
        self.port = 0
        self._tls = tls
        self._is_tls = is_tls
        self._login = login
        self._refused = refused or {}
        self._options: dict[str, Any] = {
            "hostname": "mail.example",
            "enable_SMTPUTF8": smtputf8,
            "tls_context": None if is_tls else tls,
            "auth_required": login is not None,
            "auth_require_tls": False,
            "auth_exclude_mechanism": {"PLAIN", "LOGIN"} - set(mechanisms),
            "authenticator": self._authenticate,
        }
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(
            loop.create_server(
                lambda: SMTP(self, loop=loop, **self._options),
                "127.0.0.1",
                0,
                ssl=self._tls if self._is_tls else None,
            )
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        told = (data.login.decode(), data.password.decode())
        return AuthResult(success=told == self._login, handled=False)

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self._refused:
            return self._refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.letters.append(envelope)
        self.sessions.append(session)
        return "250 OK"


DROP = "(the connection is reset)"
SILENCE = "(no answer at all)"

_ANSWERS = {
    "CONNECT": "220 mail.example",
    "EHLO": "250-mail.example\r\n250-SIZE 1000000\r\n250-AUTH PLAIN LOGIN\r\n250 HELP",
    "AUTH": "235 welcome",
    "DATA": "354 go on",
    "QUIT": "221 bye",
}


class Puppet:
    """
    A mail server whose every answer can be set: *plays* has one mapping per connection.

    The last one holds for all that follow. Keys are commands, `CONNECT`, `BODY` (reset before the
    letter is read) and `.` (the letter's end); an answer may hold `{heard}`, all that was said.
    `letters` came whole, and `taken` of them were taken.
    """

    def __init__(self) -> None:
        self.plays: list[dict[str, str]] = [{}]
        self.letters: list[bytes] = []
        self.taken = 0
        self.commands: list[str] = []
        self.connections = 0
        self.silent = threading.Event()
        self.tls: ssl.SSLContext | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._open: socket.socket | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._open is not None:
            with suppress(OSError):
                self._open.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def hang_up(self) -> None:
        """Close the connection that is open, as servers do that have waited for long."""
        assert self._open is not None
        self._open.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open = connection
            play = self.plays[min(self.connections, len(self.plays) - 1)]
            self.connections += 1
            with suppress(OSError, UnicodeDecodeError):  # TLS is no text
                self._play(connection, play)
            self._open.close()

    def _play(self, connection: socket.socket, play: Mapping[str, str]) -> None:
        stream = connection.makefile("rwb")
        if not self._answer(connection, stream, play, "CONNECT"):
            return
        for line in iter(stream.readline, b""):
            command = line.decode().strip()
            self.commands.append(command)
            verb = command.split(" ", 1)[0].upper()
            if not self._answer(connection, stream, play, verb) or verb == "QUIT":
                break
            if verb == "STARTTLS" and self.tls is not None:
                connection = self._open = self.tls.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rwb")
            if verb == "DATA" and play.get("DATA", "354").startswith("354"):
                if "BODY" in play:
                    _reset(connection)
                    break
                lines: list[bytes] = []
                for one in iter(stream.readline, b".\r\n"):
                    if not one:
                        break
                    lines.append(one)
                else:
                    self.letters.append(b"".join(lines))
                    self.commands.append(".")
                    self.taken += play.get(".", "250").startswith("250")
                if not self._answer(connection, stream, play, "."):
                    break
        with suppress(OSError):
            stream.close()

    def _answer(
        self, connection: socket.socket, stream: BinaryIO | Any, play: Mapping[str, str], verb: str
    ) -> bool:
        answer = play.get(verb, _ANSWERS.get(verb, "250 OK"))
        if answer == DROP:
            _reset(connection)
            return False
        if answer == SILENCE:
            self.silent.set()
        else:
            heard = " ".join([*self.commands, *(letter.decode() for letter in self.letters)])
            told = answer.replace("{heard}", " ".join(heard.split()))
            stream.write(told.encode() + b"\r\n")
            stream.flush()
        return True


def _reset(connection: socket.socket) -> None:
    """Close *connection* the hard way, so that the other side's writes fail as well."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
