"""`mailstate apply`: the plan, carried out."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, Unpack

import click

from mailstate.applying.applier import Applier, Observer
from mailstate.applying.outcome import Report
from mailstate.cli import output
from mailstate.cli.files import read_file, write_file
from mailstate.cli.journal import Journal
from mailstate.cli.options import state_option, target_options
from mailstate.cli.progress import Bar, Lines
from mailstate.cli.session import Request, RequestOptions, Session, session
from mailstate.errors import ExitCode, SettingsError, UsageError
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
    fail_fast: bool
    journal: Path | None
    report: Path | None
    format: str


@click.command("apply")
@click.argument("plan", required=False, metavar="[PLAN]", type=click.Path(path_type=Path))
@state_option
@target_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--no-notify", is_flag=True, help="Create mailboxes though no confirmation can be sent."
)
@click.option("--fail-fast", is_flag=True, help="Begin nothing more after the first failure.")
@click.option("--journal", metavar="FILE", type=click.Path(path_type=Path), help="Append to it.")
@click.option("--report", metavar="FILE", type=click.Path(path_type=Path), help="Save as JSON.")
@click.option("--format", type=click.Choice(["text", "json"]), default="text")
def command(
    plan: Path | None,
    yes: bool,  # noqa: FBT001
    no_notify: bool,  # noqa: FBT001
    fail_fast: bool,  # noqa: FBT001
    journal: Path | None,
    report: Path | None,
    format: str,
    **options: Unpack[RequestOptions],
) -> int:
    """
    Carry the plan out, in order, and account for every change.

    Plans afresh, asks on a terminal, and looks at held domains again at the end. With PLAN, a
    file of `mailstate plan --out`, that set of changes or less is made; anything else is refused.
    Safe to repeat at any time.
    """
    choices = _Choices(
        yes=yes,
        no_notify=no_notify,
        fail_fast=fail_fast,
        journal=journal,
        report=report,
        format=format,
    )
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", hint="say --yes to go on without asking")
    return asyncio.run(_apply(Request(**options), plan, choices))


async def _apply(request: Request, approved: Path | None, choices: _Choices) -> int:
    saved = read_plan(read_file(approved), name=str(approved)) if approved else None
    async with session(request) as run:
        if saved is not None:
            hold_to(saved, run.plan, run.context)
        stream = sys.stderr if choices.format == "json" else sys.stdout
        if choices.format == "text":
            _show_plan(run, whole=not choices.yes)
        if run.plan.changes or run.plan.held:
            _refuse_silent_mailboxes(run.plan, choices)
            if not choices.yes:
                _ask(run.plan)
        with ExitStack() as stack:
            observers: list[Observer] = []
            if run.plan.changes or run.plan.held:
                stream.write("\n")
                progress = _progress(run.plan, stream, choices)
                stack.enter_context(progress)
                observers.append(progress)
            journal = Journal(choices.journal) if choices.journal else None
            if journal:
                stack.callback(journal.close)
                journal.planned(run.plan, run.context)
                observers.append(journal)
            report = await _carry_out(run, observers, choices)
            if journal:
                journal.finished(interrupted=report.interrupted)
    _show(report, run, choices)
    return _exit_code(report, run.plan)


def _show_plan(run: Session, *, whole: bool) -> None:
    """The plan before the question; without a question its one line, for the outcomes follow."""
    paint = output.painter(sys.stdout)
    if whole:
        output.write(plan_text(run.plan, target=run.context.target, paint=paint))
    else:
        output.write(f"{headline(run.plan, run.context.target, paint)}\n")
    sys.stdout.flush()


async def _carry_out(run: Session, observers: list[Observer], choices: _Choices) -> Report:
    applier = Applier(
        run.client,
        run.target.policy,
        observers=observers,
        concurrency=run.target.concurrency,
        fail_fast=choices.fail_fast,
    )
    with _stopped_by_signals(applier):
        return await applier.apply(run.plan)


@contextmanager
def _stopped_by_signals(applier: Applier) -> Iterator[None]:
    """SIGINT and SIGTERM end the run once the calls under way are finished."""

    def stop() -> None:
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


def _ask(plan: Plan) -> None:
    question = f"Make {counted(len(plan.changes), 'change')}"
    if plan.held:
        held = counted(len(plan.held), "held one")
        question += f", and the {held} whose domains turn out enabled"
    if not click.confirm(f"\n{question}?"):
        raise click.Abort


def _progress(plan: Plan, stream: TextIO, choices: _Choices) -> Lines | Bar:
    paint = output.painter(stream)
    if choices.format == "text" and stream.isatty():
        return Bar(len(plan.changes) + len(plan.held), paint)
    return Lines(stream, paint)


def _show(report: Report, run: Session, choices: _Choices) -> None:
    document = report_json(report, run.plan, run.context)
    if choices.report:
        write_file(choices.report, document)
    if choices.format == "json":
        output.write(document)
    else:
        output.write("\n" + report_text(report, output.painter(sys.stdout)))


def _exit_code(report: Report, plan: Plan) -> ExitCode:
    counts = report.summary()
    if report.interrupted:
        return ExitCode.INTERRUPTED
    if counts["failed"] or counts["skipped"]:
        return ExitCode.CHANGE_FAILED
    return ExitCode.REFUSED if plan.refused else ExitCode.OK
