"""The parts of a plan as reviewers read them: by who must act, by domain, as a table."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from mailstate.model.resources import Domain, DomainName, Key, Kind, Resource, User, kind_of
from mailstate.model.state import Check
from mailstate.planning.causes import Cause
from mailstate.planning.checks import record_for, what_is_wrong, what_to_do
from mailstate.planning.plan import (
    Action,
    Actor,
    Change,
    Held,
    Hold,
    HoldReason,
    Plan,
    Reason,
    Unmanaged,
)

_K = TypeVar("_K")
_V = TypeVar("_V")

PLURALS = {
    Kind.DOMAIN: "domains",
    Kind.MAILBOX: "mailboxes",
    Kind.ALIAS: "aliases",
    Kind.ACCESS: "accesses",
    Kind.USER: "users",
}
"""What a plan may change, in the order in which it is told, each with its plural."""

MUST_ACT = {
    Actor.OWNER: "An owner of the domain must act",
    Actor.OPERATOR: "The operator of dimail must act",
    Actor.MAINTAINER: "Whoever keeps mailstate's settings must decide",
    Actor.MAILSTATE: "Nobody must act: each apply looks again by itself",
}
"""Who must act before what waits goes ahead; first those who may not know it yet."""

CAUSED = {
    Cause.ASKED: "Asked by this pull request",
    Cause.DUE: "Already due: asked before, and not in dimail",
    Cause.DRIFT: "Drift: the files ask what they asked before, dimail has something else",
}
"""What a reviewer is to know of each cause, first what the review is about."""

LABELS = {Cause.DUE: "already due", Cause.DRIFT: "drift"}
"""What stands beside what this pull request does not ask for, where it is not told apart."""


class Wait(NamedTuple):
    """Changes that wait for the same: `hold` says for what, on one or more `domains`."""

    hold: Hold
    domains: tuple[DomainName, ...]
    changes: tuple[Change, ...]


def waits(held: Iterable[Held]) -> Mapping[Actor, Sequence[Wait]]:
    """
    What waits, by who must act.

    Records are published domain by domain; all other waiting that has one reason is told once.
    """
    found: dict[Actor, list[Wait]] = {actor: [] for actor in MUST_ACT}
    for some in grouped(held, lambda entry: _cause(entry.hold)).values():
        hold = some[0].hold
        wait = Wait(
            hold=hold,
            domains=tuple(sorted({entry.hold.domain for entry in some})),
            changes=tuple(entry.change for entry in some),
        )
        found[hold.actor].append(wait)
    return {actor: some for actor, some in found.items() if some}


def by_cause(
    changes: Sequence[Change], causes: Mapping[Key, Cause]
) -> Mapping[Cause, Sequence[Change]]:
    """*changes* by their cause, in the order of `CAUSED`; causes of none are left out."""
    found = grouped(changes, lambda change: causes[change.key])
    return {cause: found[cause] for cause in CAUSED if cause in found}


def asked_first(plan: Plan, causes: Mapping[Key, Cause] | None) -> Plan:
    """*plan* with what is asked before all else, so that every list begins with it."""
    if causes is None:
        return plan
    rank = {cause: number for number, cause in enumerate(CAUSED)}

    def order(key: Key) -> int:
        return rank[causes[key]]

    return Plan(
        changes=tuple(sorted(plan.changes, key=lambda change: order(change.key))),
        held=tuple(sorted(plan.held, key=lambda entry: order(entry.change.key))),
        conflicts=tuple(sorted(plan.conflicts, key=lambda entry: order(entry.change.key))),
        unmanaged=tuple(sorted(plan.unmanaged, key=lambda entry: order(entry.resource.key))),
        refused=tuple(sorted(plan.refused, key=lambda entry: order(entry.change.key))),
    )


def by_domain(changes: Iterable[Change]) -> Sequence[tuple[DomainName, Sequence[Change]]]:
    """*changes* by the domain they are on; people, who are on none, come first under no name."""
    return sorted(grouped(changes, lambda change: domain_of(change.resource)).items())


def domain_of(resource: Resource) -> DomainName:
    """The domain that *resource* is on, or an empty name."""
    match resource:
        case User():
            return DomainName("")
        case Domain(name=name):
            return name
        case _:
            return resource.domain


def fault(check: Check, domain: DomainName) -> str:
    """What is wrong, who mends it if it is no record, and the server's words for the unknown."""
    wrong = what_is_wrong(check)
    said = wrong if record_for(check.name) else f"{wrong}: {what_to_do(check, domain)}"
    if wrong == what_is_wrong(replace(check, codes=())):
        said += "".join(f"; dimail says: {detail}" for detail in check.details)
    return said


def left_alone(entries: Iterable[Unmanaged]) -> Sequence[tuple[str, Sequence[Unmanaged]]]:
    """*entries* under titles with their numbers; accesses apart, for nobody misses them."""
    found = grouped(entries, lambda entry: entry.reason is Reason.EXTRA_ACCESS)
    titles = {
        False: "{:,} live, but in no file",
        True: "{:,} accesses that no file asks for: usual in dimail",
    }
    return [
        (title.format(len(found[is_access])), found[is_access])
        for is_access, title in titles.items()
        if is_access in found
    ]


def aside(entry: Unmanaged) -> str:
    """What there is to say of *entry* that is not true of all that is left alone."""
    for said in _SAID_OF_ALL:
        if entry.detail.startswith(said):
            return entry.detail.removeprefix(said).lstrip(" ")
    return entry.detail


def grouped(values: Iterable[_V], key: Callable[[_V], _K]) -> Mapping[_K, Sequence[_V]]:
    """*values* by their *key*, in the order in which the keys come first."""
    groups: dict[_K, list[_V]] = {}
    for value in values:
        found = key(value)
        if found in groups:
            groups[found].append(value)
        else:
            groups[found] = [value]
    return groups


def to_do(changes: Iterable[Change]) -> str:
    """`3 to create, 1 to change`."""
    actions = [change.action for change in changes]
    counts = {verb: actions.count(action) for verb, action in _COLUMNS.items()}
    return ", ".join(f"{count:,} to {verb}" for verb, count in counts.items() if count)


def is_removal(change: Change) -> bool:
    """Whether *change* takes away what no file asks for: a mailbox may be switched off instead."""
    action = change.action
    if action is Action.UPDATE:
        return change.place is None and change.fields == ("active",)
    return action is Action.DELETE


def removals_first(changes: Sequence[Change]) -> tuple[Sequence[Change], Sequence[Change]]:
    """The removals among *changes*, and the others."""
    found = grouped(changes, is_removal)
    return found.get(True, ()), found.get(False, ())


def table(plan: Plan) -> tuple[Sequence[str], Mapping[Kind, Sequence[int]]]:
    """
    How many of each kind are what: the names of the columns, and a row for each kind.

    What would be done has its columns always, all else where there is any.
    """
    done = grouped(plan.changes, lambda change: change.action)
    columns: dict[str, Iterable[Kind]] = {
        name: [kind_of(change.resource) for change in done.get(action, ())]
        for name, action in _COLUMNS.items()
    }
    others: dict[str, list[Kind]] = {
        "held": [entry.change.kind for entry in plan.held],
        "conflict": [entry.change.kind for entry in plan.conflicts],
        "refused": [entry.change.kind for entry in plan.refused],
    }
    columns |= {name: kinds for name, kinds in others.items() if kinds}
    counts = {name: Counter(kinds) for name, kinds in columns.items()}
    rows = {kind: [counts[name][kind] for name in columns] for kind in PLURALS}
    return tuple(columns), {kind: row for kind, row in rows.items() if any(row)}


_SAID_OF_ALL = ("live, but in no file", "an allow that no file asks for")
_COLUMNS = {"create": Action.CREATE, "change": Action.UPDATE, "remove": Action.DELETE}


def _cause(hold: Hold) -> tuple[Actor, HoldReason, str, object, DomainName | None]:
    domain = hold.domain if hold.actor is Actor.OWNER else None
    return hold.actor, hold.reason, hold.detail, hold.checks, domain
