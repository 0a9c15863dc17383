"""
How many calls may be under way at once, and how long to wait before the next one.

Two things are too much for a server: calls at once, which make it slow or have it break off, and
calls a second, which it refuses (429). The number of calls at once is halved on trouble, and grows
again; the rate is left to `mailstate.dimail.rate`, which holds nothing back before a refusal.
Whether a refusal is about the number or the rate shows by what went well before: of a number that
has never gone well it is the number.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from mailstate.dimail.rate import Rate

LONGEST_PAUSE = 60.0
"""However long the server asks for, the run goes on after this many seconds."""

_GOOD_ANSWERS_TO_SPEED_UP = 20

_MORE_CAREFUL = 4
_MOST_CAREFUL = 1280
"""Good answers before a number that was refused time and again is tried once more."""

_PROOF = 5
"""Calls that must have gone well; one or two may have come just as others were over."""

_FIRST_REFUSAL = 0.5
"""Seconds of pause after a refusal that names none, while no rate is known."""

_INTERVALS = 3
"""The same where a rate is known, in intervals between calls; twice as long each further time."""

_LONGEST_REFUSAL = 300.0
"""Seconds of nothing but refusals after which they are taken for something else than a limit."""

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
    count as one sign of it. After a refusal the server `is_shut` until it accepts a call.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.allowed = most
        self.is_shut = False
        self._rate = Rate()
        self._good = 0
        self._slowed_at = float("-inf")
        self._quiet_until = float("-inf")
        self._recent: dict[str, deque[float]] = {}
        self._best: dict[str, float] = {}
        self._refused_at = float("-inf")
        self._shut_at: float | None = None
        self._refusals = 0
        self._went_well = [0] * (most + 1)
        self._too_many = most + 1
        self._careful = _GOOD_ANSWERS_TO_SPEED_UP

    def good(self) -> None:
        """A call went well."""
        self._good += 1
        is_tried = self.allowed + 1 < self._too_many
        needed = _GOOD_ANSWERS_TO_SPEED_UP if is_tried else self._careful
        if self._good >= needed and self.allowed < self.most:
            self.allowed += 1
            self._good = 0

    def accepted(self, *, started: float, under_way: int) -> None:
        """A call begun at *started*, one of so many *under_way*, was not refused."""
        if started >= self._refused_at:
            self._rate.accepted()
            self.is_shut, self._shut_at, self._refusals = False, None, 0
        self._went_well[under_way] += 1
        if under_way >= self._too_many and self._is_proven(under_way):
            self._too_many, self._careful = self.most + 1, _GOOD_ANSWERS_TO_SPEED_UP

    def trouble(self, *, started: float, now: float, retry_after: float = 0.0) -> None:
        """A call begun at *started* met an overloaded server, which may have named a pause."""
        self._good = 0
        if started >= self._slowed_at:
            self._slow_down(now)
        self._be_quiet(now + retry_after, now=now)

    def refused(
        self, *, started: float, now: float, under_way: int, retry_after: float = 0.0
    ) -> None:
        """A call, one of so many *under_way*, was one too many for the server."""
        if started < self._refused_at:  # it left before the refusal of another was known
            self._be_quiet(now + retry_after, now=now)
            return
        self._refused_at = now
        pause = max(retry_after, self._own_pause(now))
        self._be_quiet(now + pause, now=now)
        is_of_number = not self._is_proven(under_way)
        if is_of_number:
            if under_way >= self._too_many:
                self._careful = min(self._careful * _MORE_CAREFUL, _MOST_CAREFUL)
            self._too_many = under_way
            self.allowed = min(self.allowed, under_way - 1)
            self._good = 0
        elif self._rate.refused_at is None:
            self._slow_down(now)
        if not is_of_number or self._rate.refused_at is None:
            self._rate.refused(now, pause=min(pause, LONGEST_PAUSE))
        self._went_well = [0] * (self.most + 1)

    def _is_proven(self, number: int) -> bool:
        """Whether so many calls at once have gone well since the last refusal; one always does."""
        return number == 1 or sum(self._went_well[number:]) >= _PROOF

    def _own_pause(self, now: float) -> float:
        """The pause after a refusal that names none: twice as long each time, until it ends."""
        self._shut_at = now if self._shut_at is None else self._shut_at
        self.is_shut = now - self._shut_at < _LONGEST_REFUSAL
        if not self.is_shut:
            return 0.0
        first = _INTERVALS * self._rate.interval or _FIRST_REFUSAL
        self._refusals += 1
        return min(first * 2.0 ** (self._refusals - 1), LONGEST_PAUSE)

    def _be_quiet(self, until: float, *, now: float) -> None:
        self._quiet_until = max(self._quiet_until, min(until, now + LONGEST_PAUSE))

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
        return max(0.0, self._quiet_until - now, self._rate.pause(now))

    def leaves(self, now: float) -> None:
        """A call begins."""
        self._rate.leaves(now)


class Gate:
    """
    Lets calls through at the given pace, one after the other.

    Whoever is next waits in the door, and all others behind it, in the order in which they came.
    While the server is shut, whoever goes through keeps the door closed until he is back: one
    call alone tries whether it is open again.
    """

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self.pace = pace
        self._clock = clock
        self._under_way = 0
        self._door = asyncio.Lock()
        self._back = asyncio.Event()

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[int]:
        """Wait for a turn, and hold it: it is one of so many under way."""
        await self._door.acquire()
        is_closed = True
        try:
            await self._turn()
            self.pace.leaves(self._clock.monotonic())
            if not self.pace.is_shut:
                self._door.release()
                is_closed = False
            self._under_way += 1
            try:
                yield self._under_way
            finally:
                self._under_way -= 1
                self._back.set()
        finally:
            if is_closed:
                self._door.release()

    async def _turn(self) -> None:
        while True:
            if self._under_way >= self.pace.allowed:
                self._back.clear()
                await self._back.wait()
            elif (pause := self.pace.pause(self._clock.monotonic())) > 0:
                await self._clock.sleep(pause)
            else:
                return
