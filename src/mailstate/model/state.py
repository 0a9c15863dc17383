"""The two sides of a diff: what the files ask for, and what dimail has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mailstate.errors import Place
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Key,
    Mailbox,
    Resource,
    Role,
    User,
    UserId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody the files know: `handle` names them there, `user` in dimail."""

    handle: str
    user: User
    email: str | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredDomain:
    """
    One domain as the files ask for it, with all that lives on it.

    `roles` has every person with a role, viewers and owners alike; `places` says where the
    domain, each role (by access key), each mailbox and each alias is written.
    """

    domain: Domain
    roles: Mapping[UserId, Role]
    mailboxes: Mapping[Key, Mailbox] = field(default_factory=dict)
    aliases: Mapping[Key, Alias] = field(default_factory=dict)
    disabled: bool = False
    support_email: str | None = None
    places: Mapping[Key, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """What the files ask for."""

    people: Mapping[UserId, Person] = field(default_factory=dict)
    domains: Mapping[DomainName, DesiredDomain] = field(default_factory=dict)


class DomainState(StrEnum):
    """
    How far dimail is with a domain (contract §5.2).

    `OTHER` is a state this client has never heard of, `UNTOLD` a server that tells none.
    """

    OK = "ok"
    NEW = "new"
    BROKEN = "broken"
    OTHER = "other"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of a domain that failed: its name, and the server's codes and prose."""

    name: str
    internal: bool
    codes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """A DNS record to publish: *target* relative to the domain, empty at its top."""

    target: str
    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDomain:
    """
    One domain as dimail has it, with all that lives on it.

    `failing` holds the failing checks of the last look; `check_error` says why there was none.
    `readable` is false while the account in use has no access to its mailboxes: what is there is
    then unknown, not absent. `half_made` mailboxes exist in one of the server's two stores only.
    """

    domain: Domain
    state: DomainState
    failing: tuple[Check, ...] = ()
    check_error: str | None = None
    readable: bool = True
    mailboxes: Mapping[Key, Mailbox] = field(default_factory=dict)
    half_made: frozenset[Key] = frozenset()
    aliases: Mapping[Key, Alias] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """
    What dimail has: all users, and the declared domains that exist.

    `accesses` covers the declared domains. `tells_active` is false where the server knows no
    active and inactive mailboxes, so that none can be switched off.
    """

    users: Mapping[Key, User] = field(default_factory=dict)
    accesses: Mapping[Key, Access] = field(default_factory=dict)
    domains: Mapping[DomainName, LiveDomain] = field(default_factory=dict)
    tells_active: bool = True


class Found(NamedTuple):
    """
    What a read-back found. A half-made mailbox exists in one of dimail's two stores only.

    Fields that the server does not tell are `None` in `resource`.
    """

    resource: Resource
    half_made: bool = False
