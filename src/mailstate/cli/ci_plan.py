"""`mailstate ci plan`: the plan of a pull request, and all that is said of it; nothing is sent."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

import click

from mailstate.cli import output
from mailstate.cli.base import read_base
from mailstate.cli.files import check_spared, read_file, write_file
from mailstate.cli.git import commit, git
from mailstate.cli.job import commands_stopped, opening, summarise, unfinished
from mailstate.cli.links import below_checkout, way
from mailstate.cli.options import removal_options, selection_options, state_option, target_options
from mailstate.cli.session import PlanningOptions, Request, live_plan, recorded_plan
from mailstate.cli.settings import SETTINGS_FILE, state_directory
from mailstate.errors import (
    ExitCode,
    FilesError,
    MailstateError,
    RemoteError,
    SettingsError,
    UsageError,
)
from mailstate.forge.event import Event, Pull, read_event
from mailstate.model.state import DesiredState
from mailstate.planning.causes import causes
from mailstate.planning.plan import Plan
from mailstate.reporting.html import plan_html
from mailstate.reporting.links import Links
from mailstate.reporting.markdown import LIMIT, plan_markdown
from mailstate.reporting.merged import merged_plan
from mailstate.reporting.no_plan import no_plan_markdown
from mailstate.reporting.paint import plain
from mailstate.reporting.plan_github import plan_github
from mailstate.reporting.plan_json import Context, plan_json
from mailstate.reporting.plan_text import plan_text
from mailstate.reporting.problems import problems_github
from mailstate.reporting.room import size

_CREDENTIALS = ("MAILSTATE_PASSWORD", "MAILSTATE_PASSWORD_FILE")
_PLAN = "plan.json"
_NOTES = "notes.txt"
_RECORDED = (
    "This is against the snapshot that the last apply has left, and not against dimail itself: "
    "what was changed there since then is not in it."
)
_NO_BASE = (
    "What this pull request asks for cannot be told from what was asked before: "
    "the commit that it is based on is not here, or its files have errors."
)
_SETTINGS = (
    f"This pull request changes {SETTINGS_FILE} as well: what follows from that alone, removals by "
    "`prune` too, is told as drift."
)
_OTHER_SETTINGS = (
    f"This pull request changes {SETTINGS_FILE} as well. The plan does not heed that: it is made "
    "with the settings of what is checked out."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    plan: Plan
    context: Context
    notes: tuple[str, ...]


@click.command("plan")
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="Where plan.json, plan.html and comment.md go.",
)
@click.option(
    "--live",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Without credentials, plan against this snapshot.",
)
@click.option(
    "--merge",
    metavar="REV",
    help="Plan what the files are once this Git revision is merged; none of it is checked out.",
)
@state_option
@target_options
@selection_options
@removal_options
def command(
    directory: Path, live: Path | None, merge: str | None, **options: Unpack[PlanningOptions]
) -> int:
    """
    Plan a pull request, and write down what is to be said of it.

    Validates, plans, notes faults on their lines, and has in DIR the plan and the comment for
    `mailstate ci comment`, which is in the summary of the job as well. However it ends, the
    comment says for which commit, and if there is no plan why. Needs no right to write.
    """
    event, pull = _event()
    links = Links(files=below_checkout(event.files_url), run=event.run_url)
    check_spared([live], "the plan", directory / _PLAN)
    _begin(directory, event)
    request = Request(**options, merge=merge)
    try:
        with commands_stopped():
            planned = _planned(request, live, pull)
            notes = "".join(f"{note}\n" for note in planned.notes)
            context = planned.context
            output.write(
                plan_text(
                    planned.plan,
                    target=context.target,
                    paint=plain,
                    selection=context.selection,
                    causes=context.causes,
                )
                + notes
            )
        _write(directory, event, planned, links)
    except MailstateError as error:
        _say_why_not(directory, event, error, links)
        if isinstance(error, FilesError):
            output.write(problems_github(error.problems, below=way()))
        raise
    output.write(plan_github(planned.plan, causes=planned.context.causes, below=way()))
    return ExitCode.REFUSED if planned.plan.refused else ExitCode.OK


@click.command("merge")
@click.argument(
    "shards", metavar="SHARD...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="Where plan.json, plan.html and comment.md go.",
)
def merge_command(shards: tuple[Path, ...], directory: Path) -> int:
    """
    Make the plan of a pull request of the plans of all shards.

    Each SHARD is the directory of a `mailstate ci plan --shard I/N`. Writes down in DIR what that
    command does; where a shard has no plan, the comment is that shard's. Needs no right to write.
    """
    event, _ = _event()
    links = Links(files=below_checkout(event.files_url), run=event.run_url)
    files = [shard / _PLAN for shard in shards]
    check_spared(files, "what is merged", directory / _PLAN)
    _begin(directory, event)
    for shard, file in zip(shards, files, strict=True):
        if not file.exists() and (shard / "comment.md").exists():
            _say(directory, read_file(shard / "comment.md"))
            raise SettingsError(f"{shard} has no plan", hint="the log of its run says why")
    try:
        plan, context = merged_plan([(str(file), read_file(file)) for file in files])
    except MailstateError as error:
        _say_why_not(directory, event, error, links)
        raise
    notes = dict.fromkeys(note for shard in shards for note in _notes(shard))
    _write(directory, event, _Planned(plan=plan, context=context, notes=tuple(notes)), links)
    return ExitCode.REFUSED if plan.refused else ExitCode.OK


def _event() -> tuple[Event, Pull]:
    event = read_event(os.environ)
    if event.pull is None:
        raise SettingsError("this run is not about a pull request", hint="on: pull_request")
    return event, event.pull


def _notes(directory: Path) -> Sequence[str]:
    """What was noted beside the plan of a shard."""
    notes = directory / _NOTES
    return read_file(notes).splitlines() if notes.exists() else ()


def _begin(directory: Path, event: Event) -> None:
    """Have no plan of an earlier run in *directory*, and a comment for whatever ends this one."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in (_PLAN, "plan.html", _NOTES):
            (directory / name).unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{directory} cannot be written: {error.strerror}", hint="name another directory"
        ) from None
    write_file(directory / "comment.md", unfinished(event))


def _planned(request: Request, live: Path | None, pull: Pull) -> _Planned:
    notes = []
    if request.merge is not None:
        _check_merge(request, request.merge, pull)
    if request.sandbox or request.url or any(os.environ.get(name) for name in _CREDENTIALS):
        plan, context, desired = live_plan(request)
    elif live is not None and live.exists():
        plan, context, desired = recorded_plan(request, live)
        notes.append(_RECORDED)
    else:
        raise RemoteError(
            "this run has no credentials for dimail, and no snapshot that an apply has left",
            hint="give the job MAILSTATE_PASSWORD; for a fork, have the workflow `apply` run once "
            "before this one",
        )
    directory = state_directory(request.settings(), request.state)
    before = _asked_before(request, pull, directory)
    if before is None:
        notes.append(_NO_BASE)
    else:
        context = replace(context, causes=causes(plan, desired, before, context.policy))
    if _changes_settings(request, pull, directory):
        notes.append(_SETTINGS if request.merge is None else _OTHER_SETTINGS)
    return _Planned(plan=plan, context=context, notes=tuple(notes))


def _check_merge(request: Request, merge: str, pull: Pull) -> None:
    """Raise unless *merge* is the commit that this run is for, and goes with the options."""
    if request.changed_since is not None:
        raise UsageError("--merge and --changed-since look at different files", hint="give one")
    directory = state_directory(request.settings(), request.state)
    if commit(merge, cwd=directory, option="--merge") != pull.head:
        raise SettingsError(
            "another commit was pushed since this run was started",
            hint="the run of that commit tells what it changes",
        )


def _asked_before(request: Request, pull: Pull, directory: Path) -> DesiredState | None:
    """What the files asked for without the pull request, None if that is not known."""
    for revision in _bases(request, pull, directory):
        try:
            return read_base(revision, directory).desired
        except UsageError:
            continue  # too little was fetched
    return None


def _changes_settings(request: Request, pull: Pull, directory: Path) -> bool:
    """Whether *pull* changes the settings; not if too little was fetched to tell."""
    tip = request.merge or "HEAD"
    for revision in _bases(request, pull, directory):
        try:
            since = commit(revision, cwd=directory, option="--base")
            span = f"{since}...{commit(tip, cwd=directory, option='--base')}"
            wanted = ("--name-only", span, "--", str(SETTINGS_FILE.resolve()))
            return bool(git("diff", *wanted, cwd=directory, option="--base"))
        except UsageError:
            continue
    return False


def _bases(request: Request, pull: Pull, directory: Path) -> Iterator[str]:
    """Where the files may be found as they are without *pull*, the best first."""
    if request.merge is not None:
        yield "HEAD"
        return
    try:
        # What the forge checks out is the merge of the two; its base may be newer than the event.
        if commit("HEAD^2", cwd=directory, option="--base") == pull.head:
            yield "HEAD^1"
    except UsageError:
        pass
    yield pull.base


def _write(directory: Path, event: Event, planned: _Planned, links: Links) -> None:
    plan, context = planned.plan, planned.context
    write_file(directory / _PLAN, plan_json(plan, context))
    notes = directory / _NOTES
    if planned.notes or notes.exists():
        write_file(notes, "".join(f"{note}\n" for note in planned.notes))
    write_file(directory / "plan.html", plan_html(plan, context, links=links))
    head = opening(event) + "".join(f"*{note}*\n\n" for note in planned.notes)
    _say(directory, head + plan_markdown(plan, context, links=links, limit=LIMIT - size(head)))


def _say_why_not(directory: Path, event: Event, error: MailstateError, links: Links) -> None:
    head = opening(event)
    _say(directory, head + no_plan_markdown(error, links=links, limit=LIMIT - size(head)))


def _say(directory: Path, text: str) -> None:
    """Have *text* as the comment, and in the summary of the job."""
    write_file(directory / "comment.md", text)
    summarise(text)
