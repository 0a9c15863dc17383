"""
`plan()`: what takes the live state to the desired state, and what is told instead.

A pure function: the same states and policy give an equal plan, in the same order. Each domain is
planned by itself; what concerns several (people, aliases that lead to another domain, display
names within an OX context) is settled before and after.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from unicodedata import normalize

from mailstate.errors import Place
from mailstate.model.resources import (
    Access,
    Alias,
    DomainName,
    Key,
    Mailbox,
    Resource,
    Role,
    UserId,
    access_key,
    user_id,
    user_key,
)
from mailstate.model.state import DesiredDomain, DesiredState, LiveDomain, LiveState
from mailstate.planning.aliases import awaited, hold_with_mailboxes, leading_nowhere
from mailstate.planning.diff import domain_fields, mailbox_fields
from mailstate.planning.difference import Compare, Difference, MailboxPair, difference
from mailstate.planning.holds import hold_on, waits_for_its_domain
from mailstate.planning.plan import (
    Action,
    Blocked,
    Change,
    Held,
    Plan,
    Policy,
    Reason,
    Unmanaged,
)
from mailstate.planning.removal import removals
from mailstate.planning.stages import order

_Name = tuple[str, str]
"""An OX context and a display name without case: what OX has only once."""


def plan(
    desired: DesiredState, live: LiveState, policy: Policy, *, compare: Compare = difference
) -> Plan:
    """
    Say all that makes *live* into *desired* under *policy*, and what stands against it.

    *compare* gives what `difference` gives, and may know it already.
    """
    differences = {
        name: compare(domain, live.domains.get(domain.domain.name))
        for name, domain in desired.domains.items()
    }
    run = _Run(
        desired=desired,
        live=live,
        policy=policy,
        taken=_names_of_unmanaged(desired, differences),
        own=user_id(policy.service_account),
        accesses_on=_by_domain(live.accesses.values()),
    )
    changes = list(run.users())
    held: list[Held] = []
    blocked: list[Blocked] = []
    refused: list[Blocked] = []
    unmanaged: list[Unmanaged] = []
    for name, domain in desired.domains.items():
        existing = live.domains.get(domain.domain.name)
        if run.is_as_wanted(domain, existing, differences[name]):
            continue
        unmanaged += run.unmanaged(domain, existing, differences[name])
        found, stopped = run.domain(domain, existing, differences[name])
        blocked += stopped
        if domain.disabled:
            refused += [
                Blocked(change=one, reason=Reason.DOMAIN_DISABLED, detail=_DISABLED)
                for one in found
            ]
            continue
        if not found:
            continue
        hold = hold_on(domain.domain.name, existing, assume_enabled=policy.assume_enabled)
        for change in found:
            if hold is not None and waits_for_its_domain(change):
                held.append(Held(change=change, hold=hold))
            else:
                changes.append(change)
    changes, also_held = hold_with_mailboxes(changes, held)
    held += also_held
    also_blocked = list(leading_nowhere(changes, held, (*blocked, *refused)))
    bouncing = {entry.change.key for entry in also_blocked}
    changes = [change for change in changes if change.key not in bouncing]
    held = [entry for entry in held if entry.change.key not in bouncing]
    blocked += also_blocked
    pruned = removals(desired, live, unmanaged, policy, awaited=awaited(held, blocked))
    changes += pruned.changes
    blocked += pruned.conflicts
    refused += pruned.refused

    def position(change: Change) -> tuple[bool, int, bool, bool, Key]:
        return order(change, service_account=policy.service_account)

    return Plan(
        changes=tuple(sorted(changes, key=position)),
        held=tuple(sorted(held, key=lambda entry: position(entry.change))),
        conflicts=tuple(sorted(blocked, key=lambda entry: position(entry.change))),
        unmanaged=tuple(sorted(pruned.left, key=lambda entry: entry.resource.key)),
        refused=tuple(sorted(refused, key=lambda entry: position(entry.change))),
    )


def needs_check(
    desired: DesiredState, existing: LiveDomain, *, compare: Compare = difference
) -> bool:
    """Whether something waits for the domain *existing*, which makes its checks worth asking."""
    name = existing.domain.name
    domain = desired.domains[name]
    people = {user: desired.people[user] for user in _managers(domain)}
    only = DesiredState(people=people, domains={name: domain})
    here = LiveState(domains={name: existing})
    return bool(plan(only, here, Policy(service_account=""), compare=compare).held)


def recheck(change: Change, live: LiveDomain) -> Change | Blocked | None:
    """
    Look at a held *change* again, now that its domain is enabled and read anew.

    Gives the change itself if it may be carried out as approved, None if there is nothing left
    to do, and why not if what dimail has is not what the plan saw.
    """
    match change.resource:
        case Mailbox(key=key) as wanted:
            existing = live.mailboxes.get(key)
            if key in live.half_made:
                return Blocked(change=change, reason=Reason.HALF_MADE, detail=_HALF_MADE)
            if existing is None:
                return change if change.action is Action.CREATE else _overtaken(change)
            fields = mailbox_fields(existing, wanted)
            if not fields:
                return None
            before = change.before
            approved = set(fields) <= set(change.fields) and all(
                getattr(before, name) == getattr(existing, name) for name in fields
            )
            return change if approved else _overtaken(change)
        case Alias(key=key):
            return None if key in live.aliases else change
        case _:
            return change


_DISABLED = "the files say `disabled: true`: nothing on this domain may be created or changed"
_HALF_MADE = (
    "dimail has half of this mailbox (status `broken`): have the operator remove or repair it; "
    "mailstate creates nothing over it"
)
_OVERTAKEN = "dimail has it otherwise than the plan saw: plan again"
_NO_DEACTIVATION = "this dimail knows no active and inactive mailboxes: it cannot switch one off"
_FIXED_DOMAIN = "dimail has no call to change a domain: correct the files, or ask the operator"
_IN_THE_WAY = (
    "a live mailbox that is in no file has this address, and its mail would go elsewhere: declare "
    "it, keep a copy by naming the address among the destinations, or have it removed first"
)
_UNREADABLE = (
    "the service account has no access to this domain, and none is made while it is disabled: "
    "what is on it cannot be compared"
)


def _overtaken(change: Change) -> Blocked:
    return Blocked(change=change, reason=Reason.CANNOT_CHANGE, detail=_OVERTAKEN)


class _Run(NamedTuple):
    """What every domain's planning looks at."""

    desired: DesiredState
    live: LiveState
    policy: Policy
    taken: Mapping[_Name, str]
    own: UserId
    accesses_on: Mapping[DomainName, Mapping[UserId, Access]]

    def users(self) -> Iterator[Change]:
        """Owners and administrators whom dimail does not know yet; viewers it never knows."""
        known = self.live.users
        missing = [user for user in self.desired.people if user_key(user) not in known]
        if not missing:
            return
        domains = self.desired.domains.values()
        wanted = {user for domain in domains if not domain.disabled for user in _managers(domain)}
        for user in missing:
            if user in wanted:
                person = self.desired.people[user]
                yield _create(person.user, person.place, note=person.handle)

    def is_as_wanted(
        self, desired: DesiredDomain, live: LiveDomain | None, differs: Difference
    ) -> bool:
        """Whether nothing is to be said of one domain, as of most: it is all that is asked then."""
        return (
            live is not None
            and live.readable
            and not any(differs)
            and self._accesses_on(desired).keys() == {*_managers(desired), self.own}
            and not domain_fields(live.domain, desired.domain)
        )

    def _accesses_on(self, desired: DesiredDomain) -> Mapping[UserId, Access]:
        return self.accesses_on.get(desired.domain.name, {})

    def domain(
        self, desired: DesiredDomain, live: LiveDomain | None, differs: Difference
    ) -> tuple[list[Change], list[Blocked]]:
        """What is to be changed for one domain, held or not, and what cannot be."""
        changes: list[Change] = []
        blocked: list[Blocked] = []
        if live is None:
            changes.append(_create(desired.domain, _place(desired)))
        elif fields := domain_fields(live.domain, desired.domain):
            change = Change(
                action=Action.UPDATE,
                before=live.domain,
                after=desired.domain,
                fields=fields,
                place=_place(desired),
            )
            blocked.append(
                Blocked(change=change, reason=Reason.CANNOT_CHANGE, detail=_FIXED_DOMAIN)
            )
        changes += self.accesses(desired)
        if live is not None and not live.readable and desired.disabled:
            change = Change(
                action=Action.UPDATE,
                before=live.domain,
                after=desired.domain,
                place=_place(desired),
            )
            blocked.append(Blocked(change=change, reason=Reason.UNREADABLE, detail=_UNREADABLE))
            return changes, blocked
        for pair in (*differs.mailboxes, *self.still_on(desired, live, differs)):
            found = self.mailbox(pair, desired, live)
            if isinstance(found, Change):
                changes.append(found)
            else:
                blocked.append(found)
        for missing in differs.aliases:
            change = _create(missing.alias, missing.place)
            if missing.in_the_way:
                reason = Reason.MAILBOX_IN_THE_WAY
                blocked.append(Blocked(change=change, reason=reason, detail=_IN_THE_WAY))
            else:
                changes.append(change)
        return changes, blocked

    def still_on(
        self, desired: DesiredDomain, live: LiveDomain | None, differs: Difference
    ) -> Iterator[MailboxPair]:
        """Mailboxes that are to be off, and are on for all that this server can tell."""
        if live is not None and not self.live.tells_active:
            for key in differs.off:
                yield MailboxPair(
                    before=live.mailboxes[key],
                    after=desired.mailboxes[key],
                    place=desired.places.get(key),
                )

    def accesses(self, desired: DesiredDomain) -> Iterator[Change]:
        """An allow for the service account and for each owner and administrator (contract §11)."""
        name = desired.domain.name
        there, managers = self._accesses_on(desired), _managers(desired)
        for user, role in managers.items():
            if user not in there:
                place = desired.places.get(access_key(name, user)) or _place(desired)
                access = Access(domain=name, user=self._user_name(user))
                yield _create(access, place, note=f"{self._handle(user)}, {role}")
        if not (desired.disabled or self.own in managers or self.own in there):
            own = Access(domain=name, user=self.policy.service_account)
            place = desired.places.get(own.key) or _place(desired)
            yield _create(own, place, note="the service account")

    def mailbox(
        self, pair: MailboxPair, domain: DesiredDomain, live: LiveDomain | None
    ) -> Change | Blocked:
        """The change that makes one mailbox as desired, or what stands against it."""
        existing, desired, place = pair.before, pair.after, pair.place
        if live and desired.key in live.half_made:
            change = Change(action=Action.CREATE, before=existing, after=desired, place=place)
            return Blocked(change=change, reason=Reason.HALF_MADE, detail=_HALF_MADE)
        stays_on = desired.active is False and not self.live.tells_active
        if existing is None:
            change = _create(desired, place)
        else:
            fields = mailbox_fields(existing, desired) or ("active",)
            change = Change(
                action=Action.UPDATE, before=existing, after=desired, fields=fields, place=place
            )
        if stays_on:
            return Blocked(change=change, reason=Reason.NOT_SUPPORTED, detail=_NO_DEACTIVATION)
        taken_by = self._name_taken_by(change, desired, domain)
        if taken_by is not None:
            detail = (
                f"{taken_by}, which is in no file, has this display name in the same OX context: "
                "choose another one"
            )
            return Blocked(change=change, reason=Reason.NAME_TAKEN, detail=detail)
        return change

    def unmanaged(
        self, desired: DesiredDomain, live: LiveDomain | None, differs: Difference
    ) -> Iterator[Unmanaged]:
        """What is live on one domain and in no file."""
        if live is None:
            return
        for mailbox in differs.extra_mailboxes:
            half = " (half-made: status `broken`)" if mailbox.key in live.half_made else ""
            detail = f"live, but in no file{half}"
            yield Unmanaged(resource=mailbox, reason=Reason.NOT_IN_FILES, detail=detail)
        for alias in differs.extra_aliases:
            detail = "live, but in no file"
            yield Unmanaged(resource=alias, reason=Reason.NOT_IN_FILES, detail=detail)
        managers = _managers(desired)
        for user, access in self._accesses_on(desired).items():
            if user not in managers and user != self.own:
                is_viewer = access.key in desired.places
                detail = (
                    "a viewer in the files, who needs no allow in dimail"
                    if is_viewer
                    else "an allow that no file asks for"
                )
                yield Unmanaged(resource=access, reason=Reason.EXTRA_ACCESS, detail=detail)

    def _user_name(self, user: UserId) -> str:
        """The name dimail has for *user*, or the one the files give."""
        known = self.live.users.get(user_key(user))
        return known.name if known else self.desired.people[user].user.name

    def _handle(self, user: UserId) -> str:
        return self.desired.people[user].handle

    def _name_taken_by(self, change: Change, mailbox: Mailbox, domain: DesiredDomain) -> str | None:
        """Who has the display name that *change* gives to *mailbox*; switching off gives none."""
        is_set = change.action is Action.CREATE or (
            mailbox.active is not False and {"display_name", "active"} & set(change.fields)
        )
        name = _ox_name(mailbox, domain) if is_set and self.taken else None
        return self.taken.get(name) if name else None


def _managers(domain: DesiredDomain) -> Mapping[UserId, Role]:
    """Owners and administrators of *domain*."""
    return {user: role for user, role in domain.roles.items() if role is not Role.VIEWER}


def _place(domain: DesiredDomain) -> Place | None:
    """Where *domain* is written."""
    return domain.places.get(domain.domain.key)


def _ox_name(mailbox: Mailbox, domain: DesiredDomain) -> _Name | None:
    """What OX has only once in a context (contract §7), or None where OX is not concerned."""
    if "webmail" not in domain.domain.features:
        return None
    if domain.domain.context is None or mailbox.display_name is None:
        return None
    return domain.domain.context, normalize("NFC", mailbox.display_name).casefold()


def _names_of_unmanaged(
    desired: DesiredState, differences: Mapping[DomainName, Difference]
) -> Mapping[_Name, str]:
    """The display names that mailboxes in no file hold in the OX contexts of the files."""
    taken: dict[_Name, str] = {}
    for name, domain in desired.domains.items():
        for mailbox in differences[name].extra_mailboxes:
            if (ox_name := _ox_name(mailbox, domain)) is not None:
                # Of several the first by name: servers list them in any order.
                taken[ox_name] = min(mailbox.address, taken.get(ox_name, mailbox.address))
    return taken


def _by_domain(accesses: Iterable[Access]) -> Mapping[DomainName, Mapping[UserId, Access]]:
    """Whose *accesses* there are on each domain."""
    found: dict[DomainName, dict[UserId, Access]] = {}
    for access in accesses:
        found.setdefault(access.domain, {})[user_id(access.user)] = access
    return found


def _create(resource: Resource, place: Place | None, *, note: str = "") -> Change:
    return Change(action=Action.CREATE, before=None, after=resource, place=place, note=note)
