"""
What can be asked of dimail: users, domains, accesses, mailboxes, aliases.

A resource holds only what an operator can ask for. Live facts (states, checks) and places in
files live beside it, in `mailstate.model.state`. The same types stand on both sides of a diff;
a field that the server does not tell is `None` in a live resource, and then never a difference.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NewType, assert_never

DomainName = NewType("DomainName", str)
"""A domain in A-labels and lower case, as it is sent to dimail."""

Key = NewType("Key", str)
"""The address of a resource in plans, options and reports: `mailbox/jean@commune.example`."""

UserId = NewType("UserId", str)
"""A dimail user as it is compared: a uuid in its hyphened form, or the name itself."""


class Kind(StrEnum):
    """The kinds of resource, named as in addresses."""

    USER = "user"
    DOMAIN = "domain"
    ACCESS = "access"
    MAILBOX = "mailbox"
    ALIAS = "alias"


class Role(StrEnum):
    """What a person may do with a domain; dimail knows the first two alike, and no viewer."""

    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    VIEWER = "viewer"


_UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@lru_cache(maxsize=1 << 16)
def user_id(name: str) -> UserId:
    """The form in which *name* is compared: uuids without regard to hyphens and case."""
    if not _UUID.fullmatch(name):
        return UserId(name)
    digits = name.replace("-", "").lower()
    return UserId("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))


def user_key(name: str) -> Key:
    """The address of the dimail user *name*."""
    return Key(f"user/{user_id(name)}")


def domain_key(domain: DomainName) -> Key:
    """The address of *domain*."""
    return Key(f"domain/{domain}")


def access_key(domain: DomainName, user: str) -> Key:
    """The address of the access of the dimail user *user* to *domain*."""
    return Key(f"access/{domain}/{user_id(user)}")


def mailbox_key(address: str) -> Key:
    """The address of the mailbox *address*, compared without case."""
    return Key(f"mailbox/{address.lower()}")


def alias_key(address: str, destination: str) -> Key:
    """The address of the alias from *address* to *destination*, compared without case."""
    return Key(f"alias/{address.lower()}/{destination.lower()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A dimail user: the mirror of a person, or a service account. Its name is its identity."""

    name: str

    @property
    def key(self) -> Key:
        """`user/<uuid>`."""
        return user_key(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A mail domain. dimail has no call to change one: what differs is a conflict."""

    name: DomainName
    features: frozenset[str]
    context: str | None
    delivery: str | None

    @property
    def key(self) -> Key:
        """`domain/<domain>`."""
        return domain_key(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The dimail user `user` may manage `domain`."""

    domain: DomainName
    user: str

    @property
    def key(self) -> Key:
        """`access/<domain>/<user>`."""
        return access_key(self.domain, self.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mailbox. `secondary_email` is for the confirmation only: dimail never tells it."""

    domain: DomainName
    local_part: str
    first_name: str | None
    last_name: str | None
    display_name: str | None
    active: bool | None
    secondary_email: str | None = None

    @property
    def address(self) -> str:
        """`local_part@domain`, spelt as it is written (dimail may hold capitals)."""
        return f"{self.local_part}@{self.domain}"

    @property
    def key(self) -> Key:
        """`mailbox/<address>`, in lower case."""
        return mailbox_key(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One (address, destination) pair; an address may have many destinations."""

    domain: DomainName
    local_part: str
    destination: str

    @property
    def address(self) -> str:
        """`local_part@domain`, spelt as it is written."""
        return f"{self.local_part}@{self.domain}"

    @property
    def key(self) -> Key:
        """`alias/<address>/<destination>`, in lower case."""
        return alias_key(self.address, self.destination)


Resource = User | Domain | Access | Mailbox | Alias


def kind_of(resource: Resource) -> Kind:
    """The kind of *resource*, as in its address."""
    match resource:  # nearly all that there is are mailboxes
        case Mailbox():
            return Kind.MAILBOX
        case User():
            return Kind.USER
        case Domain():
            return Kind.DOMAIN
        case Access():
            return Kind.ACCESS
        case Alias():
            return Kind.ALIAS
    assert_never(resource)
