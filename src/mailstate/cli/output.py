"""Printing: what goes where, and in colour or not."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click

from mailstate import __version__
from mailstate.errors import FilesError, MailstateError, Problem, SettingsError
from mailstate.reporting.paint import Painter, Tone, ansi, plain


def prepare() -> None:
    """Have streams that take any text, also where the caller closed them, or set them to ASCII."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Otherwise the next file that is opened would take its place, and our output.
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def painter(stream: TextIO) -> Painter:
    """Colour for a terminal, unless NO_COLOR or a dumb terminal says otherwise."""
    is_wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return ansi if is_wanted and stream.isatty() else plain


def write(text: str, stream: TextIO | None = None) -> None:
    """
    Print *text*, which ends in a newline, to standard output or *stream*.

    Raises `BrokenPipeError` if nobody reads it, and `SettingsError` if it cannot be written.
    """
    stream = stream or sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up(stream)
        raise SettingsError(f"standard output cannot be written: {error.strerror}") from None


def write_if_possible(text: str, stream: TextIO) -> None:
    """Print *text*; where it cannot be, drop it and all that follows: the run matters more."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        give_up(stream)


def give_up(stream: TextIO) -> None:
    """Let *stream* lead nowhere: its reader is gone. Python would complain again at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def say(text: str) -> None:
    """Tell the user something that is not the command's result; nobody need be listening."""
    write_if_possible(f"{text}\n", sys.stderr)


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

    write_if_possible(problems_text(problems, painter(sys.stderr)), sys.stderr)


def version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
    """Print the version and leave: click's callback for `--version`."""
    if value:
        write(f"mailstate {__version__}\n")
        ctx.exit()


def _lines(text: str) -> str:
    """*text* with its own line breaks and nothing else that a terminal would act on."""
    from mailstate.reporting.paint import visible

    return "\n".join(visible(line) for line in text.split("\n"))
