"""
Text that is safe to print, and colour that can be left out.

Values come from strangers' pull requests and from the server: whatever could move the cursor,
hide text, turn its direction or start a workflow command is shown as an escape instead.
"""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_MARKS = frozenset({"Mn", "Me"})
_MOST_MARKS = 4

# Letters, marks and a symbol that show nothing (Default_Ignorable_Code_Point, and Braille's blank).
_BLANKS = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)


def visible(text: str) -> str:
    r"""
    Show *text* so that it stays one line of plain text: `\u202e` for what cannot be seen.

    Blanks other than the space are shown like that too, so that two values that differ look it;
    so are marks that would pile up on their neighbours. `##[` anywhere and `::` at the start are
    broken up: the runner of GitHub Actions would take them for commands.
    """
    shown = text if _is_plain(text) else _escaped(text)
    if "::" in shown and shown.lstrip().startswith("::"):
        shown = shown.replace(":", r"\u003a", 1)
    return shown.replace("##[", r"#\u0023[")


# Before U+0300 there are neither marks nor blanks but those that are not printable anyway.
_is_beyond_latin = re.compile("[^\0-\u02ff]").search


def _is_plain(text: str) -> bool:
    """Whether *text* is seen as it is: most of it is, and need not be looked at in detail."""
    return text.isprintable() and (text.isascii() or not _is_beyond_latin(text))


def _escaped(text: str) -> str:
    shown = []
    marks = _MOST_MARKS  # a mark at the start would join what stands before the value
    for char in text:
        is_mark, is_hidden = _nature(char)
        marks = marks + 1 if is_mark else 0
        shown.append(_escape(char) if is_hidden or marks > _MOST_MARKS else char)
    return "".join(shown)


@lru_cache(maxsize=4096)
def _nature(char: str) -> tuple[bool, bool]:
    """Whether *char* is a mark on the character before it, and whether it cannot be seen."""
    category = unicodedata.category(char)
    is_hidden = char != " " and (category in _HIDDEN or char in _BLANKS)
    return category in _MARKS, is_hidden


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the BMP ends there


class Tone(StrEnum):
    """What a piece of text is, for whoever chooses its colour."""

    TITLE = "title"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    HELD = "held"
    WRONG = "wrong"
    GOOD = "good"
    QUIET = "quiet"


class Painter(Protocol):
    """Gives text its colour, or leaves it as it is."""

    def __call__(self, text: str, tone: Tone, /) -> str:
        """Show *text*, which is safe already, in the colour of *tone*."""


def plain(text: str, _tone: Tone) -> str:
    """No colour at all: files, pipes, NO_COLOR."""
    return text


_ANSI = {
    Tone.TITLE: "1",
    Tone.CREATE: "32",
    Tone.UPDATE: "33",
    Tone.DELETE: "31",
    Tone.HELD: "36",
    Tone.WRONG: "31",
    Tone.GOOD: "32",
    Tone.QUIET: "2",
}


def ansi(text: str, tone: Tone) -> str:
    """Colour for terminals."""
    return f"\x1b[{_ANSI[tone]}m{text}\x1b[0m"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 mailbox`, `2 mailboxes`, `0 users`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
