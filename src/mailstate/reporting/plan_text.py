"""A plan for people: what will happen, what waits for whom, what is told and left alone."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from mailstate.planning.checks import what_is_wrong, what_to_do
from mailstate.planning.plan import Blocked, Change, Held, Hold, Plan, Reason, Unmanaged
from mailstate.reporting.paint import Painter, Tone, counted, visible
from mailstate.reporting.words import (
    HOLD,
    SIGN,
    TONE,
    WHO_ACTS,
    described,
    what_changes,
    written_at,
)

_WIDEST_ADDRESS = 56


def plan_text(plan: Plan, *, target: str, paint: Painter) -> str:
    """The whole of *plan* as lines of text; values in it cannot break out of their line."""
    lines = [
        headline(plan, target, paint),
        *_changes(plan.changes, paint),
        *_held(plan.held, paint),
        *_blocked("Conflicts: no call of dimail can mend these", plan.conflicts, paint),
        *_blocked("Refused: a guard forbids these", plan.refused, paint),
        *_unmanaged(plan.unmanaged, paint),
    ]
    return "\n".join(lines) + "\n"


def summary_line(plan: Plan) -> str:
    """One sentence: what would be done, and what not."""
    counts = plan.summary()
    work = [
        f"{counts[action]} to {action}"
        for action in ("create", "update", "delete")
        if counts[action]
    ]
    rest = [
        f"{counts['held']} held" if counts["held"] else "",
        counted(counts["conflicts"], "conflict") if counts["conflicts"] else "",
        f"{counts['refused']} refused" if counts["refused"] else "",
        f"{counts['unmanaged']} unmanaged" if counts["unmanaged"] else "",
    ]
    said = ", ".join(work) or "nothing to do"
    also = ", ".join(part for part in rest if part)
    return f"{said}; {also}" if also else said


def hold_lines(hold: Hold, held: int, paint: Painter) -> Iterator[str]:
    """Why *held* changes wait for one domain, who must act, and what is to be published."""
    head = f"{hold.domain}: {HOLD[hold.reason]} ({counted(held, 'change')} held)"
    yield f"  {paint(visible(head), Tone.HELD)}"
    yield f"    {visible(hold.detail)}; {WHO_ACTS[hold.actor]}"
    for check in hold.checks:
        yield f"    {visible(what_is_wrong(check))}: {visible(what_to_do(check, hold.domain))}"


def headline(plan: Plan, target: str, paint: Painter) -> str:
    """The first line of a plan: against which dimail, and how much of what."""
    return paint(f"Plan for {visible(target)}: {summary_line(plan)}", Tone.TITLE)


def _changes(changes: Sequence[Change], paint: Painter) -> Iterator[str]:
    if not changes:
        return
    yield ""
    yield paint("Changes, in the order in which they are made", Tone.TITLE)
    yield from _change_lines(changes, paint, indent="  ")


def _change_lines(changes: Sequence[Change], paint: Painter, *, indent: str) -> Iterator[str]:
    width = _width(change.key for change in changes)
    for change in changes:
        address = f"{visible(change.key):{width}}"
        what = what_changes(change)
        place = paint(written_at(change.place), Tone.QUIET) if change.place else ""
        line = f"{SIGN[change.action]} {address}  {what}".rstrip()
        yield f"{indent}{paint(line, TONE[change.action])}{'  ' if place else ''}{place}"


def _held(held: Sequence[Held], paint: Painter) -> Iterator[str]:
    if not held:
        return
    yield ""
    yield paint("Held until their domain is enabled", Tone.TITLE)
    by_domain = sorted(held, key=lambda entry: entry.hold.domain)
    for _, entries in groupby(by_domain, key=lambda entry: entry.hold.domain):
        some = list(entries)
        yield from hold_lines(some[0].hold, len(some), paint)
        yield from _change_lines([entry.change for entry in some], paint, indent="    ")


def _blocked(title: str, entries: Sequence[Blocked], paint: Painter) -> Iterator[str]:
    if not entries:
        return
    yield ""
    yield paint(title, Tone.TITLE)
    for entry in entries:
        change = entry.change
        line = f"! {visible(change.key)}  {what_changes(change)}".rstrip()
        place = f"  {paint(written_at(change.place), Tone.QUIET)}" if change.place else ""
        yield f"  {paint(line, Tone.WRONG)}{place}"
        yield f"      {visible(entry.detail)}"


def _unmanaged(entries: Sequence[Unmanaged], paint: Painter) -> Iterator[str]:
    objects = [entry for entry in entries if entry.reason is not Reason.EXTRA_ACCESS]
    accesses = [entry for entry in entries if entry.reason is Reason.EXTRA_ACCESS]
    for title, some in (
        ("Unmanaged: live, but in no file; left alone", objects),
        ("Extra allows: normal in dimail's life; left alone", accesses),
    ):
        if some:
            yield ""
            yield paint(title, Tone.TITLE)
            width = _width(entry.resource.key for entry in some)
            for entry in some:
                what = described(entry.resource) or visible(entry.detail)
                line = f"  {visible(entry.resource.key):{width}}  {what}".rstrip()
                yield f"  {paint(line, Tone.QUIET)}"


def _width(keys: Iterable[str]) -> int:
    return min(max(len(visible(key)) for key in keys), _WIDEST_ADDRESS)
