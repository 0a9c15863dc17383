"""The fault proxy does on the wire what its deeds say."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    IncompleteRead,
    RemoteDisconnected,
)

import pytest

from mailstate.sandbox import Sandbox
from tests.sandbox.asking import basic
from tests.wire.proxy import (
    Close,
    Cut,
    Deed,
    Hook,
    Instead,
    Late,
    LoseAnswer,
    Overtaken,
    Pass,
    Proxy,
    Raw,
    Reset,
    Rewrite,
    Silence,
    Slow,
    Withhold,
)

USER = {"name": "ada", "password": "no", "is_admin": False, "perms": []}


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as sandbox:
        yield sandbox


class Asker:
    """One kept connection through a proxy to the sandbox, which it creates the user `ada` in."""

    def __init__(self, server: Sandbox, proxy: Proxy) -> None:
        self.server = server
        self.proxy = proxy
        self._login = basic(server.admin_username, server.admin_password)
        self.http = HTTPConnection(proxy.url.removeprefix("http://"), timeout=10)

    def send(self, method: str = "POST", body: object = USER) -> None:
        headers = {"Authorization": self._login, "Content-Type": "application/json"}
        self.http.request(method, "/users/", json.dumps(body) if body else None, headers)

    def read(self) -> tuple[int, bytes]:
        try:
            answer = self.http.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            self.http.close()
            raise

    def __call__(self, method: str = "POST", body: object = USER) -> tuple[int, bytes]:
        self.send(method, body)
        return self.read()

    def created(self) -> int:
        return len(self.server.effects())


@pytest.fixture
def through(server: Sandbox) -> Iterator[Callable[..., Asker]]:
    """An asker behind a proxy that does the given deeds, one for each request, then passes."""
    server.reset()
    proxies: list[Proxy] = []
    askers: list[Asker] = []

    def through(*deeds: Deed) -> Asker:
        left = list(deeds)
        proxy = Proxy(server.url, lambda _: left.pop(0) if left else Pass())
        proxies.append(proxy.__enter__())
        askers.append(Asker(server, proxy))
        return askers[-1]

    yield through
    for asker in askers:
        asker.http.close()
    for proxy in proxies:
        proxy.__exit__(None, None, None)


def test_what_it_is_asked_is_counted_and_passed_on(through):
    """
    Requests go through as they are, on one connection; the proxy keeps a list of them.
    """
    ask = through()

    assert 201 == ask()[0]
    assert 409 == ask()[0]
    status, users = ask("GET", None)

    assert 200 == status
    assert "ada" in {user["name"] for user in json.loads(users)}
    assert [("POST", "/users/", 1), ("POST", "/users/", 2), ("GET", "/users/", 1)] == [
        (one.method, one.path, one.nth) for one in ask.proxy.asked
    ]
    assert [1, 2, 3] == [one.number for one in ask.proxy.asked]
    assert USER == json.loads(ask.proxy.asked[0].body)
    assert 1 == ask.proxy.most_at_once


@pytest.mark.parametrize(
    ("deed", "error", "effects"),
    [
        (Reset(), ConnectionResetError, 0),
        (Close(), RemoteDisconnected, 0),
        (LoseAnswer(), ConnectionResetError, 1),
        (Cut(), IncompleteRead, 1),
        (Cut(framing="chunked"), IncompleteRead, 1),
        (Raw(b"SSH-2.0-OpenSSH\r\n"), BadStatusLine, 0),
        (Raw(b"\x00\xff", effect=True), BadStatusLine, 1),
    ],
    ids=str,
)
def test_a_broken_exchange_breaks_as_ordered(through, deed, error, effects):
    """
    The connection ends in the way asked for, and the effect is there only where it is to be.
    """
    ask = through(deed)

    with pytest.raises(error) as met:
        ask()

    assert error is met.type
    assert effects == ask.created()
    assert (409 if effects else 201) == ask()[0]


def test_a_cut_body_is_part_of_the_true_one(through):
    """
    Half of the body is half of what the server answered.
    """
    whole = through()("GET", None)[1]
    ask = through(Cut(), Cut(framing="chunked", keep=1.0))

    with pytest.raises(IncompleteRead) as half:
        ask("GET", None)
    with pytest.raises(IncompleteRead) as unended:
        ask("GET", None)

    assert whole[: len(whole) // 2] == half.value.partial
    assert whole == unended.value.partial


def test_a_head_can_be_cut(through):
    """
    The connection ends within the head.
    """
    ask = through(Cut(framing="head"))
    ask.send()
    raw = b""
    while piece := ask.http.sock.recv(1000):
        raw += piece

    assert raw.startswith(b"HTTP/1.1 201")
    assert b"\r\n\r\n" not in raw
    assert 1 == ask.created()


def test_answers_can_be_the_proxys_own(through):
    """
    Any answer in place of the server's, with the effect or without.
    """
    ask = through(
        Instead(503, b"<h1>busy</h1>", (("Retry-After", "7"),)),
        Instead(504, effect=True),
        Instead(204, effect=True),
    )

    ask.send()
    answer = ask.http.getresponse()
    assert (503, b"<h1>busy</h1>", "7") == (
        answer.status,
        answer.read(),
        answer.headers["Retry-After"],
    )
    assert 0 == ask.created()
    assert (504, b"") == ask()
    assert 1 == ask.created()
    assert (204, b"") == ask()


def test_a_connection_can_close_unannounced(through):
    """
    The next request on the connection fails, though no header had said so.
    """
    ask = through(Instead(500, b"Internal Server Error", close=True))

    ask.send()
    answer = ask.http.getresponse()
    assert b"Internal Server Error" == answer.read()
    assert "Connection" not in answer.headers
    with pytest.raises((RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
        ask()

    assert 0 == ask.created()


def test_a_good_connection_can_close_unannounced_too(through):
    """
    The answer comes as it is, and no other on that connection.
    """
    ask = through(Pass(close=True))

    assert 201 == ask()[0]
    with pytest.raises((RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
        ask()


def test_answers_can_be_rewritten(through):
    """
    What arrives is what the function makes of the true answer.
    """
    ask = through(
        Rewrite(lambda status, headers, body: (status + 1, headers, body.replace(b"ada", b"eve")))
    )

    status, body = ask()

    assert 202 == status
    assert "eve" == json.loads(body)["name"]
    assert 1 == ask.created()


def test_an_answer_can_be_slow(through):
    """
    The effect comes after the first pause, and the answer after the second.
    """
    moments: list[float] = []

    def note() -> None:
        moments.append(time.monotonic())

    ask = through(Hook(Slow(before=0.1, after=0.1), before=note, after=note))
    note()
    assert 201 == ask()[0]
    note()

    sent, forwarded, carried_out, answered = moments
    assert forwarded - sent >= 0.1
    assert answered - carried_out >= 0.1


@pytest.mark.parametrize("deed", [Late(0.05), Withhold()], ids=str)
def test_an_effect_can_come_when_the_client_has_gone(through, deed):
    """
    The client hears nothing and leaves; the request is carried out all the same.
    """
    ask = through(deed)
    ask.send()
    ask.http.close()

    ask.proxy.settle()

    assert 1 == ask.created()
    assert 409 == ask()[0]


def test_what_is_withheld_waits_until_it_is_released(through):
    """
    Nothing is forwarded of itself, and all of it when asked for.
    """
    ask = through(Withhold())
    ask.send()
    while not ask.proxy.asked:
        time.sleep(0.001)
    ask.http.close()
    assert 201 == ask("POST", USER | {"name": "eve"})[0]
    assert ["eve"] == [effect.object for effect in ask.server.effects()]

    assert 1 == ask.proxy.release()
    assert ["eve", "ada"] == [effect.object for effect in ask.server.effects()]
    assert 0 == ask.proxy.release()


def test_what_is_withheld_can_overtake_a_later_request(through):
    """
    The later one finds the effect of the earlier one.
    """
    ask = through(Withhold(), Overtaken())
    ask.send()
    while not ask.proxy.asked:
        time.sleep(0.001)
    ask.http.close()

    assert 409 == ask()[0]


def test_silence_is_never_forwarded(through):
    """
    The client hears nothing, and nothing was done.
    """
    ask = through(Silence())
    ask.http.timeout = 0.05
    ask.send()
    with pytest.raises(TimeoutError):
        ask.read()
    ask.http.close()

    ask.proxy.settle()

    assert 0 == ask.created()


def test_hooks_are_called_at_each_boundary(through):
    """
    Before the effect, after it and before the answer, and after the answer.
    """
    seen: list[tuple[str, int]] = []
    answered = threading.Event()

    def note(moment: str) -> Callable[[], None]:
        return lambda: seen.append((moment, ask.created()))

    hook = Hook(LoseAnswer(), before=note("before"), after=note("after"), answered=answered.set)
    ask = through(Hook(hook, before=note("outer")))

    with pytest.raises(ConnectionResetError):
        ask()

    assert answered.wait(10)
    assert [("outer", 0), ("before", 0), ("after", 1)] == seen


def test_what_breaks_behind_the_proxy_breaks_in_front_of_it(through):
    """
    Faults of the server itself come through: resets, cuts, and the close after a 500.
    """
    ask = through()
    ask.server.add_fault(kind="reset_before")
    ask.server.add_fault(kind="cut", nth=2)
    ask.server.add_fault(kind="500_before", nth=3)

    with pytest.raises(ConnectionResetError):
        ask()
    with pytest.raises((IncompleteRead, RemoteDisconnected)):
        ask()
    assert (500, b"Internal Server Error") == ask()
    with pytest.raises((RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
        ask()


def test_a_server_that_is_not_there_resets(through):
    """
    Behind the proxy nobody listens: the client is reset.
    """
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with Proxy(f"http://127.0.0.1:{port}") as proxy:
        http = HTTPConnection(proxy.url.removeprefix("http://"), timeout=10)
        http.request("GET", "/")
        with pytest.raises(ConnectionResetError):
            http.getresponse()
        http.close()


def test_a_decision_that_fails_fails_the_test(through):
    """
    An error in a test's own function does not get lost in the proxy's thread.
    """
    ask = through()
    ask.proxy.decide = lambda asked: {}[asked.path]

    with pytest.raises(ConnectionResetError):
        ask()
    with pytest.raises(KeyError):
        ask.proxy.settle()


def test_the_proxy_ends_with_whatever_is_under_way(server):
    """
    Ending it leaves no thread and no connection, silent or idle.
    """
    threads = threading.active_count()
    with Proxy(server.url, lambda asked: Silence() if asked.number == 2 else Pass()) as proxy:
        idle, waiting = Asker(server, proxy), Asker(server, proxy)
        idle()
        waiting.send()
        while len(proxy.asked) < 2:
            time.sleep(0.001)

    assert threads == threading.active_count()
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        waiting.read()
    for asker in (idle, waiting):
        asker.http.close()
