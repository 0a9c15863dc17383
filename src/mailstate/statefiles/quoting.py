"""Text to YAML: without quotes wherever every reader takes it for the same text."""

import re
from functools import lru_cache

from mailstate.statefiles.scalars import other_meaning

# What cannot begin a text without quotes: YAML's indicators (§5.3) and blanks. A single dash,
# question mark or colon can, unless a blank follows.
_FIRST = re.compile(r"""[^\s,\[\]{}#&*!|>'"%@`?:-]|-(?!\s|$|--)""")
_INNER = re.compile(r":(\s|$)|\s#")
_IN_FLOW = re.compile(r"[,\[\]{}:?]|^-")
_WORDS = frozenset({"true", "false"})
_JOINERS = {ord("\u200c"): None, ord("\u200d"): None}
"""Unprintable to Python, and part of how some names are spelt."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_BYTE, _PLANE = 0xFF, 0xFFFF


@lru_cache(maxsize=16_384)
def written(value: str | bool, *, in_flow: bool = False) -> str:  # noqa: FBT001 - a value
    """*value* as YAML that the strict reader takes; *in_flow* between brackets or braces."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not value.translate(_JOINERS).isprintable():
        return '"' + "".join(map(_escaped, value)) + '"'
    if _is_plain(value) and not (in_flow and _IN_FLOW.search(value)):
        return value
    return "'" + value.replace("'", "''") + "'"


def _is_plain(text: str) -> bool:
    return (
        _FIRST.match(text) is not None
        and not text[-1].isspace()
        and _INNER.search(text) is None
        and text not in _WORDS
        and other_meaning(text) is None
    )


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code <= _BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _PLANE else f"\\U{code:08x}"
