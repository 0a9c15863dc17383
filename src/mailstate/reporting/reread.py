"""
A plan, as it was before it was written down: the other way of `plan_json`.

The document tells all of a plan but the columns of places, and is taken for sound
(`mailstate.reporting.saved`). What is made here gives the same document again, byte for byte.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from mailstate.errors import Place
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Key,
    Kind,
    Mailbox,
    Resource,
    User,
)
from mailstate.model.state import Check, DnsRecord
from mailstate.planning.causes import Cause
from mailstate.planning.plan import (
    Action,
    Actor,
    Blocked,
    Change,
    Held,
    Hold,
    HoldReason,
    Plan,
    Policy,
    Reason,
    Unmanaged,
)
from mailstate.reporting.plan_json import Context, Json

_T = TypeVar("_T")


def plan_of(document: Json) -> Plan:
    """The plan that *document* tells."""

    def section(name: str, read: Callable[[Json], _T]) -> tuple[_T, ...]:
        return tuple(map(read, document[name]))

    return Plan(
        changes=section("changes", change_of),
        held=section("held", _held),
        conflicts=section("conflicts", blocked_of),
        unmanaged=section("unmanaged", _unmanaged),
        refused=section("refused", blocked_of),
    )


def context_of(document: Json) -> Context:
    """What the plan of *document* was made against and with, and why each part is in it."""
    return Context(
        target=document["target"],
        policy=policy_of(document["policy"]),
        notify=document["policy"]["notify"],
        selection=document["selection"],
        causes=_causes(document) or None,
    )


def policy_of(values: Json) -> Policy:
    """The policy that *values* tell, without what is set about letters."""
    return Policy(
        service_account=values["service_account"],
        assume_enabled=values["assume_enabled"],
        prune=frozenset(map(Kind, values["prune"])),
        delete_mailboxes=values["delete_mailboxes"],
        max_removals=values["max_removals"],
        max_removals_percent=values["max_removals_percent"],
        removals_allowed=values["removals_allowed"],
        protected=tuple(values["protected"]),
    )


def change_of(entry: Json) -> Change:
    """The change that *entry* tells, with its detail as its note."""
    return _change(entry, note=entry["detail"])


def blocked_of(entry: Json) -> Blocked:
    """What *entry* tells instead of doing it."""
    return Blocked(
        change=_change(entry, note=entry["note"]),
        reason=Reason(entry["reason"]),
        detail=entry["detail"],
    )


def _change(entry: Json, *, note: str | None) -> Change:
    origin = entry["origin"]
    return Change(
        action=Action(entry["action"]),
        before=_resource(entry["kind"], entry["before"]),
        after=_resource(entry["kind"], entry["after"]),
        fields=tuple(entry["fields"]),
        place=Place(file=origin["file"], line=origin["line"], column=1) if origin else None,
        note=note or "",
    )


def _held(entry: Json) -> Held:
    hold = Hold(
        domain=DomainName(entry["domain"]),
        reason=HoldReason(entry["reason"]),
        actor=Actor(entry["actor"]),
        detail=entry["detail"] or "",
        checks=tuple(map(_check, entry["checks"])),
        records=tuple(DnsRecord(**record) for record in entry["records"]),
    )
    return Held(change=_change(entry, note=None), hold=hold)


def _check(values: Json) -> Check:
    return Check(
        name=values["name"],
        internal=values["internal"],
        codes=tuple(values["codes"]),
        details=tuple(values["details"]),
    )


def _unmanaged(entry: Json) -> Unmanaged:
    resource = _resource(entry["kind"], entry["before"])
    assert resource is not None, "what is unmanaged is there"  # noqa: S101 - of a sound document
    return Unmanaged(resource=resource, reason=Reason(entry["reason"]), detail=entry["detail"])


def _resource(kind: str, values: Mapping[str, Any] | None) -> Resource | None:
    if values is None:
        return None
    match Kind(kind):
        case Kind.USER:
            return User(**values)
        case Kind.DOMAIN:
            return Domain(**{**values, "features": frozenset(values["features"])})
        case Kind.ACCESS:
            return Access(**values)
        case Kind.MAILBOX:
            return Mailbox(**values)
        case Kind.ALIAS:
            return Alias(**values)


def _causes(document: Json) -> Mapping[Key, Cause]:
    return {
        Key(entry["address"]): Cause(entry["cause"])
        for entry in _entries(document)
        if entry["cause"] is not None
    }


def _entries(document: Json) -> Iterable[Json]:
    for section in ("changes", "held", "conflicts", "unmanaged", "refused"):
        yield from document[section]
