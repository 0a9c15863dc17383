"""Bytes to text: UTF-8 alone, and no character that a reader of the file could not see."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

from mailstate.errors import Place, Problem
from mailstate.statefiles.marks import MAX_PROBLEMS
from mailstate.statefiles.rulebook import problem

MAX_BYTES = 32 * 1024 * 1024
"""More than a file of 100,000 mailboxes needs; less than what could exhaust a runner."""

_OTHER_ENCODINGS = (
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\xfe\xff", "UTF-16"),
    (b"\xff\xfe", "UTF-16"),
)

# C0, DEL and C1 without tab and line feed; a carriage return that ends no line; U+2028 and U+2029,
# which YAML 1.1 counts as line breaks and editors do not; a byte order mark within the text;
# non-characters; the marks that turn the direction of text, with which a review shows another text.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ufeff\ufffe\uffff]|\r(?!\n)"
)

# Bytes that begin no character of those: most files have no others, which is found out in no time.
_HARMLESS = bytes({*b"\t\n\r", *range(0x20, 0x7F), *range(0x80, 0x100)} - {0xC2, 0xD8, 0xE2, 0xEF})


def shown(text: str, *, limit: int = 60) -> str:
    """*text* as a message may hold it: invisible characters spelt out, at most *limit* long."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in cut)


def character_name(char: str) -> str:
    """What to call *char*, which cannot be shown: `U+200B ZERO WIDTH SPACE`."""
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X}{' ' if name else ''}{name}"


def too_large(file: str) -> Problem:
    """What is wrong with *file* if it has more than `MAX_BYTES`."""
    limit = MAX_BYTES // 1024 // 1024
    return problem("file/too-large", Place(file, 1, 1), f"the file has more than {limit} MiB")


def decode(file: str, data: bytes) -> tuple[str | None, list[Problem]]:
    """The text of *data* without its byte order mark, or what keeps it from being read."""
    start = Place(file, 1, 1)
    if len(data) > MAX_BYTES:
        return None, [too_large(file)]
    for order_mark, encoding in _OTHER_ENCODINGS:
        if data.startswith(order_mark):
            return None, [problem("yaml/encoding", start, f"the file is {encoding}, not UTF-8")]
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        message = f"byte 0x{data[error.start]:02X} is not UTF-8"
        return None, [
            problem("yaml/encoding", _place_of(file, data[: error.start].decode()), message)
        ]
    if not data.translate(None, _HARMLESS) and (
        b"\r" not in data or data.count(b"\r") == data.count(b"\r\n")
    ):
        return text, []
    return _without_refused(file, text.removeprefix("\ufeff"))


def _without_refused(file: str, text: str) -> tuple[str | None, list[Problem]]:
    problems: list[Problem] = []
    last_line = 0
    line, line_start, seen = 1, 0, 0
    for match in _REFUSED.finditer(text):
        at = match.start()
        line += text.count("\n", seen, at)
        line_start = text.rfind("\n", 0, at) + 1 if text.find("\n", seen, at) >= 0 else line_start
        seen = at
        if line == last_line:
            continue
        if len(problems) > MAX_PROBLEMS:
            break
        last_line = line
        message = f"the character {character_name(match[0])} may not stand in a state file"
        problems.append(
            problem("yaml/control-character", Place(file, line, at - line_start + 1), message)
        )
    return (None if problems else text), problems


def _place_of(file: str, before: str) -> Place:
    before = before.removeprefix("\ufeff")
    line_start = before.rfind("\n") + 1
    return Place(file, before.count("\n") + 1, len(before) - line_start + 1)


def within(text: str, line: int, column: int, index: int) -> tuple[int, int]:
    """Line and column of *index*, where libyaml may count the end of *text* as one line more."""
    if index < len(text) or text.endswith("\n") or not text:
        return line, column
    return text.count("\n"), len(text) - text.rfind("\n") - 1


def tabs_outside(
    text: str, quoted: Iterable[tuple[int, int]], end: int
) -> Iterator[tuple[int, int]]:
    """
    Line and column of each tab before *end* that is not within *quoted*, one for each line.

    *quoted* has the beginning and end of texts in quotes, in order.
    """
    spans = chain(quoted, [(len(text), len(text))])
    start, stop = next(spans)
    line, line_start = 0, 0
    at = text.find("\t")
    while 0 <= at < end:
        while stop <= at:
            start, stop = next(spans)
        following = at + 1
        if at < start:
            line += text.count("\n", line_start, at)
            line_start = text.rfind("\n", 0, at) + 1
            yield line, at - line_start
            following = text.find("\n", at)
            if following < 0:
                return
        at = text.find("\t", following)
