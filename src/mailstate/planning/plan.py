"""What a plan is made of: changes, and everything that is told instead of done."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mailstate.errors import Place
from mailstate.model.resources import DomainName, Key, Kind, Resource, kind_of
from mailstate.model.state import Check, DnsRecord


class Action(StrEnum):
    """What is done to a resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One difference between desired and live state, and the call that would mend it.

    `before` is the live resource (None for a create), `after` the desired one (None for a
    delete), `fields` what an update changes, `place` where the files ask for it. `note` says who
    is behind a uuid.
    """

    action: Action
    before: Resource | None
    after: Resource | None
    fields: tuple[str, ...] = ()
    place: Place | None = None
    note: str = ""

    @property
    def resource(self) -> Resource:
        """The resource as it is wanted, or, of a delete, as it is."""
        resource = self.after or self.before
        assert resource is not None, "a change has a before or an after"  # noqa: S101 - an invariant of the type
        return resource

    @property
    def key(self) -> Key:
        """The address of what is changed."""
        return self.resource.key

    @property
    def kind(self) -> Kind:
        """The kind of what is changed."""
        return kind_of(self.resource)


class HoldReason(StrEnum):
    """Why a change waits for its domain (design: holds)."""

    DOMAIN_ABSENT = "domain_absent"
    DOMAIN_PENDING = "domain_pending"
    ACTION_REQUIRED = "action_required"
    FAILED = "failed"
    STATE_UNKNOWN = "state_unknown"
    CHECK_FAILED = "check_failed"
    ACCESS_MISSING = "access_missing"
    OVERTAKEN = "overtaken"


class Actor(StrEnum):
    """Who must act before a held change can go ahead."""

    MAILSTATE = "mailstate"
    """Nobody: this run, or the next one, does it."""
    OWNER = "owner"
    """An owner of the domain: a DNS record is to be published."""
    OPERATOR = "operator"
    """The operator of dimail: a check of the provider's own set-up fails."""
    MAINTAINER = "maintainer"
    """Whoever keeps mailstate's settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why the changes of one domain wait, who must act, what fails, which records are missing."""

    domain: DomainName
    reason: HoldReason
    actor: Actor
    detail: str
    checks: tuple[Check, ...] = ()
    records: tuple[DnsRecord, ...] = ()


class Held(NamedTuple):
    """A change that is wanted, but not in this run."""

    change: Change
    hold: Hold


class Reason(StrEnum):
    """Why something is told instead of done."""

    CANNOT_CHANGE = "cannot_change"
    """dimail has no call that would mend this difference."""
    HALF_MADE = "half_made"
    """The mailbox exists in one of dimail's two stores only."""
    NOT_SUPPORTED = "not_supported"
    """This server cannot do what is asked."""
    NAME_TAKEN = "name_taken"
    """An unmanaged mailbox of the OX context has this display name."""
    MAILBOX_IN_THE_WAY = "mailbox_in_the_way"
    """A mailbox that no file declares has the address of the alias: its mail would go elsewhere."""
    DESTINATION_BLOCKED = "destination_blocked"
    """The mailbox that the alias leads to cannot be created now: mail would bounce."""
    UNREADABLE = "unreadable"
    """The account in use may not read the domain, and nothing may be done about it."""
    DOMAIN_DISABLED = "domain_disabled"
    """The files say that nothing on this domain may be created or changed."""
    NOT_IN_FILES = "not_in_files"
    """Live on a declared domain, but in no file."""
    EXTRA_ACCESS = "extra_access"
    """An allow that no file asks for: normal in dimail's life."""
    TOO_MANY_REMOVALS = "too_many_removals"
    """More removals than the limits allow, or than an override names."""
    PART_OF_A_RUN = "part_of_a_run"
    """A shard does not see how much is removed in all: the plan for all shards decides."""
    LAST_OWNER = "last_owner"
    """No owner that the files name has access yet."""
    OWN_ACCESS = "own_access"
    """The access of the account that mailstate runs as."""
    PROTECTED = "protected"
    """The settings protect it, or it is technical."""


class Blocked(NamedTuple):
    """A difference that is told and not mended: a conflict, or refused by a guard."""

    change: Change
    reason: Reason
    detail: str


class Unmanaged(NamedTuple):
    """Something live on a declared domain that is in no file: told, left alone."""

    resource: Resource
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    The ordered changes that take the live state to the desired state.

    `changes` and `held` together are the ceiling of an apply. No changes but some held means:
    nothing to do now, run again later.
    """

    changes: tuple[Change, ...] = ()
    held: tuple[Held, ...] = ()
    conflicts: tuple[Blocked, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
    refused: tuple[Blocked, ...] = ()

    def summary(self) -> Mapping[str, int]:
        """How many entries of each sort; creates, updates and deletes count changes only."""
        counts = dict.fromkeys(Action, 0)
        for change in self.changes:
            counts[change.action] += 1
        return {
            **{action.value: count for action, count in counts.items()},
            "held": len(self.held),
            "conflicts": len(self.conflicts),
            "unmanaged": len(self.unmanaged),
            "refused": len(self.refused),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    What steers a plan besides the two states.

    `service_account` is the dimail user that has an access to each domain, `account` the one in
    use if it is another. `assume_enabled` takes domains whose state the server does not tell for
    enabled. `prune` names the kinds of which the unmanaged are removed: mailboxes are switched
    off, or deleted with `delete_mailboxes`. More than `max_removals` in a run, or than
    `max_removals_percent` of a kind on a domain, are refused unless `removals_allowed` is the
    exact number. `protected` are patterns of addresses that are never removed.

    These limits count for a whole run. A shard is a part of one, and does not see how much the
    others remove: it removes nothing but what is `within`, the removals in the plan for all of
    them. None stands for a plan that is the whole run's.
    """

    service_account: str
    account: str = ""
    assume_enabled: bool = False
    prune: frozenset[Kind] = frozenset()
    delete_mailboxes: bool = False
    max_removals: int = 10
    max_removals_percent: int = 20
    removals_allowed: int | None = None
    protected: tuple[str, ...] = ()
    within: frozenset[Key] | None = None
