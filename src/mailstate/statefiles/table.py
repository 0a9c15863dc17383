"""
The mailboxes of a domain, read into columns at once where they are written as nearly all are.

That is as `mailstate fmt` writes them: the fields in their order, texts without quotes, nothing in
between. No mapping is made of such a list: a `Table` stands in its place, for those who judge
columns. Where anything else is written, there is no table, and the list is read entry by entry.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from mailstate.statefiles.inline import WHOLE
from mailstate.statefiles.marks import Mark, line_and_column, mark
from mailstate.statefiles.parcel import MailboxColumns, PlaceColumns

KEY = "mailboxes"
HEAD = f"{KEY}:\n"
"""The line that a table stands below."""

_FIELDS = ("local_part", "first_name", "last_name", "display_name", "secondary_email", "active")
_TEXT = f": ({WHOLE})\n"
# At the beginning of lines alone: a line of blanks is not gone through from each of them.
_rows = re.compile(
    rf"(?m)^( *)- local_part{_TEXT}"
    rf"\1  first_name{_TEXT}"
    rf"\1  last_name{_TEXT}"
    rf"(?:\1  display_name{_TEXT})?"
    rf"(?:\1  secondary_email{_TEXT})?"
    rf"(?:\1  active: (true|false)\n)?"
).findall
# Each line of the list, from the first mailbox on.
_lines = re.compile(r"( *)- local_part: .*+\n(?:\1[ -] .*+\n)*+").match
# What can only be behind a list: after an empty line or a comment it may go on.
_is_behind = re.compile(r" *(?:[a-z]|- )|\Z").match
_LINE = mark(1, 0) - mark(0, 0)


class Table:
    """Mailboxes, as columns in the order in which they are written, and where they are."""

    __slots__ = ("columns", "places")

    def __init__(self, columns: MailboxColumns, places: PlaceColumns) -> None:
        self.columns = columns
        self.places = places

    def fields(self) -> Mapping[str, Sequence[object]]:
        """Of each field, the values of those that have it; whether one is active, once."""
        columns = self.columns
        return {
            "local_part": columns.local_parts,
            "first_name": columns.first_names,
            "last_name": columns.last_names,
            "display_name": [*filter(None, columns.display_names)],
            "secondary_email": [*filter(None, columns.secondary_emails)],
            "active": [True],
        }


class Found(NamedTuple):
    """A table, the column of its dashes, where it ends, and the line behind it."""

    table: Table
    column: int
    end: int
    behind: Mark


def read_table(text: str, start: int, line: Mark) -> Found | None:
    """The table in *text* that begins at *start*, the beginning of *line*; None: there is none."""
    found = _lines(text, start)
    if found is None:
        return None
    column, end = found.end(1) - start, found.end()
    rows = _rows(text, start, end)
    if not rows or not _is_behind(text, end):
        return None
    _, *columns = map(list, zip(*rows, strict=True))
    counts = [len(values) - values.count("") for values in columns]
    # Rows that are as long as all the lines, none of which begins further to the left.
    length = sum(
        len("".join(values)) + count * (column + len(field) + len("- : \n"))
        for field, values, count in zip(_FIELDS, columns, counts, strict=True)
    )
    if length != end - start:
        return None
    lines = _lines_of(columns, counts, line_and_column(line)[0])
    local_parts, first_names, last_names, display_names, addresses, active = (
        values if count else [] for values, count in zip(columns, counts, strict=True)
    )
    off = ["off" if value == "false" else "" for value in active] if "false" in active else []
    at = column + len("- local_part: ") + 1
    table = Table(
        MailboxColumns(local_parts, first_names, last_names, display_names, addresses, off),
        PlaceColumns(lines, [at] * len(lines)),
    )
    return Found(table, column, end, line + sum(counts) * _LINE)


def _lines_of(columns: Sequence[Sequence[str]], counts: Sequence[int], first: int) -> list[int]:
    """The line of each mailbox, the *first* of which is given; *counts* are those of values."""
    count = len(columns[0])
    if {*counts} <= {0, count}:
        height = sum(counts) // count
        return list(range(first, first + count * height, height))
    heights = [len(row) - row.count("") for row in zip(*columns, strict=True)]
    return list(accumulate(heights[:-1], initial=first))
