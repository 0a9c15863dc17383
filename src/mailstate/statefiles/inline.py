"""
Keys, scalars, and lists and mappings in brackets, as far as they stand on one line.

The part of YAML that the scanner is sure of. Where libyaml would have to be asked, there is no
match, or an `UnsureError`.
"""

import re
import sys
from functools import lru_cache

from mailstate.statefiles.marks import Map, Mark, Seq, Value
from mailstate.statefiles.scalars import BOOLEANS, SUSPECT, WORDS, other_meaning

DEPTH = 8
"""How deep brackets may be nested: deeper than anything in use, less than the builder allows."""


class UnsureError(Exception):
    """The builder must say what this is."""


_INDICATORS = re.escape(",[]{}#&*!|>'\"%@`?:-")
# Texts that begin like a number are the builder's, or at least for `value` to look at: a pattern
# that knows numbers takes longer to compile than most trees take to read.
_LETTERS = "".join(sorted({word[0] for word in WORDS}))
_WORDS = "|".join(sorted({word.lower() for word in WORDS}))
_CLEAR = rf"[^ \n{_INDICATORS}{re.escape(''.join(sorted(SUSPECT)))}]"

# libyaml allows 1,024 characters.
KEY = "[a-z_]{1,64}+"
WHOLE = rf"(?:{_CLEAR}|(?!(?i:{_WORDS})\n)[{_LETTERS}])[^\n:#]*+(?<! )"
"""A text without quotes that goes to the end of its line, and is text to every reader."""


def _scalar(refused: str) -> str:
    """Three groups, of which one has the text: see `value`. Without quotes it has no *refused*."""
    plain = rf"[^ \n{_INDICATORS}][^\n:#{refused}]*(?<! )"
    return rf"""(?:({plain})|'((?:[^'\n]|'')*)'|"([^"\\\n]*)")"""


VALUE = rf"(?:{_scalar('')}|([\[{{].*))"
"""Four groups, of which one has the value: see `value`."""

END = r" *(?: #.*)?"
"""What may stand behind a value."""

_is_end = re.compile(END).fullmatch
_opening = re.compile(r"[\[{] *").match
_SEPARATOR = r" *(?:, *|(?=[\]}]))"
_separator = re.compile(_SEPARATOR).match
_FLOW = _scalar(r"?,\[\]{}")
_PLAIN, _NESTED = 2, 5
_item = re.compile(rf"(?:({KEY}): +)?(?:{_FLOW}{_SEPARATOR}|([\[{{]))").match


@lru_cache(maxsize=1_024)
def key_of(text: str) -> str:
    """*text* as a key. Raises `UnsureError` if it may be something else than text."""
    if text in BOOLEANS or other_meaning(text):
        raise UnsureError
    return sys.intern(text)


def value(kind: int, text: str, at: Mark) -> tuple[Value, Mark]:
    """The value that *text* at *at*, the group *kind* of four, stands for, and its mark."""
    match kind:
        case 0:
            if text[0] not in SUSPECT:
                return text, at
            if text in BOOLEANS:
                return BOOLEANS[text], at
            if other_meaning(text):
                raise UnsureError
            return text, at
        case 1:
            return text.replace("''", "'"), at - 1
        case 2:
            return text, at - 1
        case _:
            node, end = _brackets(text, 0, at, 1)
            if not _is_end(text, end):
                raise UnsureError
            return node, at


def _brackets(text: str, start: int, base: Mark, depth: int) -> tuple[Map | Seq, int]:
    """The list or mapping that begins at *start*, and where it ends; *text* begins at *base*."""
    opening = _opening(text, start)
    if opening is None or depth > DEPTH:
        raise UnsureError
    at = opening.end()
    is_map = text[start] == "{"
    close = "}" if is_map else "]"
    keys: list[str] = []
    items: list[Value] = []
    marks: list[Mark] = []
    item: Value
    while not text.startswith(close, at):
        found = _item(text, at)
        if found is None or (found[1] is not None) != is_map:
            raise UnsureError
        if is_map:
            keys.append(key_of(found[1]))
            marks.append(base + at)
        group = found.lastindex or 0
        at = found.start(group)
        if group == _NESTED:
            item, end = _brackets(text, at, base, depth + 1)
            items.append(item)
            marks.append(base + at)
            found = _separator(text, end)
            if found is None:
                raise UnsureError
        else:
            item, item_at = value(group - _PLAIN, found[group], base + at)
            items.append(item)
            marks.append(item_at)
        at = found.end()
    begin = base + start
    return _map(keys, items, marks, begin) if is_map else _seq(items, marks, begin), at + 1


def _seq(items: list[Value], marks: list[Mark], begin: Mark) -> Seq:
    seq = Seq(items)
    seq.mark = begin
    seq.marks = marks
    return seq


def _map(keys: list[str], items: list[Value], marks: list[Mark], begin: Mark) -> Map:
    found = Map(zip(keys, items, strict=True))
    if len(found) < len(keys):
        raise UnsureError
    found.mark = begin
    found.offsets = [mark - begin for mark in marks]
    found.is_whole = True
    found.has_odd_keys = False
    return found
