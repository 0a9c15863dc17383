"""What the text views say of resources, changes and holds."""

from mailstate.errors import Place
from mailstate.model.resources import Access, Alias, Domain, Mailbox, Resource, User
from mailstate.planning.plan import Action, Actor, Change, HoldReason
from mailstate.reporting.paint import Tone, visible

SIGN = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}
TONE = {Action.CREATE: Tone.CREATE, Action.UPDATE: Tone.UPDATE, Action.DELETE: Tone.DELETE}

HOLD = {
    HoldReason.DOMAIN_ABSENT: "not in dimail yet",
    HoldReason.DOMAIN_PENDING: "pending",
    HoldReason.ACTION_REQUIRED: "action required",
    HoldReason.FAILED: "failed",
    HoldReason.STATE_UNKNOWN: "state unknown",
    HoldReason.CHECK_FAILED: "could not be checked",
    HoldReason.ACCESS_MISSING: "not readable yet",
}

WHO_ACTS = {
    Actor.MAILSTATE: "nobody need act: the next apply looks again",
    Actor.OWNER: "an owner of the domain must act",
    Actor.OPERATOR: "the operator of dimail must act",
    Actor.MAINTAINER: "whoever keeps mailstate's settings must decide",
}


def described(resource: Resource) -> str:
    """What there is to say of *resource* beside its address, safe to print."""
    match resource:
        case User() | Access():
            return ""
        case Domain(features=features, context=context):
            on = ", ".join(sorted(features)) or "no features"
            return visible(f"{on}; OX context {context}" if context else on)
        case Mailbox(display_name=name, active=active):
            return visible((name or "") + (" (inactive)" if active is False else ""))
        case Alias(destination=destination):
            return visible(f"to {destination}")


def what_changes(change: Change) -> str:
    """The fields of an update with their values before and after; of a create, the resource."""
    if change.action is not Action.UPDATE:
        return visible(change.note) or described(change.resource)
    pairs = (
        f"{name}: {_shown(getattr(change.before, name))} -> {_shown(getattr(change.after, name))}"
        for name in change.fields
    )
    return visible("; ".join(pairs))


def written_at(place: Place | None) -> str:
    """`state/users.yaml:3`, or nothing."""
    return visible(f"{place.file}:{place.line}") if place else ""


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case frozenset():
            return ", ".join(sorted(map(str, value))) or "nothing"
        case _:
            return f'"{value}"'
