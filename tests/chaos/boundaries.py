"""Where a run can be hit: at each of its requests and letters, before, after, answered."""

import signal
from collections.abc import Callable
from random import Random

from tests.chaos.mail_relay import Carry, Mishap, Posted
from tests.chaos.stage import Stage
from tests.chaos.world import Role, World, drawn
from tests.wire.deeds import Asked, Deed, Hook, Pass, Reset

MOMENTS = ("before", "after", "answered")

WRITES = {"2024": 91, "2024-check": 80, "2026": 70}
"""How many requests of a run in `world` are to change something."""

READS = 10
"""How many requests it makes at least before the first of those."""

LETTERS = 16

Decide = Callable[[Asked], Deed]


def world(profile: str) -> World:
    """Some sixty changes on domains of all kinds; the same ones each time."""
    roles = [role for role in Role if role is not Role.CLOSED]
    return drawn(Random(11), profile, boxes=6, roles=roles)


def is_write(asked: Asked) -> bool:
    return asked.method != "GET"


def is_read(asked: Asked) -> bool:
    return not is_write(asked)


def at_request(
    stage: Stage,
    nth: int,
    moment: str,
    kind: Callable[[Asked], bool],
    *,
    with_: int = signal.SIGKILL,
) -> Decide:
    """Have the run hit at a *moment* of its *nth* request of some *kind*."""
    met = 0

    def decide(asked: Asked) -> Deed:
        nonlocal met
        met += kind(asked)
        if met != nth or not kind(asked):
            return Pass()
        # Killed before the server has it, the request is lost on its way.
        deed = Reset() if (moment, with_) == ("before", signal.SIGKILL) else Pass()
        return Hook(deed, **{moment: lambda: stage.nursery.hit(with_)})

    return decide


def at_letter(
    stage: Stage, nth: int, moment: str, seen: list[Posted] | None = None
) -> Callable[[Posted], Carry]:
    """Have the run killed at a *moment* of its *nth* letter; *seen* collects all of them."""
    letters = [] if seen is None else seen

    def decide(letter: Posted) -> Carry:
        letters.append(letter)
        if len(letters) != nth:
            return Carry()
        mishap = Mishap.LOST if moment == "before" else Mishap.NONE
        return Carry(mishap=mishap, **{moment: lambda: stage.nursery.hit(signal.SIGKILL)})

    return decide
