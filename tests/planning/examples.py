"""One domain with one of each: the ground on which the named examples stand."""

from dataclasses import replace

from mailstate.errors import Place
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Mailbox,
    Role,
    User,
    user_id,
)
from mailstate.model.state import DesiredDomain, DesiredState, DomainState, LiveDomain, LiveState
from mailstate.planning.plan import Policy
from mailstate.planning.planner import plan
from tests.strategies import EVERYTHING, SERVICE, UUIDS, person

A = DomainName("a.example")
B = DomainName("b.example")
ANN, BEN = map(user_id, UUIDS[:2])
POLICY = Policy(service_account=SERVICE)


def place(line):
    """A place in the files."""
    return Place(file="state/a.yaml", line=line, column=5)


def mailbox(local_part="ada", domain=A, **fields):
    """A mailbox as the files ask for it."""
    values = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "display_name": "Ada Lovelace",
        "active": True,
        **fields,
    }
    return Mailbox(domain=domain, local_part=local_part, **values)


def alias(destination, local_part="info", domain=A):
    """An alias as the files ask for it."""
    return Alias(domain=domain, local_part=local_part, destination=destination)


def asked(name=A, *resources, roles=None, disabled=False, **fields):
    """A domain as the files ask for it, with *resources* on it."""
    values = {"features": EVERYTHING, "context": str(name), "delivery": "virtual", **fields}
    domain = Domain(name=name, **values)
    who = {ANN: Role.OWNER} if roles is None else roles
    keys = [domain.key, *(Access(domain=name, user=user).key for user in who)]
    keys += [resource.key for resource in resources]
    return DesiredDomain(
        domain=domain,
        roles=who,
        mailboxes={one.key: one for one in resources if isinstance(one, Mailbox)},
        aliases={one.key: one for one in resources if isinstance(one, Alias)},
        disabled=disabled,
        places={key: place(line) for line, key in enumerate(keys, 1)},
    )


def desired(*domains):
    """All that the files ask for: *domains*, and Ann and Ben."""
    return DesiredState(
        people={ANN: person(0, "ann"), BEN: person(1, "ben")},
        domains={one.domain.name: one for one in domains},
    )


def there(name=A, *resources, state=DomainState.OK, half_made=frozenset(), **fields):
    """A domain as dimail has it, with *resources* on it."""
    names = {"features", "context", "delivery"}
    return LiveDomain(
        domain=asked(name, **{key: fields.pop(key) for key in names & set(fields)}).domain,
        state=state,
        mailboxes={one.key: one for one in resources if isinstance(one, Mailbox)},
        aliases={one.key: one for one in resources if isinstance(one, Alias)},
        half_made=half_made,
        **fields,
    )


def live(*domains, users=(SERVICE, ANN, BEN), extra=(), own=True, tells_active=True):
    """All that dimail has: *domains*, managed by Ann and the service account."""
    accesses = [
        Access(domain=one.domain.name, user=user)
        for one in domains
        for user in ([SERVICE] if own and one.readable else []) + [ANN]
    ]
    known = [User(name=name) for name in users]
    return LiveState(
        users={user.key: user for user in known},
        accesses={access.key: access for access in (*accesses, *extra)},
        domains={one.domain.name: one for one in domains},
        tells_active=tells_active,
    )


def planned(wanted, existing, **policy):
    """The plan that makes *existing* into *wanted*."""
    return plan(wanted, existing, replace(POLICY, **policy))


def lines(changes):
    """Changes as short lines, in their order."""
    return [f"{change.action} {change.key}" for change in changes]
