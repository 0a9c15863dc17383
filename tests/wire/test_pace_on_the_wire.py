"""Servers that are slow, busy or tired of a token: asked no faster than they bear, to the end."""

import asyncio
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from itertools import pairwise

import pytest

from mailstate.dimail.client import DimailClient
from mailstate.dimail.live import read_live
from mailstate.dimail.patience import Patience
from mailstate.errors import BusyCallError, ExitCode, RemoteError
from mailstate.model.secret import Secret
from mailstate.model.state import LiveState
from mailstate.planning.planner import needs_check
from mailstate.sandbox import Sandbox
from tests.cli.support import ALICE, USERS, Place
from tests.wire.answers import body
from tests.wire.proxy import Asked, Deed, Instead, Pass, Proxy, Rewrite, Slow
from tests.wire.reading import ALIASES, stops
from tests.wire.support import Clock, Loop, desired

NAMES = [f"d{number:02}.example" for number in range(30)]
FILE = "domains:\n" + "".join(
    f"  - name: {name}\n"
    "    owners: [alice.martin]\n"
    "    mailboxes:\n"
    "      - {local_part: ada, first_name: Ada, last_name: Martin}\n"
    for name in NAMES
)
WANTED = desired(USERS, FILE)
CALLS = 3 + 1 + 3 * len(NAMES)
"""Three lists, the token, and of each domain the two lists of mailboxes and that of aliases."""

A_LITTLE = 0.03
"""Seconds that an answer takes: longer than it takes to ask, so that calls meet."""


@dataclass
class Watch(Clock):
    """A clock that remembers for how long it was slept."""

    pauses: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await super().sleep(seconds)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Domains whose mailboxes are all still to be created."""
    with Sandbox(seed=7) as sandbox:
        sandbox.store.add_user(ALICE)
        for name in NAMES:
            sandbox.store.add_domain(name, state="ok")
            for user in (ALICE, sandbox.username):
                sandbox.store.add_allow(user, name)
        yield sandbox


@pytest.fixture
def proxy(sandbox) -> Iterator[Proxy]:
    with Proxy(sandbox.url) as proxy:
        yield proxy


@pytest.fixture
def place(sandbox, proxy, tmp_path) -> Place:
    place = Place(tmp_path, sandbox)
    place.settings["MAILSTATE_URL"] = proxy.url
    place.write("state/commune.yaml", FILE)
    return place


def read(
    sandbox: Sandbox, proxy: Proxy, *, loop: asyncio.SelectorEventLoop | None = None, **options
) -> LiveState:
    """The live state, without waiting for anything."""

    async def scenario() -> LiveState:
        password = Secret(sandbox.password)
        options.setdefault("clock", Clock())
        async with DimailClient(proxy.url, sandbox.username, password, **options) as client:
            return await read_live(client, WANTED, needs_check=partial(needs_check, WANTED))

    with asyncio.Runner(loop_factory=(lambda: loop) if loop else None) as runner:
        return runner.run(scenario())


def logins(proxy: Proxy) -> int:
    return [asked.path for asked in proxy.asked].count("/token/")


@pytest.mark.parametrize("concurrency", [3, 8])
def test_never_more_reads_at_once_than_allowed(sandbox, proxy, concurrency):
    """
    As many as are allowed, and no more.
    """
    proxy.decide = slow
    read(sandbox, proxy, concurrency=concurrency)

    assert concurrency == proxy.most_at_once
    assert CALLS == len(proxy.asked)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_never_more_calls_at_once_than_allowed_in_an_apply(place, proxy, concurrency):
    """
    Neither before the first change nor after it.
    """
    proxy.decide = slow
    ran = place.call("apply", "--yes", "--concurrency", str(concurrency))

    assert ExitCode.OK == ran.code
    assert concurrency == proxy.most_at_once
    assert len(NAMES) == len(place.sandbox.effects())


def slow(asked: Asked) -> Deed:
    """Some of the answers, early and late, keep others company."""
    return Slow(before=A_LITTLE) if asked.number % 40 < 20 else Pass()


class Counting:
    """Decides by the number of a request, and counts how many are under way at each."""

    def __init__(self, proxy: Proxy, decide: Callable[[Asked], Deed | None]) -> None:
        self.at_once: list[int] = []
        self._proxy = proxy
        self._decide = decide

    def __call__(self, asked: Asked) -> Deed:
        self.at_once.append(self._proxy._at_once)
        return self._decide(asked) or Slow(before=A_LITTLE)

    def windows(self, start: int, end: int) -> list[int]:
        """How many were under way at most during any eight requests in a row."""
        return [max(self.at_once[first : first + 8]) for first in range(start, end - 7)]


def in_seven_seconds() -> tuple[tuple[str, str], ...]:
    now = datetime.now(UTC).replace(microsecond=0)
    then = now + timedelta(seconds=7)
    return tuple(
        (name, format_datetime(when, usegmt=True))
        for name, when in (("date", now), ("retry-after", then))
    )


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_a_busy_server_is_asked_by_half_and_has_its_pause(sandbox, proxy, status, as_date):
    """
    Half as many calls after one refusal, after the time that it names; then one more at a time.
    """
    headers = in_seven_seconds() if as_date else (("retry-after", "7"),)
    clock = Watch()

    def refuse(asked: Asked) -> Deed | None:
        return Instead(status, b"{}", headers) if asked.number == 20 else None

    proxy.decide = counting = Counting(proxy, refuse)
    read(sandbox, proxy, clock=clock)

    assert 7 == max(clock.pauses)
    assert 2 < max(counting.at_once[:20])
    assert 2 >= min(counting.windows(20, 60))
    assert 2 < max(counting.at_once[60:])
    assert CALLS + 1 == len(proxy.asked)


def test_a_server_that_becomes_slow_is_asked_by_half(sandbox, proxy):
    """
    It says nothing, but takes much longer than it did; when it is quick again, so is the run.
    """
    clock = Clock()

    def dawdle(asked: Asked) -> None:
        if 20 <= asked.number < 32:
            clock.slept += 4

    proxy.decide = counting = Counting(proxy, dawdle)
    read(sandbox, proxy, clock=clock)

    assert 2 < max(counting.at_once[:20])
    assert 2 >= min(counting.windows(20, 60))
    assert 2 < max(counting.at_once[60:])
    assert CALLS == len(proxy.asked)


@pytest.mark.parametrize("concurrency", [4, 8])
def test_one_login_for_each_token_that_ended_while_reading(sandbox, proxy, concurrency):
    """
    However many calls are refused with it at the same time.
    """
    ends = [20, 50, 80]

    def decide(asked: Asked) -> Deed:
        if asked.number in ends:
            sandbox.expire_tokens()
        # None overtakes another by far: a call that two tokens fail is refused for good.
        return Slow(before=A_LITTLE)

    whole = read(sandbox, proxy)
    assert 1 == logins(proxy)
    proxy.asked.clear()
    proxy.decide = decide

    assert whole == read(sandbox, proxy, concurrency=concurrency)
    assert 1 + len(ends) == logins(proxy)


def test_one_login_for_each_token_that_ended_while_applying(place, proxy):
    """
    No mailbox is lost over it, and none made twice.
    """
    sandbox, begun = place.sandbox, 0

    def decide(asked: Asked) -> Deed:
        nonlocal begun
        if asked.method == "POST" and asked.nth == 1:
            begun += 1
            # Far enough from one another: a call that two tokens fail is refused for good.
            if begun in {5, 15, 25}:
                sandbox.expire_tokens()
        return slow(asked)

    proxy.decide = decide
    ran = place.call("apply", "--yes", "--format", "json", "--concurrency", "4")

    assert ExitCode.OK == ran.code
    assert 1 + 3 == logins(proxy)
    made = [effect.object for effect in sandbox.effects()]
    assert sorted(f"ada@{name}" for name in NAMES) == sorted(made)


def test_a_token_is_renewed_before_it_ends(sandbox, proxy):
    """
    A run of any length is never refused for it.
    """
    clock, passed = Clock(), 0.0

    def decide(asked: Asked) -> Deed:
        nonlocal passed
        sandbox.advance_clock(60)
        clock.slept += 60
        passed += 60
        return Rewrite(in_its_own_time) if asked.path == "/token/" else Pass()

    def in_its_own_time(status, headers, body):
        now = format_datetime(datetime.now(UTC) + timedelta(seconds=passed), usegmt=True)
        return status, (*(pair for pair in headers if pair[0] != "date"), ("date", now)), body

    proxy.decide = decide
    read(sandbox, proxy, clock=clock, concurrency=1)

    # 47 minutes of a token; after 40 the next one is asked for.
    assert [] == [request for request in sandbox.requests() if request.status == 403]
    times = [asked.number for asked in proxy.asked if asked.path == "/token/"]
    assert len(times) >= 3
    assert all(later - sooner <= 47 for sooner, later in pairwise(times))


@pytest.mark.parametrize("hours", [-24, 24])
@pytest.mark.parametrize("told", [True, False], ids=["its time is told", "its time is not told"])
def test_a_server_in_another_time_is_no_other(sandbox, proxy, hours, told):
    """
    Neither is its token renewed with each call, nor kept longer than it lives.
    """
    whole = read(sandbox, proxy)
    sandbox.advance_clock(hours * 3600)
    proxy.asked.clear()

    def without_date(status, headers, body):
        return status, tuple(pair for pair in headers if told or pair[0] != "date"), body

    proxy.decide = lambda _: Rewrite(without_date)

    assert whole == read(sandbox, proxy)
    assert 1 == logins(proxy)


LONG = Patience(quick=600, slow=600)


class Dawdling(Loop):
    """A loop for which time passes while the server is at work."""

    def pass_time(self, seconds: float) -> None:
        self._ahead += seconds


def test_a_server_that_needs_nearly_all_the_time_is_waited_for(sandbox, proxy):
    """
    Each call has its own time; together they may take as long as they like.
    """
    whole, loop = read(sandbox, proxy), Dawdling()

    def decide(_asked: Asked) -> Deed:
        loop.pass_time(500)
        return Pass()

    proxy.decide = decide

    assert whole == read(sandbox, proxy, loop=loop, concurrency=1, patience=LONG)


def test_a_server_that_needs_more_is_given_up(sandbox, proxy):
    """
    After three tries, with the time that each had.
    """
    loop = Dawdling()

    def decide(_asked: Asked) -> Deed:
        loop.pass_time(700)
        return Pass()

    proxy.decide = decide

    with pytest.raises(RemoteError, match="GET /allows/: no answer within 600 s"):
        read(sandbox, proxy, loop=loop, concurrency=1, patience=LONG)
    assert 3 == len(proxy.asked)


def test_a_server_that_drips_is_given_up():
    """
    The time is for the whole answer: a byte now and then does not buy more.
    """
    asked = 0

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"1\r\n \r\n")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            writer.transport.abort()

    async def scenario() -> None:
        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = DimailClient(
            url, "la_regie", Secret("x"), patience=Patience(quick=0.5), clock=Clock()
        )
        async with server, client:
            await client.users()

    with pytest.raises(BusyCallError, match=r"GET /users/: no answer within 0\.5 s"):
        asyncio.run(scenario())
    assert asked


def test_an_answer_that_unpacks_to_more_than_any_list_is_given_up(worlds):
    """
    What is small on the wire may be without end.
    """

    def puffed_up(text: bytes) -> bytes:
        return gzip.compress(b" " * (64 << 20) + text, compresslevel=1)

    stops(worlds["2026"].one, ALIASES, body(puffed_up, ("content-encoding", "gzip")))
