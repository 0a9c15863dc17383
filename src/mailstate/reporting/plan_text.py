"""A plan for people: what will happen, what waits for whom, what is told and left alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TypeVar

from mailstate.model.resources import Key
from mailstate.model.state import Check
from mailstate.planning.causes import Cause
from mailstate.planning.checks import record_to_publish, what_is_wrong, what_to_do, zone_line
from mailstate.planning.plan import Blocked, Change, Held, Hold, Plan, Reason, Unmanaged
from mailstate.reporting.arranged import CAUSED, LABELS, aside, asked_first, by_cause, is_removal
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

_WIDEST_ADDRESS = 60
_WIDEST_WHAT = 40

Causes = Mapping[Key, Cause] | None
"""Why each address is in a plan, if that is known."""

_K = TypeVar("_K")
_V = TypeVar("_V")


def plan_text(
    plan: Plan,
    *,
    target: str,
    paint: Painter,
    selection: Mapping[str, object] | None = None,
    causes: Causes = None,
) -> str:
    """
    The whole of *plan* as lines of text; values in it cannot break out of their line.

    Where *causes* are known, what is asked comes first, and the rest is told from it.
    """
    plan = asked_first(plan, causes)
    conflicts, refused = plan.conflicts, plan.refused
    lines = [
        headline(plan, target, paint, selection=selection),
        *_changes(plan.changes, paint, causes),
        *_held(plan.held, paint, causes),
        *_blocked("Conflicts: apply cannot settle these, somebody must", conflicts, paint, causes),
        *_blocked("Refused: a guard forbids these", refused, paint, causes),
        *_unmanaged(plan.unmanaged, paint),
    ]
    return "\n".join(lines) + "\n"


def summary_line(plan: Plan, *, is_partial: bool = False) -> str:
    """One sentence: what would be done, and what not; of a partial plan no more than was seen."""
    counts = plan.summary()
    off = sum(is_removal(change) for change in plan.changes if change.after is not None)
    removed = {"update": f" ({off} in no file: switched off)" if off else ""}
    work = [
        f"{counts[action]} to {action}{removed.get(action, '')}"
        for action in ("create", "update", "delete")
        if counts[action]
    ]
    waiting = [
        f"{counts['held']} held" if counts["held"] else "",
        counted(counts["conflicts"], "conflict") if counts["conflicts"] else "",
        f"{counts['refused']} refused" if counts["refused"] else "",
    ]
    objects, accesses = _strays(plan.unmanaged)
    left = [
        f"{len(objects)} unmanaged" if objects else "",
        counted(len(accesses), "extra access", "extra accesses") if accesses else "",
    ]
    if work:
        said = ", ".join(work)
    elif any(waiting):
        said = "nothing to do now"
    else:
        verdict = "as far as was looked" if is_partial else "dimail is as the files ask"
        said = f"nothing to do, {verdict}"
    also = ", ".join(part for part in (*waiting, *left) if part)
    return f"{said}; {also}" if also else said


def headline(
    plan: Plan, target: str, paint: Painter, *, selection: Mapping[str, object] | None = None
) -> str:
    """The first line of a plan: against which dimail, about how much of it, how much of what."""
    part = ""
    if selection:
        part = (
            f" ({selection['domains']} of {selection['declared']} domains, no look at the others)"
        )
    said = summary_line(plan, is_partial=bool(selection))
    return paint(f"Plan for {visible(target)}{part}: {said}", Tone.TITLE)


def held_lines(
    held: Iterable[tuple[Hold, Change]],
    paint: Painter,
    *,
    is_list: bool = True,
    causes: Causes = None,
) -> Iterator[str]:
    """Each hold once: why, who must act, what is to be published; with a list, what waits."""
    by_domain = sorted(held, key=lambda entry: entry[0].domain)
    for hold, changes in _grouped(by_domain).items():
        head = f"{hold.domain}: {HOLD[hold.reason]}, {counted(len(changes), 'change')} held"
        yield f"  {paint(visible(head), Tone.HELD)}; {WHO_ACTS[hold.actor]}"
        yield f"    {visible(hold.detail)}"
        for check in hold.checks:
            yield from _check_lines(check, hold)
        if is_list:
            yield from _change_lines(changes, paint, indent="    ", causes=causes)


def _check_lines(check: Check, hold: Hold) -> Iterator[str]:
    wrong, remedy = visible(what_is_wrong(check)), visible(what_to_do(check, hold.domain))
    if record_to_publish(check, hold.domain) is None:
        yield f"    {wrong}: {remedy}"
        if check.name == "domain_exist":
            yield from (f"      {visible(zone_line(one, hold.domain))}" for one in hold.records)
    else:
        yield f"    {wrong}:"
        yield f"      {remedy}"
    if what_is_wrong(check) == what_is_wrong(replace(check, codes=())):
        # No code that we know: the server's own words say more than ours.
        yield from (f"      dimail says: {visible(detail)}" for detail in check.details)


def _changes(changes: Sequence[Change], paint: Painter, causes: Causes) -> Iterator[str]:
    groups: Iterable[tuple[str, Sequence[Change]]] = [
        ("Changes, in the order in which they are made", changes)
    ]
    if causes is not None:
        groups = ((CAUSED[cause], some) for cause, some in by_cause(changes, causes).items())
    for title, some in groups:
        if some:
            yield ""
            yield paint(title, Tone.TITLE)
            yield from _change_lines(some, paint, indent="  ")


def _held(held: Sequence[Held], paint: Painter, causes: Causes) -> Iterator[str]:
    if not held:
        return
    yield ""
    yield paint("Held until their domain is enabled", Tone.TITLE)
    yield from held_lines(((entry.hold, entry.change) for entry in held), paint, causes=causes)


def _blocked(
    title: str, entries: Sequence[Blocked], paint: Painter, causes: Causes
) -> Iterator[str]:
    if not entries:
        return
    yield ""
    yield paint(title, Tone.TITLE)
    for detail, changes in _grouped((entry.detail, entry.change) for entry in entries).items():
        yield f"  {visible(detail)}"
        yield from _change_lines(changes, paint, indent="    ", is_blocked=True, causes=causes)


def _unmanaged(entries: Sequence[Unmanaged], paint: Painter) -> Iterator[str]:
    objects, accesses = _strays(entries)
    for title, some in (
        ("Unmanaged: live, but in no file; left alone", objects),
        ("Extra accesses: no file asks for them; usual in dimail, left alone", accesses),
    ):
        if some:
            yield ""
            yield paint(title, Tone.TITLE)
            rows = [(visible(entry.resource.key), _of_stray(entry)) for entry in some]
            width = _width((key for key, _ in rows), _WIDEST_ADDRESS)
            for key, what in rows:
                yield f"  {paint(f'  {key:{width}}  {what}'.rstrip(), Tone.QUIET)}"


def _of_stray(entry: Unmanaged) -> str:
    return " ".join(part for part in (described(entry.resource), visible(aside(entry))) if part)


def _strays(entries: Sequence[Unmanaged]) -> tuple[list[Unmanaged], list[Unmanaged]]:
    """What is live and in no file: things that somebody may miss in the files, and accesses."""
    accesses = [entry for entry in entries if entry.reason is Reason.EXTRA_ACCESS]
    return [entry for entry in entries if entry.reason is not Reason.EXTRA_ACCESS], accesses


def _change_lines(
    changes: Sequence[Change],
    paint: Painter,
    *,
    indent: str,
    is_blocked: bool = False,
    causes: Causes = None,
) -> Iterator[str]:
    """One line for each change; those of one kind that follow each other form a table."""
    for _, group in groupby(changes, key=lambda change: change.kind):
        rows = [
            (one.action, visible(one.key), what_changes(one), _aside(one, causes)) for one in group
        ]
        address_width = _width((address for _, address, _, _ in rows), _WIDEST_ADDRESS)
        what_width = _width((what for _, _, what, _ in rows), _WIDEST_WHAT)
        has_what = any(what for _, _, what, _ in rows)
        for action, address, what, place in rows:
            sign, tone = ("!", Tone.WRONG) if is_blocked else (SIGN[action], TONE[action])
            line = f"{sign} {address:{address_width}}"
            if has_what:
                line += f"  {what:{what_width}}"
            if place:
                yield f"{indent}{paint(line, tone)}  {paint(place, Tone.QUIET)}"
            else:
                yield f"{indent}{paint(line.rstrip(), tone)}"


def _aside(change: Change, causes: Causes) -> str:
    """Where *change* is asked for, and whether it was so before."""
    where = written_at(change.place)
    label = LABELS.get(causes[change.key]) if causes else None
    if not label:
        return where
    return f"{where}  ({label})" if where else f"({label})"


def _grouped(pairs: Iterable[tuple[_K, _V]]) -> Mapping[_K, Sequence[_V]]:
    groups: dict[_K, list[_V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _width(column: Iterable[str], most: int) -> int:
    """How wide a column is to be; what is wider than *most* sticks out, and widens it for none."""
    return max((width for text in column if (width := len(text)) <= most), default=0)
