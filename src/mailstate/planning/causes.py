"""
Why each part of a plan is there: asked by the files' last changes, due from before, or drift.

*base* is what the files asked for before: at the revision that a pull request starts from.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import assert_never

from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    Key,
    Mailbox,
    Resource,
    Role,
    User,
    user_id,
)
from mailstate.model.state import DesiredState
from mailstate.planning.plan import Plan, Policy


class Cause(StrEnum):
    """
    Where a difference between files and dimail comes from.

    What the files ask of an object is its entry: all of its fields, and whether its domain is
    disabled; of a user or an access, whether it is wanted.
    """

    ASKED = "asked"
    """The entry is another one than in the base, or there is only one of the two."""
    DUE = "due"
    """The entry is as in the base, and dimail lacks the object: it was never made, or is gone."""
    DRIFT = "drift"
    """The entry is as in the base, or there never was one, and dimail has something else."""


def causes(
    plan: Plan, desired: DesiredState, base: DesiredState, policy: Policy
) -> Mapping[Key, Cause]:
    """
    The cause of each entry of *plan*, by its address; *plan* was made for *desired*.

    Where *desired* is a part of the files, the causes are those that the whole would have.
    """
    before = _entries(base, policy)
    now = _entries(desired, policy)
    found = {}
    for resource, is_there in _told(plan):
        if before(resource) != now(resource):
            found[resource.key] = Cause.ASKED
        else:
            found[resource.key] = Cause.DRIFT if is_there else Cause.DUE
    return found


def _told(plan: Plan) -> Iterator[tuple[Resource, bool]]:
    """Each object that *plan* tells of, and whether dimail has anything of it."""
    stopped = (entry.change for entry in (*plan.conflicts, *plan.refused))
    for change in (*plan.changes, *(entry.change for entry in plan.held), *stopped):
        yield change.resource, change.before is not None
    for entry in plan.unmanaged:
        yield entry.resource, True


def _entries(state: DesiredState, policy: Policy) -> Callable[[Resource], object]:
    """What *state* asks of an object: an entry to compare, or None."""
    users = {
        user
        for domain in state.domains.values()
        if not domain.disabled
        for user, role in domain.roles.items()
        if role is not Role.VIEWER
    }
    own = user_id(policy.service_account)

    def entry(resource: Resource) -> object:
        if isinstance(resource, User):
            return user_id(resource.name) in users
        name = resource.name if isinstance(resource, Domain) else resource.domain
        domain = state.domains.get(name)
        if domain is None:
            return None
        wanted: object
        match resource:
            case Domain():
                wanted = domain.domain
            case Access(user=user):
                role = domain.roles.get(user_id(user), Role.VIEWER)
                is_own = user_id(user) == own and not domain.disabled
                wanted = role is not Role.VIEWER or is_own or None
            case Mailbox(key=key):
                wanted = domain.mailboxes.get(key)
            case Alias(key=key):
                wanted = domain.aliases.get(key)
            case _:
                assert_never(resource)
        return None if wanted is None else (wanted, domain.disabled)

    return entry
