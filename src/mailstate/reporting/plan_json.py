"""
A plan for machines, and back from a file.

The format is `schema/plan.schema.json`; within a major `format_version` keys are only added. Two
equal plans for one target give the same bytes: no time, no order of a server, no secret is in it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from mailstate import __version__
from mailstate.errors import Place
from mailstate.model.resources import Access, Alias, Domain, Key, Mailbox, Resource, User, kind_of
from mailstate.model.state import Check, DnsRecord
from mailstate.planning.causes import Cause
from mailstate.planning.checks import what_is_wrong, what_to_do
from mailstate.planning.plan import Blocked, Change, Held, Hold, Plan, Policy, Unmanaged

FORMAT_VERSION = "1.0"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """
    What a plan was made against and with: the server's URL, the policy, and the selection.

    `notify` has what is set about letters, which go out with what is made. Without a selection
    the plan is about every declared domain. `causes` says of each address why it is in the plan,
    if what the files asked for before is known.
    """

    target: str
    policy: Policy
    notify: Mapping[str, object] = field(default_factory=dict)
    selection: Mapping[str, object] | None = None
    causes: Mapping[Key, Cause] | None = None


def plan_document(plan: Plan, context: Context) -> dict[str, Any]:
    """*plan* as JSON values, in the order of the schema, `digest` last."""
    causes = context.causes or {}

    def entry(values: Json) -> Json:
        return {**values, "cause": causes.get(values["address"])}

    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "target": context.target,
        "policy": {
            "service_account": context.policy.service_account,
            "assume_enabled": context.policy.assume_enabled,
            "prune": sorted(context.policy.prune),
            "delete_mailboxes": context.policy.delete_mailboxes,
            "max_removals": context.policy.max_removals,
            "max_removals_percent": context.policy.max_removals_percent,
            "removals_allowed": context.policy.removals_allowed,
            "protected": list(context.policy.protected),
            "notify": dict(sorted(context.notify.items())),
        },
        "selection": dict(context.selection) if context.selection else None,
        "summary": dict(plan.summary()),
        "changes": [entry(change_entry(change)) for change in plan.changes],
        "held": [entry(_held_entry(held)) for held in plan.held],
        "conflicts": [entry(_blocked_entry(blocked)) for blocked in plan.conflicts],
        "unmanaged": [entry(_unmanaged_entry(unmanaged)) for unmanaged in plan.unmanaged],
        "refused": [entry(_blocked_entry(blocked)) for blocked in plan.refused],
    }
    document["digest"] = digest(document)
    return document


def plan_json(plan: Plan, context: Context) -> str:
    """*plan* as text: what `--format json` prints and `--out` writes."""
    return to_text(plan_document(plan, context))


def to_text(document: object) -> str:
    """
    *document* as indented JSON: printable ASCII only, so that no value plays tricks on a terminal.

    Nor on the runner of GitHub Actions, which takes `##[` for a command anywhere in a line.
    """
    return json.dumps(document, indent=2).replace("##[", r"#\u0023[") + "\n"


def digest(document: Json) -> str:
    """`sha256:…` over everything in *document* but its digest."""
    content = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


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


def _held_entry(entry: Held) -> Json:
    hold = entry.hold
    basis = change_entry(entry.change, reason=hold.reason.value, detail=hold.detail)
    return {**basis, **hold_values(hold)}


def _blocked_entry(entry: Blocked) -> Json:
    basis = change_entry(entry.change, reason=entry.reason.value, detail=entry.detail)
    return {**basis, "note": entry.change.note or None}


def _unmanaged_entry(entry: Unmanaged) -> Json:
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
