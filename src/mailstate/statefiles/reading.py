"""What a reading of the state files gives."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailstate.errors import Place, Problem
from mailstate.model.state import DesiredState


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    What the files say: the desired state, or None if any of `problems` is an error.

    `problems` has errors and warnings in the order of their places, `files` what was read, as
    paths from the working directory.
    """

    desired: DesiredState | None
    problems: tuple[Problem, ...]
    files: tuple[str, ...]


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each of *problems* once, in the order of their places."""
    return tuple(sorted(set(problems), key=_order))


def _order(told: Problem) -> tuple[Place, str, str]:
    return told.place, told.rule, told.message
