"""The plan before an apply, and the question whether to make it so."""

import signal
import sys
from typing import TextIO

import click

from mailstate.cli import output
from mailstate.cli.session import Session
from mailstate.errors import InterruptedRunError
from mailstate.planning.plan import Plan
from mailstate.reporting.arranged import is_removal
from mailstate.reporting.paint import counted
from mailstate.reporting.plan_text import headline, plan_text


def show_plan(run: Session, stream: TextIO, *, whole: bool) -> None:
    """The plan before the question; without a question its one line, for the outcomes follow."""
    paint, target = output.painter(stream), run.context.target
    if whole:
        shown = plan_text(run.plan, target=target, paint=paint, selection=run.selection)
        output.write(shown, stream)
    else:
        output.write(f"{headline(run.plan, target, paint, selection=run.selection)}\n", stream)


def ask(plan: Plan, letters: int, stream: TextIO) -> None:
    """Raise `InterruptedRunError` unless the answer is yes, to that many *letters* too."""
    question = _question(plan)
    if letters:
        send = f"end the {counted(letters, 'letter')} that earlier runs owe"
        question = f"{question}, and s{send}" if question else f"S{send}"
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


def _question(plan: Plan) -> str:
    """What there is to be done, but for letters; empty if it is nothing."""
    if plan.held and not plan.changes:
        return f"Make the {counted(len(plan.held), 'held change')} whose domains are enabled"
    if not plan.changes:
        return ""
    question = f"Make {counted(len(plan.changes), 'change')}"
    if removals := sum(map(is_removal, plan.changes)):
        question += f" ({counted(removals, 'removal')})"
    if plan.held:
        held = counted(len(plan.held), "held one")
        question += f", and the {held} whose domains turn out enabled"
    return question
