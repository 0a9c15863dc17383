"""What holds of every plan, whatever the files ask for and whatever dimail has."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    Key,
    Kind,
    Mailbox,
    Role,
    User,
    access_key,
    alias_key,
    mailbox_key,
    user_key,
)
from mailstate.model.state import DesiredState, DomainState, LiveDomain, LiveState
from mailstate.planning.diff import domain_fields, mailbox_fields
from mailstate.planning.plan import Action, HoldReason, Plan, Policy, Reason
from mailstate.planning.planner import needs_check, plan
from mailstate.planning.stages import needs
from tests.strategies import (
    SERVICE,
    as_desired,
    as_stored,
    desired_states,
    fewer,
    policies,
    shuffled,
    worlds,
)


def after(done: Plan, live: LiveState, state=DomainState.NEW):
    """Give *live* as it is once each change of *done* is carried out; new domains are *state*."""
    users, accesses, domains = dict(live.users), dict(live.accesses), dict(live.domains)
    for change in done.changes:
        match change.after:
            case User() as user:
                users[user.key] = user
            case Access() as access:
                accesses[access.key] = access
            case Domain() as domain:
                domains[domain.name] = LiveDomain(domain=domain, state=state)
            case Mailbox(domain=name) as mailbox:
                here = domains[name]
                stored = as_stored(mailbox, here.domain, tells_active=live.tells_active)
                domains[name] = replace(here, mailboxes={**here.mailboxes, mailbox.key: stored})
            case Alias(domain=name) as alias:
                here = domains[name]
                domains[name] = replace(here, aliases={**here.aliases, alias.key: alias})
            case None:
                _remove(change.before, accesses, domains)
    return replace(live, users=users, accesses=accesses, domains=domains)


def _remove(resource, accesses, domains):
    """Take away what a delete is about."""
    if isinstance(resource, Access):
        del accesses[resource.key]
        return
    here = domains[resource.domain]
    mailboxes, aliases = dict(here.mailboxes), dict(here.aliases)
    del (mailboxes if isinstance(resource, Mailbox) else aliases)[resource.key]
    domains[resource.domain] = replace(here, mailboxes=mailboxes, aliases=aliases)


def managers(domain):
    """Give the owners and administrators of a desired domain."""
    return [user for user, role in domain.roles.items() if role is not Role.VIEWER]


def differences(desired, live, policy):
    """List the address of each difference, naively, one domain and resource after the other."""
    for person in desired.people.values():
        is_wanted = any(
            person.user.key in map(user_key, managers(domain))
            for domain in desired.domains.values()
            if not domain.disabled
        )
        if is_wanted and person.user.key not in live.users:
            yield person.user.key
    for name, domain in desired.domains.items():
        here = live.domains.get(name)
        if here is None or domain_fields(here.domain, domain.domain):
            yield domain.domain.key
        own = [] if domain.disabled else [policy.service_account]
        for key in {access_key(name, user) for user in (*managers(domain), *own)}:
            if key not in live.accesses:
                yield key
        if here and not here.readable and domain.disabled:
            yield domain.domain.key
            continue
        for key, mailbox in domain.mailboxes.items():
            existing = here.mailboxes.get(key) if here else None
            if (
                existing is None
                or key in here.half_made
                or mailbox_fields(existing, mailbox)
                or (mailbox.active is False and not live.tells_active)
            ):
                yield key
        for key in domain.aliases:
            if here is None or key not in here.aliases:
                yield key


def entries(made):
    """Give each change of a plan, wherever it stands."""
    yield from made.changes
    for entry in (*made.held, *made.conflicts, *made.refused):
        yield entry.change


@given(desired_states(), policies)
@fewer
def test_what_is_as_asked_needs_no_change(desired, policy):
    """
    The plan of a state against itself has no entry at all.
    """
    enabled = replace(
        desired,
        domains={name: replace(domain, disabled=False) for name, domain in desired.domains.items()},
    )

    made = plan(enabled, as_desired(enabled, policy), policy)

    assert Plan() == made


@given(worlds(), st.sampled_from(DomainState).filter(lambda state: state is not DomainState.OK))
def test_a_second_run_finds_nothing_left_to_do(world, state):
    """
    Once every planned change is carried out, nothing is planned; what was told is told again.

    But for what the look at a new domain releases, where it tells no state and need not.
    """
    first = plan(world.desired, world.live, world.policy)

    again = plan(world.desired, after(first, world.live, state), world.policy)

    is_released = world.policy.assume_enabled and state is DomainState.UNTOLD
    waiting = {
        entry.change.key
        for entry in first.held
        if is_released and entry.hold.reason is HoldReason.DOMAIN_ABSENT
    }
    assert waiting == {change.key for change in again.changes}
    assert first.conflicts == again.conflicts
    assert first.refused == again.refused
    assert {entry.change.key for entry in again.held} <= {entry.change.key for entry in first.held}


@given(worlds())
@fewer
def test_nothing_is_ever_deleted(world):
    """
    Without pruning, what is in no file is left alone.
    """
    made = plan(world.desired, world.live, world.policy)

    assert {Action.CREATE, Action.UPDATE} >= {change.action for change in entries(made)}


@given(worlds())
def test_needs_come_first(world):
    """
    Whatever creates what a change needs stands before it, and is not held if it is not.
    """
    made = plan(world.desired, world.live, world.policy)

    created = {change.key for change in made.changes if change.action is Action.CREATE}
    waiting = {entry.change.key for entry in made.held if entry.change.action is Action.CREATE}
    done: set[Key] = set()
    for change in made.changes:
        wanted = needs(change, service_account=world.policy.service_account)
        assert created & set(wanted) <= done
        assert not waiting & set(wanted)
        done.add(change.key)


@given(worlds())
@fewer
def test_each_access_finds_its_user_and_domain(world):
    """
    A server refuses an access whose user or domain does not exist (contract §6).
    """
    made = plan(world.desired, world.live, world.policy)

    there = {*world.live.users, user_key(world.policy.service_account)}
    there |= {domain.domain.key for domain in world.live.domains.values()}
    for change in made.changes:
        if isinstance(change.after, Access):
            assert user_key(change.after.user) in there
            assert f"domain/{change.after.domain}" in there
        there.add(change.key)


@given(worlds(), st.data())
@fewer
def test_order_of_files_and_lists_means_nothing(world, data):
    """
    The same states written down or listed otherwise give an equal plan.
    """
    desired = DesiredState(
        people=data.draw(shuffled(world.desired.people)),
        domains={
            name: replace(
                domain,
                roles=data.draw(shuffled(domain.roles)),
                mailboxes=data.draw(shuffled(domain.mailboxes)),
                aliases=data.draw(shuffled(domain.aliases)),
            )
            for name, domain in data.draw(shuffled(world.desired.domains)).items()
        },
    )
    live = replace(
        world.live,
        users=data.draw(shuffled(world.live.users)),
        accesses=data.draw(shuffled(world.live.accesses)),
        domains={
            name: replace(
                domain,
                mailboxes=data.draw(shuffled(domain.mailboxes)),
                aliases=data.draw(shuffled(domain.aliases)),
            )
            for name, domain in data.draw(shuffled(world.live.domains)).items()
        },
    )

    assert plan(world.desired, world.live, world.policy) == plan(desired, live, world.policy)


@given(worlds())
@fewer
def test_nothing_is_done_on_a_disabled_domain(world):
    """
    What differs there is refused, or told as a conflict; nothing is planned or held.
    """
    made = plan(world.desired, world.live, world.policy)

    disabled = {name for name, domain in world.desired.domains.items() if domain.disabled}
    for change in (*made.changes, *(entry.change for entry in made.held)):
        assert _domain_of(change.resource) not in disabled
    for entry in made.refused:
        assert _domain_of(entry.change.resource) in disabled


def _domain_of(resource):
    """Give the domain of anything but a user, who has None."""
    return resource.name if isinstance(resource, Domain) else getattr(resource, "domain", None)


@given(worlds())
@fewer
def test_mailboxes_and_aliases_open_on_enabled_domains_only(world):
    """
    Enabled is what dimail says is ok; what it does not tell counts if the policy says so.
    """
    made = plan(world.desired, world.live, world.policy)

    for change in made.changes:
        if change.action is Action.CREATE and change.kind in {Kind.MAILBOX, Kind.ALIAS}:
            here = world.live.domains[_domain_of(change.resource)]
            assert here.readable
            assert here.state is DomainState.OK or (
                here.state is DomainState.UNTOLD and world.policy.assume_enabled
            )


@given(worlds())
@fewer
def test_each_held_change_says_why_and_who_must_act(world):
    """
    In words as well; the domain it waits for is one of the files.
    """
    made = plan(world.desired, world.live, world.policy)

    for entry in made.held:
        assert entry.hold.detail
        assert entry.hold.domain in world.desired.domains
        assert (entry.hold.reason is HoldReason.DOMAIN_ABSENT) == (
            entry.hold.domain not in world.live.domains
        )


@given(worlds())
def test_every_difference_is_accounted_for_exactly_once(world):
    """
    As a change, held, in conflict or refused; and nothing else is.
    """
    made = plan(world.desired, world.live, world.policy)

    assert Counter(differences(world.desired, world.live, world.policy)) == Counter(
        change.key for change in entries(made)
    )


@given(worlds())
@fewer
def test_what_is_in_no_file_is_told_and_what_is_in_one_is_not(world):
    """
    Unmanaged is exactly what is live on a declared domain and not asked for.
    """
    made = plan(world.desired, world.live, world.policy)

    expected = set()
    for name, here in world.live.domains.items():
        domain = world.desired.domains[name]
        expected |= set(here.mailboxes) - set(domain.mailboxes)
        expected |= set(here.aliases) - set(domain.aliases)
        asked = {access_key(name, user) for user in managers(domain)}
        asked.add(access_key(name, world.policy.service_account))
        expected |= {
            key for key, access in world.live.accesses.items() if access.domain == name
        } - asked
    told = [entry.resource.key for entry in made.unmanaged]
    assert sorted(expected) == told
    assert not expected & {change.key for change in entries(made)}


@given(worlds())
@fewer
def test_what_dimail_does_not_tell_is_no_difference(world):
    """
    An update names fields only that are told, and told otherwise than asked for; but names that
    were dropped come back with the mailbox that is switched on again.
    """
    made = plan(world.desired, world.live, world.policy)

    for change in made.changes:
        is_back = "active" in change.fields and getattr(change.after, "active", False)
        for name in change.fields:
            before, after = getattr(change.before, name), getattr(change.after, name)
            assert before != after
            assert before is not None or is_back
        assert bool(change.fields) == (change.action is Action.UPDATE)


@given(worlds())
@fewer
def test_viewers_never_create_anything(world):
    """
    With all viewers left out of the files, the same is done, held and told to stand in the way.
    """
    without = replace(
        world.desired,
        domains={
            name: replace(domain, roles={user: domain.roles[user] for user in managers(domain)})
            for name, domain in world.desired.domains.items()
        },
    )

    made = plan(world.desired, world.live, world.policy)

    assert replace(plan(without, world.live, world.policy), unmanaged=made.unmanaged) == made


@given(worlds())
def test_each_entry_shows_both_sides(world):
    """
    What dimail has under its address, and what the files ask for.
    """
    existing = [*world.live.users.values(), *world.live.accesses.values()]
    wanted = [person.user for person in world.desired.people.values()]
    for resources, state in ((existing, world.live), (wanted, world.desired)):
        for one in state.domains.values():
            resources += [one.domain, *one.mailboxes.values(), *one.aliases.values()]
    there, asked = ({one.key: one for one in side} for side in (existing, wanted))

    for change in entries(plan(world.desired, world.live, world.policy)):
        assert there.get(change.key) == change.before
        if change.kind is not Kind.ACCESS:  # the files ask for a role, by the person's name
            assert asked[change.key] == change.after


@given(worlds())
def test_no_address_comes_twice(world):
    """
    Changes and held changes have an address each: outcomes and approvals go by it.
    """
    made = plan(world.desired, world.live, world.policy)

    keys = [change.key for change in (*made.changes, *(entry.change for entry in made.held))]
    assert len(set(keys)) == len(keys)


@given(worlds())
@fewer
def test_an_alias_never_goes_ahead_of_the_mailbox_it_leads_to(world):
    """
    Where that mailbox is held the alias is, too, even if its own domain is enabled.
    """
    made = plan(world.desired, world.live, world.policy)

    held = {entry.change.key for entry in made.held if entry.change.action is Action.CREATE}
    for change in made.changes:
        if isinstance(change.after, Alias):
            assert mailbox_key(change.after.destination) not in held


@given(worlds())
@fewer
def test_an_alias_leads_to_no_mailbox_that_cannot_be_created(world):
    """
    Neither now nor later: it is in conflict, and nothing else is for that reason.
    """
    made = plan(world.desired, world.live, world.policy)

    stopped = {
        entry.change.key
        for entry in (*made.conflicts, *made.refused)
        if entry.change.action is Action.CREATE
    }
    for change in (*made.changes, *(entry.change for entry in made.held)):
        if isinstance(change.after, Alias):
            assert mailbox_key(change.after.destination) not in stopped
    for entry in made.conflicts:
        if entry.reason is Reason.DESTINATION_BLOCKED:
            assert isinstance(entry.change.after, Alias)
            assert mailbox_key(entry.change.after.destination) in stopped


@given(worlds())
@fewer
def test_addresses_are_those_of_the_resources(world):
    """
    An entry's address and kind follow from the resource, in lower case.
    """
    made = plan(world.desired, world.live, world.policy)

    for change in entries(made):
        match change.resource:
            case Mailbox(address=address):
                assert mailbox_key(address) == change.key
            case Alias(address=address, destination=destination):
                assert alias_key(address, destination) == change.key
            case _:
                pass
        assert change.key.startswith(f"{change.kind}/")
        assert change.place is not None


@given(worlds())
@fewer
def test_a_domain_is_checked_only_if_something_waits_for_it(world):
    """
    A check takes seconds. Where it is not known what the server can do, one too many is made.
    """
    policy = Policy(service_account=SERVICE)
    for name in world.live.domains:
        only = DesiredState(
            people=world.desired.people, domains={name: world.desired.domains[name]}
        )
        live = replace(
            world.live,
            domains={one: here for one, here in world.live.domains.items() if one == name},
        )
        asks = needs_check(world.desired, live.domains[name])

        assert asks >= bool(plan(only, live, policy).held)
        assert asks is bool(plan(only, replace(live, tells_active=True), policy).held)


@given(worlds())
@fewer
def test_the_summary_counts_the_entries(world):
    """
    Creates, updates and deletes add up to the changes; the rest counts itself.
    """
    made = plan(world.desired, world.live, world.policy)

    summary = made.summary()
    assert len(made.changes) == sum(summary[action.value] for action in Action)
    assert len(made.held) == summary["held"]
    assert len(made.conflicts) == summary["conflicts"]
    assert len(made.unmanaged) == summary["unmanaged"]
    assert len(made.refused) == summary["refused"]
