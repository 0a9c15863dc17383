"""
State files as nearly everybody writes them, read line by line, without a YAML parser.

A second and much quicker way to what the builder makes of a text, for the part of YAML that state
files are written in: block mappings and lists, scalars on one line, lists and mappings in brackets
on one line, comments. It answers only where it is sure that the text is YAML without a fault, and
what it means; all else, every problem included, is for the builder. One regular expression takes
the text apart; an entry of a list, which mostly is a mapping of texts, is one match of it.
"""

import re
from functools import lru_cache
from typing import Any

from mailstate.statefiles.inline import END, KEY, VALUE, WHOLE, UnsureError, key_of, value
from mailstate.statefiles.marks import Map, Mark, Seq, Value, mark
from mailstate.statefiles.table import HEAD, read_table
from mailstate.statefiles.table import KEY as TABLE

_DEPTH = 8
"""Five levels are in use; with those in brackets, this is less than the builder allows."""

_FIELDS = 5
"""How many texts an entry has at most that is read in one piece; what is more is read by line."""

_WINDOW = 65_536
"""How many characters are taken apart at once: what comes of them weighs many times as much."""

_LONGEST = 65_536

_LINE = mark(1, 0) - mark(0, 0)


def _entry() -> str:
    """`- key: text`, and lines of `key: text` below it, each but the first in the one before."""
    more = ""
    for _ in range(_FIELDS - 1):
        more = rf"(?:\1  ({KEY}): ({WHOLE})\n{more})?"
    return rf"( *)- ({KEY}): ({WHOLE})\n{more}"


# An entry, or the indentation and the rest of any line: so no line is passed over.
_rows = re.compile(rf"{_entry()}|( *)([^\n]*)\n").findall
_KEYS = slice(1, 1 + 2 * _FIELDS, 2)
_TEXTS = slice(2, 2 + 2 * _FIELDS, 2)

_is_start = re.compile(rf"---{END}").fullmatch
_field = re.compile(rf"({KEY}):(?: +{VALUE})?{END}").fullmatch
_item = re.compile(rf"{VALUE}{END}").fullmatch


def scan(text: str, *, tables: bool = False) -> Map | None:
    """
    What *text*, which `decode` has let pass, says; None if it takes the builder to know.

    With *tables*, a `Table` may stand where the list of a domain's mailboxes is.
    """
    if "\t" in text:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if not text.endswith("\n"):
        text += "\n"
    try:
        return _Scanner().root(text, HEAD if tables else None)
    except UnsureError:
        return None


@lru_cache(maxsize=1_024)
def _shape(keys: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[int, ...], int]:
    """The keys of an entry that has *keys* and nothing for the rest; its offsets; its length."""
    keys = tuple(map(key_of, filter(None, keys)))
    if len(set(keys)) < len(keys):
        raise UnsureError
    offsets: list[int] = []
    for number, key in enumerate(keys):
        offsets += (number * _LINE, number * _LINE + len(key) + 2)
    return keys, tuple(offsets), len(keys) * _LINE


class _Scanner:
    """One text on its way; used once."""

    __slots__ = ("_has_start", "_open", "_waiting")

    def __init__(self) -> None:
        # What may go on, outermost first, each with its column, counted from 0.
        self._open: list[tuple[int, Map | Seq]] = []
        # The mapping, the key and its mark where the value must be on the lines that follow.
        self._waiting: tuple[Map, str, Mark] | None = None
        # Whether there was the line `---`, before all but comments.
        self._has_start = False

    def root(self, text: str, head: str | None) -> Map:
        """What *text* says; a table may stand below each *head*. Raises `UnsureError`."""
        start, line = 0, mark(0, 0)
        while start < len(text):
            stop = text.find("\n", start + _WINDOW) + 1 or len(text)
            ahead = -1 if head is None else text.find(head, start, stop)
            if ahead >= 0:
                stop = ahead + len(HEAD)
            line = self._read(_rows(text, start, stop), line)
            start = stop
            if ahead >= 0:
                start, line = self._table(text, start, line)
        root = self._open[0][1] if self._open else None
        if self._waiting is not None or not isinstance(root, Map):
            raise UnsureError
        return root

    def _read(self, rows: list[tuple[str, ...]], line: Mark) -> Mark:
        """Take up *rows*, the first of them at *line*; the line behind them."""
        # The list that is being read, its column, and its last entry if that may go on.
        seq, list_column = Seq(), -1
        entry: Map | None = None
        for row in rows:
            if row[1]:
                column = len(row[0])
                if column != list_column:
                    self._go_on_with(entry, list_column + 2)
                    seq = self._list(column, line + column)
                    list_column = column
                keys, offsets, lines = _shape(row[_KEYS])
                entry = Map(zip(keys, row[_TEXTS]))  # noqa: B905 - texts beyond the keys are empty
                entry.mark = at = line + column + 2
                entry.offsets = offsets
                entry.is_whole = True
                entry.has_odd_keys = False
                seq.append(entry)
                seq.marks.append(at)
                line += lines
                continue
            rest = row[-1]
            if rest and rest[0] != "#":
                self._go_on_with(entry, list_column + 2)
                entry = None
                list_column = -1
                self._line(rest, len(row[-2]), line)
            line += _LINE
        self._go_on_with(entry, list_column + 2)
        return line

    def _table(self, text: str, start: int, line: Mark) -> tuple[int, Mark]:
        """Take up the table that begins at *start*, if there is one; where to go on."""
        if self._waiting is None or self._waiting[1] != TABLE:
            return start, line
        found = read_table(text, start, line)
        if found is None or found.column < self._open[-1][0]:
            return start, line
        holder, key, key_at = self._waiting
        table: Any = found.table  # no `Value`, but whoever asks for tables knows that
        _put(holder, key, key_at, table, line + found.column)
        self._waiting = None
        return found.end, found.behind

    def _line(self, rest: str, column: int, line: Mark) -> None:
        """Take up a line that has *rest* at *column*."""
        if len(rest) > _LONGEST:
            raise UnsureError
        base = line + column
        begin = base
        if rest.startswith("- "):
            begin += 2
            field = _field(rest, 2)
            seq = self._list(column, base)
            if field is None:
                item, begin = _value_of(_item(rest, 2), 1, base)
                seq.append(item)
                seq.marks.append(begin)
                return
            found = _new_map(begin)
            seq.append(found)
            seq.marks.append(begin)
            self._open.append((column + 2, found))
        else:
            field = _field(rest)
            if field is None:
                if column or self._open or self._has_start or not _is_start(rest):
                    raise UnsureError
                self._has_start = True
                return
            found = self._mapping(column, base)
        key = key_of(field[1])
        if key in found:
            raise UnsureError
        if field.lastindex == 1:
            self._waiting = found, key, begin
        else:
            _put(found, key, begin, *_value_of(field, 2, base))

    def _list(self, column: int, begin: Mark) -> Seq:
        """The list that has an item at *column*, with the dash at *begin*."""
        if self._waiting is None:
            last_column, last = self._last(column)
            if last_column != column or not isinstance(last, Seq):
                raise UnsureError
            return last
        if column < self._open[-1][0]:  # the same column will do for a list
            raise UnsureError
        seq = Seq()
        seq.mark = begin
        seq.marks = []
        self._begin(seq, column, begin)
        return seq

    def _mapping(self, column: int, begin: Mark) -> Map:
        """The mapping that has a key at *column*, which is at *begin*."""
        if self._open and self._waiting is None:
            last_column, last = self._last(column)
            if isinstance(last, Seq):
                self._open.pop()
                last_column, last = self._open[-1]
            if last_column != column or not isinstance(last, Map):
                raise UnsureError
            return last
        if column <= self._open[-1][0] if self._open else column:
            raise UnsureError
        found = _new_map(begin)
        self._begin(found, column, begin)
        return found

    def _last(self, column: int) -> tuple[int, Map | Seq]:
        """The innermost of what is open at *column* or before it: all behind it has ended."""
        if not self._open:
            raise UnsureError
        while self._open[-1][0] > column:  # the root is at 0
            self._open.pop()
        return self._open[-1]

    def _begin(self, node: Map | Seq, column: int, begin: Mark) -> None:
        """Open *node*, which is what the waiting key has for a value."""
        if self._waiting is not None:
            found, key, key_at = self._waiting
            _put(found, key, key_at, node, begin)
            self._waiting = None
        if len(self._open) > _DEPTH:
            raise UnsureError
        self._open.append((column, node))

    def _go_on_with(self, entry: Map | None, column: int) -> None:
        """Open *entry*, if there is one: more of its fields may follow at *column*."""
        if entry is not None:
            self._open.append((column, entry))


def _value_of(found: re.Match[str] | None, first: int, base: Mark) -> tuple[Value, Mark]:
    """The value in the group of *found* that has one, of the four from the *first* on; its mark."""
    if found is None:
        raise UnsureError
    group = found.lastindex or 0
    return value(group - first, found[group], base + found.start(group))


def _new_map(begin: Mark) -> Map:
    found = Map()
    found.mark = begin
    found.offsets = []
    found.is_whole = True
    found.has_odd_keys = False
    return found


def _put(found: Map, key: str, key_at: Mark, item: Value, at: Mark) -> None:
    found[key] = item
    offsets = found.offsets
    if isinstance(offsets, tuple):  # which other mappings have too
        found.offsets = offsets = list(offsets)
    offsets += (key_at - found.mark, at - found.mark)
