"""How many calls may be under way at once, and how long to wait before the next one."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

LONGEST_PAUSE = 60.0
"""However long the server asks for, the run goes on after this many seconds."""

_GOOD_ANSWERS_TO_SPEED_UP = 20

_WINDOW = 5
"""Calls of one kind whose median tells how long they take at present."""

_SLOW = 1.0
"""Seconds below which no call is slow, however quick others were."""

_SLOWER = 3
"""How many times as long as at their best calls take when dimail is busy."""


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def monotonic(self) -> float:
        """Seconds since whenever; never runs backwards."""

    def wall(self) -> float:
        """Seconds since 1970, as this machine believes."""

    async def sleep(self, seconds: float) -> None:
        """Come back after *seconds*."""


class SystemClock:
    """The real time."""

    def monotonic(self) -> float:
        """Seconds since whenever; never runs backwards."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, as this machine believes."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Come back after *seconds*."""
        await asyncio.sleep(seconds)


class Pace:
    """
    The number of calls allowed at once: never above *most*, halved on trouble, then growing again.

    Trouble is an overloaded server that says so, breaks off, or takes three times as long as it
    did for calls of the same kind. Calls that were under way together and met the same trouble
    count as one sign of it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.allowed = most
        self._good = 0
        self._slowed_at = float("-inf")
        self._quiet_until = float("-inf")
        self._recent: dict[str, deque[float]] = {}
        self._best: dict[str, float] = {}

    def good(self) -> None:
        """A call went well."""
        self._good += 1
        if self._good >= _GOOD_ANSWERS_TO_SPEED_UP and self.allowed < self.most:
            self.allowed += 1
            self._good = 0

    def trouble(self, *, started: float, now: float, retry_after: float = 0.0) -> None:
        """A call begun at *started* met an overloaded server, which may have named a pause."""
        self._good = 0
        if started >= self._slowed_at:
            self._slow_down(now)
        self._quiet_until = max(self._quiet_until, now + min(retry_after, LONGEST_PAUSE))

    def took(self, kind: str, *, started: float, now: float) -> None:
        """A call of this *kind* took from *started* to *now*."""
        if started < self._slowed_at:
            return
        recent = self._recent.setdefault(kind, deque(maxlen=_WINDOW))
        recent.append(now - started)
        if len(recent) < _WINDOW:
            return
        usual = sorted(recent)[_WINDOW // 2]
        best = max(_SLOW / _SLOWER, min(usual, self._best.get(kind, usual)))
        if usual > _SLOWER * best:
            self._slow_down(now)
            # What stays slow with fewer calls at once is not slow because of them: with each
            # step twice as long counts as good, and the pace recovers.
            best *= 2
        self._best[kind] = best

    def _slow_down(self, now: float) -> None:
        self.allowed = max(1, self.allowed // 2)
        self._good = 0
        self._slowed_at = now
        self._recent.clear()

    def pause(self, now: float) -> float:
        """Seconds until the next call may begin."""
        return max(0.0, self._quiet_until - now)


class Gate:
    """Lets calls through at the given pace."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self.pace = pace
        self._clock = clock
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it."""
        while self._under_way >= self.pace.allowed:
            await self._turn()
        self._under_way += 1
        try:
            while (pause := self.pace.pause(self._clock.monotonic())) > 0:
                await self._clock.sleep(pause)
            yield
        finally:
            self._under_way -= 1
            self._wake()

    async def _turn(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            self._wake()  # the turn may have been given to the one that goes away
            raise

    def _wake(self) -> None:
        free = self.pace.allowed - self._under_way
        while self._waiting and free > 0:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1
