"""
What pruning removes, and the guards that refuse it.

Nothing is removed unless the policy names its kind, and then only what is live on a declared
domain and in no file. Every removal is counted, a mailbox that is switched off like one that is
deleted. Too many at once, the last owner, the own account and what is protected are refused.

How many are too many is a question about a whole run. A shard sees a part of it, and can tell
only the share that goes from each of its domains; `too_many` is asked once all are together.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from mailstate.model.resources import (
    Access,
    Alias,
    DomainName,
    Key,
    Kind,
    Mailbox,
    Resource,
    Role,
    access_key,
    kind_of,
    user_id,
)
from mailstate.model.state import DesiredState, LiveState
from mailstate.planning.plan import Action, Blocked, Change, Policy, Reason, Unmanaged

Removable = Access | Alias | Mailbox


class Removals(NamedTuple):
    """What pruning makes of the unmanaged: removals, refused ones, and those left alone."""

    changes: tuple[Change, ...] = ()
    refused: tuple[Blocked, ...] = ()
    conflicts: tuple[Blocked, ...] = ()
    left: tuple[Unmanaged, ...] = ()


def removals(
    desired: DesiredState,
    live: LiveState,
    unmanaged: Sequence[Unmanaged],
    policy: Policy,
    *,
    awaited: Collection[str] = (),
) -> Removals:
    """
    Say what of *unmanaged* is removed under *policy*, and what a guard keeps.

    *awaited* are addresses of aliases that are wanted, but not made in this plan: what is there
    under such an address still takes its mail, and is left alone.
    """
    wanted: list[Change] = []
    refused: list[Blocked] = []
    conflicts: list[Blocked] = []
    left: list[Unmanaged] = []
    for entry in unmanaged:
        change = _removal(entry, desired, live, policy, awaited)
        if change is None:
            left.append(entry)
        elif guard := _guard(change, desired, live, policy):
            refused.append(guard)
        elif change.action is Action.UPDATE and not live.tells_active:
            detail = "this dimail cannot switch a mailbox off: see --delete-mailboxes"
            conflicts.append(Blocked(change=change, reason=Reason.NOT_SUPPORTED, detail=detail))
        else:
            wanted.append(change)
    shares = dict(_large_shares(wanted, live, policy))
    if policy.within is None:
        over = list(too_many(wanted, shares, policy, count=len(wanted)))
    else:
        over = list(_not_in_the_whole(wanted, shares, policy, policy.within))
    refused += over
    stopped = {entry.change.key for entry in over}
    return Removals(
        changes=tuple(change for change in wanted if change.key not in stopped),
        refused=tuple(refused),
        conflicts=tuple(conflicts),
        left=tuple(left),
    )


def _removal(
    entry: Unmanaged,
    desired: DesiredState,
    live: LiveState,
    policy: Policy,
    awaited: Collection[str],
) -> Change | None:
    """The change that removes *entry*, or None if pruning does not concern it."""
    resource = entry.resource
    if not isinstance(resource, Removable) or kind_of(resource) not in policy.prune:
        return None
    if desired.domains[resource.domain].disabled:
        return None
    if isinstance(resource, Alias) and resource.address.lower() in awaited:
        return None
    if isinstance(resource, Mailbox):
        if not _can_be_removed(resource, live, policy):
            return None
        if not policy.delete_mailboxes:
            return Change(
                action=Action.UPDATE,
                before=resource,
                after=replace(resource, active=False),
                fields=("active",),
                note="in no file, to be switched off",
            )
    return Change(action=Action.DELETE, before=resource, after=None, note=_note(entry))


def _can_be_removed(mailbox: Mailbox, live: LiveState, policy: Policy) -> bool:
    """Whether *mailbox* is whole, and not switched off where that is all that is done."""
    if mailbox.key in live.domains[mailbox.domain].half_made:
        return False
    return policy.delete_mailboxes or mailbox.active is not False


def _note(entry: Unmanaged) -> str:
    """Why *entry* is removed, as a reviewer has read it before."""
    return entry.detail if entry.reason is Reason.EXTRA_ACCESS else "in no file"


def _guard(
    change: Change, desired: DesiredState, live: LiveState, policy: Policy
) -> Blocked | None:
    """Why *change* is refused whatever the numbers are, or None."""
    for pattern in policy.protected:
        if _fits(pattern, change):
            detail = f"mailstate.toml protects `{pattern}`"
            return Blocked(change=change, reason=Reason.PROTECTED, detail=detail)
    match change.resource:
        case Access(domain=domain, user=user):
            if _account(user) in {_account(policy.service_account), _account(policy.account)}:
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


def _fits(pattern: str, change: Change) -> bool:
    """
    Whether *change* concerns what *pattern* protects.

    Rather too much than too little: without case, whatever way a uuid is spelt, and an address
    that has the characters of patterns in it also fits itself.
    """
    pattern = pattern.lower()
    names = {change.key.lower()}
    if isinstance(access := change.resource, Access):
        names.add(f"access/{access.domain}/{user_id(access.user).replace('-', '')}")
    return any(pattern == name or fnmatchcase(name, pattern) for name in names)


def _account(name: str) -> str:
    # dimail compares names of users without case (contract §2).
    return user_id(name).lower()


def _has_live_owner(domain: DomainName, desired: DesiredState, live: LiveState) -> bool:
    return any(
        role is Role.OWNER and access_key(domain, user) in live.accesses
        for user, role in desired.domains[domain].roles.items()
    )


def too_many(
    wanted: Sequence[Change], shares: Mapping[Key, str], policy: Policy, *, count: int
) -> Iterator[Blocked]:
    """
    Those of the removals *wanted* that are too many for a run of *count* removals, and why.

    *shares* says of which removals too many go from one domain. An override lifts the limits only
    if it names the exact number of removals.
    """
    reason = Reason.TOO_MANY_REMOVALS
    if detail := _over_the_run(count, policy):
        yield from (Blocked(change=change, reason=reason, detail=detail) for change in wanted)
    elif policy.removals_allowed is None:
        for change in wanted:
            if share := shares.get(change.key):
                detail = f"{share}: --max-removals {count} would allow all removals of this plan"
                yield Blocked(change=change, reason=reason, detail=detail)


def _over_the_run(count: int, policy: Policy) -> str:
    """Why none of *count* removals may be made, or nothing."""
    if policy.removals_allowed is not None:
        if policy.removals_allowed == count:
            return ""
        return (
            f"--max-removals says {policy.removals_allowed}, the plan would remove "
            f"{count}: the exact number is needed"
        )
    if count > policy.max_removals:
        return (
            f"{count} removals in one run, and at most {policy.max_removals} are allowed: "
            f"--max-removals {count} would allow just these"
        )
    return ""


_PART = (
    "how much is removed in all is not seen from one shard: have `mailstate merge` make the plan "
    "of all shards, and apply that one with --shard"
)


def _not_in_the_whole(
    wanted: Sequence[Change], shares: Mapping[Key, str], policy: Policy, whole: Collection[Key]
) -> Iterator[Blocked]:
    """Those of a shard's removals *wanted* that the *whole* plan does not make, or may not."""
    planned = [change for change in wanted if change.key in whole]
    yield from too_many(planned, shares, policy, count=len(whole))
    for change in wanted:
        if change.key in whole:
            continue
        if share := shares.get(change.key):
            yield Blocked(change=change, reason=Reason.TOO_MANY_REMOVALS, detail=share)
        else:
            yield Blocked(change=change, reason=Reason.PART_OF_A_RUN, detail=_PART)


def _large_shares(
    wanted: Sequence[Change], live: LiveState, policy: Policy
) -> Iterator[tuple[Key, str]]:
    """
    The removals of which too many go from one domain, each with how many of how many.

    The share counts for each kind on each domain, small ones included: 1 of 1 is all of them.
    """
    if not wanted:
        return
    there = _counts(live, policy)
    groups: dict[_Group, list[Change]] = {}
    for change in wanted:
        groups.setdefault(_group(change.resource), []).append(change)
    for group, changes in groups.items():
        if 100 * len(changes) > policy.max_removals_percent * there[group]:
            domain, kind = group
            share = (
                f"{len(changes)} of {there[group]} {kind} entries of {domain}, and at most "
                f"{policy.max_removals_percent} % are allowed"
            )
            yield from ((change.key, share) for change in changes)


_Group = tuple[DomainName | None, Kind]


def _counts(live: LiveState, policy: Policy) -> Mapping[_Group, int]:
    """
    Of how many the removals are a share.

    Half-made mailboxes do not count, nor, if mailboxes are switched off, those that are off
    already: a domain could be emptied by the same few each time.
    """
    counts = Counter(map(_group, live.accesses.values()))
    for domain in live.domains.values():
        counts.update(map(_group, domain.aliases.values()))
        counts.update(
            _group(mailbox)
            for mailbox in domain.mailboxes.values()
            if _can_be_removed(mailbox, live, policy)
        )
    return counts


def _group(resource: Resource) -> _Group:
    """The kind of *resource* on its domain; users and domains are never removed."""
    domain = resource.domain if isinstance(resource, Removable) else None
    return domain, kind_of(resource)
