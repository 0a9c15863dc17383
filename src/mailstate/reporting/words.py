"""What the text views say of resources, changes and holds."""

import json
from collections.abc import Iterator
from typing import assert_never

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
    HoldReason.OVERTAKEN: "changed by somebody else",
}

WHO_ACTS = {
    Actor.MAILSTATE: "each apply looks again by itself",
    Actor.OWNER: "an owner of the domain must act",
    Actor.OPERATOR: "the operator of dimail must act",
    Actor.MAINTAINER: "whoever keeps mailstate's settings must decide",
}


_quoted = json.JSONEncoder(ensure_ascii=False).encode


def described(resource: Resource) -> str:
    """What there is to say of *resource* beside its address, safe to print."""
    match resource:
        case User() | Access() | Alias():
            return ""
        case Domain():
            return visible("; ".join(_of_domain(resource)))
        case Mailbox():
            return visible(", ".join(_of_mailbox(resource)))
    assert_never(resource)


def what_changes(change: Change) -> str:
    """The fields of an update with their values before and after; of a create, the resource."""
    if change.action is not Action.UPDATE:
        return visible(change.note) or described(change.resource)
    pairs = (
        f"{name}: {shown(getattr(change.before, name), unknown='not told')}"
        f" -> {shown(getattr(change.after, name))}"
        for name in change.fields
    )
    note = f" ({change.note})" if change.note else ""
    return visible("; ".join(pairs) + note)


def written_at(place: Place | None) -> str:
    """`state/users.yaml:3`, or nothing."""
    return visible(f"{place.file}:{place.line}") if place else ""


def shown(value: object, *, unknown: str = "none") -> str:
    """
    One *value* of a resource: text in quotes, so that none of it passes for words of ours.

    Not yet safe to print: `visible` comes after.
    """
    match value:
        case None:
            return unknown
        case bool():
            return "yes" if value else "no"
        case frozenset() | list():
            return ", ".join(sorted(map(str, value))) or "none"
        case _:
            return _quoted(value)


def _of_domain(domain: Domain) -> Iterator[str]:
    yield shown(domain.features) if domain.features else "no features"
    if domain.context is not None:
        yield f"OX context {shown(domain.context)}"
    if domain.delivery not in {None, "virtual"}:
        yield f"delivery {shown(domain.delivery)}"


def _of_mailbox(mailbox: Mailbox) -> Iterator[str]:
    names = [name for name in (mailbox.first_name, mailbox.last_name) if name is not None]
    if mailbox.display_name is not None:
        is_usual = not names or " ".join(names) == mailbox.display_name
        full = "" if is_usual else f" ({' '.join(map(shown, names))})"
        yield f"{shown(mailbox.display_name)}{full}"
    if mailbox.active is False:
        yield "inactive"
    elif mailbox.secondary_email is not None:
        yield f"confirmation to {shown(mailbox.secondary_email)}"
