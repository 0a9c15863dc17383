"""Failures on order, seen from the other end of the connection."""

import socket
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from mailstate.sandbox import KINDS, Fault, Sandbox, SandboxError
from tests.sandbox.asking import NAMES, basic

USER = {"name": "new", "password": "x", "is_admin": False}


def create(ask, name="new"):
    return ask("POST /users/", by="basic:admin", json=USER | {"name": name})


def created(ask):
    return [effect.object for effect in ask.sandbox.effects()]


@pytest.mark.parametrize(("kind", "effects"), [("500_before", []), ("500_after", ["new"])])
def test_500_comes_before_or_after_the_effect(modern, kind, effects):
    """
    A 500 does not tell whether the thing was done.
    """
    modern.sandbox.add_fault(method="post", path="/users/", kind=kind)
    response = create(modern)
    assert (500, "Internal Server Error") == (response.status_code, response.text)
    assert effects == created(modern)
    assert [("POST", "/users/", 500)] == modern.sandbox.requests()


@pytest.mark.parametrize(("kind", "effects"), [("reset_before", []), ("reset_after", ["new"])])
def test_a_reset_leaves_no_answer(modern, kind, effects):
    """
    A broken connection leaves a request without a status, done or not.
    """
    modern.sandbox.add_fault(path="/users/", kind=kind)
    with pytest.raises(httpx.ReadError):
        create(modern)
    assert effects == created(modern)
    assert [("POST", "/users/", None)] == modern.sandbox.requests()


def test_a_cut_answer_is_shorter_than_it_says(modern):
    """
    Half the body arrives of an answer whose length was announced; the effect is there.
    """
    modern.sandbox.add_fault(path="/users/", kind="cut")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        create(modern)
    assert ["new"] == created(modern)
    assert 201 == create(modern, "other").status_code


@pytest.mark.parametrize(("kind", "effects"), [("slow_before", []), ("slow_after", ["new"])])
def test_slowness_lies_before_or_after_the_effect(modern, kind, effects):
    """
    Who gives up waiting does not know whether the thing was done; the server goes on.
    """
    modern.sandbox.add_fault(path="/users/", kind=kind, delay=0.3)
    header = {"Authorization": basic("admin", modern.sandbox.admin_password)}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{modern.sandbox.url}/users/", json=USER, headers=header, timeout=0.1)
    assert effects == created(modern)
    ends = time.monotonic() + 5
    while created(modern) != ["new"] and time.monotonic() < ends:
        time.sleep(0.01)
    assert ["new"] == created(modern)


def test_slowness_alone_changes_nothing(modern):
    """
    A patient client gets the answer late, and others are served meanwhile.
    """
    modern.sandbox.add_fault(path="/users/", kind="slow_after", delay=0.05)
    assert 201 == create(modern).status_code


@pytest.mark.parametrize("as_date", [False, True])
def test_429_may_say_when_to_come_back(modern, as_date):
    """
    Retry-After is a number of seconds or a date.
    """
    modern.sandbox.add_fault(kind="429", retry_after=30, as_date=as_date)
    response = create(modern)
    told = response.headers["Retry-After"]
    assert 429 == response.status_code
    if as_date:
        assert 0 < parsedate_to_datetime(told).timestamp() - time.time() <= 31
    else:
        assert "30" == told
    assert [] == created(modern)


@pytest.mark.parametrize("kind", ["502", "503", "504"])
@pytest.mark.parametrize("effect", [False, True])
def test_a_proxy_answers_in_html(modern, kind, effect):
    """
    What stands before the server answers in its own way, with or without the effect.
    """
    modern.sandbox.add_fault(kind=kind, effect=effect)
    response = create(modern)
    assert (int(kind), "text/html; charset=utf-8") == (
        response.status_code,
        response.headers["Content-Type"],
    )
    assert (["new"] if effect else []) == created(modern)
    assert "Retry-After" not in response.headers


@pytest.mark.parametrize(("status", "expected"), [(None, 403), (401, 401)])
def test_a_token_may_expire_at_any_call(modern, status, expected):
    """
    The refusal looks like that of an old token.
    """
    modern.sandbox.add_fault(kind="token_expired", status=status)
    response = create(modern)
    assert (expected, "Permission denied") == (response.status_code, modern.detail(response))


def test_any_answer_can_be_given(modern):
    """
    Status, body and type are free: HTML with 200, broken JSON, an empty list.
    """
    modern.sandbox.add_fault(kind="answer", body="[", status=202)
    modern.sandbox.add_fault(kind="answer", body="<p>", content_type="text/html")
    first, second = create(modern), create(modern)
    assert (202, "[", "application/json") == (
        first.status_code,
        first.text,
        first.headers["Content-Type"],
    )
    assert (200, "<p>") == (second.status_code, second.text)


@pytest.mark.parametrize(
    ("pattern", "path", "strikes"),
    [
        ("/users/", "/users/", True),
        ("/users/*", "/users/", False),
        ("/users/*", "/users/x", True),
        ("/domains/*/mailboxes/*", "/domains/a/mailboxes/u", True),
        ("/domains/*/mailboxes/*", "/domains/a/mailboxes/u/code", False),
        ("/domains/**", "/domains/a/mailboxes/u/code", True),
        ("re:/(users|allows)/.*", "/allows/x", True),
        ("re:/(users|allows)/.*", "/domains/", False),
    ],
)
def test_a_fault_strikes_the_paths_it_names(modern, pattern, path, strikes):
    """
    One star is one segment, two are anything, and `re:` begins a regular expression.
    """
    modern.sandbox.add_fault(path=pattern, kind="503")
    assert strikes == (503 == modern(f"GET {path}").status_code)


def test_a_fault_strikes_as_often_as_it_was_told(modern):
    """
    The nth call and those after it are struck, then no more; None means for ever.
    """
    modern.sandbox.add_fault(kind="503", nth=2, times=2)
    assert [401, 503, 503, 401] == [modern("GET /users/").status_code for _ in range(4)]
    modern.sandbox.add_fault(kind="502", times=None)
    assert [502] * 3 == [modern("GET /users/").status_code for _ in range(3)]
    modern.sandbox.clear_faults()
    assert 401 == modern("GET /users/").status_code


def test_faults_queue_up(modern):
    """
    One call meets one fault; the next one keeps its strike for the next call.
    """
    modern.sandbox.add_fault(kind="502")
    modern.sandbox.add_fault(kind="503", method="GET")
    modern.sandbox.add_fault(kind="504", nth=4)
    assert [502, 503, 401, 504, 401] == [modern("GET /users/").status_code for _ in range(5)]


@pytest.mark.parametrize("fields", [{"kind": "fire"}, {"kind": "503", "path": "re:("}])
def test_a_fault_that_could_never_strike_is_refused(fields):
    """
    An unknown kind or a broken expression is told at once.
    """
    with pytest.raises(SandboxError, match=r"no fault|no regular expression") as refusal:
        Fault(**fields)
    assert refusal.value.hint


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_outlives_every_fault(modern, kind):
    """
    After any fault the next call is served as if nothing had happened.
    """
    modern.sandbox.add_fault(kind=kind, delay=0.01)
    try:
        create(modern)
    except httpx.TransportError:
        modern.close()
    assert create(modern, "other").status_code == 201


@pytest.mark.parametrize("path", ["/domains/a.example/mailboxes/u"])
def test_the_connection_is_closed_after_a_500_without_a_word(running, path):
    """
    No header announces it: the next read meets the end.
    """
    ask = running["2024"]
    ask.sandbox.reset()
    header = ask.header("token:admin")
    body = str(NAMES).replace("'", '"')
    request = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    host, port = ask.sandbox.url.removeprefix("http://").split(":")
    # An idle connection is closed after five seconds anyway: this one must end well before.
    with socket.create_connection((host, int(port)), timeout=2) as connection:
        connection.sendall(request.encode())
        received = b""
        while piece := connection.recv(4096):
            received += piece
    assert received.startswith(b"HTTP/1.1 500 ")
    assert b"connection: close" not in received.lower()
    assert received.endswith(b"Internal Server Error")


def test_stopping_does_not_wait_for_what_is_under_way():
    """
    A sandbox stops at once though a call hangs and connections are open.
    """
    with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url, timeout=0.1) as client:
        client.get("/users/")
        sandbox.add_fault(kind="slow_before", delay=30)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/users/")
        host, port = sandbox.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as idle:
            idle.sendall(b"GET /users/ HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += idle.recv(4096)
            with socket.create_connection((host, int(port)), timeout=5):
                began = time.monotonic()
                sandbox.stop()
                assert time.monotonic() - began < 1
            assert b"" == idle.recv(4096)


def test_an_error_of_the_sandbox_itself_is_a_500(modern):
    """
    What nobody foresaw ends in a 500 as well, and the server goes on.
    """
    modern.sandbox.store.database.change("ALTER TABLE api_domains RENAME TO away")
    broken = modern("GET /domains/", by="basic:admin")
    modern.sandbox.store.database.change("ALTER TABLE away RENAME TO api_domains")

    assert (500, "Internal Server Error") == (broken.status_code, broken.text)
    assert 200 == modern("GET /domains/", by="basic:admin").status_code


def test_a_request_that_is_broken_off_does_nothing(modern):
    """
    Half a request is no request: no effect, nothing noted.
    """
    host, port = modern.sandbox.url.removeprefix("http://").split(":")
    head = "POST /users/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head.encode())
    assert 401 == modern("GET /users/").status_code
    assert [("GET", "/users/", 401)] == modern.sandbox.requests()
