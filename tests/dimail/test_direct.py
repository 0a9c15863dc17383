"""Direct connections, over real sockets: what is sent, when one is used again, when it is not."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import pytest
import trustme

from mailstate.dimail import calls
from mailstate.dimail.address import Address
from mailstate.dimail.connections import Answer, Connections, Fate, Trouble
from mailstate.dimail.direct import Direct
from mailstate.dimail.line import NO_CONNECTION, NOT_SENDABLE
from mailstate.dimail.patience import Patience
from tests.dimail.support import run

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"
FORGED = b'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n["evil"]'
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n[]"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"


@dataclass
class Server:
    """Answers every request with the bytes that *says* has for it, the last one for ever."""

    says: list[bytes]
    then: Callable[[asyncio.StreamWriter], None] = lambda _writer: None
    context: ssl.SSLContext | None = None
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._attend, "127.0.0.1", 0, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self.says.pop(0) if self.says[1:] else self.says[0])
                self.then(writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.transport.abort()


def ask_twice(server: Server) -> list[Answer | Trouble]:
    """What comes of two calls, one after the other."""

    async def scenario() -> list[Answer | Trouble]:
        async with server:
            url = f"http://127.0.0.1:{server.port}"
            store = Connections(url, ca_file=None, line=None, patience=Patience())
            outcomes = []
            for _ in range(2):
                outcomes.append(await store.send(calls.users(), "Basic x"))
                await asyncio.sleep(0.01)
            await store.aclose()
            return outcomes

    return run(scenario())


def end(writer: asyncio.StreamWriter) -> None:
    writer.write_eof()


def reset(writer: asyncio.StreamWriter) -> None:
    made = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def forge(writer: asyncio.StreamWriter) -> None:
    asyncio.get_running_loop().call_later(0.002, writer.write, FORGED)


@pytest.mark.parametrize("says", [[OK], [CHUNKED], [CHUNKED, OK], [OK, CHUNKED]])
def test_a_connection_is_used_again(says):
    """
    As long as nothing speaks against it, whichever way its answers are read.
    """
    server = Server(list(says))

    assert [Answer(status=200, body=b"[]")] * 2 == ask_twice(server)
    assert (1, 2) == (server.connections, len(server.asked))


@pytest.mark.parametrize(
    "server",
    [
        Server([OK + FORGED, OK]),
        Server([OK, OK], then=forge),
        Server([OK + b"\r\n", OK]),
        Server([OK], then=end),
        Server([OK.replace(b"OK", b"OK\r\nConnection: close")]),
        Server([OK.replace(b"200", b"500")]),
    ],
    ids=["two at once", "one nobody asked for", "a blank", "ended", "told to end", "500"],
)
def test_a_connection_that_is_not_right_is_not_used_again(server):
    """
    What comes unasked is never taken for the answer to the next call.
    """
    outcomes = ask_twice(server)

    assert [b"[]", b"[]"] == [outcome.body for outcome in outcomes if isinstance(outcome, Answer)]
    assert (2, 2) == (server.connections, len(server.asked))


def test_what_came_while_nobody_looked_is_noticed():
    """
    Bytes and ends that lie in the socket while the program does something else.
    """

    async def scenario() -> tuple[int, list[Answer | Trouble]]:
        there = socket.create_server(("127.0.0.1", 0))
        address = Address.parse(f"http://127.0.0.1:{there.getsockname()[1]}")
        line, outcomes, made = Direct(address, None), [], []
        loop = asyncio.get_running_loop()
        for _ in range(2):
            asking = asyncio.ensure_future(line.ask("GET", "/", "Basic x", None, loop.time() + 9))
            await asyncio.sleep(0.02)
            there.settimeout(0)
            try:
                made.append(there.accept()[0])
            except BlockingIOError:
                break
            made[-1].recv(65_536)
            made[-1].sendall(OK)
            outcomes.append(await asking)
            made[-1].sendall(FORGED)  # and the loop has had no turn when the next one is asked
        await line.aclose()
        for each in (*made, there):
            each.close()
        return len(made), outcomes

    assert (2, [Answer(status=200, body=b"[]")] * 2) == run(scenario())


@pytest.mark.parametrize(
    ("then", "says", "words"),
    [
        (end, b"", "the answer broke off or is no HTTP"),
        (end, OK[:-1], "the answer broke off or is no HTTP"),
        (reset, b"", "the connection was lost"),
        (reset, OK[:20], "the connection was lost"),
    ],
)
def test_a_request_is_sent_once(then, says, words):
    """
    Though nothing is known of it, and though the connection had been good before.
    """
    server = Server([OK, says], then=lambda writer: then(writer) if server.asked[1:] else None)
    outcomes = ask_twice(server)

    assert [Answer(status=200, body=b"[]"), Trouble(fate=Fate.LOST, words=words)] == outcomes
    assert (1, 2) == (server.connections, len(server.asked))


@pytest.mark.parametrize(
    ("method", "target", "authorization"),
    [
        ("GET", "/", "Bearer x\r\nX-Evil: y"),
        ("GET", "/", "Bearer x\ny"),
        ("GET", "/", "Bearer x\0"),
        ("GET", "/", "Bearer é"),
        ("GET", "/", ""),
        ("GET", "/ HTTP/1.1\r\nX-Evil: y\r\n", "Basic x"),
        ("GET", "/a b", "Basic x"),
        ("GET", "/é", "Basic x"),
        ("GET", "http://evil.example/", "Basic x"),
        ("GET /evil", "/", "Basic x"),
    ],
)
def test_nothing_gets_into_a_request_that_does_not_belong_there(method, target, authorization):
    """
    It is not sent at all, and that is known.
    """

    async def scenario() -> tuple[Answer | Trouble, Server]:
        async with Server([OK]) as server:
            line = Direct(Address.parse(f"http://127.0.0.1:{server.port}"), None)
            return await line.ask(method, target, authorization, None, float("inf")), server

    outcome, server = run(scenario())

    assert (NOT_SENDABLE, 0) == (outcome, server.connections)


def test_an_authorization_is_looked_at_whatever_the_one_before_was():
    """
    Another one is sent as it is, or not at all.
    """

    async def scenario() -> list[Answer | Trouble]:
        async with Server([OK, OK]) as server:
            line = Direct(Address.parse(f"http://127.0.0.1:{server.port}"), None)
            told = [
                await line.ask("GET", "/", authorization, None, float("inf"))
                for authorization in ("Bearer x", "Bearer x\r\nX-Evil: y", "Bearer z")
            ]
            await line.aclose()
            return told

    first, evil, other = run(scenario())

    assert isinstance(first, Answer)
    assert evil == NOT_SENDABLE
    assert isinstance(other, Answer)


def test_nobody_there_is_no_connection():
    """
    Nothing was sent; all addresses of a name are tried.
    """

    async def scenario(host: str) -> Answer | Trouble:
        with socket.create_server(("127.0.0.1", 0)) as there:
            port = there.getsockname()[1]
        line = Direct(Address.parse(f"http://{host}:{port}"), None)
        return await line.ask("GET", "/", "Basic x", None, asyncio.get_running_loop().time() + 9)

    assert [NO_CONNECTION] * 2 == [run(scenario(host)) for host in ("127.0.0.1", "localhost")]


@pytest.mark.parametrize("ends", [True, False])
def test_only_the_server_can_end_an_answer_inside_tls(tmp_path, ends):
    """
    A body that ends with the connection ends where the server says so; anybody can cut it.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def then(writer: asyncio.StreamWriter) -> None:
        if ends:
            writer.close()
        else:
            plain = writer.transport._ssl_protocol._transport  # type: ignore[attr-defined]
            plain.close()

    async def scenario() -> Answer | Trouble:
        async with Server([ENDLESS], then=then, context=context) as server:
            url = f"https://127.0.0.1:{server.port}"
            store = Connections(url, ca_file=tmp_path / "ca.pem", line=None, patience=Patience())
            outcome = await store.send(calls.users(), "Basic x")
            await store.aclose()
            return outcome

    broken = Trouble(fate=Fate.LOST, words="the answer broke off or is no HTTP")
    assert (Answer(status=200, body=b"[]") if ends else broken) == run(scenario())


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["its time is over", "cancelled"])
def test_a_server_that_never_begins_to_speak_tls_is_given_up(is_cancelled):
    """
    In the time that the call has, connecting included; and its connection is closed.
    """

    async def scenario() -> tuple[str, bytes]:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as there:
            there.settimeout(0)
            address = Address.parse(f"https://127.0.0.1:{there.getsockname()[1]}")
            line = Direct(address, ssl.create_default_context())
            patience = 60.0 if is_cancelled else 0.3
            asking = asyncio.ensure_future(
                line.ask("GET", "/", "Basic x", None, loop.time() + patience)
            )
            made, _ = await asyncio.wait_for(loop.sock_accept(there), 20)
            with made:
                await loop.sock_recv(made, 65_536)
                if is_cancelled:
                    asking.cancel()
                (ended,) = await asyncio.gather(asking, return_exceptions=True)
                rest = await asyncio.wait_for(loop.sock_recv(made, 1), 20)
            await line.aclose()
            return type(ended).__name__, rest

    ended = "CancelledError" if is_cancelled else "TimeoutError"
    assert (ended, b"") == run(scenario())
