"""`mailstate apply`: the plan, carried out."""

import asyncio
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, Unpack

import click

from mailstate.applying.applier import Applier, Observer
from mailstate.applying.outcome import Report
from mailstate.cli import output
from mailstate.cli.files import check_writable, read_file, write_file
from mailstate.cli.journal import Journal
from mailstate.cli.options import removal_options, selection_options, state_option, target_options
from mailstate.cli.progress import Bar, Lines
from mailstate.cli.session import PlanningOptions, Request, Session, session
from mailstate.errors import (
    ExitCode,
    InterruptedRunError,
    MailstateError,
    SettingsError,
    UsageError,
)
from mailstate.model.resources import Mailbox
from mailstate.planning.plan import Action, Plan
from mailstate.reporting.approved import hold_to, read_plan
from mailstate.reporting.paint import counted
from mailstate.reporting.plan_text import headline, plan_text
from mailstate.reporting.report import report_json, report_text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    """The options of apply alone."""

    yes: bool
    no_notify: bool
    wait: float
    fail_fast: bool
    journal: Path | None
    report: Path | None
    format: str


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def _seconds(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float:
    """`15m` in seconds; nothing is 0."""
    if value is None:
        return 0.0
    number, unit = value[:-1], value[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdecimal()):
        raise click.BadParameter("write a whole number and s, m or h, as in 15m")
    return int(number) * _UNITS[unit]


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
    help="Append to FILE, as it happens, what is begun and what becomes of it (JSON lines).",
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
        check_writable(report)
    choices = _Choices(
        yes=yes,
        no_notify=no_notify,
        wait=wait,
        fail_fast=fail_fast,
        journal=journal,
        report=report,
        format=format,
    )
    return asyncio.run(_apply(Request(**options), plan, choices))


async def _apply(request: Request, approved: Path | None, choices: _Choices) -> int:
    saved = read_plan(read_file(approved), name=str(approved)) if approved else None
    # Standard output is for the result alone where that is JSON.
    stream = sys.stderr if choices.format == "json" else sys.stdout
    with _journal(choices) as journal:
        run, report = await _run(request, saved, journal, stream, choices)
    code = _exit_code(report, run.plan)
    try:
        _show(report, run, choices)
    except MailstateError as error:
        # What was done counts for more than that it could not be told.
        output.show_error(error)
        return error.exit_code if code is ExitCode.OK else code
    return code


async def _run(
    request: Request,
    saved: Mapping[str, Any] | None,
    journal: Journal | None,
    stream: TextIO,
    choices: _Choices,
) -> tuple[Session, Report]:
    done: tuple[Session, Report] | None = None
    try:
        async with session(request) as run:
            if saved is not None:
                hold_to(saved, run.plan, run.context)
            is_work = bool(run.plan.changes or run.plan.held)
            if is_work:
                _refuse_silent_mailboxes(run.plan, choices)
            if choices.format == "text" or not choices.yes:
                _show_plan(run, stream, whole=not choices.yes)
            if is_work and not choices.yes:
                _ask(run.plan, stream)
            done = run, await _carry_out(run, journal, stream, choices)
    except asyncio.CancelledError:
        # Once something may be changed, signals come to `_stopped_by_signals` instead.
        if done is None:
            output.say("")
            raise InterruptedRunError("interrupted: nothing was changed") from None
    assert done is not None  # noqa: S101 - whatever else ends the block above is raised
    return done


@contextmanager
def _journal(choices: _Choices) -> Iterator[Journal | None]:
    if choices.journal is None:
        yield None
        return
    with closing(Journal(choices.journal)) as journal:
        yield journal


def _show_plan(run: Session, stream: TextIO, *, whole: bool) -> None:
    """The plan before the question; without a question its one line, for the outcomes follow."""
    paint, target = output.painter(stream), run.context.target
    if whole:
        shown = plan_text(run.plan, target=target, paint=paint, selection=run.selection)
        output.write(shown, stream)
    else:
        output.write(f"{headline(run.plan, target, paint, selection=run.selection)}\n", stream)


async def _carry_out(
    run: Session, journal: Journal | None, stream: TextIO, choices: _Choices
) -> Report:
    observers: list[Observer] = []
    with ExitStack() as stack:
        if journal:
            journal.planned(run.plan, run.context)
            observers.append(journal)
        if run.plan.changes or run.plan.held:
            output.write_if_possible("\n", stream)
            progress = _progress(run.plan, stream, choices)
            stack.enter_context(progress)
            observers.append(progress)
        applier = Applier(
            run.client,
            run.target.policy,
            observers=observers,
            concurrency=run.target.concurrency,
            fail_fast=choices.fail_fast,
            wait=choices.wait,
        )
        with _stopped_by_signals(applier):
            report = await applier.apply(run.plan)
    if journal:
        journal.finished(interrupted=report.interrupted)
    return report


@contextmanager
def _stopped_by_signals(applier: Applier) -> Iterator[None]:
    """SIGINT and SIGTERM end the run once the calls under way are finished."""

    def stop() -> None:
        if not applier.stop.is_set():
            output.say("\ninterrupted: finishing the calls under way")
        applier.stop.set()

    loop = asyncio.get_running_loop()
    # asyncio puts Python's own handlers aside, and `remove` would not put ours back.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _refuse_silent_mailboxes(plan: Plan, choices: _Choices) -> None:
    """Make no mailbox whose holder waits for a letter that nobody sends."""
    waiting = [
        change
        for change in (*plan.changes, *(entry.change for entry in plan.held))
        if change.action is Action.CREATE
        and isinstance(change.after, Mailbox)
        and change.after.secondary_email
    ]
    if waiting and not choices.no_notify:
        what = counted(len(waiting), "mailbox has", "mailboxes have")
        raise SettingsError(
            f"{what} a secondary address for the confirmation, and no mail server is configured",
            hint="--no-notify creates them without; their holders then need a password another way",
        )


def _ask(plan: Plan, stream: TextIO) -> None:
    """Raise `InterruptedRunError` unless the answer is yes."""
    question = f"Make {counted(len(plan.changes), 'change')}"
    if plan.held and not plan.changes:
        question = f"Make the {counted(len(plan.held), 'held change')} whose domains are enabled"
    elif plan.held:
        held = counted(len(plan.held), "held one")
        question += f", and the {held} whose domains turn out enabled"
    # asyncio would keep the first Ctrl-C to itself until the question is answered.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        is_wanted = click.confirm(f"\n{question}?", err=stream is sys.stderr)
    except click.Abort:
        is_wanted = False
        output.say("")
    finally:
        signal.signal(signal.SIGINT, before)
    if not is_wanted:
        raise InterruptedRunError("not confirmed: nothing was changed")


def _progress(plan: Plan, stream: TextIO, choices: _Choices) -> Lines | Bar:
    paint = output.painter(stream)
    if choices.format == "text" and stream.isatty():
        return Bar(len(plan.changes) + len(plan.held), paint)
    return Lines(stream, paint)


def _show(report: Report, run: Session, choices: _Choices) -> None:
    document = report_json(report, run.plan, run.context)
    if choices.format == "json":
        output.write_if_possible(document, sys.stdout)
    else:
        text = report_text(report, output.painter(sys.stdout))
        output.write_if_possible(f"\n{text}{_left_out(run.plan, choices)}", sys.stdout)
    if choices.report:
        write_file(choices.report, document)


def _left_out(plan: Plan, choices: _Choices) -> str:
    """A word on what the plan told and apply does not do, where nobody has been shown the plan."""
    told = [
        f"{len(plan.refused)} refused by a guard" if plan.refused else "",
        f"{counted(len(plan.conflicts), 'conflict')} left as found" if plan.conflicts else "",
    ]
    said = ", ".join(part for part in told if part)
    return f"{said}; `mailstate plan` shows what and why\n" if said and choices.yes else ""


def _exit_code(report: Report, plan: Plan) -> ExitCode:
    counts = report.summary()
    if report.interrupted:
        return ExitCode.INTERRUPTED
    if counts["failed"] or counts["skipped"]:
        return ExitCode.CHANGE_FAILED
    return ExitCode.REFUSED if plan.refused else ExitCode.OK
