"""
Keys, scalars, and lists and mappings in brackets, as far as they stand on one line.

The part of YAML that the scanner is sure of. Where libyaml would have to be asked, there is no
match, or an `UnsureError`.
"""

import re
import sys
from functools import lru_cache

from mailstate.statefiles.marks import Map, Mark, Seq, Value
from mailstate.statefiles.scalars import AMBIGUOUS, BOOLEANS, SUSPECT, other_meaning

DEPTH = 8
"""How deep brackets may be nested: deeper than anything in use, less than the builder allows."""


class UnsureError(Exception):
    """The builder must say what this is."""


def _plain(refused: str, repeated: str, end: str) -> str:
    """A text without quotes, and without *refused*, that is text to all readers up to an *end*."""
    suspect = re.escape("".join(sorted(SUSPECT - {"-"})))
    clear = rf"""[^ \n,\[\]{{}}#&*!|>'"%@`?:\-{suspect}]"""
    return rf"(?:{clear}|(?!(?:{AMBIGUOUS})(?:{end}))[{suspect}])[^\n:#{refused}]*{repeated}(?<! )"


def _value(plain: str, brackets: str) -> str:
    """Five groups, of which one has the value: see `value`."""
    boolean = r"(true|false)(?=[ ,\]}]|\Z)"
    return rf"""(?:({plain})|{boolean}|'((?:[^'\n]|'')*)'|"([^"\\\n]*)"|({brackets}))"""


# libyaml allows 1,024 characters.
KEY = "[a-z_]{1,64}+"
WHOLE = _plain("", "+", r"\n")
"""A text without quotes that goes to the end of its line."""

VALUE = _value(_plain("", "", r" *(?:#|\Z)"), r"[\[{].*")
END = r" *(?: #.*)?"
"""What may stand behind a value."""

_is_end = re.compile(END).fullmatch
_blanks = re.compile(" *").match
_entry = re.compile(rf"({KEY}): +").match
_item = re.compile(_value(_plain(r"?,\[\]{}", "", r" *[,\]}]"), r"[\[{]")).match


@lru_cache(maxsize=1_024)
def key_of(text: str) -> str:
    """*text* as a key. Raises `UnsureError` if it may be something else than text."""
    if text in BOOLEANS or other_meaning(text):
        raise UnsureError
    return sys.intern(text)


def value(found: re.Match[str] | None, first: int, base: Mark) -> tuple[Value, Mark]:
    """
    The value that *found* has in one of five groups, the *first* and those after it, and its mark.

    *base* is the mark of where the text of *found* begins.
    """
    if found is None:
        raise UnsureError
    group = found.lastindex or 0
    text = found[group]
    at = base + found.start(group)
    match group - first:
        case 0:
            return text, at
        case 1:
            return BOOLEANS[text], at
        case 2:
            return text.replace("''", "'"), at - 1
        case 3:
            return text, at - 1
        case _:
            node, end = _brackets(text, 0, at, 1)
            if not _is_end(text, end):
                raise UnsureError
            return node, at


def _brackets(text: str, start: int, base: Mark, depth: int) -> tuple[Map | Seq, int]:
    """The list or mapping that begins at *start*, and where it ends."""
    if depth > DEPTH:
        raise UnsureError
    is_map = text[start] == "{"
    close = "}" if is_map else "]"
    keys: list[tuple[str, Mark]] = []
    items: list[tuple[Value, Mark]] = []
    at = _past_blanks(text, start + 1)
    while not text.startswith(close, at):
        if is_map:
            entry = _entry(text, at)
            if entry is None:
                raise UnsureError
            keys.append((key_of(entry[1]), base + at))
            at = entry.end()
        item = _item(text, at)
        if item is None:
            raise UnsureError
        if item[5]:
            node, end = _brackets(text, at, base, depth + 1)
            items.append((node, base + at))
        else:
            items.append(value(item, 1, base))
            end = item.end()
        at = _past_blanks(text, end)
        if text.startswith(",", at):
            at = _past_blanks(text, at + 1)
        elif not text.startswith(close, at):
            raise UnsureError
    return _map(keys, items, base + start) if is_map else _seq(items, base + start), at + 1


def _past_blanks(text: str, at: int) -> int:
    blanks = _blanks(text, at)
    return blanks.end() if blanks else at


def _seq(items: list[tuple[Value, Mark]], begin: Mark) -> Seq:
    seq = Seq(item for item, _ in items)
    seq.mark = begin
    seq.marks = [at for _, at in items]
    return seq


def _map(keys: list[tuple[str, Mark]], items: list[tuple[Value, Mark]], begin: Mark) -> Map:
    found = Map((key, item) for (key, _), (item, _) in zip(keys, items, strict=True))
    if len(found) < len(keys):
        raise UnsureError
    found.mark = begin
    found.offsets = [
        at - begin
        for (_, key_at), (_, item_at) in zip(keys, items, strict=True)
        for at in (key_at, item_at)
    ]
    found.is_whole = True
    found.has_odd_keys = False
    return found
