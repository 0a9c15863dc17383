"""An event loop whose time does not pass but jumps: hours of waiting take no time at all."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer whenever nothing is left to do now. There is no I/O in it."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds since the loop began."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Have so much time be over."""
        self._now += seconds


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: a loop waits here for its next timer."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout:
            self._loop.jump(timeout)
        return super().select(0)


class VirtualClock:
    """The time of the loop, as `mailstate.dimail` asks for it."""

    def monotonic(self) -> float:
        """Seconds since the loop began."""
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        """The same, after some day in 2023."""
        return 1_700_000_000 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Come back after *seconds*, at once."""
        await asyncio.sleep(seconds)


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """What comes of *main*, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
