"""The scanner beside the builder."""

from collections.abc import Sequence

from mailstate.statefiles.documents import read_document
from mailstate.statefiles.marks import Document, Map, Seq, lines_and_columns
from mailstate.statefiles.scanner import scan
from mailstate.statefiles.table import Table
from mailstate.statefiles.text import decode


def is_scanned(data: bytes, *, libyaml: bool | None = None) -> bool:
    """Whether the scanner reads *data*; raises if what it says is not what the builder says."""
    text, _ = decode("a.yaml", data)
    root = None if text is None else scan(text)
    tables = None if text is None else scan(text, tables=True)
    if root is None:
        assert tables is None
        return False
    built = read_document("a.yaml", data, libyaml=True if libyaml is None else libyaml)
    assert Document(file="a.yaml", root=built.root, is_readable=True) == built
    assert everything(built.root) == everything(root)
    assert everything(root, tables) == everything(tables, tables)
    return True


def everything(value: object, tables: object = None) -> object:
    """
    *value* with its types, the order of its keys, and all its marks.

    Of what is a table in *tables*, the same value otherwise, it is what a table has.
    """
    if isinstance(tables, Table):
        return columns(value) if isinstance(value, Seq) else (tables.columns, tables.places)
    if isinstance(value, Map):
        others = tables if isinstance(tables, Map) else {}
        items = [(key, everything(item, others.get(key))) for key, item in value.items()]
        return value.mark, value.marks, value.is_whole, value.has_odd_keys, items
    if isinstance(value, Seq):
        beside = tables if isinstance(tables, Seq) else [None] * len(value)
        pairs = zip(value, beside, strict=True)
        return value.mark, value.marks, [everything(item, other) for item, other in pairs]
    return type(value), value


def columns(boxes: Seq) -> object:
    """The columns of mailboxes, and their places; of an optional field, none if none has it."""
    held: list[Sequence[object]] = []
    for name in ("local_part", "first_name", "last_name", "display_name", "secondary_email"):
        written = [box.get(name, "") for box in boxes if isinstance(box, Map)]
        held.append(written if any(written) else [])
    off = ["off" if box.get("active") is False else "" for box in boxes if isinstance(box, Map)]
    held.append(off if any(off) else [])
    marks = [box.value_mark("local_part") for box in boxes if isinstance(box, Map)]
    return tuple(held), lines_and_columns(marks)
