"""
A state file with its comments, as it is written and not as it is meant.

Each comment belongs to what it stands beside, or to what follows it, or, where it is indented
further than what follows, to the end of the list or mapping it stands in. So it goes along where
entries are sorted. (ruamel.yaml keeps comments too, with what stands *before* them: sorted lists
then carry the wrong ones, and those within brackets are lost.)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, Union

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from mailstate.statefiles.comments import LOADER, Comment, comments

_Event: TypeAlias = Any  # PyYAML's stubs leave out what events carry

Node: TypeAlias = Union["Scalar", "Mapping", "Sequence"]

BLANK = ""
"""An empty line within a block of comments."""

MODELINE = "yaml-language-server:"
"""What a comment for editors begins with; they look for it in the first line."""

_BOOLEANS = {"true": True, "false": False}


@dataclass(slots=True, eq=False)
class Scalar:
    """A text, or true or false."""

    value: str | bool
    anchor: str | None = None


@dataclass(slots=True, eq=False)
class Slot:
    """
    A field of a mapping (with a `key`), or an entry of a list (without).

    `before` are the lines of comment above it, `beside` what stands at the end of its line.
    """

    value: Node
    key: Scalar | None = None
    before: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Mapping:
    """Fields in the order in which they are written; `end` are comments after the last."""

    slots: list[Slot] = field(default_factory=list)
    end: list[str] = field(default_factory=list)
    anchor: str | None = None

    def slot(self, name: str) -> Slot | None:
        """The field *name*, None if there is none."""
        return next((slot for slot in self.slots if slot.key and slot.key.value == name), None)

    def text(self, name: str) -> str:
        """The text of the field *name*; empty if it has none."""
        slot = self.slot(name)
        if slot is None or not isinstance(slot.value, Scalar):
            return ""
        return slot.value.value if isinstance(slot.value.value, str) else ""

    def mappings(self, name: str) -> list[tuple[Slot, "Mapping"]]:
        """The mappings in the list *name*, each with the slot that holds it."""
        slot = self.slot(name)
        entries = slot.value.slots if slot and isinstance(slot.value, Sequence) else []
        return [(entry, entry.value) for entry in entries if isinstance(entry.value, Mapping)]


@dataclass(slots=True, eq=False)
class Sequence:
    """Entries in the order in which they are written; `head` stands apart above the first."""

    slots: list[Slot] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    end: list[str] = field(default_factory=list)
    anchor: str | None = None


@dataclass(slots=True, eq=False)
class File:
    """A whole file: `head` is what stands apart at its top."""

    root: Mapping
    head: list[str] = field(default_factory=list)


def parse(text: str) -> File:
    """*text*, which was read strictly and without a problem, as it is written."""
    return _Builder(text.replace("\r\n", "\n")).file()


def all_comments(node: Node) -> Iterator[str]:
    """Every line of comment in *node*."""
    if isinstance(node, Scalar):
        return
    if isinstance(node, Sequence):
        yield from filter(None, node.head)
    for slot in node.slots:
        yield from filter(None, slot.before)
        yield from slot.beside
        yield from all_comments(slot.value)
    yield from filter(None, node.end)


class _Builder:
    """One text on its way; used once."""

    __slots__ = ("_anchors", "_at", "_comments", "_events", "_taken", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._comments = comments(text)
        self._taken = 0
        self._events: list[_Event] = list(yaml.parse(text, Loader=LOADER))
        self._at = 0
        self._anchors: dict[str, Node] = {}

    def file(self) -> File:
        """The whole."""
        self._next()
        start = self._next()  # of the document
        head: list[str] = []
        if start.explicit:
            head += self._lines(start.end_mark.index)
            head += self._on_line(start.end_mark.line, self._peek().start_mark.index)
        root = self._value(self._next())
        assert isinstance(root, Mapping)  # noqa: S101 - the schema has seen to it
        root.anchor = None  # an alias to the whole would stand within it
        rest = [comment.text for comment in self._comments[self._taken :]]
        root.end = _without_blanks_at_end([*root.end, *rest])
        first = root.slots[0]
        apart, first.before = _split(first.before)
        head = [*_without_blanks_at_end(head), *apart]
        modelines = [line for line in (*head, *first.before) if _is_modeline(line)]
        first.before = [line for line in first.before if not _is_modeline(line)]
        head = [*modelines, *(line for line in head if not _is_modeline(line))]
        return File(root=root, head=_without_blanks_at_end(head))

    def _next(self) -> _Event:
        self._at += 1
        return self._events[self._at - 1]

    def _peek(self) -> _Event:
        return self._events[self._at]

    # Comments: each is taken once, from the first to the last

    def _waiting(self, before: int) -> Comment | None:
        if self._taken < len(self._comments) and self._comments[self._taken].index < before:
            return self._comments[self._taken]
        return None

    def _lines(self, before: int) -> list[str]:
        """What waits up to *before*, as lines of their own."""
        found = []
        while comment := self._waiting(before):
            self._taken += 1
            found.append(comment.text)
            if comment.gap:
                found.append(BLANK)
        return found

    def _on_line(self, line: int, before: int) -> list[str]:
        """What waits up to *before* and stands at the end of *line*."""
        found = []
        while (comment := self._waiting(before)) and comment.line == line and not comment.alone:
            self._taken += 1
            found.append(comment.text)
        return found

    def _at_end(self, column: int, before: int) -> list[str]:
        """What waits up to *before* and is indented as the end of a collection at *column*."""
        found = []
        while comment := self._waiting(before):
            if comment.column < column or comment.column <= comment.next_column:
                break
            self._taken += 1
            found.append(comment.text)
            if comment.gap:
                found.append(BLANK)
        return _without_blanks_at_end(found)

    # Values

    def _value(self, event: _Event) -> Node:
        node: Node
        if isinstance(event, AliasEvent):
            name: str = event.anchor or ""
            return self._anchors[name]
        if isinstance(event, ScalarEvent):
            is_boolean = not event.style and event.value in _BOOLEANS
            node = Scalar(_BOOLEANS[event.value] if is_boolean else event.value)
        elif isinstance(event, MappingStartEvent):
            node = self._mapping(event)
        else:
            node = self._sequence(event)
        if event.anchor is not None:
            node.anchor = event.anchor
            self._anchors[event.anchor] = node
        return node

    def _mapping(self, start: _Event) -> Mapping:
        column = self._peek().start_mark.column
        found = Mapping()
        while not isinstance(self._peek(), MappingEndEvent):
            key = self._next()
            before = self._lines(key.start_mark.index)
            name = self._value(key)
            assert isinstance(name, Scalar)  # noqa: S101 - the strict reader takes no other key
            found.slots.append(self._slot(name, before))
        found.end = self._end(start, column)
        return found

    def _sequence(self, start: _Event) -> Sequence:
        # The event ends before the first dash, or after it if the list is not indented.
        end = start.end_mark
        column = end.column if self._text.startswith("-", end.index) else end.column - 1
        found = Sequence()
        while not isinstance(self._peek(), SequenceEndEvent):
            found.slots.append(self._slot(None, []))
        if found.slots:
            first = found.slots[0]
            found.head, first.before = _split(first.before)
        found.end = self._end(start, column)
        return found

    def _slot(self, key: Scalar | None, before: list[str]) -> Slot:
        slot = Slot(value=Scalar(False), key=key, before=before)  # noqa: FBT003 - a value
        event = self._next()
        is_block = _is_block(event)
        while comment := self._waiting(event.start_mark.index):
            if comment.alone:
                if is_block and key is not None:
                    break  # it belongs to the first thing within
                slot.before += self._lines(comment.index + 1)
            else:
                self._taken += 1
                slot.beside.append(comment.text)
        if is_block and event.anchor:
            slot.beside += self._on_line(event.start_mark.line, self._peek().start_mark.index)
        slot.value = self._value(event)
        if not is_block:
            if isinstance(slot.value, Scalar):
                slot.beside += filter(None, self._lines(event.end_mark.index))
            ended = self._events[self._at - 1].end_mark
            slot.beside += self._on_line(ended.line, self._peek().start_mark.index)
        if not isinstance(slot.value, Scalar) and not slot.value.slots:
            slot.before += slot.value.end  # within empty brackets
            slot.value.end = []
        return slot

    def _end(self, start: _Event, column: int) -> list[str]:
        end = self._next().start_mark.index
        return (
            self._at_end(column, end)
            if _is_block(start)
            else _without_blanks_at_end(self._lines(end))
        )


def _is_block(event: _Event) -> bool:
    return not isinstance(event, (AliasEvent, ScalarEvent)) and not event.flow_style


def _is_modeline(line: str) -> bool:
    return line.lstrip("# ").startswith(MODELINE)


def _split(before: list[str]) -> tuple[list[str], list[str]]:
    """What stands apart, up to the last empty line, and what stands right above."""
    if BLANK not in before:
        return [], before
    last = len(before) - 1 - before[::-1].index(BLANK)
    return _without_blanks_at_end(before[:last]), before[last + 1 :]


def _without_blanks_at_end(lines: list[str]) -> list[str]:
    while lines and lines[-1] == BLANK:
        lines = lines[:-1]
    return lines
