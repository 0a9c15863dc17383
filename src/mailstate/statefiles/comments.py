"""
Where the comments of a file stand.

YAML's parsers throw comments away. Between two tokens there is nothing but blanks and comments, so
that a second look at the text finds each of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml
from yaml.tokens import BlockEndToken, DocumentEndToken, ScalarToken, StreamEndToken

from mailstate.statefiles.events import HAS_LIBYAML

# PyYAML's stubs leave out what marks carry, and its two parsers share no type.
_Token: TypeAlias = Any

LOADER: Any = yaml.CSafeLoader if HAS_LIBYAML else yaml.SafeLoader

NOWHERE = -1
"""The column of what follows where nothing follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """
    One comment, from its `#` on, without blanks at its end.

    `alone` is true if nothing stands before it on its line, `gap` if an empty line follows, and
    `next_column` tells how far to the right the next key, dash or value stands.
    """

    text: str
    index: int
    line: int
    column: int
    alone: bool
    gap: bool
    next_column: int


def comments(text: str) -> list[Comment]:
    """All comments of *text*, in their order; *text* is known to be YAML."""
    found: list[Comment] = []
    lines = text.split("\n")
    waiting: list[tuple[int, int, int]] = []
    reached = 0
    line, line_start = 0, 0
    for token in yaml.scan(text, Loader=LOADER):
        start = token.start_mark.index
        starts = [*_in_gap(text, reached, start), *_in_header(text, token)]
        for at in starts:
            line += text.count("\n", line_start, at)
            line_start = text.rfind("\n", 0, at) + 1
            waiting.append((at, line, at - line_start))
        reached = max(reached, token.end_mark.index)
        if isinstance(token, BlockEndToken):
            continue
        is_end = isinstance(token, (DocumentEndToken, StreamEndToken))
        next_column = NOWHERE if is_end else token.start_mark.column
        found += (_comment(lines, *place, next_column) for place in waiting)
        waiting.clear()
    return found


def _in_gap(text: str, start: int, end: int) -> Iterator[int]:
    while (at := text.find("#", start, end)) >= 0:
        yield at
        start = text.find("\n", at, end)
        if start < 0:
            return


def _in_header(text: str, token: _Token) -> Iterator[int]:
    """The comment that may follow `|` or `>`: it lies within the token."""
    if isinstance(token, ScalarToken) and token.style in {"|", ">"}:
        start = token.start_mark.index
        yield from _in_gap(text, start, text.find("\n", start))


def _comment(lines: list[str], at: int, line: int, column: int, next_column: int) -> Comment:
    whole = lines[line]
    return Comment(
        text=whole[column:].rstrip(),
        index=at,
        line=line,
        column=column,
        alone=not whole[:column].strip(),
        gap=line + 1 < len(lines) and not lines[line + 1].strip(),
        next_column=next_column,
    )
