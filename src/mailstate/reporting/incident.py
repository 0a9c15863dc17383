"""What an apply has left undone, as an issue that a maintainer can act on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailstate.model.resources import Key
from mailstate.reporting.paint import counted
from mailstate.reporting.pieces import Value
from mailstate.reporting.room import Group, Room, fitted, size
from mailstate.reporting.spans import code, sentence

Report = Mapping[str, Any]
"""The document that `mailstate apply --report` writes."""

LIMIT = 65_000
"""GitHub takes 65,536 characters; the rest is for whoever puts a line of their own above."""

_ENDS = {
    3: "the files or the settings are not valid",
    4: "dimail could not be read completely, or refused the credentials",
    5: "it was interrupted",
    13: "the plan that was approved no longer held",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Which apply it was: the address of its commit and its own, and who caused it, if anybody."""

    commit: str
    commit_url: str
    url: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """The title and the text of an issue."""

    title: str
    body: str


def held_longer(
    report: Report, since: Mapping[Key, datetime], *, longest: timedelta, now: datetime
) -> Sequence[tuple[str, datetime]]:
    """The addresses that *report* tells as held, and that wait for more than *longest* by now."""
    return [
        (entry["address"], since[entry["address"]])
        for entry in report["outcomes"]
        if entry["outcome"] == "held"
        and entry["address"] in since
        and now - since[entry["address"]] > longest
    ]


def incident(
    report: Report | None,
    run: Run,
    *,
    exit_code: int,
    held: Sequence[tuple[str, datetime]] = (),
    limit: int = LIMIT,
) -> Incident | None:
    """
    What is to be told of an apply that ended with *exit_code*; None if all is well.

    Without a *report* it ended before it could write one. What is *held* has waited too long.
    """
    if exit_code == 0 and not held:
        return None
    parts = [*_counts(report), *([f"{len(held):,} held for too long"] if held else [])]
    title = f"mailstate apply: {', '.join(parts) or 'it did not come to its end'}"
    by = f", caused by {code(run.actor)}" if run.actor else ", by the schedule"
    head = (
        f"The apply of [`{run.commit[:10]}`]({run.commit_url}){by} did not do all that the files "
        f"ask: see [its run]({run.url}).\n"
    )
    foot = (
        "\nThe next apply does what is left, and may be started at any time. This issue is written "
        "anew by each of them, and closed by the first that leaves nothing to tell.\n"
    )
    if report is None:
        said = _ENDS.get(exit_code, f"it ended with exit code {exit_code}")
        head += f"\nNothing was done, or nothing is known of it: {said}.\n"
    room = Room(limit - size(head) - size(foot) - 200)
    groups = [*_groups(report), _held_group(report, held)]
    text, shown = fitted(groups, lambda line: line, room)
    count = sum(len(group.items) for group in groups)
    rest = f"\n{count - shown:,} more are in the report of the run.\n" if shown < count else ""
    return Incident(title=title, body=f"{head}{text}{rest}{foot}")


def settled(run: Run) -> str:
    """What an issue says when it is closed."""
    return (
        f"All is well since the apply of [`{run.commit[:10]}`]({run.commit_url}): "
        f"see [its run]({run.url}).\n"
    )


def _counts(report: Report | None) -> Iterator[str]:
    """`2 changes failed`, `1 refused by a guard`, …: what is not as asked."""
    if report is None:
        return
    counts = report["summary"]
    for key, words in (
        ("failed", "failed"),
        ("skipped", "skipped"),
        ("not_begun", "not begun"),
        ("refused", "refused by a guard"),
    ):
        if counts[key]:
            yield f"{counts[key]:,} {words}"
    if counts["undelivered"]:
        yield counted(counts["undelivered"], "letter not delivered", "letters not delivered")


def _groups(report: Report | None) -> Iterator[Group[str]]:
    if report is None:
        return
    outcomes = report["outcomes"]
    for outcome, title in (
        ("failed", "Failed"),
        ("skipped", "Skipped"),
        ("not_begun", "Not begun"),
    ):
        lines = [_line(entry) for entry in outcomes if entry["outcome"] == outcome]
        yield _group(title, lines)
    yield _group("Refused by a guard", [_line(entry) for entry in report["refused"]])
    letters = [(entry["address"], entry["letter"]) for entry in outcomes if entry["letter"]]
    letters += [(late["address"], late) for late in report["late_letters"]]
    undelivered = [
        f"- {code(Value(address))}: {sentence(letter['detail'])}\n"
        for address, letter in letters
        if not letter["delivered"]
    ]
    yield _group("Made, but the letter did not go out (`mailstate notify`)", undelivered)


def _held_group(report: Report | None, held: Sequence[tuple[str, datetime]]) -> Group[str]:
    entries = {entry["address"]: entry for entry in report["outcomes"]} if report else {}
    lines = [
        f"- {code(Value(address))}, since {since:%Y-%m-%d %H:%M} UTC: "
        f"{sentence(entries[address]['detail'] or entries[address]['reason'] or '')}\n"
        for address, since in held
    ]
    return _group("Held for too long", lines)


def _group(title: str, lines: Sequence[str]) -> Group[str]:
    return Group(items=lines, head=f"\n### {title}\n\n")


def _line(entry: Mapping[str, Any]) -> str:
    """One thing that was not done, with why and what to do."""
    said = ". ".join(
        sentence(part.rstrip(".")) for part in (entry["detail"], entry.get("hint")) if part
    )
    return (
        f"- {entry['action'] or ''} {code(Value(entry['address']))}{f': {said}' if said else ''}\n"
    )
