"""A picture of a plan: what is done now and what waits for whom, domain by domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mailstate.model.resources import DomainName
from mailstate.planning.plan import Actor, Hold, Plan
from mailstate.reporting.arranged import domain_of
from mailstate.reporting.pieces import Value
from mailstate.reporting.words import HOLD

DRAWN = "What is done now, and what waits"
"""What the picture shows."""

_MOST = 10
_LONGEST = 30
_HEIGHT = 64
_WAITS_FOR = {
    Actor.OWNER: "an owner must act",
    Actor.OPERATOR: "the operator of dimail must act",
    Actor.MAINTAINER: "a setting is to be decided",
    Actor.MAILSTATE: "nobody must act",
}
_WORKS = "enabled"


@dataclass(slots=True, kw_only=True)
class _Row:
    """A domain, or all that are in one state: what is done there now, and what waits."""

    name: str
    state: str
    now: int = 0
    later: int = 0


def picture(plan: Plan) -> str:
    """How much of *plan* is done at once and how much waits for what; nothing if nothing waits."""
    if not plan.held:
        return ""
    rows = _rows(plan)
    most = max(row.now + row.later for row in rows)
    drawn = "".join(_drawn(row, most, number * _HEIGHT) for number, row in enumerate(rows))
    told = "; ".join(f"{row.name}: {_numbers(row)}, {row.state}" for row in rows)
    return (
        f'<svg role="img" aria-labelledby="picture-title picture-told" '
        f'height="{len(rows) * _HEIGHT}">\n'
        f'<title id="picture-title">{DRAWN}</title>\n'
        f'<desc id="picture-told">{escape(told)}</desc>\n'
        '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="stroke" x1="0" y1="0" x2="0" y2="6"/>'
        f"</pattern>\n{drawn}</svg>\n"
    )


def _rows(plan: Plan) -> Sequence[_Row]:
    """One for each domain, or, if they are many, one for each state."""
    holds: dict[DomainName, Hold] = {entry.hold.domain: entry.hold for entry in plan.held}
    domains: dict[str, _Row] = {}
    for change in plan.changes:
        if domain := domain_of(change.resource):
            _row(domains, domain, holds).now += 1
    for entry in plan.held:
        _row(domains, entry.hold.domain, holds).later += 1
    if len(domains) <= _MOST:
        return [domains[name] for name in sorted(domains)]
    states: dict[str, _Row] = {}
    counts: dict[str, int] = {}
    for row in domains.values():
        whole = states.setdefault(row.state, _Row(name="", state=row.state))
        whole.now += row.now
        whole.later += row.later
        counts[row.state] = counts.get(row.state, 0) + 1
    for state, row in states.items():
        row.name = f"{counts[state]:,} domain{'' if counts[state] == 1 else 's'}"
    return sorted(states.values(), key=lambda row: (-row.later, row.state))


def _row(rows: dict[str, _Row], domain: str, holds: Mapping[DomainName, Hold]) -> _Row:
    hold = holds.get(DomainName(domain))
    state = f"{HOLD[hold.reason]}: {_WAITS_FOR[hold.actor]}" if hold else _WORKS
    return rows.setdefault(domain, _Row(name=Value(domain).shown, state=state))


def _drawn(row: _Row, most: int, top: int) -> str:
    name = row.name if len(row.name) <= _LONGEST else f"{row.name[: _LONGEST - 1]}…"
    now, later = (100 * count / most for count in (row.now, row.later))
    bars = f'<rect class="track" x="0" y="{top + 24}" width="100%" height="10" rx="2"/>'
    if row.now:
        bars += f'<rect class="now" x="0" y="{top + 24}" width="{now:.2f}%" height="10" rx="2"/>'
    if row.later:
        bars += (
            f'<rect class="later" x="{now:.2f}%" y="{top + 24}" width="{later:.2f}%" '
            'height="10" rx="2"/>'
        )
    return (
        f'<text x="0" y="{top + 16}">{escape(name)}</text>'
        f'<text class="quiet end" x="100%" y="{top + 16}">{_numbers(row)}</text>{bars}'
        f'<text class="quiet" x="0" y="{top + 51}">{escape(row.state)}</text>\n'
    )


def _numbers(row: _Row) -> str:
    parts = [f"{row.now:,} now"] if row.now else []
    return " · ".join((*parts, *([f"{row.later:,} later"] if row.later else [])))
