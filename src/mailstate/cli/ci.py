"""`mailstate ci …`: what workflows say on the forge, and fetch from it."""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from mailstate.cli import output
from mailstate.cli.files import read_file, write_file
from mailstate.cli.job import summarise, unfinished
from mailstate.cli.memory import Memory, remembered
from mailstate.errors import ExitCode, SettingsError
from mailstate.forge.api import Api
from mailstate.forge.event import Event, read_event
from mailstate.forge.repository import Repository
from mailstate.model.secret import Secret
from mailstate.reporting.incident import Report, Run, held_longer, incident, settled

LONGEST_COMMENT = 65_536
"""Characters that GitHub takes for a comment or an issue."""

_AUTHOR = "github-actions[bot]"
_Function = Callable[..., Any]


class _Commands(click.Group):
    """Loads what plans only to plan: what comments need none of it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "merge", "plan"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in {"merge", "plan"}:
            from mailstate.cli import ci_plan

            return ci_plan.command if cmd_name == "plan" else ci_plan.merge_command
        return super().get_command(ctx, cmd_name)


@click.group("ci", cls=_Commands)
def command() -> None:
    """
    What workflows do: a plan, one comment, one issue, the last snapshot.

    For steps of GitHub Actions and Forgejo Actions, with a token in GITHUB_TOKEN that has no more
    rights than each command names. They tell the run's event by the variables that are set there.
    """


def author_option(function: _Function) -> _Function:
    """`--author LOGIN`."""
    return click.option(
        "--author",
        metavar="LOGIN",
        default=_AUTHOR,
        help=f"Who the token writes as; default: {_AUTHOR}.",
    )(function)


@contextmanager
def repository(event: Event, author: str) -> Iterator[Repository]:
    """The repository of this run. Raises `SettingsError` if there is no token."""
    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    if not token:
        raise SettingsError(
            "there is no token for the forge",
            hint="give the step `GITHUB_TOKEN: ${{ github.token }}` in its environment",
        )
    if not re.fullmatch("[!-~]+", token):
        raise SettingsError(
            "the token for the forge holds a blank, a line break or a sign that no token has",
            hint="give the step GITHUB_TOKEN without anything around it",
        )
    with Api(event.api, Secret(token)) as api:
        yield Repository(api, event.repository, author=author)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@author_option
@click.option(
    "--name",
    metavar="NAME",
    default="plan",
    help="Tells this comment from others of the same pull request; default: plan.",
)
def comment(file: Path, author: str, name: str) -> int:
    """
    Have one comment at the pull request, written anew each time.

    It says what is in FILE (Markdown), or, where a run has left no such file, that there is no
    plan. A run that comes late, for a commit that is no longer the tip, says nothing. Needs the
    permission `pull-requests: write`.
    """
    event = read_event(os.environ)
    if event.pull is None:
        raise SettingsError("this run is not about a pull request", hint="on: pull_request")
    marker = _marker(name)
    text = read_file(file) if file.exists() else unfinished(event)
    body = f"{marker}\n{text}"
    if len(body) > LONGEST_COMMENT:
        raise SettingsError(
            f"{file} is too long for a comment",
            hint="`mailstate plan --format markdown` keeps within the limit",
        )
    with repository(event, author) as there:
        if there.head_of(event.pull.number) != event.commit:
            output.write("Another commit was pushed meanwhile; its own run speaks\n")
            return ExitCode.OK
        there.say(event.pull.number, body, marker=marker)
    output.write(f"The comment stands at #{event.pull.number}\n")
    return ExitCode.OK


@command.command()
@click.option(
    "--out", metavar="FILE", required=True, type=click.Path(path_type=Path), help="Where it goes."
)
@click.option(
    "--artifact", metavar="NAME", default="snapshot", help="The artifact; default: snapshot."
)
@click.option(
    "--branch", metavar="NAME", default="main", help="Whose runs are trusted; default: main."
)
def snapshot(out: Path, artifact: str, branch: str) -> int:
    """
    Fetch the snapshot of dimail that the last apply has left.

    It is kept as an artifact, for plans without credentials. What runs of other branches or of
    forks have left does not count. Needs the permission `actions: read`.
    """
    event = read_event(os.environ)
    with repository(event, _AUTHOR) as there:
        data = there.artifact(artifact, "live.json", branch=branch)
    if data is None:
        raise SettingsError(
            f"no run on {branch} has left a snapshot",
            hint="run the workflow `apply` once: it leaves the artifact",
        )
    write_file(out, data.decode("utf-8", "replace"))
    output.write(f"wrote {out}\n")
    return ExitCode.OK


@command.command()
@click.option(
    "--exit-code",
    metavar="N",
    type=click.IntRange(0, 255),
    required=True,
    help="What `mailstate apply` ended with.",
)
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What it has written with --report; there may be none.",
)
@click.option(
    "--journal",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Its journal, which knows since when something is held.",
)
@click.option(
    "--held-days",
    metavar="N",
    type=click.IntRange(1, 365),
    default=3,
    help="Tell what is held for more days than these; default: 3.",
)
@click.option(
    "--name", metavar="NAME", default="apply", help="Tells this issue from others; default: apply."
)
@author_option
def issue(
    exit_code: int,
    report: Path | None,
    journal: Path | None,
    held_days: int,
    name: str,
    author: str,
) -> int:
    """
    Have one open issue while applies fail or hold for long.

    It names commit, author and objects, is written anew by each run, and closed by the first that
    leaves nothing to tell. The summary of the job says the same. Needs the permission
    `issues: write`.
    """
    event = read_event(os.environ)
    run = Run(
        commit=event.commit, commit_url=event.commit_url, url=event.run_url, actor=event.actor
    )
    told = _read_report(report) if report and report.exists() else None
    found = incident(
        told,
        run,
        exit_code=exit_code,
        held=_held(told, journal, timedelta(days=held_days)) if told and journal else (),
    )
    marker = _marker(name)
    with repository(event, author) as there:
        if found is None:
            there.settle_issue(f"{marker}\n{settled(run)}", marker=marker)
        else:
            there.raise_issue(found.title, f"{marker}\n{found.body}", marker=marker)
    title, text = (found.title, found.body) if found else ("All is well", settled(run))
    output.write(f"{title}\n")
    summarise(f"### {title}\n\n{text}")
    return ExitCode.OK


def _held(told: Report, journal: Path, longest: timedelta) -> Sequence[tuple[str, datetime]]:
    """What waits for more than *longest*, as far as *journal* knows, and since when."""
    memory = remembered(journal).get(told["target"], Memory())
    return held_longer(told, memory.held, longest=longest, now=datetime.now(UTC))


def _read_report(path: Path) -> Report:
    """The report in *path*. Raises `SettingsError` if it is none of this version's format."""
    try:
        report: Report = json.loads(read_file(path))
        if report["format_version"].partition(".")[0] == "1":
            return report
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        pass
    raise SettingsError(
        f"{path} is no report of `mailstate apply`", hint="give the file of its --report"
    )


def _marker(name: str) -> str:
    """What the comment or issue called *name* begins with, and is found again by."""
    if not name.isascii() or not name.replace("-", "").isalnum():
        raise SettingsError(f"`{name}` is no name: letters, digits and hyphens", hint="--name plan")
    return f"<!-- mailstate {name} -->"
