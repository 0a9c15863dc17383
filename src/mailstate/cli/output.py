"""Printing: what goes where, and in colour or not."""

import os
import sys
from collections.abc import Sequence
from typing import TextIO

import click

from mailstate import __version__
from mailstate.errors import FilesError, MailstateError, Problem
from mailstate.reporting.paint import Painter, Tone, ansi, plain


def painter(stream: TextIO) -> Painter:
    """Colour for a terminal, unless NO_COLOR or a dumb terminal says otherwise."""
    is_wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return ansi if is_wanted and stream.isatty() else plain


def write(text: str) -> None:
    """Print *text*, which ends in a newline, to standard output."""
    sys.stdout.write(text)


def say(text: str) -> None:
    """Tell the user something that is not the command's result."""
    print(text, file=sys.stderr, flush=True)


def show_error(error: MailstateError) -> None:
    """Print what stopped the run, and what to do."""
    paint = painter(sys.stderr)
    if isinstance(error, FilesError):
        warn(error.problems)
    say(f"{paint('error:', Tone.WRONG)} {_lines(error.message)}")
    if error.hint:
        say(f"{paint('hint:', Tone.QUIET)}  {_lines(error.hint)}")


def warn(problems: Sequence[Problem]) -> None:
    """Print what is not wrong, but worth a look, to standard error."""
    from mailstate.reporting.problems import problems_text

    sys.stderr.write(problems_text(problems, painter(sys.stderr)))
    sys.stderr.flush()


def version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
    """Print the version and leave: click's callback for `--version`."""
    if value:
        print(f"mailstate {__version__}")
        ctx.exit()


def _lines(text: str) -> str:
    """*text* with its own line breaks and nothing else that a terminal would act on."""
    from mailstate.reporting.paint import visible

    return "\n".join(visible(line) for line in text.split("\n"))
