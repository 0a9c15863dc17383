"""
The plan of a whole run, from the plans of its shards.

A shard is planned as the whole would be: what concerns several domains at once stays in one shard
(`mailstate.planning.selection`). Two things remain for here. A user may be needed in several
shards, and is created once. And how much is removed counts for the whole run: what the shards
refused because they see but a part of it is judged again.
"""

from collections.abc import Iterator, Sequence

from mailstate.model.resources import Key, Kind
from mailstate.planning.plan import Change, Plan, Policy, Reason
from mailstate.planning.removal import too_many
from mailstate.planning.stages import order

_OF_THE_RUN = {Reason.PART_OF_A_RUN, Reason.TOO_MANY_REMOVALS}


class UnlikeError(Exception):
    """Two shards tell of an address that only one of them can know; `shards` count from 0."""

    def __init__(self, key: Key, shards: tuple[int, int]) -> None:
        super().__init__(key)
        self.key = key
        self.shards = shards


def merge(shards: Sequence[Plan], policy: Policy) -> Plan:
    """
    The plan that *shards* are all the parts of, under the *policy* that each was made with.

    Raises `UnlikeError` if they are not parts of one plan.
    """

    def position(change: Change) -> tuple[bool, int, bool, bool, Key]:
        return order(change, service_account=policy.service_account)

    changes = _each_once(shards)
    stopped = [entry for plan in shards for entry in plan.refused]
    removals = [entry for entry in stopped if entry.reason in _OF_THE_RUN]
    shares = {
        entry.change.key: entry.detail
        for entry in removals
        if entry.reason is Reason.TOO_MANY_REMOVALS
    }
    wanted = [entry.change for entry in removals]
    over = list(too_many(wanted, shares, policy, count=len(wanted)))
    kept = {entry.change.key for entry in over}
    changes += [change for change in wanted if change.key not in kept]
    refused = [entry for entry in stopped if entry.reason not in _OF_THE_RUN] + over
    held = [entry for plan in shards for entry in plan.held]
    conflicts = [entry for plan in shards for entry in plan.conflicts]
    unmanaged = [entry for plan in shards for entry in plan.unmanaged]
    return Plan(
        changes=tuple(sorted(changes, key=position)),
        held=tuple(sorted(held, key=lambda entry: position(entry.change))),
        conflicts=tuple(sorted(conflicts, key=lambda entry: position(entry.change))),
        unmanaged=tuple(sorted(unmanaged, key=lambda entry: entry.resource.key)),
        refused=tuple(sorted(refused, key=lambda entry: position(entry.change))),
    )


def _each_once(shards: Sequence[Plan]) -> list[Change]:
    """The changes of all *shards*; a user whom several of them create comes once."""
    users: dict[Key, Change] = {}
    others: list[Change] = []
    told_by: dict[Key, int] = {}
    for number, plan in enumerate(shards):
        for change in plan.changes:
            if change.kind is not Kind.USER:
                others.append(change)
            elif users.setdefault(change.key, change) != change:
                raise UnlikeError(change.key, (told_by[change.key], number))
            else:
                told_by.setdefault(change.key, number)
        for key in _of_one_domain(plan):
            if (first := told_by.setdefault(key, number)) != number:
                raise UnlikeError(key, (first, number))
    return [*users.values(), *others]


def _of_one_domain(plan: Plan) -> Iterator[Key]:
    """The addresses that *plan* tells of, and that belong to one domain."""
    yield from (change.key for change in plan.changes if change.kind is not Kind.USER)
    yield from (entry.change.key for entry in plan.held)
    yield from (entry.change.key for entry in (*plan.conflicts, *plan.refused))
    yield from (entry.resource.key for entry in plan.unmanaged)
