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

    Calls that were under way together and met the same trouble count as one sign of it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.allowed = most
        self._good = 0
        self._slowed_at = float("-inf")
        self._quiet_until = float("-inf")

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
            self.allowed = max(1, self.allowed // 2)
            self._slowed_at = now
        self._quiet_until = max(self._quiet_until, now + min(retry_after, LONGEST_PAUSE))

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
