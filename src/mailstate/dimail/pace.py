"""
How many calls may be under way at once, and how long to wait before the next one.

Two things are too much for a server: calls at once, which make it slow or have it break off, and
calls a second, which it refuses (429). The number of calls at once is halved on trouble, and grows
again; the rate is learnt by `mailstate.dimail.rate` from every refusal, and nothing is held back
before the first. Some servers refuse calls at once instead: where calls leave evenly already, and
one is refused of a number that has not gone well since the last refusal, that number is too many.
"""

import asyncio
import time
from collections import defaultdict, deque
from functools import partial
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

_QUICK = _SLOW / _SLOWER
"""Seconds; whether a best time is shorter makes no difference."""


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

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

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
        self._recent: defaultdict[str, deque[float]] = defaultdict(partial(deque, maxlen=_WINDOW))
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
        self._rate.accepted(started)
        if started >= self._refused_at:
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
        if not self._rate.is_known:
            if self._refusals == 1:
                self._slow_down(now)
        elif not self._is_proven(under_way):
            if under_way >= self._too_many:
                self._careful = min(self._careful * _MORE_CAREFUL, _MOST_CAREFUL)
            self._too_many = under_way
            self.allowed = min(self.allowed, under_way - 1)
            self._good = 0
        self._rate.refused(now)
        self._be_quiet(now + pause, now=now)
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
        self._rate.rest(self._quiet_until)

    def took(self, kind: str, *, started: float, now: float) -> None:
        """A call of this *kind* took from *started* to *now*."""
        if started < self._slowed_at:
            return
        seconds, recent = now - started, self._recent[kind]
        is_full = len(recent) == _WINDOW
        recent.append(seconds)
        if is_full and seconds <= _QUICK and self._best[kind] == _QUICK:
            # The calls before were no sign of anything, and so neither are they with a quick one.
            return
        if len(recent) < _WINDOW:
            return
        usual = sorted(recent)[_WINDOW // 2]
        best = _QUICK if usual <= _QUICK else min(usual, self._best.get(kind, usual))
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

    def is_quiet(self, now: float) -> bool:
        """Whether no call may begin yet."""
        return now < self._quiet_until or now < self._rate.next_at

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
        self._queued = 0
        self._waiting: asyncio.Future[None] | None = None

    async def enter(self) -> tuple[float, int, bool]:
        """
        When a turn came, how many are under way with it, and whether it keeps the door.

        It is to be left, whatever comes of it.
        """
        now = self._clock.monotonic()
        is_free = not (self._queued or self._door.locked() or self.pace.is_shut)
        if is_free and self._has_room(now):
            return now, self._begin(now), False
        self._queued += 1
        try:
            await self._door.acquire()
        finally:
            self._queued -= 1
        try:
            now = await self._turn()
        except BaseException:
            self._door.release()
            raise
        keeps_door = self.pace.is_shut
        if not keeps_door:
            self._door.release()
        return now, self._begin(now), keeps_door

    def leave(self, *, keeps_door: bool) -> None:
        """A turn is over."""
        self._under_way -= 1
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        if keeps_door:
            self._door.release()

    def _begin(self, now: float) -> int:
        self.pace.leaves(now)
        self._under_way += 1
        return self._under_way

    def _has_room(self, now: float) -> bool:
        return self._under_way < self.pace.allowed and not self.pace.is_quiet(now)

    async def _turn(self) -> float:
        while True:
            if self._under_way >= self.pace.allowed:
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting
            now = self._clock.monotonic()
            if self._has_room(now):
                return now
            if (pause := self.pace.pause(now)) > 0:
                await self._clock.sleep(pause)
