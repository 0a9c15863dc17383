"""
How many calls a second a server grants: learnt from its refusals, since nobody tells it.

Nothing is held back before the first refusal. From then on calls leave evenly, one by one. The
rate at which one was refused is remembered; the next calls leave a little more slowly, then come
closer and closer to that rate, and go beyond it only after a long while without a refusal, to see
whether more is granted by now. It is the curve by which TCP CUBIC comes back to the rate at which
it lost something.

A refusal that follows soon upon the last one says that the rate is still far off: it falls deeper.
And where most of the time between two was spent waiting, the server grants much to begin with and
nothing for long: the rate that it bears is much lower than the one at which it refuses.
"""

from collections import deque
from itertools import pairwise

_CALLS = 300
"""Accepted calls after which the rate is back at the one that was refused."""

_FAR_CALLS = 150
"""The same where the rate is still far off."""

_DEPTH = 0.05
"""By how much the rate falls at a refusal after a long while without one..."""

_FAR_DEPTH = 0.2
"""... and where the rate is still far off."""

_FEW = 75
"""Fewer accepted calls than that since the last refusal are few."""

_LONG = 1.5
"""More seconds of pauses than that between two refusals are long."""

_DEAR = 50
"""The way back takes so many times as long, at least, as the pause that the refusal cost."""

_STEEP = 2
"""Ways back after which the curve goes on as a line: it would soon be steeper than a wall."""

_LATEST = 16
"""Calls that tell how many a second have been sent of late."""

_LATE = 0.002
"""Seconds by which timers are late; what they lose is made up for."""


class Rate:
    """When the next call may leave so that a limit is nearly used, and hardly ever met."""

    def __init__(self) -> None:
        self.refused_at: float | None = None
        self._depth = _DEPTH
        self._way_back = float(_CALLS)
        self._accepted = 0
        self._used = 0
        self._is_used = False
        self._next = float("-inf")
        self._left: deque[float] = deque(maxlen=_LATEST)
        self._last_refusal: float | None = None
        self._paused = 0.0

    @property
    def interval(self) -> float:
        """Seconds between two calls at present; 0 while nothing was refused."""
        if self.refused_at is None:
            return 0.0
        left = self._used - self._way_back
        way = left / (self._way_back if left < 0 else _CALLS)
        rise = way**3 if way < _STEEP else _STEEP**2 * way
        return 1 / (self.refused_at * (1 + self._depth * rise))

    def pause(self, now: float) -> float:
        """Seconds until the next call may leave."""
        return max(0.0, self._next - now)

    def leaves(self, now: float) -> None:
        """A call leaves."""
        interval = self.interval
        # A rate that other things keep from being used has not shown that it is borne.
        self._is_used = now - self._next < interval / 4
        self._next = max(self._next, now - min(_LATE, interval / 2)) + interval
        self._left.append(now)

    def accepted(self) -> None:
        """A call that left after the last refusal was not refused."""
        self._accepted += 1
        self._used += self._is_used

    def refused(self, now: float, *, pause: float) -> None:
        """A call was refused at *now*, and none leaves during the *pause* after that."""
        rate = self._of_late()
        if rate is not None and (self.refused_at is None or self._accepted):
            share = self._share_of_pauses(now)
            is_dear = share > 1 / 2 or self._paused > _LONG
            is_far = self._last_refusal is None or self._accepted < _FEW or is_dear
            if is_dear:
                rate *= 1 - (min(share, 1 / 2) if self._paused > _LONG else share / 2)
            self.refused_at = rate
            self._depth = _FAR_DEPTH if is_far else _DEPTH
            self._way_back = _FAR_CALLS if is_far else max(_CALLS, _DEAR * pause * rate)
            self._accepted = self._used = 0
            self._last_refusal, self._paused = now, 0.0
        self._paused += pause
        self._left.clear()

    def _of_late(self) -> float | None:
        """Calls a second. A gap longer than all others was a time with nothing to send."""
        gaps = sorted(later - sooner for sooner, later in pairwise(self._left))
        others = gaps[:-1]
        counted = others if 0 < sum(others) < gaps[-1] else gaps
        interval = max(self.interval, sum(counted) / len(counted) if counted else 0.0)
        return 1 / interval if interval else None

    def _share_of_pauses(self, now: float) -> float:
        """Which part of the time since the last refusal nothing was to be sent."""
        if self._last_refusal is None or now <= self._last_refusal:
            return 0.0
        return self._paused / (now - self._last_refusal)
