"""How far each declared domain is: what `mailstate status` shows."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailstate.model.resources import DomainName
from mailstate.model.state import DesiredState, DnsRecord, LiveState
from mailstate.planning.checks import missing_records
from mailstate.planning.holds import hold_on
from mailstate.planning.plan import Hold, HoldReason, Plan, Policy


class Standing(StrEnum):
    """What a domain is, in one word; those that hold something are reasons of holds too."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    ABSENT = "absent"
    PENDING = "pending"
    ACTION_REQUIRED = "action_required"
    FAILED = "failed"
    UNKNOWN = "unknown"


_STANDING = {
    HoldReason.DOMAIN_ABSENT: Standing.ABSENT,
    HoldReason.DOMAIN_PENDING: Standing.PENDING,
    HoldReason.ACTION_REQUIRED: Standing.ACTION_REQUIRED,
    HoldReason.FAILED: Standing.FAILED,
}


def standing_of(hold: Hold | None) -> Standing:
    """The standing of a domain whose changes *hold* makes wait, if any does."""
    return _STANDING.get(hold.reason, Standing.UNKNOWN) if hold else Standing.ENABLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """One domain: its standing, why it is not enabled, what waits, which records are missing."""

    domain: DomainName
    standing: Standing
    hold: Hold | None
    held: int
    mailboxes: int
    records: tuple[DnsRecord, ...]


def readiness(
    desired: DesiredState,
    live: LiveState,
    plan: Plan,
    policy: Policy,
    *,
    specs: Mapping[DomainName, Collection[DnsRecord] | None],
    only: Collection[DomainName] | None = None,
) -> tuple[Readiness, ...]:
    """Each domain of *desired* in order, or each of *only*; *specs* is what dimail says of DNS."""
    held = Counter(entry.hold.domain for entry in plan.held)
    rows = []
    for name in sorted(desired.domains):
        if only is not None and name not in only:
            continue
        existing = live.domains.get(name)
        hold = hold_on(name, existing, assume_enabled=policy.assume_enabled)
        rows.append(
            Readiness(
                domain=name,
                standing=Standing.DISABLED if desired.domains[name].disabled else standing_of(hold),
                hold=hold,
                held=held[name],
                mailboxes=len(existing.mailboxes) if existing else 0,
                records=missing_records(existing, specs.get(name)) if existing else (),
            )
        )
    return tuple(rows)
