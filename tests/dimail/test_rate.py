"""Limits that nobody tells, nearly used and hardly ever met; time is made up, and costs nothing."""

import asyncio
import math
import selectors
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import cast

import pytest

from benchmarks.limits import AtOnce, Bucket, FixedWindow, Limit, SlidingWindow
from mailstate.dimail import calls
from mailstate.dimail.caller import Caller
from mailstate.dimail.calls import Call
from mailstate.dimail.connections import Answer, Connections
from mailstate.dimail.pace import Pace
from mailstate.errors import BusyCallError
from mailstate.model.secret import Secret
from tests.dimail.support import ADA

TAKES = 0.05
"""Seconds that a call takes, by and large."""

WARM_UP, MEASURED = 1500, 1500
"""Calls that the limit grants while it is learnt, and afterwards."""


class Timers(selectors.SelectSelector):
    """Whoever waits for them is told at once that it is time."""

    now = 0.0

    def select(self, timeout=None):
        self.now += timeout or 0.0
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._timers = Timers()
        super().__init__(self._timers)

    def time(self) -> float:
        return self._timers.now


class Clock:
    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return 1_700_000_000 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Server:
    """Stands in for connections to a server with a *limit*; *told*, it says how long to wait."""

    limit: Limit
    told: bool
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
            wait = float(math.ceil(self.limit.wait(now))) if self.told else None
            return Answer(status=429, retry_after=wait)
        await asyncio.sleep(TAKES * self.random.uniform(0.8, 1.2))
        self.limit.leave()
        return Answer(status=201)

    def share(self, start: float, end: float, *, granted: float) -> tuple[float, float]:
        """What was used of the calls that were granted, and refused of those that came."""
        told = [is_accepted for at, is_accepted in self.seen if start <= at < end]
        return sum(told) / granted, told.count(False) / len(told)


async def call_until(end: float, server: Server, *, concurrency: int) -> None:
    """As many writers as calls at once, each of which sends a refused call again."""
    clock = Clock()
    connections = cast(Connections, server)
    caller = Caller(connections, "u", Secret("x"), concurrency=concurrency, clock=clock)

    async def write() -> None:
        while clock.monotonic() < end:
            try:
                await caller.write(calls.create_mailbox(ADA), promised={201})
            except BusyCallError as error:
                await clock.sleep(error.retry_after)

    await asyncio.gather(*(write() for _ in range(concurrency)))


LIMITS: dict[str, tuple[Callable[[], Limit], float, int]] = {
    "from call to call": (lambda: Bucket(10, 1), 10, 4),
    "few tokens": (lambda: Bucket(20, 5), 20, 4),
    "tokens": (lambda: Bucket(40, 40), 40, 4),
    "many tokens": (lambda: Bucket(20, 80), 20, 4),
    "a window of a second": (lambda: FixedWindow(20, 1), 20, 4),
    "a window of ten seconds": (lambda: FixedWindow(200, 10), 20, 4),
    "a sliding second": (lambda: SlidingWindow(20, 1), 20, 4),
    "ten sliding seconds": (lambda: SlidingWindow(200, 10), 20, 4),
    "two at once": (lambda: AtOnce(2), 2 / TAKES, 4),
    "three at once of eight": (lambda: AtOnce(3), 3 / TAKES, 8),
}


@pytest.mark.parametrize(
    ("kind", "told"),
    # Of a long window nobody sees the end who is not told: that costs a few refusals more.
    [
        (kind, told)
        for kind in LIMITS
        for told in (True, False)
        if told or kind != "a window of ten seconds"
    ],
)
def test_a_limit_is_learnt_from_its_refusals(kind, told):
    """
    Nine tenths of it are used, and not one call in a hundred is refused.
    """
    make, rate, concurrency = LIMITS[kind]
    server = Server(make(), told)
    start, end = WARM_UP / rate, (WARM_UP + MEASURED) / rate
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(call_until(end, server, concurrency=concurrency))

    used, refused = server.share(start, end, granted=MEASURED)

    assert (True, True) == (used >= 0.9, refused <= 0.01), (used, refused)


def test_nothing_is_held_back_before_the_first_refusal():
    """
    However many calls there are, a server without a limit is asked as fast as it answers.
    """
    server = Server(Bucket(1, 10**9), told=False)
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(call_until(30, server, concurrency=4))

    used, refused = server.share(0, 30, granted=30 * 4 / TAKES)

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
