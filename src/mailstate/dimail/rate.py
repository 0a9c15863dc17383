"""
How many calls a second a server grants: learnt from its refusals, since nobody tells it.

Nothing is held back before the first refusal; from then on calls leave evenly, one by one.

From one opening after a refusal to the next a server grants what it grants, no more: what it
accepted in that time, pauses included, is less than the limit or the limit itself. (It is less
where the server keeps nothing of what it grants during a pause.) And the rate at which it refused
is above the limit. The limit lies between the two; the next calls begin in the middle, and climb
towards the rate that was refused, and beyond. Each refusal brings the two closer to one another,
and where pauses are short beside the time between them, they meet.
"""

import math

_WAY = 300
"""Accepted calls after which the rate is back at the one that was refused; then it grows faster."""

_DEAR = 40
"""The way takes as many times as long as the pause that the refusal cost: it is worth it then."""

_MARGIN = 0.02
"""By how much the rate begins below the middle: so that the way leads upwards, to a new limit."""

_LATE = 0.002
"""Seconds by which timers are late; what they lose is made up for."""

_SHORTEST = 0.001
"""Seconds; fewer are not measured."""


class Rate:
    """When the next call may leave so that a limit is nearly used, and hardly ever met."""

    def __init__(self) -> None:
        self._first = 0.0
        self._refused = 0.0
        self._way = float(_WAY)
        self.next_at = float("-inf")
        """When the next call may leave."""
        self._opened_at: float | None = None
        self._shut_at: float | None = None
        self._accepted = 0
        self._used = 0
        self._unused = 0.0
        self._is_used = False

    @property
    def is_known(self) -> bool:
        """Whether anything was refused yet, and accepted after that."""
        return self._first > 0

    @property
    def interval(self) -> float:
        """Seconds between two calls at present; 0 while nothing was refused."""
        if not self._first:
            return 0.0
        gone = self._used / self._way
        return math.pow(self._first / self._refused, gone * max(1.0, gone)) / self._first

    def pause(self, now: float) -> float:
        """Seconds until the next call may leave."""
        return max(0.0, self.next_at - now)

    def leaves(self, now: float) -> None:
        """A call leaves."""
        if self._opened_at is None:
            self._opened_at = now
        if not self._first:
            return
        interval, late = self.interval, now - self.next_at
        # A rate that other things keep from being used has not shown that it is borne.
        self._is_used = late <= min(_LATE, interval / 4)
        if self._is_used:
            self.next_at += interval
        else:
            self.next_at = now + interval
            self._unused += late

    def accepted(self, left: float) -> None:
        """A call that *left* then was not refused."""
        if self._shut_at is not None and left >= self._shut_at:
            self._learn(self._shut_at, left)
        self._accepted += 1
        self._used += self._is_used

    def rest(self, until: float) -> None:
        """No call leaves until then: that is no time in which the rate was not used."""
        self.next_at = max(self.next_at, until)

    def refused(self, now: float) -> None:
        """A call was refused at *now*."""
        if self._shut_at is None:
            self._shut_at = now

    def _learn(self, shut: float, now: float) -> None:
        """The server, which was *shut* then, is open again *now*."""
        opened = shut if self._opened_at is None else self._opened_at
        elapsed, until_shut = now - opened, shut - opened
        if self.is_known and 2 * self._used > self._accepted:
            elapsed -= self._unused
            until_shut = self._accepted * self.interval
        granted = max(1, self._accepted)
        too_many = granted / max(until_shut, _SHORTEST)
        sure = min(granted / max(elapsed, _SHORTEST), too_many)
        self._first = math.sqrt(sure * too_many) * (1 - _MARGIN)
        self._refused = too_many
        # What is hardly known yet is found out soon, at the price of some refusals.
        self._way = max(_WAY, _DEAR * (now - shut) * self._first * sure / too_many)
        self._opened_at, self._shut_at = now, None
        self._accepted = self._used = 0
        self._unused = 0.0
        self.next_at = now + self.interval
