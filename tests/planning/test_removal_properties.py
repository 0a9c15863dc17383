"""What holds of removals, whatever the files ask for, whatever dimail has, whatever is allowed."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.resources import (
    Access,
    Alias,
    Kind,
    Mailbox,
    Role,
    access_key,
    user_id,
)
from mailstate.model.state import DomainState
from mailstate.planning.plan import Action, Plan, Reason
from mailstate.planning.planner import plan
from tests.planning.test_properties import after
from tests.strategies import REMOVABLE, World, fewer, policies, prunings, worlds

pruned_worlds = worlds(policy=prunings)
UNGUARDED = {
    "max_removals": 999,
    "max_removals_percent": 100,
    "removals_allowed": None,
    "protected": (),
}


def planned(world: World, **policy) -> Plan:
    """The plan of a world, under a policy that differs from its own."""
    return plan(world.desired, world.live, replace(world.policy, **policy))


def undone(made: Plan):
    """Give what a plan tells of changes that it does not make now."""
    return [
        *(entry.change for entry in made.held),
        *(entry.change for entry in (*made.conflicts, *made.refused)),
    ]


def is_removal(change, desired):
    """Whether a change takes away what no file asks for."""
    resource = change.resource
    if change.action is Action.DELETE:
        return True
    if isinstance(resource, Mailbox) and resource.active is False:
        return resource.key not in desired.domains[resource.domain].mailboxes
    return False


def removed(made: Plan, desired):
    """Give the removals that a plan makes."""
    return [change for change in made.changes if is_removal(change, desired)]


def strangers(world: World):
    """Give by key what is live on a declared domain and in no file, found naively."""
    found: dict[str, Access | Alias | Mailbox] = {}
    for name, here in world.live.domains.items():
        domain = world.desired.domains[name]
        found |= {key: one for key, one in here.mailboxes.items() if key not in domain.mailboxes}
        found |= {key: one for key, one in here.aliases.items() if key not in domain.aliases}
        asked = {access_key(name, world.policy.service_account)} | {
            access_key(name, user) for user, role in domain.roles.items() if role is not Role.VIEWER
        }
        found |= {
            key: one
            for key, one in world.live.accesses.items()
            if one.domain == name and key not in asked
        }
    return found


@given(pruned_worlds, st.sets(st.sampled_from(Kind)))
@fewer
def test_nothing_is_removed_unless_its_kind_is_named(world, kinds):
    """
    No deletion and no switching off, planned, refused or in conflict.
    """
    made = planned(world, prune=frozenset(kinds))

    found = {
        change.kind
        for change in (*made.changes, *undone(made))
        if is_removal(change, world.desired)
    }
    assert kinds & set(REMOVABLE) >= found


@given(worlds(policy=policies), st.data())
@fewer
def test_no_line_that_is_taken_out_of_a_file_removes_anything(world, data):
    """
    Whatever it asked for: without pruning there is no way from there to a removal.
    """
    domains = {}
    for name, domain in world.desired.domains.items():
        kept = data.draw(st.sets(st.sampled_from([*domain.mailboxes, *domain.aliases, name])))
        domains[name] = replace(
            domain,
            mailboxes={key: one for key, one in domain.mailboxes.items() if key in kept},
            aliases={key: one for key, one in domain.aliases.items() if key in kept},
        )
    without = replace(world.desired, domains=domains)

    made = plan(without, world.live, world.policy)

    assert not [change for change in (*made.changes, *undone(made)) if is_removal(change, without)]


@given(pruned_worlds)
@fewer
def test_only_strangers_are_removed(world):
    """
    What is live on a declared domain that is not disabled, and in no file.
    """
    made = planned(world, **UNGUARDED)

    there = strangers(world)
    for change in removed(made, world.desired):
        assert there[change.key] == change.before
        assert change.kind in world.policy.prune
        assert not world.desired.domains[there[change.key].domain].disabled
        assert change.after in {None, _off(change.before)}


def _off(resource):
    """Give a mailbox as it is once it is switched off."""
    return replace(resource, active=False) if isinstance(resource, Mailbox) else None


@given(pruned_worlds)
def test_every_stranger_is_accounted_for_exactly_once(world):
    """
    Removed, refused, in conflict, or told as unmanaged.
    """
    made = planned(world)

    told = Counter(
        [
            *(change.key for change in (*made.changes, *undone(made))),
            *(entry.resource.key for entry in made.unmanaged),
        ]
    )
    there = strangers(world)
    assert dict.fromkeys(there, 1) == {key: told[key] for key in there}
    assert {1} >= set(Counter(change.key for change in made.changes).values())


@given(pruned_worlds)
@fewer
def test_the_rest_of_the_plan_is_as_without_pruning(world):
    """
    Removals come on top; they alter nothing else.
    """
    made, without = planned(world), planned(world, prune=frozenset())

    others = [change for change in made.changes if not is_removal(change, world.desired)]
    assert list(without.changes) == others
    assert without.held == made.held
    assert set(without.unmanaged) >= set(made.unmanaged)


@given(pruned_worlds)
def test_every_removal_is_counted(world):
    """
    Of every kind: the limit of the run is that of all of them, one less refuses them all.
    """
    everything = removed(planned(world, **UNGUARDED), world.desired)
    if not everything:
        return

    exact = planned(world, **{**UNGUARDED, "max_removals": len(everything)})
    fewer_allowed = planned(world, **{**UNGUARDED, "max_removals": len(everything) - 1})

    assert everything == removed(exact, world.desired)
    assert [] == removed(fewer_allowed, world.desired)
    assert {change.key for change in everything} == {
        entry.change.key
        for entry in fewer_allowed.refused
        if entry.reason is Reason.TOO_MANY_REMOVALS
    }


@given(pruned_worlds, st.integers(0, 12))
@fewer
def test_only_the_exact_number_overrides_the_limits(world, number):
    """
    Any other removes nothing at all.
    """
    everything = removed(planned(world, **UNGUARDED), world.desired)
    strict = {**UNGUARDED, "max_removals": 0, "max_removals_percent": 0}

    made = planned(world, **{**strict, "removals_allowed": number})
    exact = planned(world, **{**strict, "removals_allowed": len(everything)})

    assert everything == removed(exact, world.desired)
    assert (everything if number == len(everything) else []) == removed(made, world.desired)


@given(pruned_worlds, st.sampled_from([0, 20, 50, 99, 100]))
@fewer
def test_no_more_than_the_share_of_a_kind_goes_from_a_domain(world, percent):
    """
    Counted naively: how many are there, how many go.
    """
    made = planned(world, **{**UNGUARDED, "max_removals_percent": percent})

    gone = Counter(
        (change.resource.domain, change.kind)
        for change in removed(made, world.desired)
        if isinstance(change.resource, Access | Alias | Mailbox)
    )
    for (name, kind), count in gone.items():
        here = world.live.domains[name]
        there = {
            Kind.MAILBOX: len(here.mailboxes),
            Kind.ALIAS: len(here.aliases),
            Kind.ACCESS: sum(one.domain == name for one in world.live.accesses.values()),
        }
        assert 100 * count <= percent * there[kind]


@given(pruned_worlds)
def test_no_domain_loses_its_owners(world):
    """
    An access goes only while an owner of the files has one already; the own one never goes.
    """
    made = planned(world, **UNGUARDED)

    own = {user_id(world.policy.service_account), user_id(world.policy.account)}
    for change in made.changes:
        if change.action is Action.DELETE and isinstance(change.before, Access):
            name = change.before.domain
            owners = {
                access_key(name, user)
                for user, role in world.desired.domains[name].roles.items()
                if role is Role.OWNER
            }
            assert owners & set(world.live.accesses)
            assert change.key not in owners
            assert user_id(change.before.user) not in own


@given(pruned_worlds)
@fewer
def test_half_made_mailboxes_are_left_alone(world):
    """
    And told.
    """
    made = planned(world, **UNGUARDED)

    half = {key for here in world.live.domains.values() for key in here.half_made}
    assert not half & {change.key for change in removed(made, world.desired)}
    told = {entry.resource.key for entry in made.unmanaged}
    assert half & set(strangers(world)) <= told


@given(pruned_worlds)
@fewer
def test_deletes_come_last_and_in_the_reverse_order_of_kinds(world):
    """
    Aliases, mailboxes, accesses.
    """
    made = planned(world, **UNGUARDED)

    actions = [change.action is Action.DELETE for change in made.changes]
    assert sorted(actions) == actions
    kinds = [change.kind for change in made.changes if change.action is Action.DELETE]
    order = [Kind.ALIAS, Kind.MAILBOX, Kind.ACCESS]
    assert sorted(kinds, key=order.index) == kinds


@given(pruned_worlds, st.sampled_from([DomainState.NEW, DomainState.BROKEN]))
def test_a_second_run_removes_only_what_the_first_one_told(world, state):
    """
    A guard may lift once an owner has access, a name be free once a mailbox is off: then no more.
    """
    policy = replace(world.policy, **UNGUARDED)
    first = plan(world.desired, world.live, policy)
    live = after(first, world.live, state)

    again = plan(world.desired, live, policy)

    blocked = {entry.change.key for entry in (*first.conflicts, *first.refused)}
    waiting = {entry.resource.key for entry in first.unmanaged}
    for change in again.changes:
        assert change.key in blocked | waiting
        if change.key in waiting:
            assert isinstance(change.resource, Alias)
    for _ in range(3):
        live = after(again, live, state)
        again = plan(world.desired, live, policy)
    assert () == again.changes
