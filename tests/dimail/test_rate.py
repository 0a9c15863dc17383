"""Limits that nobody tells, nearly used and hardly ever met; time is made up, and costs nothing."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import cast

import pytest

from benchmarks.limits import AtOnce, Bucket, FixedWindow, Limit, SlidingWindow
from benchmarks.virtual import VirtualClock, run
from mailstate.dimail import calls
from mailstate.dimail.caller import Caller
from mailstate.dimail.calls import Call
from mailstate.dimail.connections import Answer, Connections
from mailstate.dimail.pace import Pace
from mailstate.errors import BusyCallError
from mailstate.model.secret import Secret
from tests.dimail.support import ADA

WARM_UP, MEASURED = 1000, 1000
"""Calls that the limit grants while it is learnt, and afterwards."""


@dataclass
class Server:
    """
    Stands in for connections to a server with a *limit*; *told*, it says how long to wait.

    A call *takes* so many seconds, more or less by that *share*.
    """

    limit: Limit
    told: bool = False
    takes: float = 0.05
    share: float = 0.2
    seen: list[tuple[float, bool]] = field(default_factory=list)
    random: Random = field(default_factory=lambda: Random(7))

    async def send(self, call: Call, _authorization: str) -> Answer:
        if call.path == "/token/":
            return Answer(status=200, body=b'{"access_token": "opaque"}')
        await asyncio.sleep(self.random.uniform(0.0002, 0.0008))
        now = asyncio.get_running_loop().time()
        is_accepted = self.limit.admit(now)
        self.seen.append((now, is_accepted))
        if not is_accepted:
            wait = b"%d" % math.ceil(self.limit.wait(now))
            return Answer(status=429, headers={b"retry-after": wait} if self.told else {})
        await asyncio.sleep(self.takes * self.random.uniform(1 - self.share, 1 + self.share))
        self.limit.leave()
        return Answer(status=201)

    def told_of(self, start: float, end: float, *, granted: float) -> tuple[float, float]:
        """What was used of the calls that were granted, and refused of those that came."""
        told = [is_accepted for at, is_accepted in self.seen if start <= at < end]
        return sum(told) / granted, told.count(False) / len(told)


async def call_until(end: float, server: Server, *, concurrency: int) -> None:
    """As many writers as calls at once, each of which sends a refused call again."""
    clock = VirtualClock()
    connections = cast(Connections, server)
    caller = Caller(connections, "u", Secret("x"), concurrency=concurrency, clock=clock)

    async def write() -> None:
        while clock.monotonic() < end:
            try:
                await caller.write(calls.create_mailbox(ADA), promised={201})
            except BusyCallError as error:
                await clock.sleep(error.retry_after)

    await asyncio.gather(*(write() for _ in range(concurrency)))


def used_and_refused(
    server: Server, rate: float, *, concurrency: int = 4, at_least: float = 0.0
) -> tuple[float, float]:
    """What was used of the limit, and refused, after so many seconds *at_least*."""
    start, length = max(WARM_UP / rate, at_least), MEASURED / rate
    run(call_until(start + length, server, concurrency=concurrency))
    return server.told_of(start, start + length, granted=length * rate)


LIMITS: dict[str, tuple[Callable[[], Limit], float]] = {
    "from call to call": (lambda: Bucket(10, 1), 10),
    "few tokens": (lambda: Bucket(20, 5), 20),
    "tokens": (lambda: Bucket(40, 40), 40),
    "many tokens": (lambda: Bucket(20, 80), 20),
    "a window of a second": (lambda: FixedWindow(20, 1), 20),
    "a window of ten seconds": (lambda: FixedWindow(50, 10), 5),
    "a window of a minute": (lambda: FixedWindow(120, 60), 2),
    "a sliding second": (lambda: SlidingWindow(60, 1), 60),
    "ten sliding seconds": (lambda: SlidingWindow(200, 10), 20),
}


@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_a_limit_is_learnt_from_its_refusals(kind, told):
    """
    Nine tenths of it are used, and not one call in a hundred is refused.

    That holds once it is learnt: after a thousand calls, and a minute.
    """
    make, rate = LIMITS[kind]
    used, refused = used_and_refused(Server(make(), told), rate, at_least=60)

    assert (True, True) == (used >= 0.9, refused <= 0.01), (used, refused)


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_calls_that_must_keep_a_distance_of_milliseconds_are_fewer(told):
    """
    The network moves them closer to one another than they left: four fifths of them are made.
    """
    used, refused = used_and_refused(Server(Bucket(60, 1), told), 60, at_least=45)

    assert (True, True) == (used >= 0.8, refused <= 0.01), (used, refused)


@pytest.mark.parametrize(
    ("calls_at_once", "concurrency", "share"), [(1, 4, 0.2), (2, 4, 0.0), (2, 4, 0.2), (3, 8, 0.2)]
)
def test_a_limit_on_calls_at_once_is_learnt_too(calls_at_once, concurrency, share):
    """
    Nine tenths of what they can do is done, where calls take about as long as one another.
    """
    server = Server(AtOnce(calls_at_once), share=share)
    rate = calls_at_once / server.takes
    used, refused = used_and_refused(server, rate, concurrency=concurrency)

    assert (True, True) == (used >= 0.9, refused <= 0.01), (used, refused)


def test_calls_at_once_that_take_now_this_long_now_that_are_used_less():
    """
    Those that leave evenly come together by chance; two thirds of the calls are made still.
    """
    server = Server(AtOnce(2), share=0.8)
    used, refused = used_and_refused(server, 2 / server.takes)

    assert (True, True) == (used >= 0.66, refused <= 0.01), (used, refused)


def test_nothing_is_held_back_before_the_first_refusal():
    """
    However many calls there are, a server without a limit is asked as fast as it answers.
    """
    server = Server(Bucket(1, 10**9))
    run(call_until(30, server, concurrency=4))

    used, refused = server.told_of(0, 30, granted=30 * 4 / server.takes)

    assert (True, 0) == (used >= 0.97, refused)


def test_a_pause_grows_until_a_call_is_accepted():
    """
    Where none is named; and while the server refuses, one call alone tries it.
    """
    pace, pauses, now = Pace(4), [], 0.0
    for _ in range(9):
        pace.refused(started=now, now=now, under_way=1)
        pauses.append(pace.pause(now))
        now += pauses[-1]

    assert [0.5, 1, 2, 4, 8, 16, 32, 60, 60] == pauses
    assert pace.is_shut

    pace.accepted(started=now, under_way=1)
    assert not pace.is_shut
    pace.refused(started=now, now=now, under_way=1)
    assert pace.pause(now) < 2


def test_a_server_that_refuses_for_minutes_is_not_waited_for_by_everybody():
    """
    It has another reason than too many calls; each call finds that out by itself.
    """
    pace = Pace(4)
    pace.refused(started=0, now=0, under_way=1)
    pace.refused(started=301, now=301, under_way=1)

    assert (False, 0) == (pace.is_shut, pace.pause(301))


def test_calls_that_are_refused_together_count_once():
    """
    Those that left before the first refusal was known tell nothing new.
    """
    one, four = Pace(4), Pace(4)
    for pace, times in ((one, 1), (four, 4)):
        for _ in range(times):
            pace.refused(started=0, now=1, under_way=2)

    assert (one.allowed, one.pause(1)) == (four.allowed, four.pause(1))
