"""The entries of a plan as JSON values, one by one."""

from collections.abc import Mapping
from typing import Any, assert_never

from mailstate.errors import Place
from mailstate.model.resources import Access, Alias, Domain, Mailbox, Resource, User, kind_of
from mailstate.model.state import Check, DnsRecord
from mailstate.planning.checks import what_is_wrong, what_to_do
from mailstate.planning.plan import Blocked, Change, Held, Hold, Unmanaged

Json = Mapping[str, Any]


def change_entry(change: Change, *, reason: str | None = None, detail: str | None = None) -> Json:
    """One change as an entry: every key is there, null where there is nothing."""
    return {
        "address": change.key,
        "kind": change.kind.value,
        "action": change.action.value,
        "before": resource_values(change.before),
        "after": resource_values(change.after),
        "fields": list(change.fields),
        "reason": reason,
        "detail": detail or change.note or None,
        "origin": _origin(change.place),
        "cause": None,
    }


def hold_values(hold: Hold | None) -> Json:
    """The keys that a held entry has besides those of every entry."""
    return {
        "domain": hold.domain if hold else None,
        "actor": hold.actor.value if hold else None,
        "checks": [_check(check, hold) for check in hold.checks] if hold else None,
        "records": [record_values(record) for record in hold.records] if hold else None,
    }


def record_values(record: DnsRecord) -> Json:
    """A DNS record to publish; `target` is relative to the domain."""
    return {"target": record.target, "type": record.type, "value": record.value}


def resource_values(resource: Resource | None) -> Json | None:
    """What the files can ask of *resource*, under the names they have there."""
    match resource:
        case None:
            return None
        case User(name=name):
            return {"name": name}
        case Domain(name=name, features=features, context=context, delivery=delivery):
            return {
                "name": name,
                "features": sorted(features),
                "context": context,
                "delivery": delivery,
            }
        case Access(domain=domain, user=user):
            return {"domain": domain, "user": user}
        case Mailbox():
            return {
                "domain": resource.domain,
                "local_part": resource.local_part,
                "first_name": resource.first_name,
                "last_name": resource.last_name,
                "display_name": resource.display_name,
                "active": resource.active,
                "secondary_email": resource.secondary_email,
            }
        case Alias(domain=domain, local_part=local_part, destination=destination):
            return {"domain": domain, "local_part": local_part, "destination": destination}
    assert_never(resource)


def held_entry(entry: Held) -> Json:
    """A change that waits, and what for."""
    hold = entry.hold
    basis = change_entry(entry.change, reason=hold.reason.value, detail=hold.detail)
    return {**basis, **hold_values(hold)}


def blocked_entry(entry: Blocked) -> Json:
    """A change that is not made, and why."""
    basis = change_entry(entry.change, reason=entry.reason.value, detail=entry.detail)
    return {**basis, "note": entry.change.note or None}


def unmanaged_entry(entry: Unmanaged) -> Json:
    """What is left alone, and why."""
    return {
        "address": entry.resource.key,
        "kind": kind_of(entry.resource).value,
        "action": None,
        "before": resource_values(entry.resource),
        "after": None,
        "fields": [],
        "reason": entry.reason.value,
        "detail": entry.detail,
        "origin": None,
        "cause": None,
    }


def _check(check: Check, hold: Hold) -> Json:
    return {
        "name": check.name,
        "internal": check.internal,
        "codes": list(check.codes),
        "problem": what_is_wrong(check),
        "remedy": what_to_do(check, hold.domain),
        "details": list(check.details),
    }


def _origin(place: Place | None) -> Json | None:
    return {"file": place.file, "line": place.line} if place else None
