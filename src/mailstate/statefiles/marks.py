"""
What a file says, with the place of every key, value and item.

`Map` and `Seq` are a dict and a list, so that a JSON Schema validator takes them as they are. A
mark is a line and a column in one number: a few million of them must not weigh more than the texts.
Most mappings of a file are laid out alike, and share what says how far their parts lie apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, Union

from mailstate.errors import Place, Problem

Mark: TypeAlias = int
Value: TypeAlias = Union[str, bool, "Map", "Seq", None]

MAX_PROBLEMS = 5_000
"""More than anybody reads; without a limit, a stranger's file of 32 MiB fills the memory."""

_COLUMN_BITS = 32
_COLUMN_MASK = (1 << _COLUMN_BITS) - 1


def mark(line: int, column: int) -> Mark:
    """Line and column, both counted from 0 as libyaml does, as one number."""
    return (line + 1) << _COLUMN_BITS | (column + 1)


ROOT: Mark = mark(0, 0)
"""Where a file begins."""


def place(file: str, at: Mark) -> Place:
    """The place in *file* that *at* stands for, counted from 1."""
    return Place(file, at >> _COLUMN_BITS, at & _COLUMN_MASK)


def line_and_column(at: Mark) -> tuple[int, int]:
    """The line and the column that *at* stands for, counted from 1."""
    return at >> _COLUMN_BITS, at & _COLUMN_MASK


def lines_and_columns(marks: Iterable[Mark]) -> tuple[list[int], list[int]]:
    """The lines and the columns that *marks* stand for, counted from 1."""
    held = list(marks)
    return [at >> _COLUMN_BITS for at in held], [at & _COLUMN_MASK for at in held]


class Map(dict[str, Value]):
    """
    A mapping, which begins at `mark`.

    `offsets` says how far behind `mark` the key and the value of each entry are, in their order.
    `is_whole` is false if an entry was left out, and `has_odd_keys` if it is not known what such an
    entry would have been called: then nobody can say that a field is missing.
    """

    __slots__ = ("has_odd_keys", "is_whole", "mark", "offsets")

    mark: Mark
    offsets: list[int] | tuple[int, ...]
    is_whole: bool
    has_odd_keys: bool

    @property
    def marks(self) -> list[Mark]:
        """The key's and the value's mark of each entry, in their order."""
        return [self.mark + offset for offset in self.offsets]

    def key_mark(self, key: str) -> Mark:
        """Where *key* is written."""
        return self.mark + self.offsets[2 * self._index(key)]

    def value_mark(self, key: str) -> Mark:
        """Where the value of *key* begins."""
        return self.mark + self.offsets[2 * self._index(key) + 1]

    def _index(self, key: str) -> int:
        return next(index for index, name in enumerate(self) if name == key)


class Seq(list[Value]):
    """A list; `marks` has the mark of each item."""

    __slots__ = ("mark", "marks")

    mark: Mark
    marks: list[Mark]


@dataclass(slots=True, kw_only=True)
class Document:
    """
    One file as it was read.

    `root` is None if nothing of it can be used. `faulty` has the marks of values that a problem
    was told of already, so that nobody complains about what follows from it.
    """

    file: str
    root: Value = None
    problems: list[Problem] = field(default_factory=list)
    faulty: set[Mark] = field(default_factory=set)
    is_readable: bool = False
