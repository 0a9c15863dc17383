"""The scanner beside the builder."""

from mailstate.statefiles.documents import read_document
from mailstate.statefiles.marks import Document, Map, Seq, Value
from mailstate.statefiles.scanner import scan
from mailstate.statefiles.text import decode


def is_scanned(data: bytes, *, libyaml: bool | None = None) -> bool:
    """Whether the scanner reads *data*; raises if what it says is not what the builder says."""
    text, _ = decode("a.yaml", data)
    root = None if text is None else scan(text)
    if root is None:
        return False
    built = read_document("a.yaml", data, libyaml=True if libyaml is None else libyaml)
    assert Document(file="a.yaml", root=built.root, is_readable=True) == built
    assert everything(built.root) == everything(root)
    return True


def everything(value: Value) -> object:
    """*value* with its types, the order of its keys, and all its marks."""
    if isinstance(value, Map):
        items = [(key, everything(item)) for key, item in value.items()]
        return value.mark, value.marks, value.is_whole, value.has_odd_keys, items
    if isinstance(value, Seq):
        return value.mark, value.marks, list(map(everything, value))
    return type(value), value
