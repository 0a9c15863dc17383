"""`mailstate validate`: the files alone, every problem of every file."""

import os
import sys
from pathlib import Path

import click

from mailstate.cli import output
from mailstate.cli.links import way
from mailstate.cli.settings_file import read_settings, state_directory
from mailstate.errors import ExitCode, Severity
from mailstate.reporting.paint import Tone, counted
from mailstate.reporting.problems import (
    problems_github,
    problems_json,
    problems_summary,
    problems_text,
)
from mailstate.reporting.sarif import problems_sarif
from mailstate.statefiles import Cache, Verdict, cache_directory, verdict


@click.command("validate")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="sarif is for code scanning, github for notes on lines; default: text.",
)
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("--state", metavar="DIR", type=click.Path(path_type=Path), help="Same as PATH.")
def command(
    paths: tuple[Path, ...],
    format: str,
    strict: bool,  # noqa: FBT001 - click gives it by name
    state: Path | None,
) -> int:
    """
    Check the state files, without any network.

    PATH is a directory or a file; without one, the state directory. All problems of all files
    are shown, each with its place, its rule and what to do.
    """
    where = paths or [state_directory(read_settings(), state)]
    with Cache(cache_directory(os.environ)) as cache:
        found = verdict(where, cache=cache)
    match format:
        case "json":
            output.write(problems_json(found.problems, found.files))
        case "github":
            output.write(problems_github(found.problems, below=way()))
            output.say(_summary(found))
        case "sarif":
            output.write(problems_sarif(found.problems, below=way()))
            output.say(_summary(found))
        case _:
            paint = output.painter(sys.stdout)
            output.write(problems_text(found.problems, paint))
            tone = Tone.WRONG if found.counts is None else Tone.GOOD
            output.write(paint(_summary(found), tone) + "\n")
    has_warnings = any(problem.severity is Severity.WARNING for problem in found.problems)
    is_invalid = found.counts is None or (strict and has_warnings)
    return ExitCode.INVALID if is_invalid else ExitCode.OK


def _summary(found: Verdict) -> str:
    """`9 files, no problem: 6 domains, 14 people, 68 mailboxes, 11 aliases`."""
    summary = problems_summary(found.problems, len(found.files))
    if found.counts is None:
        return summary
    parts = (
        counted(found.counts.domains, "domain"),
        counted(found.counts.people, "person", "people"),
        counted(found.counts.mailboxes, "mailbox", "mailboxes"),
        counted(found.counts.aliases, "alias", "aliases"),
    )
    return f"{summary}: {', '.join(parts)}"
