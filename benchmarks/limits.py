"""
The limits that servers put on those who call them, in a few lines each.

`admit` says whether a call that comes at *now* is accepted, and `wait` how many seconds after
that one would be; `leave` is told when an accepted call is over.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol


class Limit(Protocol):
    """What a server grants."""

    def admit(self, now: float) -> bool:
        """Whether a call is accepted; if so, it counts."""

    def wait(self, now: float) -> float:
        """Seconds until one would be."""

    def leave(self) -> None:
        """An accepted call is over."""


@dataclass
class Bucket:
    """*rate* tokens a second, and at most *burst* of them kept; of one alone: from call to call."""

    rate: float
    burst: int
    _tokens: float = field(init=False)
    _seen: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def admit(self, now: float) -> bool:
        self._tokens = min(self.burst, self._tokens + (now - self._seen) * self.rate)
        self._seen = now
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True

    def wait(self, now: float) -> float:  # noqa: ARG002 - as the others
        return (1 - self._tokens) / self.rate

    def leave(self) -> None:
        """Nothing: only the beginnings count."""


@dataclass
class FixedWindow:
    """*calls* in each window of so many *seconds*, which begin by the clock."""

    calls: int
    seconds: float
    _window: int = field(default=-1, init=False)
    _counted: int = field(default=0, init=False)

    def admit(self, now: float) -> bool:
        window = math.floor(now / self.seconds)
        if window != self._window:
            self._window, self._counted = window, 0
        self._counted += 1
        return self._counted <= self.calls

    def wait(self, now: float) -> float:
        return (self._window + 1) * self.seconds - now

    def leave(self) -> None:
        """Nothing: only the beginnings count."""


@dataclass
class SlidingWindow:
    """*calls* during the *seconds* before any moment."""

    calls: int
    seconds: float
    _seen: deque[float] = field(default_factory=deque, init=False)

    def admit(self, now: float) -> bool:
        while self._seen and self._seen[0] <= now - self.seconds:
            self._seen.popleft()
        if len(self._seen) >= self.calls:
            return False
        self._seen.append(now)
        return True

    def wait(self, now: float) -> float:
        return self._seen[0] + self.seconds - now

    def leave(self) -> None:
        """Nothing: only the beginnings count."""


@dataclass
class AtOnce:
    """*calls* at once."""

    calls: int
    _under_way: int = field(default=0, init=False)

    def admit(self, now: float) -> bool:  # noqa: ARG002 - as the others
        if self._under_way >= self.calls:
            return False
        self._under_way += 1
        return True

    def wait(self, now: float) -> float:  # noqa: ARG002 - as the others
        return 0.0

    def leave(self) -> None:
        self._under_way -= 1
