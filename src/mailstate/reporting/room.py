"""Fitting lists into a text that may only be so long, with an account of what is left out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(slots=True)
class Room:
    """What is left of a text's length, in bytes, since these are never fewer than characters."""

    left: int

    def take(self, text: str) -> bool:
        """Whether there is room for *text*, which then has it."""
        needed = size(text)
        if needed > self.left:
            return False
        self.left -= needed
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Generic[_T]):
    """Some items with what stands before and after them; without any of them, neither stands."""

    items: Sequence[_T]
    head: str = ""
    foot: str = ""


def fitted(groups: Iterable[Group[_T]], line: Callable[[_T], str], room: Room) -> tuple[str, int]:
    """
    As much of *groups* as there is room for, in order, and how many items that is.

    What was begun is ended: no text has a head without its foot.
    """
    lines: list[str] = []
    count = 0
    for group in groups:
        for position, item in enumerate(group.items):
            text = line(item)
            if not room.take(text if position else group.head + text + group.foot):
                return "".join((*lines, group.foot if position else "")), count
            lines += [text] if position else [group.head, text]
            count += 1
        lines.append(group.foot if group.items else "")
    return "".join(lines), count


def size(text: str) -> int:
    """What *text* takes, counted so that it is never more by any other count."""
    return len(text.encode("utf-8"))
