"""The order of a plan, and what a change needs before it can start."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    Key,
    Kind,
    Mailbox,
    User,
    access_key,
    domain_key,
    mailbox_key,
    user_id,
    user_key,
)
from mailstate.planning.plan import Action, Change

# dimail refuses an access whose user or domain does not exist yet (contract §6), and a mailbox
# without the right that an access gives (§7). Deletes go through the stages backwards, last.
STAGES = (Kind.USER, Kind.DOMAIN, Kind.ACCESS, Kind.MAILBOX, Kind.ALIAS)


def needs(change: Change, *, service_account: str) -> tuple[Key, ...]:
    """
    The addresses that must be done before *change*, where the plan holds them at all.

    The service account's access comes before what is done with its right; an alias comes after
    the mailbox that it leads to.
    """
    resource = change.resource
    match resource:
        case User() | Domain():
            return ()
        case Access(domain=domain, user=user):
            return (user_key(user), domain_key(domain))
        case Mailbox(domain=domain):
            return (domain_key(domain), access_key(domain, service_account))
        case Alias(domain=domain, destination=destination):
            right = access_key(domain, service_account)
            return (domain_key(domain), right, mailbox_key(destination))
    assert_never(resource)


def comes_after(changes: Sequence[Change]) -> Mapping[Key, tuple[Key, ...]]:
    """
    What each deletion among *changes* has to wait for besides.

    An alias is deleted once its address leads where it is to lead now, a mailbox once nothing
    leads to it any more: no mail is lost in between.
    """
    new: dict[str, list[Key]] = {}
    old: dict[Key, list[Key]] = {}
    for change in changes:
        match change:
            case Change(action=Action.CREATE, after=Alias() as alias):
                new.setdefault(alias.address.lower(), []).append(alias.key)
            case Change(action=Action.DELETE, before=Alias() as alias):
                old.setdefault(mailbox_key(alias.destination), []).append(alias.key)
            case _:
                pass
    waits: dict[Key, tuple[Key, ...]] = {}
    for change in changes:
        match change:
            case Change(action=Action.DELETE, before=Alias() as alias):
                waits[alias.key] = tuple(new.get(alias.address.lower(), ()))
            case Change(action=Action.DELETE, before=Mailbox() as mailbox):
                waits[mailbox.key] = tuple(old.get(mailbox.key, ()))
            case _:
                pass
    return waits


def order(change: Change, *, service_account: str) -> tuple[bool, int, bool, bool, Key]:
    """
    What a plan is sorted by: stage, the service account's accesses, updates, address.

    Updates come before creates, so that a display name is given up before it is taken again.
    """
    is_delete = change.action is Action.DELETE
    stage = STAGES.index(change.kind)
    resource = change.resource
    is_own = isinstance(resource, Access) and user_id(resource.user) == user_id(service_account)
    return (
        is_delete,
        -stage if is_delete else stage,
        not is_own,
        change.action is not Action.UPDATE,
        change.key,
    )
