"""`mailstate apply`: the plan, carried out."""

import asyncio
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TextIO, Unpack

import click

from mailstate.applying.outcome import Report
from mailstate.cli import output
from mailstate.cli.files import check_spared, check_writable, read_file, write_file
from mailstate.cli.journal import Journal
from mailstate.cli.memory import Memory, Unfinished, remembered
from mailstate.cli.news import Herald
from mailstate.cli.options import removal_options, selection_options, state_option, target_options
from mailstate.cli.owed import Owed, owed
from mailstate.cli.post import Post, are_letters_off, letters_due, open_post, read_post
from mailstate.cli.question import ask, show_plan
from mailstate.cli.session import PlanningOptions, Request, Session, session
from mailstate.cli.work import Choices, Work
from mailstate.errors import (
    ExitCode,
    InterruptedRunError,
    MailstateError,
    SettingsError,
    UsageError,
)
from mailstate.planning.plan import Plan
from mailstate.reporting.approved import hold_to, read_plan, removals_of
from mailstate.reporting.paint import counted
from mailstate.reporting.report import code_of, report_counts, report_json, report_text

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def _seconds(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float:
    """`15m` in seconds; nothing is 0."""
    if value is None:
        return 0.0
    found = re.fullmatch(r"([0-9]{1,6})([smh])", value)
    if found is None:
        raise click.BadParameter("write a whole number and s, m or h, as in 15m")
    return int(found[1]) * _UNITS[found[2]]


@click.command("apply")
@click.argument("plan", required=False, metavar="[PLAN]", type=click.Path(path_type=Path))
@state_option
@target_options
@selection_options
@removal_options
@click.option("--yes", is_flag=True, help="Go on without asking.")
@click.option(
    "--no-notify", is_flag=True, help="Create mailboxes though no confirmation can be sent."
)
@click.option(
    "--wait",
    metavar="TIME",
    callback=_seconds,
    help="Go on looking at held domains for so long, as in 90s, 15m, 2h.",
)
@click.option("--fail-fast", is_flag=True, help="Begin nothing more after the first failure.")
@click.option(
    "--journal",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Append to FILE, as it happens, what is begun and what becomes of it (JSON lines). "
    "Letters that it owes since earlier runs are sent.",
)
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write to FILE what became of each change (JSON).",
)
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How the report is printed; default: text.",
)
def command(
    plan: Path | None,
    yes: bool,  # noqa: FBT001
    no_notify: bool,  # noqa: FBT001
    wait: float,
    fail_fast: bool,  # noqa: FBT001
    journal: Path | None,
    report: Path | None,
    format: str,
    **options: Unpack[PlanningOptions],
) -> int:
    """
    Carry the plan out, in order, and account for every change.

    Plans afresh, asks on a terminal, and looks at held domains again at the end. With PLAN, a
    file of `mailstate plan --out`, that set of changes or less is made; anything else is refused.
    Safe to repeat at any time.
    """
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", hint="say --yes to go on without asking")
    if report is not None:
        check_spared((journal, plan), "the report", report)
        check_writable(report)
    choices = Choices(
        yes=yes,
        no_notify=no_notify,
        wait=wait,
        fail_fast=fail_fast,
        journal=journal,
        report=report,
        format=format,
    )
    saved = read_plan(read_file(plan), name=str(plan)) if plan else None
    request = Request(**options, within=removals_of(saved) if saved else frozenset())
    return asyncio.run(_apply(request, saved, choices))


async def _apply(request: Request, saved: Mapping[str, Any] | None, choices: Choices) -> int:
    # Standard output is for the result alone where that is JSON.
    stream = sys.stderr if choices.format == "json" else sys.stdout
    with _journal(choices) as journal:
        memories = remembered(choices.journal) if choices.journal else {}
        run, report = await _run(request, saved, memories, journal, stream, choices)
    code = code_of(report_counts(report, run.plan), interrupted=report.interrupted)
    try:
        _show(report, run, choices)
    except MailstateError as error:
        # What was done counts for more than that it could not be told.
        output.show_error(error)
        return error.exit_code if code is ExitCode.OK else code
    if journal and journal.fault:
        output.show_error(journal.fault)
        return journal.fault.exit_code
    return code


async def _run(
    request: Request,
    saved: Mapping[str, Any] | None,
    memories: Mapping[str, Memory],
    journal: Journal | None,
    stream: TextIO,
    choices: Choices,
) -> tuple[Session, Report]:
    done: tuple[Session, Report] | None = None
    try:
        async with session(request) as run:
            if saved is not None:
                hold_to(saved, run.plan, run.context)
            memory = memories.get(run.context.target, Memory())
            post, late = _post(run, memory, choices)
            if memory.unfinished:
                output.say(_unfinished(memory.unfinished))
            if choices.format == "text" or not choices.yes:
                show_plan(run, stream, whole=not choices.yes)
                output.write(_still_due(len(late.there)), stream)
            if (run.plan.changes or run.plan.held or late.there) and not choices.yes:
                ask(run.plan, len(late.there), stream)
            is_post_needed = bool(letters_due(run.plan) or late.there)
            async with open_post(post, run.client, tries_it=is_post_needed) as counter:
                work = Work(
                    run=run,
                    owed=late,
                    counter=counter,
                    herald=Herald(run, told=memory.told),
                    journal=journal,
                    stream=stream,
                    choices=choices,
                )
                done = run, await work.carry_out()
    except asyncio.CancelledError:
        # Once something may be changed, signals come to `stopped_by_signals` instead.
        if done is None:
            output.say("")
            raise InterruptedRunError("interrupted: nothing was changed") from None
    assert done is not None  # noqa: S101 - whatever else ends the block above is raised
    return done


@contextmanager
def _journal(choices: Choices) -> Iterator[Journal | None]:
    if choices.journal is None:
        yield None
        return
    with closing(Journal(choices.journal)) as journal:
        yield journal


def _post(run: Session, memory: Memory, choices: Choices) -> tuple[Post | None, Owed]:
    """
    The mail server of this run, and what earlier runs owe; neither where no letters are wanted.

    Raises `SettingsError` if holders of mailboxes would wait for a letter that nobody sends.
    """
    if choices.no_notify or are_letters_off(run.settings):
        return None, Owed()
    post = read_post(run.settings, run.desired, sandbox_url=run.target.smtp_url)
    due = letters_due(run.plan)
    if due and post is None:
        what = counted(len(due), "mailbox has", "mailboxes have")
        raise SettingsError(
            f"{what} a secondary address for the confirmation, and no mail server is configured",
            hint="set MAILSTATE_SMTP_URL; or --no-notify creates them without, and their holders "
            "need a password another way",
        )
    late = owed(memory, run)
    if late.there and post is None:
        raise SettingsError(
            f"{_still_due(len(late.there)).strip()}, and no mail server is configured",
            hint="set MAILSTATE_SMTP_URL; or --no-notify leaves them for later",
        )
    return post, late


def _unfinished(run: Unfinished) -> str:
    failed = f", {run.failed} failed" if run.failed else ""
    return (
        "note: the last run with this journal was killed, or is under way: "
        f"{run.done} done{failed}, {run.unknown} unknown, {run.not_begun} not begun"
    )


def _still_due(letters: int) -> str:
    if not letters:
        return ""
    due = counted(letters, "letter of an earlier run is", "letters of earlier runs are")
    return f"{due} still due\n"


def _show(report: Report, run: Session, choices: Choices) -> None:
    is_json_asked = choices.format == "json" or choices.report is not None
    document = report_json(report, run.plan, run.context) if is_json_asked else ""
    if choices.format == "json":
        output.write_if_possible(document, sys.stdout)
    else:
        text = report_text(report, output.painter(sys.stdout))
        output.write_if_possible(f"\n{text}{_left_out(run.plan, choices)}", sys.stdout)
    if choices.report:
        write_file(choices.report, document)


def _left_out(plan: Plan, choices: Choices) -> str:
    """A word on what the plan told and apply does not do, where nobody has been shown the plan."""
    told = [
        f"{len(plan.refused)} refused by a guard" if plan.refused else "",
        f"{counted(len(plan.conflicts), 'conflict')} left as found" if plan.conflicts else "",
    ]
    said = ", ".join(part for part in told if part)
    return f"{said}; `mailstate plan` shows what and why\n" if said and choices.yes else ""
