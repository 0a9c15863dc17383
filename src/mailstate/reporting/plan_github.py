"""
A plan as notes on the lines of the state files, as GitHub shows them in a pull request.

Only what a reviewer must not miss: what is removed, refused or in conflict as warnings, what waits
as notices. GitHub shows ten of each in a step, and passes over the rest without a word.
"""

from collections.abc import Mapping, Sequence

from mailstate.errors import Place
from mailstate.model.resources import Key
from mailstate.planning.causes import Cause
from mailstate.planning.plan import Change, Plan
from mailstate.reporting.arranged import MUST_ACT, Wait, asked_first, removals_first, waits
from mailstate.reporting.commands import annotation
from mailstate.reporting.lead import changes_number
from mailstate.reporting.words import HOLD, SIGN, what_changes

_SHOWN = 10

_Note = tuple[str, str, Place | None]
"""Title, message, and the line that it is about."""


def plan_github(plan: Plan, *, causes: Mapping[Key, Cause] | None = None, below: str = "") -> str:
    """
    Workflow commands for *plan*; those about what is asked first, if *causes* are known.

    The working directory is *below* the root of the checkout.
    """
    plan = asked_first(plan, causes)
    warnings: list[_Note] = [
        ("Refused by a guard", f"{_said(entry.change)}: {entry.detail}", entry.change.place)
        for entry in plan.refused
    ]
    removals, _ = removals_first(plan.changes)
    warnings += [("Removed", _said(change), change.place) for change in removals]
    warnings += [
        ("Somebody must decide", f"{_said(entry.change)}: {entry.detail}", entry.change.place)
        for entry in plan.conflicts
    ]
    notices = [_waiting(wait) for some in waits(plan.held).values() for wait in some]
    return _shown("warning", warnings, below) + _shown("notice", notices, below)


def _shown(level: str, notes: Sequence[_Note], below: str) -> str:
    """As many of *notes* as GitHub shows; the last says how many there are beside."""
    if len(notes) > _SHOWN:
        more = len(notes) - _SHOWN + 1
        message = f"{more:,} more are in the plan: GitHub shows {_SHOWN} of a kind"
        notes = [*notes[: _SHOWN - 1], ("More", message, None)]
    return "".join(
        annotation(level, message, title=title, place=place, below=below)
        for title, message, place in notes
    )


def _said(change: Change) -> str:
    return f"{SIGN[change.action]} {change.key} {what_changes(change)}".rstrip()


def _waiting(wait: Wait) -> _Note:
    hold = wait.hold
    about = hold.domain if len(wait.domains) == 1 else f"{len(wait.domains):,} domains"
    count = changes_number(len(wait.changes))
    verb = "waits" if len(wait.changes) == 1 else "wait"
    places = (change.place for change in wait.changes if change.place)
    return (
        f"{count} {verb}",
        f"{about}, {HOLD[hold.reason]}: {hold.detail}. {MUST_ACT[hold.actor]}",
        next(places, None),
    )
