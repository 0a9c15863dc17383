"""Why each part of a plan is there, when what the files asked for before is known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.resources import Kind, Role, user_id
from mailstate.model.state import DesiredState
from mailstate.planning.causes import Cause, causes
from mailstate.planning.plan import Action
from mailstate.planning.planner import plan
from mailstate.planning.selection import Selection, select
from tests.reporting.examples import (
    ALICE,
    BOB,
    POLICY,
    VILLE,
    alias,
    declared,
    domain,
    live,
    mailbox,
    people,
    states,
)
from tests.strategies import desired_states, fewer, policies, prunings, worlds

ADA, ADA_NOW = mailbox("ada", "Ada Martin"), mailbox("ada", "Ada Durand")


def caused(before, now, existing, *, policy=POLICY, **more):
    """Give the causes of what is planned for *now*, by address, *before* being the base."""
    desired, there = states(now, existing, **more)
    base = DesiredState(people=people(), domains={one.domain.name: one for one in before})
    found = causes(plan(desired, there, policy), desired, base, policy)
    return {str(key): cause.value for key, cause in found.items()}


MAILBOX = "mailbox/ada@commune.example"


@pytest.mark.parametrize(
    ("before", "now", "there", "expected"),
    [
        ([], [ADA], [], {MAILBOX: "asked"}),
        ([ADA], [ADA], [], {MAILBOX: "due"}),
        ([ADA], [ADA], [ADA_NOW], {MAILBOX: "drift"}),
        ([ADA_NOW], [ADA], [ADA_NOW], {MAILBOX: "asked"}),
        ([ADA_NOW], [ADA], [], {MAILBOX: "asked"}),
        ([ADA], [], [ADA], {MAILBOX: "asked"}),
        ([], [], [ADA], {MAILBOX: "drift"}),
        ([ADA], [ADA], [ADA], {}),
        (
            [alias("info", "a@x.example")],
            [alias("info", "a@x.example"), alias("info", "b@x.example")],
            [alias("info", "c@x.example")],
            {
                "alias/info@commune.example/a@x.example": "due",
                "alias/info@commune.example/b@x.example": "asked",
                "alias/info@commune.example/c@x.example": "drift",
            },
        ),
    ],
)
def test_a_cause_is_told_by_what_the_files_asked_before(before, now, there, expected):
    """
    Another entry is asked; the same one is due if dimail lacks it, and drift if it has another.
    """
    found = caused(
        [declared(domain(), *before)], [declared(domain(), *now)], [live(domain(), *there)]
    )

    assert expected == found


def test_all_of_a_new_domain_is_asked():
    """
    Its people, its accesses and the service account's access as well.
    """
    found = caused([], [declared(domain(), ADA, roles={user_id(BOB): Role.OWNER})], [])

    assert {
        f"user/{BOB}": "asked",
        "domain/commune.example": "asked",
        "access/commune.example/la_regie": "asked",
        f"access/commune.example/{BOB}": "asked",
        MAILBOX: "asked",
    } == found


def test_all_of_a_domain_that_was_never_made_is_due():
    """
    Somebody merged it before, and no apply has made it.
    """
    now = [declared(domain(), ADA, roles={user_id(BOB): Role.OWNER})]

    assert {"due"} == set(caused(now, now, []).values())


def test_a_domain_that_is_no_longer_disabled_asks_for_all_that_is_on_it():
    """
    Nothing else about it has changed, and yet it is this pull request that opens it.
    """
    before = [declared(domain(), ADA, disabled=True), declared(domain(VILLE))]
    now = [declared(domain(), ADA), declared(domain(VILLE))]
    found = caused(before, now, [live(domain()), live(domain(VILLE))])

    assert {MAILBOX: "asked", f"access/ville.example/{ALICE}": "due"} == found


def test_a_stranger_on_a_domain_that_is_disabled_now_was_asked_for_by_nobody():
    """
    Neither before nor now.
    """
    found = caused([declared(domain())], [declared(domain(), disabled=True)], [live(domain(), ADA)])

    assert {MAILBOX: "drift"} == found


def test_somebody_who_managed_a_disabled_domain_only_is_asked_for_now():
    """
    Nobody was to make him known to dimail before.
    """
    with_bob = {user_id(ALICE): Role.OWNER, user_id(BOB): Role.OWNER}
    before = [declared(domain(), roles=with_bob, disabled=True)]
    found = caused(before, [declared(domain(), roles=with_bob)], [live(domain())])

    assert {f"user/{BOB}": "asked", f"access/commune.example/{BOB}": "asked"} == found


def test_somebody_whom_another_domain_wanted_before_is_due():
    """
    Whether that domain is looked at or not: a part of the files has the causes of the whole.
    """
    with_bob = {user_id(ALICE): Role.OWNER, user_id(BOB): Role.OWNER}
    before = [declared(domain()), declared(domain(VILLE), roles=with_bob)]
    found = caused(before, [declared(domain(), roles=with_bob)], [live(domain())])

    assert {f"user/{BOB}": "due", f"access/commune.example/{BOB}": "asked"} == found


@given(worlds(policy=policies), desired_states(), st.integers(1, 4))
@fewer
def test_a_shard_has_the_causes_of_the_whole(world, base, of):
    """
    So that their plans, with causes, make the whole plan.
    """
    desired, policy = world.desired, world.policy
    whole = causes(plan(desired, world.live, policy), desired, base, policy)
    parts = [select(desired, Selection(shard=(which, of))) for which in range(1, of + 1)]

    found = [causes(plan(part, world.live, policy), part, base, policy) for part in parts]

    assert whole == {key: cause for part in found for key, cause in part.items()}
    assert all(part.items() <= whole.items() for part in found)


def test_an_access_is_asked_where_the_role_comes_to_need_one():
    """
    Dimail knows owners and administrators alike, and no viewers.
    """

    def with_bob(role):
        return [declared(domain(), roles={user_id(ALICE): Role.OWNER, user_id(BOB): role})]

    there = [live(domain())]
    without_bob = [declared(domain(), roles={user_id(ALICE): Role.OWNER})]
    access, user = f"access/commune.example/{BOB}", f"user/{BOB}"
    for before in (without_bob, with_bob(Role.VIEWER)):
        assert {access: "asked", user: "asked"} == caused(before, with_bob(Role.OWNER), there)
    assert {access: "due", user: "due"} == caused(
        with_bob(Role.ADMINISTRATOR), with_bob(Role.OWNER), there
    )
    assert {access: "asked"} == caused(
        with_bob(Role.OWNER), with_bob(Role.VIEWER), there, strangers=(BOB,)
    )


def test_what_is_removed_is_asked_if_the_files_had_it_and_drift_else():
    """
    Pruning removes both.
    """
    policy = replace(POLICY, prune=frozenset({Kind.ALIAS}), max_removals_percent=100)
    old, strange = alias("old", "a@x.example"), alias("strange", "a@x.example")
    found = caused(
        [declared(domain(), old)],
        [declared(domain())],
        [live(domain(), old, strange)],
        policy=policy,
    )

    assert {old.key: "asked", strange.key: "drift"} == found


def test_conflicts_and_refusals_have_causes_too():
    """
    Another context was asked for here; the mailbox on a disabled domain was so before.
    """
    before = [
        declared(domain()),
        declared(domain(VILLE), mailbox("eve", "Ève", VILLE), disabled=True),
    ]
    now = [declared(domain(context="other.example")), *before[1:]]
    found = caused(before, now, [live(domain()), live(domain(VILLE))])

    assert {
        "domain/commune.example": "asked",
        "mailbox/eve@ville.example": "due",
        f"access/ville.example/{ALICE}": "due",
    } == found


@given(worlds(policy=st.one_of(policies, prunings)), desired_states())
def test_each_entry_of_a_plan_has_its_cause(world, base):
    """
    No other address has one. With the same files before nothing is asked, with none all that is
    created is.
    """
    desired, policy = world.desired, world.policy
    made = plan(desired, world.live, policy)
    changes = [*made.changes, *(entry.change for entry in made.held)]
    changes += [entry.change for entry in (*made.conflicts, *made.refused)]
    told = {*(change.key for change in changes), *(one.resource.key for one in made.unmanaged)}

    assert told == set(causes(made, desired, base, policy))
    assert Cause.ASKED not in causes(made, desired, desired, policy).values()
    of_nothing = causes(made, desired, DesiredState(), policy)
    created = [change.key for change in changes if change.action is Action.CREATE]
    assert [Cause.ASKED] * len(created) == [of_nothing[key] for key in created]
