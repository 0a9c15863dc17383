"""How long a held domain is waited for, and when it is believed: arithmetic without a clock."""

from dataclasses import dataclass

from mailstate.planning.plan import Hold

_FIRST_PAUSE = 5.0
_PAUSE_GROWS = 1.5
_LONGEST_PAUSE = 120.0
_CONFIRMING_PAUSE = 5.0
_LAST_LOOK = 1.0


@dataclass(slots=True, kw_only=True)
class Watch:
    """
    One domain that is looked at again and again until *end*; *hold* is what last held it.

    It takes two good looks in a row to believe in a domain that was not enabled a moment ago: its
    DNS may be served by one that knows the new records and one that does not.
    """

    end: float
    hold: Hold
    _pause: float = _FIRST_PAUSE
    _is_good: bool = False

    def confirms(self, hold: Hold | None) -> bool:
        """Take in what a look found; say whether it is the second good one in a row."""
        if hold is None:
            was_good, self._is_good = self._is_good, True
            return was_good
        self.hold = hold
        self._is_good = False
        self._pause = min(self._pause * _PAUSE_GROWS, _LONGEST_PAUSE)
        return False

    def pause(self, now: float) -> float | None:
        """How long to wait for the next look, which begins before the end; None if none does."""
        left = self.end - now - _LAST_LOOK
        if left <= 0:
            return None
        return min(_CONFIRMING_PAUSE if self._is_good else self._pause, left)
