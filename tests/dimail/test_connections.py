"""URLs, certificates, redirects, and what becomes of every failure of the transport."""

import ssl
from collections.abc import Iterator

import certifi
import httpx
import pytest

from mailstate.dimail import calls
from mailstate.dimail.client import DimailClient
from mailstate.dimail.connections import Connections, Fate, Trouble
from mailstate.dimail.patience import Patience
from mailstate.dimail.proxied import _trouble
from mailstate.errors import (
    BusyCallError,
    MailstateError,
    RefusedCallError,
    RemoteError,
    SettingsError,
)
from mailstate.model.resources import User
from mailstate.model.secret import Secret
from tests.dimail.support import (
    ACCOUNT,
    PASSWORD,
    URL,
    asked,
    client,
    dimail,
    error,
    ok,
    run,
    through,
)


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


@pytest.mark.parametrize("kind", sorted(set(subclasses(httpx.RequestError)), key=str))
def test_no_exception_of_httpx_leaves(kind):
    """
    Every transport exception ends as ours, on reads and on writes, and carries nothing along.
    """
    router = dimail({"GET /users/": kind("canary"), "POST /users/": kind("canary")})

    async def scenario(method):
        async with client(router) as api:
            await method(api)

    for method in (lambda api: api.users(), lambda api: api.create(User(name="u"))):
        with pytest.raises(RemoteError) as caught:
            run(scenario(method))

        assert caught.value.__context__ is None
        assert "canary" not in str(caught.value) + caught.value.hint
        assert "/users/: " in caught.value.message


@pytest.mark.parametrize("kind", [OSError, UnicodeError, TimeoutError, ssl.SSLError])
def test_no_exception_from_below_httpx_leaves(kind):
    """
    What the socket, the resolver and TLS may raise ends as ours too.
    """
    router = dimail({"GET /users/": kind("canary")})

    async def scenario():
        async with client(router) as api:
            await api.users()

    with pytest.raises(MailstateError):
        run(scenario())


def test_an_untrusted_certificate_is_told_as_such():
    """
    The certificate is named as the reason, wherever in the chain of causes it stands.
    """
    tries = []

    def failure(request):
        tries.append(request.method)
        raise httpx.ConnectError("x") from ssl.SSLCertVerificationError()

    async def scenario(method):
        line = through(httpx.MockTransport(failure))
        async with DimailClient(URL, ACCOUNT, Secret(PASSWORD), line=line) as api:
            await method(api)

    for method in (lambda api: api.users(), lambda api: api.create(User(name="u"))):
        with pytest.raises(RefusedCallError, match="certificate") as caught:
            run(scenario(method))

        assert "CA file" in caught.value.hint
    assert ["GET", "POST"] == tries


def test_an_error_of_an_unknown_kind_is_doubtful():
    """
    What nobody has heard of is taken for a lost connection.
    """
    assert Trouble(fate=Fate.LOST, words="the connection was lost") == _trouble(OSError("x"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://dimail.example", "not this very machine"),
        ("http://127.evil.example", "not this very machine"),
        ("http://10.0.0.1", "not this very machine"),
        ("https://user:canary@dimail.example", "holds a user name"),
        ("https://canary@dimail.example", "holds a user name"),
        ("ftp://dimail.example", "not of the form"),
        ("dimail.example", "not of the form"),
        ("https://dimail.example/?a=canary", "not of the form"),
        ("https://dimail.example/#canary", "not of the form"),
        ("https://[canary", "not of the form"),
        ("https://dimail.example:70000", "not of the form"),
        ("https://dimail.example:canary", "not of the form"),
        ("", "not of the form"),
    ],
)
def test_urls_that_are_refused(url, message):
    """
    Only https, or plain http to this very machine, without credentials; none are repeated.
    """
    with pytest.raises(SettingsError, match=message) as caught:
        client(dimail(), url=url)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://dimail.example/", "https://dimail.example"),
        ("https://dimail.example:8443", "https://dimail.example:8443"),
        ("https://dimail.example/api/", "https://dimail.example/api"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_urls_that_are_taken(url, shown):
    """
    The URL is shown without a slash at the end, and without the account.
    """
    api = client(dimail(), url=url)

    assert shown == api.url
    assert f"DimailClient({shown!r}, {ACCOUNT!r})" == repr(api)


def test_a_url_may_have_a_path():
    """
    A dimail behind a path is asked below that path.
    """
    router = dimail({"GET /api/users/": ok([])})

    async def scenario():
        async with client(router, url=f"{URL}/api") as api:
            return await api.users()

    assert [] == [*run(scenario())]


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_must_hold_certificates(tmp_path, content):
    """
    A CA file that is missing or holds nothing is told by its name.
    """
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)

    with pytest.raises(SettingsError, match=r"ca\.pem: no certificates"):
        client(dimail(), url="https://dimail.example", ca_file=path)


def test_a_ca_file_is_used(tmp_path):
    """
    A file with certificates is trusted.
    """
    path = tmp_path / "ca.pem"
    text = certifi.contents()
    path.write_text(text[: text.index("END CERTIFICATE-----") + len("END CERTIFICATE-----")])

    assert HOST == client(dimail(), url=HOST, ca_file=path).url


@pytest.mark.parametrize("proxy", ["socks5://u:canary@p.example", "gopher://u:canary@p.example"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch, proxy):
    """
    Proxies come from the environment; what is wrong with one is told without repeating it.
    """
    monkeypatch.setenv("ALL_PROXY", proxy)

    with pytest.raises(SettingsError, match="proxy") as caught:
        Connections("https://dimail.example", ca_file=None, line=None, patience=Patience())

    assert "canary" not in f"{caught.value}{caught.value.hint}"
    assert caught.value.__context__ is None


def test_loopback_is_spoken_to_directly(monkeypatch):
    """
    A proxy of the environment is not used for this very machine.
    """
    monkeypatch.setenv("ALL_PROXY", "gopher://p.example")

    assert URL == Connections(URL, ca_file=None, line=None, patience=Patience()).url


def test_an_answer_without_end_is_given_up():
    """
    So much that no list has it: the rest is not waited for, and nothing of it is kept.
    """
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b" " * (1 << 20)

    router = dimail({"GET /users/": lambda _: httpx.Response(200, content=endless())})

    async def scenario():
        async with client(router) as api:
            await api.users()

    with pytest.raises(BusyCallError, match="GET /users/: the answer is longer than 64 MiB"):
        run(scenario())
    assert 3 * 65 == sent


@pytest.mark.parametrize("concurrency", [0, -1])
def test_the_number_of_calls_must_be_positive(concurrency):
    """
    No call at once is no client.
    """
    with pytest.raises(SettingsError, match="at least 1"):
        client(dimail(), concurrency=concurrency)


@pytest.mark.parametrize("name", ["", "a:b"])
def test_user_names_that_basic_cannot_carry(name):
    """
    A colon would end the user name in the header.
    """
    with pytest.raises(SettingsError, match="user name"):
        DimailClient(URL, name, Secret(PASSWORD))


def redirect(location: str | None, status: int = 307) -> httpx.Response:
    return httpx.Response(status, headers={} if location is None else {"Location": location})


HOST = "https://dimail.example"


@pytest.mark.parametrize(
    "location",
    [
        "/there/",
        f"{HOST}/there/",
        "http://dimail.example/there/",
        "https://dimail.example:443/there/",
    ],
)
def test_a_redirect_on_the_same_host_is_followed(location):
    """
    The other form of a slash is asked for, always by https, with the same method and body.
    """
    router = dimail({"POST /users/": redirect(location), "POST /there/": ok({"name": "u"}, 201)})

    async def scenario():
        async with client(router, url=HOST) as api:
            await api.create(User(name="u"))

    run(scenario())

    first, second = (call.request for call in router.calls)
    assert ("https", "dimail.example", None) == (
        second.url.scheme,
        second.url.host,
        second.url.port,
    )
    assert first.content == second.content
    assert first.headers["Authorization"] == second.headers["Authorization"]


@pytest.mark.parametrize(
    "response",
    [
        redirect("https://evil.example/users/"),
        redirect("https://dimail.example:8443/users/"),
        redirect("https://dimail.example@evil.example/"),
        redirect("https://u:p@dimail.example/users/"),
        redirect("//evil.example/"),
        redirect("https://[evil"),
        redirect(None),
        redirect("/there/", status=302),
        redirect("/there/", status=301),
    ],
)
def test_other_redirects_are_not_followed(response):
    """
    Neither another host, nor another port, nor another kind of redirect gets the password.
    """
    router = dimail({"GET /users/": response})

    async def scenario():
        async with client(router, url=HOST) as api:
            await api.users()

    with pytest.raises(RemoteError, match=r"GET /users/: dimail answered 30\d") as caught:
        run(scenario())

    assert "redirect" in caught.value.hint
    assert ["GET /users/"] == asked(router)


@pytest.mark.parametrize("location", ["https://dimail.example:evil/", "//\x7f", "http://\x00/"])
def test_a_redirect_to_no_url_is_no_answer(location):
    """
    A location that makes no sense ends the call, without being shown.
    """
    router = dimail({"GET /users/": redirect(location)})

    async def scenario():
        async with client(router, url=HOST) as api:
            await api.users()

    with pytest.raises(RemoteError, match=r"GET /users/: (the answer|dimail answered 307)"):
        run(scenario())


def test_a_loop_of_redirects_ends():
    """
    After two redirects the third is taken for the answer.
    """
    router = dimail({"GET /users/": redirect("/users/")})

    async def scenario():
        async with client(router) as api:
            await api.users()

    with pytest.raises(RemoteError, match="307"):
        run(scenario())

    assert 3 == len(router.calls)


def test_connections_are_kept_after_good_answers_alone():
    """
    One connection serves all calls in turn; after a 500 or a lost one, a new one is made.
    """
    router = dimail({"GET /users/": [ok([]), error(404), error(500), httpx.ReadError("x"), ok([])]})
    used = []

    async def scenario():
        async with client(router) as api:
            store = api._connections
            first = store._idle[0]
            for _ in range(5):
                outcome = await store.send(calls.users(), "Basic x")
                used.append((getattr(outcome, "status", None), [c is first for c in store._idle]))
        return store._idle

    assert [] == run(scenario())
    assert [
        (200, [True]),
        (404, [True]),
        (500, []),
        (None, []),
        (200, [False]),
    ] == used


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        (
            {
                "Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT",
                "Date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            30,
        ),
        (
            {
                "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT",
                "Date": "Wed, 21 Oct 2026 07:28:30 GMT",
            },
            0,
        ),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "7\x1f"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({}, None),
    ],
)
def test_the_pause_that_a_server_asks_for(headers, seconds):
    """
    Seconds and dates are read, dates against the server's own clock; junk is no wish.
    """
    router = dimail({"GET /users/": ok([], **headers)})

    async def scenario():
        async with client(router) as api:
            return await api._connections.send(calls.users(), "Basic x")

    answer = run(scenario())
    if "Date" not in headers and "GMT" in headers.get("Retry-After", ""):
        assert isinstance(answer.retry_after, float)
    else:
        assert seconds == answer.retry_after


def test_the_client_says_who_it_is():
    """
    The operator of dimail sees the name and the version.
    """
    router = dimail()

    async def scenario():
        async with client(router) as api:
            await api.users()

    run(scenario())

    assert router.calls.last.request.headers["User-Agent"].startswith("mailstate/")
