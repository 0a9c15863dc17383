"""
The canonical form: one way to write each document.

Fields in the order of the schema, entries by their name, two blanks a level, quotes where needed.
Users, domains and mailboxes have a line for each field; an access, an alias, and a list of names
or addresses take one line if they fit and no comment stands within, else a line for each item. What
was written stays, defaults too. Of an anchor and its aliases, the first in the new order holds the
value.
"""

from collections.abc import Mapping as Table
from dataclasses import dataclass, field

from mailstate.statefiles.quoting import written
from mailstate.statefiles.tree import (
    BLANK,
    MODELINE,
    File,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Slot,
    all_comments,
)

WIDTH = 100
"""Wider than that, what might stand on one line takes several."""

_FEATURES = ("webmail", "mailbox", "alias")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What a mapping is made of; `below` tells which lists hold mappings of which shape."""

    fields: tuple[str, ...]
    below: Table[str, "_Shape"] = field(default_factory=dict)
    is_short: bool = False
    is_set_apart: bool = False


_USER = _Shape(fields=("name", "uuid", "email"))
_ACCESS = _Shape(fields=("user", "role"), is_short=True)
_MAILBOX = _Shape(
    fields=(
        "local_part",
        "first_name",
        "last_name",
        "display_name",
        "secondary_email",
        "active",
    )
)
_ALIAS = _Shape(fields=("local_part", "destinations"), is_short=True)
_DOMAIN = _Shape(
    fields=(
        "name",
        "context",
        "features",
        "delivery",
        "support_email",
        "disabled",
        "owners",
        "accesses",
        "mailboxes",
        "aliases",
    ),
    below={"accesses": _ACCESS, "mailboxes": _MAILBOX, "aliases": _ALIAS},
    is_set_apart=True,
)
ROOT = _Shape(fields=("users", "domains"), below={"users": _USER, "domains": _DOMAIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A file as text; `slots` has, line by line, what is written there, outermost first."""

    text: str
    slots: tuple[tuple[Slot, ...], ...]


def lay_out(file: File, *, width: int = WIDTH) -> Layout:
    """*file* in canonical form; at width 0 everything has a line of its own."""
    return _Writer(width).layout(file)


def on_one_line(node: Node) -> str:
    """*node* between braces or brackets."""
    return _Writer(0).flow(node, _shape_of(node), set())


class _Writer:
    """One file on its way; used once."""

    __slots__ = ("_anchored", "_lines", "_slots", "_stack", "_width")

    def __init__(self, width: int) -> None:
        self._width = width
        self._lines: list[str] = []
        self._slots: list[tuple[Slot, ...]] = []
        self._stack: tuple[Slot, ...] = ()
        self._anchored: set[str] = set()

    def layout(self, file: File) -> Layout:
        """The whole."""
        self._comments(file.head, 0)
        if file.head and not (len(file.head) == 1 and MODELINE in file.head[0]):
            self._blank()
        self._fields(file.root, ROOT, 0)
        if file.root.end:
            self._blank()
            self._comments(file.root.end, 0)
        return Layout(text="\n".join(self._lines) + "\n", slots=tuple(self._slots))

    # Lines

    def _line(self, text: str) -> None:
        self._lines.append(text)
        self._slots.append(self._stack)

    def _blank(self) -> None:
        if self._lines and self._lines[-1] != BLANK:
            self._line(BLANK)

    def _comments(self, lines: list[str], indent: int) -> None:
        for line in lines:
            if line == BLANK:
                self._blank()
            else:
                self._line(" " * indent + line)

    # Blocks

    def _fields(self, mapping: Mapping, shape: _Shape, indent: int, *, dash: str = "") -> None:
        """The fields of *mapping*; *dash* stands before the first, where it is an entry."""
        slots = _sorted_fields(mapping, shape)
        for number, slot in enumerate(slots):
            self._stack = (*self._stack, slot)
            if number and shape is ROOT:
                self._blank()
            if number or not dash:
                self._comments(slot.before, indent)
            assert slot.key is not None  # noqa: S101 - a field has a key
            start = " " * indent if number or not dash else dash
            name = self._key(slot.key)
            below = shape.below.get(str(slot.key.value))
            self._value(slot, f"{start}{name}:", below, indent)
            self._stack = self._stack[:-1]
        if shape is not ROOT:
            self._comments(mapping.end, indent)

    def _value(self, slot: Slot, start: str, below: _Shape | None, indent: int) -> None:
        """A field or entry that begins with *start*: on this line if it can be, or below it."""
        short = self._short(slot.value, below, len(start) + 1)
        if short is not None:
            self._line(_beside(f"{start} {short}", slot.beside))
            return
        anchor = self._set_anchor(slot.value)
        self._line(_beside(f"{start}{anchor}", slot.beside))
        assert isinstance(slot.value, Sequence)  # noqa: S101 - texts are short, entries see _entry
        self._entries(slot.value, below, indent + 2)

    def _entries(self, sequence: Sequence, below: _Shape | None, indent: int) -> None:
        self._comments(sequence.head, indent)
        if sequence.head:
            self._blank()
        pad = " " * indent
        for number, slot in enumerate(_sorted_entries(sequence, below)):
            self._stack = (*self._stack, slot)
            if number and below and below.is_set_apart:
                self._blank()
            self._entry(slot, pad, below, indent)
            self._stack = self._stack[:-1]
        if sequence.end and below and below.is_set_apart:
            self._blank()
        self._comments(sequence.end, indent)

    def _entry(self, slot: Slot, pad: str, below: _Shape | None, indent: int) -> None:
        value = slot.value
        is_new = value.anchor is None or value.anchor not in self._anchored
        if not isinstance(value, Mapping) or below is None or not is_new:
            self._comments(slot.before, indent)
            self._value(slot, f"{pad}-", below, indent)
            return
        # The first field stands beside the dash: what is said above it goes above both.
        first = _sorted_fields(value, below)[0]
        slot.before, first.before = [*slot.before, *first.before], []
        self._comments(slot.before, indent)
        if self._short(value, below, indent + 2, is_trial=True) is not None:
            self._value(slot, f"{pad}-", below, indent)
            return
        self._comments(slot.beside, indent)
        anchor = self._set_anchor(value)
        if anchor:
            self._line(f"{pad}-{anchor}")
        self._fields(value, below, indent + 2, dash=f"{pad}  " if anchor else f"{pad}- ")

    # Single lines

    def _short(
        self, node: Node, below: _Shape | None, start: int, *, is_trial: bool = False
    ) -> str | None:
        """*node* on the line it begins on, after *start* characters; None if it needs more."""
        anchored = set(self._anchored)
        is_alias = node.anchor is not None and node.anchor in anchored
        if isinstance(node, Scalar) or is_alias:
            text = self.flow(node, below, anchored, in_flow=False)
        else:
            is_short = below.is_short if isinstance(node, Mapping) and below else not below
            if node.slots and (not is_short or next(all_comments(node), None) is not None):
                return None
            text = self.flow(node, below, anchored)
            if node.slots and start + len(text) > self._width:
                return None
        if not is_trial:
            self._anchored = anchored
        return text

    def flow(
        self, node: Node, shape: _Shape | None, anchored: set[str], *, in_flow: bool = True
    ) -> str:
        """*node* on one line; what gets an anchor is added to *anchored*."""
        prefix = ""
        if node.anchor is not None:
            if node.anchor in anchored:
                return f"*{node.anchor}"
            anchored.add(node.anchor)
            prefix = f"&{node.anchor} "
        match node:
            case Scalar(value=value):
                return prefix + written(value, in_flow=in_flow)
            case Sequence():
                entries = _sorted_entries(node, shape)
                items = (self.flow(slot.value, shape, anchored) for slot in entries)
                return f"{prefix}[{', '.join(items)}]"
            case Mapping():
                pairs = []
                for slot in _sorted_fields(node, shape or _shape_of(node)):
                    assert slot.key is not None  # noqa: S101 - a field has a key
                    below = shape.below.get(str(slot.key.value)) if shape else None
                    name = self._key(slot.key, anchored)
                    pairs.append(f"{name}: {self.flow(slot.value, below, anchored)}")
                return f"{prefix}{{{', '.join(pairs)}}}"

    def _key(self, key: Scalar, anchored: set[str] | None = None) -> str:
        """The name of a field. It may hold an anchor, but can be no alias."""
        known = self._anchored if anchored is None else anchored
        if key.anchor is None or key.anchor in known:
            return written(key.value)
        known.add(key.anchor)
        return f"&{key.anchor} {written(key.value)}"

    def _set_anchor(self, node: Node) -> str:
        if node.anchor is None:
            return ""
        self._anchored.add(node.anchor)
        return f" &{node.anchor}"


def _beside(line: str, comments: list[str]) -> str:
    return "  ".join([line, " ".join(comments)]) if comments else line


def _shape_of(node: Node) -> _Shape:
    """The shape that has all fields of *node*; for what stands alone."""
    names = {slot.key.value for slot in node.slots if slot.key} if isinstance(node, Mapping) else ()
    shapes = (_ACCESS, _ALIAS, _MAILBOX, _USER, _DOMAIN)
    return next(shape for shape in shapes if set(names) <= set(shape.fields))


def _sorted_fields(mapping: Mapping, shape: _Shape) -> list[Slot]:
    def position(slot: Slot) -> int:
        return shape.fields.index(str(slot.key.value)) if slot.key else 0

    return sorted(mapping.slots, key=position)


def _sorted_entries(sequence: Sequence, below: _Shape | None) -> list[Slot]:
    def position(slot: Slot) -> tuple[int, str]:
        match slot.value:
            case Mapping() as mapping:
                return 0, mapping.text(below.fields[0]) if below else ""
            case Scalar(value=str() as text):
                return (_FEATURES.index(text) if text in _FEATURES else len(_FEATURES)), text
            case _:
                return 0, ""

    return sorted(sequence.slots, key=position)
