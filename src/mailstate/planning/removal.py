"""
What pruning removes, and the guards that refuse it.

Nothing is removed unless the policy names its kind, and then only what is live on a declared
domain and in no file. Every removal is counted, a mailbox that is switched off like one that is
deleted. Too many at once, the last owner, the own account and what is protected are refused.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from mailstate.model.resources import (
    Access,
    Alias,
    DomainName,
    Key,
    Kind,
    Mailbox,
    Role,
    access_key,
    kind_of,
    user_id,
)
from mailstate.model.state import DesiredState, LiveState
from mailstate.planning.plan import Action, Blocked, Change, Policy, Reason, Unmanaged

Removable = Access | Alias | Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """What pruning makes of the unmanaged: removals, refused ones, and those left alone."""

    changes: tuple[Change, ...] = ()
    refused: tuple[Blocked, ...] = ()
    conflicts: tuple[Blocked, ...] = ()
    left: tuple[Unmanaged, ...] = ()


def removals(
    desired: DesiredState, live: LiveState, unmanaged: Sequence[Unmanaged], policy: Policy
) -> Removals:
    """Say what of *unmanaged* is removed under *policy*, and what a guard keeps."""
    wanted: list[Change] = []
    refused: list[Blocked] = []
    conflicts: list[Blocked] = []
    left: list[Unmanaged] = []
    for entry in unmanaged:
        change = _removal(entry, desired, live, policy)
        if change is None:
            left.append(entry)
        elif change.action is Action.UPDATE and not live.tells_active:
            detail = "this dimail cannot switch a mailbox off: see --delete-mailboxes"
            conflicts.append(Blocked(change=change, reason=Reason.NOT_SUPPORTED, detail=detail))
        elif guard := _guard(change, desired, live, policy):
            refused.append(guard)
        else:
            wanted.append(change)
    over = dict(_over_the_limits(wanted, live, policy))
    refused += [
        Blocked(change=change, reason=Reason.TOO_MANY_REMOVALS, detail=over[change.key])
        for change in wanted
        if change.key in over
    ]
    return Removals(
        changes=tuple(change for change in wanted if change.key not in over),
        refused=tuple(refused),
        conflicts=tuple(conflicts),
        left=tuple(left),
    )


def _removal(
    entry: Unmanaged, desired: DesiredState, live: LiveState, policy: Policy
) -> Change | None:
    """The change that removes *entry*, or None if pruning does not concern it."""
    resource = entry.resource
    if not isinstance(resource, Removable) or kind_of(resource) not in policy.prune:
        return None
    domain = desired.domains[resource.domain]
    if domain.disabled:
        return None
    if isinstance(resource, Mailbox):
        if resource.key in live.domains[resource.domain].half_made:
            return None
        if not policy.delete_mailboxes:
            if resource.active is False:
                return None
            return Change(
                action=Action.UPDATE,
                before=resource,
                after=replace(resource, active=False),
                fields=("active",),
                note="in no file: switched off",
            )
    return Change(action=Action.DELETE, before=resource, after=None, note="in no file")


def _guard(
    change: Change, desired: DesiredState, live: LiveState, policy: Policy
) -> Blocked | None:
    """Why *change* is refused whatever the numbers are, or None."""
    for pattern in policy.protected:
        if fnmatchcase(change.key, pattern.lower()):
            detail = f"mailstate.toml protects `{pattern}`"
            return Blocked(change=change, reason=Reason.PROTECTED, detail=detail)
    match change.resource:
        case Access(domain=domain, user=user):
            if user_id(user) in {user_id(policy.service_account), user_id(policy.account)}:
                detail = "this is the access of the account that mailstate runs as"
                return Blocked(change=change, reason=Reason.OWN_ACCESS, detail=detail)
            if not _has_live_owner(domain, desired, live):
                detail = "no owner that the files name has access yet: this may be the last one"
                return Blocked(change=change, reason=Reason.LAST_OWNER, detail=detail)
        case Mailbox(local_part=local_part) if local_part.lower() == "oxadmin":
            detail = "this is the technical account of an OX context"
            return Blocked(change=change, reason=Reason.PROTECTED, detail=detail)
        case _:
            pass
    return None


def _has_live_owner(domain: DomainName, desired: DesiredState, live: LiveState) -> bool:
    return any(
        role is Role.OWNER and access_key(domain, user) in live.accesses
        for user, role in desired.domains[domain].roles.items()
    )


def _over_the_limits(
    wanted: Sequence[Change], live: LiveState, policy: Policy
) -> Iterator[tuple[Key, str]]:
    """
    The removals that are too many, each with the limit that it exceeds.

    The share counts for each kind on each domain, small ones included: 1 of 1 is all of them. An
    override lifts the limits only if it names the exact number of removals.
    """
    if policy.removals_allowed is not None:
        if policy.removals_allowed != len(wanted):
            detail = (
                f"--max-removals says {policy.removals_allowed}, the plan would remove "
                f"{len(wanted)}: the exact number is needed"
            )
            yield from ((change.key, detail) for change in wanted)
        return
    if len(wanted) > policy.max_removals:
        detail = (
            f"{len(wanted)} removals in one run, and at most {policy.max_removals} are allowed: "
            f"--max-removals {len(wanted)} would allow just these"
        )
        yield from ((change.key, detail) for change in wanted)
        return
    there = _counts(live)
    groups: dict[tuple[DomainName, Kind], list[Change]] = {}
    for change in wanted:
        groups.setdefault(_group(change.resource), []).append(change)
    for (domain, kind), changes in groups.items():
        total = there[domain, kind]
        if 100 * len(changes) > policy.max_removals_percent * total:
            detail = (
                f"{len(changes)} of {total} {kind} entries of {domain}, and at most "
                f"{policy.max_removals_percent} % are allowed: "
                f"--max-removals {len(wanted)} would allow all removals of this plan"
            )
            yield from ((change.key, detail) for change in changes)


def _counts(live: LiveState) -> Mapping[tuple[DomainName, Kind], int]:
    resources: Iterable[Removable] = (
        *live.accesses.values(),
        *(one for domain in live.domains.values() for one in domain.mailboxes.values()),
        *(one for domain in live.domains.values() for one in domain.aliases.values()),
    )
    return Counter(_group(resource) for resource in resources)


def _group(resource: object) -> tuple[DomainName, Kind]:
    if isinstance(resource, Removable):
        return resource.domain, kind_of(resource)
    message = f"{resource!r} is never removed"
    raise TypeError(message)
