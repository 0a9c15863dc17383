"""`mailstate fmt`: the state files in their canonical form."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mailstate.cli import output
from mailstate.cli.files import write_file
from mailstate.cli.options import state_option
from mailstate.cli.settings_file import read_settings, state_directory
from mailstate.errors import ExitCode, Problem
from mailstate.reporting.paint import counted, visible
from mailstate.reporting.problems import problems_text
from mailstate.statefiles.files import read_files
from mailstate.statefiles.formatter import FormatError, formatted


@click.command("fmt")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit with 10 if a file would change.")
@state_option
def command(
    paths: tuple[Path, ...],
    check: bool,  # noqa: FBT001 - click gives it by name
    state: Path | None,
) -> int:
    """
    Write the state files in their canonical form.

    PATH is a directory or a file; without one, the state directory. Fields and entries are put in
    order, quotes and brackets where they belong; comments go along, and what the files mean stays
    the same. Files that are no valid YAML or have another shape are told of and left alone (exit
    code 3); `mailstate validate` checks the rest.
    """
    sources, problems = read_files(paths or [state_directory(read_settings(), state)])
    changed: list[str] = []
    faults: list[FormatError] = []
    for file, data in sources:
        try:
            result = formatted(file, data)
        except FormatError as error:
            faults.append(error)
            continue
        problems += result.problems
        if result.text is None or result.text.encode() == data:
            continue
        if not check:
            write_file(Path(file), result.text)
        changed.append(file)
    return _told(changed, problems, faults, len(sources), is_check=check)


def _told(
    changed: Sequence[str],
    problems: Sequence[Problem],
    faults: Sequence[FormatError],
    count: int,
    *,
    is_check: bool,
) -> int:
    """Say what came of it; what is wrong with a file weighs more than what would change."""
    verb = "would change" if is_check else "formatted"
    for file in changed:
        output.write(f"{verb} {visible(file)}\n")
    output.write(problems_text(problems, output.painter(sys.stdout)))
    for fault in faults:
        output.show_error(fault)
    output.write(
        f"{counted(count, 'file')}: {len(changed)} {verb}, {counted(len(problems), 'problem')}\n"
    )
    if faults:
        return ExitCode.CHANGE_FAILED
    if problems:
        return ExitCode.INVALID
    return ExitCode.CHANGES if changed and is_check else ExitCode.OK
