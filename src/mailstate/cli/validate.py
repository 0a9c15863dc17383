"""`mailstate validate`: the files alone, every problem of every file."""

import sys
from pathlib import Path

import click

from mailstate.cli import output
from mailstate.cli.links import way
from mailstate.cli.settings import read_settings, state_directory
from mailstate.errors import ExitCode, Severity
from mailstate.reporting.paint import Tone, counted
from mailstate.reporting.problems import (
    problems_github,
    problems_json,
    problems_summary,
    problems_text,
)
from mailstate.reporting.sarif import problems_sarif
from mailstate.statefiles import Reading, read


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
    reading = read(paths or [state_directory(read_settings(), state)])
    match format:
        case "json":
            output.write(problems_json(reading.problems, reading.files))
        case "github":
            output.write(problems_github(reading.problems, below=way()))
            output.say(_verdict(reading))
        case "sarif":
            output.write(problems_sarif(reading.problems, below=way()))
            output.say(_verdict(reading))
        case _:
            paint = output.painter(sys.stdout)
            output.write(problems_text(reading.problems, paint))
            tone = Tone.WRONG if reading.desired is None else Tone.GOOD
            output.write(paint(_verdict(reading), tone) + "\n")
    has_warnings = any(problem.severity is Severity.WARNING for problem in reading.problems)
    is_invalid = reading.desired is None or (strict and has_warnings)
    return ExitCode.INVALID if is_invalid else ExitCode.OK


def _verdict(reading: Reading) -> str:
    """`9 files, no problem: 6 domains, 14 people, 68 mailboxes, 11 aliases`."""
    summary = problems_summary(reading.problems, len(reading.files))
    if reading.desired is None:
        return summary
    domains = reading.desired.domains.values()
    parts = (
        counted(len(domains), "domain"),
        counted(len(reading.desired.people), "person", "people"),
        counted(sum(len(domain.mailboxes) for domain in domains), "mailbox", "mailboxes"),
        counted(sum(len(domain.aliases) for domain in domains), "alias", "aliases"),
    )
    return f"{summary}: {', '.join(parts)}"
