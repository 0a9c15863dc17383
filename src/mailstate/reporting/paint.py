"""
Text that is safe to print, and colour that can be left out.

Values come from strangers' pull requests and from the server: whatever could move the cursor,
hide text, turn its direction or start a workflow command is shown as an escape instead.
"""

import unicodedata
from enum import StrEnum
from typing import Protocol

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""
    Show *text* so that it stays one line of plain text: `\u202e` for what cannot be seen.

    `##[` is broken up as well: the runner of GitHub Actions takes it for a command anywhere in
    a line. (`::` is one at the start of a line only, where no view puts a value.)
    """
    if text.isascii() and text.isprintable():
        return text.replace("##[", r"#\u0023[")
    shown = (char if unicodedata.category(char) not in _HIDDEN else _escaped(char) for char in text)
    return "".join(shown).replace("##[", r"#\u0023[")


def _escaped(char: str) -> str:
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
