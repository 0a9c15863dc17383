"""
A plan as a comment on a pull request, in the Markdown of GitHub.

It begins with the sentence that matters, and is never longer than a comment may be. Where there
is not room for all, the counts stay exact; of the lists, removals, what is refused and what is
held are cut last, and the cut is told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from mailstate.model.resources import DomainName
from mailstate.planning.causes import Cause
from mailstate.planning.checks import zone_line
from mailstate.planning.plan import Action, Actor, Blocked, Change, Plan, Unmanaged
from mailstate.reporting.arranged import (
    CAUSED,
    LABELS,
    MUST_ACT,
    PLURALS,
    Wait,
    aside,
    asked_first,
    by_cause,
    by_domain,
    fault,
    grouped,
    left_alone,
    removals_first,
    table,
    to_do,
    waits,
)
from mailstate.reporting.lead import lead
from mailstate.reporting.links import Links
from mailstate.reporting.pieces import described, told
from mailstate.reporting.plan_json import Context
from mailstate.reporting.room import Group, Room, fitted, size
from mailstate.reporting.spans import block, code, in_html, joined, place_link, sentence
from mailstate.reporting.words import HOLD

_T = TypeVar("_T")
_Numbered = tuple[DomainName, str, Sequence[Change]]
"""The changes of one domain, with their numbers in words."""

LIMIT = 65_000
"""GitHub takes 65,536 characters; the rest is for whoever puts a line of their own above."""

_FEW = 20
_NAMED = 10
_VERB = {Action.CREATE: "create", Action.UPDATE: "change", Action.DELETE: "**remove**"}


def plan_markdown(
    plan: Plan, context: Context, *, links: Links | None = None, limit: int = LIMIT
) -> str:
    """*plan* in at most *limit* bytes, and so in no more characters by any count."""
    comment = _Comment(plan, context, links or Links(), limit)
    text = comment.text()
    return comment.text(has_counts=True) if comment.is_cut else text


class _Comment:
    """
    One comment, while it is put together: each section takes of the room what it needs.

    What is counted of the whole plan is counted once, however little of it is then told.
    """

    def __init__(self, plan: Plan, context: Context, links: Links, limit: int) -> None:
        self._plan = asked_first(plan, context.causes)
        self._causes = context.causes
        self._links = links
        self._limit = limit
        self._room = Room(0)
        self._left_out: dict[str, tuple[int, int]] = {}
        self._changed = removals_first(self._plan.changes)
        said = joined(lead(plan, is_partial=bool(context.selection), causes=context.causes))
        self._head = f"**{said}**\n{_table(plan)}\n{_about(context)}"

    @property
    def is_cut(self) -> bool:
        """Whether the last text does not have all."""
        return bool(self._left_out)

    def text(self, *, has_counts: bool = False) -> str:
        """
        All of it. What is to be cut first is put in last, wherever it stands.

        Where it is known that there is not room for all, it *has_counts* of each domain, which
        have precedence over long lists.
        """
        plan = self._plan
        # Kept back for what may have to be said of a cut.
        kept_back = size(self._head) + size(self._cut_note(_ALL_CUT)) + _SECTIONS * _SECTION
        self._room = Room(self._limit - kept_back)
        self._left_out = {}
        removals, others = self._changed
        removed = self._section("Removed", "removals", [Group(items=removals)], self._line)
        refused = self._blocked("Refused by a guard", "refused changes", plan.refused)
        waiting = self._told_waits(waits(plan.held))
        decide = self._blocked("Somebody must decide", "conflicts", plan.conflicts)
        counts = self._counts() if has_counts else ""
        held = self._held(waiting)
        changed = self._changes("Other changes" if removals else "Changes", others)
        alone = self._left_alone()
        parts = (removed, refused, decide, held, counts, changed, alone)
        return _spaced((self._head + self._cut_note(self._left_out), *parts))

    def _section(
        self, title: str, what: str, groups: Iterable[Group[_T]], line: Callable[[_T], str]
    ) -> str:
        """A list under its title, as far as there is room for it."""
        groups = [group for group in groups if group.items]
        total = sum(len(group.items) for group in groups)
        text, shown = fitted(groups, line, self._room)
        if shown < total:
            self._left_out[what] = (total - shown, total)
            text += _more(total - shown) if shown else _none(total)
        return f"### {title}\n\n{text}" if total else ""

    @cached_property
    def _numbered(self) -> Sequence[_Numbered]:
        """What changes and is no removal, by domain."""
        return _numbered(self._changed[1])

    def _counts(self) -> str:
        """How many changes there are on each domain, in an eighth of the room at the most."""
        lines = [
            f"- {code(domain) if domain else 'People'}: {number}\n"
            for domain, number, _ in self._numbered
        ]
        room = Room(max(0, self._room.left) // 8)
        text, shown = fitted([_fold("How many on each domain", lines)], str, room)
        self._room.left -= size(text)
        more = _more(len(lines) - shown) if shown < len(lines) else ""
        return f"### Changes in numbers\n\n{text}{more}" if text else ""

    def _changes(self, title: str, changes: Sequence[Change]) -> str:
        """What is left to tell of, by domain; where causes are known, by cause before that."""
        what = title.lower()
        if self._causes is None:
            return self._section(title, what, _folded(self._numbered), self._line)
        sections = [
            self._section(CAUSED[cause], f"{what} ({cause})", _folded(_numbered(some)), self._bare)
            for cause, some in by_cause(changes, self._causes).items()
        ]
        return _spaced(sections)

    def _line(self, change: Change) -> str:
        """One change, labelled unless it is what the review is about."""
        label = LABELS.get(self._causes[change.key]) if self._causes else None
        return self._bare(change, f" · *{label}*" if label else "")

    def _bare(self, change: Change, label: str = "") -> str:
        said = joined(told(change))
        place = f" · {place_link(change.place, self._links.files)}" if change.place else ""
        verb, colon = _VERB[change.action], ": " if said else ""
        return f"- {verb} {code(change.key)}{colon}{said}{place}{label}\n"

    def _blocked(self, title: str, what: str, entries: Sequence[Blocked]) -> str:
        groups = [
            Group(items=[entry.change for entry in some], head=f"- **Why:** {sentence(detail)}\n")
            for detail, some in grouped(entries, lambda entry: entry.detail).items()
        ]
        return self._section(title, what, groups, lambda change: f"  {self._line(change)}")

    def _told_waits(
        self, waiting: Mapping[Actor, Sequence[Wait]]
    ) -> Mapping[Actor, Sequence[Wait]]:
        """Those of *waiting* that there is room to tell of."""
        groups = [Group(items=some, head=_actor(actor)) for actor, some in waiting.items()]
        _, shown = fitted(groups, lambda wait: _wait(wait) + _number(wait), self._room)
        kept = {}
        for actor, some in waiting.items():
            kept[actor] = some[:shown]
            shown = max(0, shown - len(some))
        return {actor: some for actor, some in kept.items() if some}

    def _held(self, waiting: Mapping[Actor, Sequence[Wait]]) -> str:
        """Who must do what, and below that, as far as there is room, what waits for it."""
        total, listed = len(self._plan.held), 0
        parts = []
        for actor, some in waiting.items():
            parts.append(_actor(actor))
            for wait in some:
                number = _number(wait)
                self._room.left += size(number)
                fold = _fold(number.rstrip(), wait.changes)
                lines, shown = fitted([fold], self._line, self._room)
                if not shown:
                    self._room.left -= size(number)
                parts += [_wait(wait), lines or number]
                listed += shown
        if listed < total:
            self._left_out["held changes"] = (total - listed, total)
            parts.append(_more(total - listed))
        return f"### Waiting\n\n{''.join(parts)}" if total else ""

    def _left_alone(self) -> str:
        groups = [_fold(title, some) for title, some in left_alone(self._plan.unmanaged)]
        return self._section("Left alone", "entries left alone", groups, _stray_line)

    def _cut_note(self, left_out: Mapping[str, tuple[int, int]]) -> str:
        if not left_out:
            return ""
        said = ", ".join(f"{cut:,} of {of:,} {what}" for what, (cut, of) in left_out.items())
        run = self._links.run
        whole = (
            f"the whole plan is with [this run]({run})" if run else "`mailstate plan` shows them"
        )
        return f"\n**There is not room for all of it here.** Left out: {said}; {whole}.\n"


_SECTIONS = 9
_SECTION = 200
"""More than the title of a section and what is said of its cut."""
_ALL_CUT = dict.fromkeys(
    (
        "removals",
        "refused changes",
        "conflicts",
        "held changes",
        *(f"other changes ({cause})" for cause in Cause),
        "entries left alone",
    ),
    (10**9, 10**9),
)


def _spaced(parts: Iterable[str]) -> str:
    """*parts* with an empty line between them."""
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


def _more(count: int) -> str:
    return f"\n…and {count:,} more, for which there is no room here.\n"


def _none(count: int) -> str:
    return f"{count:,}, for which there is no room here.\n"


def _about(context: Context) -> str:
    """Against which dimail, and about how much of the files."""
    said = f"Planned against {code(context.target)}."
    if selection := context.selection:
        said += (
            f" About {selection['domains']} of {selection['declared']} domains; "
            "nobody looked at the others."
        )
    return f"{said}\n"


def _fold(summary: str, items: Sequence[_T], *, is_open: bool = False) -> Group[_T]:
    head = f"<details{' open' if is_open else ''}>\n<summary>{summary}</summary>\n\n"
    return Group(items=items, head=head, foot="\n</details>\n\n")


def _numbered(changes: Sequence[Change]) -> Sequence[_Numbered]:
    return [(domain, to_do(some), some) for domain, some in by_domain(changes)]


def _folded(numbered: Sequence[_Numbered]) -> Iterator[Group[Change]]:
    is_open = sum(len(some) for _, _, some in numbered) <= _FEW
    for domain, number, some in numbered:
        name = in_html(domain) if domain else "People"
        yield _fold(f"{name}: {number}", some, is_open=is_open)


def _table(plan: Plan) -> str:
    columns, rows = table(plan)
    if not rows:
        return ""
    lines = [f"| | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    for kind, counts in rows.items():
        cells = " | ".join(f"{count:,}" if count else "·" for count in counts)
        lines.append(f"| {PLURALS[kind]} | {cells} |")
    return "\n" + "\n".join(lines) + "\n"


def _actor(actor: Actor) -> str:
    return f"#### {MUST_ACT[actor]}\n\n"


def _wait(wait: Wait) -> str:
    """What is waited for, why, and the records that are to be published."""
    hold = wait.hold
    names = ", ".join(code(domain) for domain in wait.domains[:_NAMED])
    if len(wait.domains) > _NAMED:
        names += f" and {len(wait.domains) - _NAMED:,} more domains"
    text = f"**{HOLD[hold.reason].capitalize()}:** {names}: {sentence(hold.detail)}\n\n"
    faults = "".join(f"- {sentence(fault(check, hold.domain))}\n" for check in hold.checks)
    if faults:
        text += f"{faults}\n"
    if hold.records:
        lines = block(zone_line(record, hold.domain) for record in hold.records)
        text += f"To publish in the DNS of {code(hold.domain)}:\n\n{lines}\n"
    return text


def _number(wait: Wait) -> str:
    """How much waits for it, which is told also where there is no room for the list."""
    return f"What waits: {to_do(wait.changes)}\n\n"


def _stray_line(entry: Unmanaged) -> str:
    said = " ".join(filter(None, (joined(described(entry.resource)), sentence(aside(entry)))))
    return f"- stays: {code(entry.resource.key)}{': ' if said else ''}{said}\n"
