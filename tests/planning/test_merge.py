"""The plans of all shards, together, are the plan of the whole run."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.errors import Place
from mailstate.model.resources import Kind, Role, user_key
from mailstate.planning.merge import UnlikeError, merge
from mailstate.planning.plan import Plan, Reason
from mailstate.planning.planner import plan
from mailstate.planning.selection import Selection, select
from tests.planning.examples import ANN, BEN, POLICY, A, B, alias, asked, desired, live, there
from tests.strategies import fewer, policies, prunings, worlds

SHARDS = 4
"""The two domains are then in the third and the fourth."""

TWO = desired(asked(A), asked(B))
STRAYS = live(
    there(A, *(alias(f"x{number}@y.test", "old") for number in range(6))),
    there(B, *(alias(f"x{number}@y.test", "old", domain=B) for number in range(6))),
)


def shards(state, of):
    """Give all parts of *state*."""
    return [select(state, Selection(shard=(which, of))) for which in range(1, of + 1)]


def in_parts(state, existing, policy, of=SHARDS):
    """Give the plan of each shard, as it is made without knowing of the others."""
    partly = replace(policy, within=frozenset())
    return [plan(part, existing, partly) for part in shards(state, of)]


def removing(**limits):
    """Give a policy that removes aliases."""
    return replace(POLICY, prune=frozenset({Kind.ALIAS}), **limits)


def removed(made):
    """Give what a plan removes."""
    return {change.key for change in made.changes if change.after is None}


@given(worlds(policy=policies | prunings), st.integers(1, 9), st.none() | st.integers(0, 4))
def test_the_plans_of_all_shards_make_the_whole_plan(world, of, allowed):
    """
    In the same order, and with the same words, whatever is removed and however many are allowed.
    """
    policy = replace(world.policy, removals_allowed=allowed)

    made = merge(in_parts(world.desired, world.live, policy, of), policy)

    assert plan(world.desired, world.live, policy) == made


@given(worlds(policy=prunings), st.integers(1, 9), st.none() | st.integers(0, 4))
@fewer
def test_what_shards_carry_out_of_the_whole_plan_is_the_whole_plan(world, of, allowed):
    """
    Each removes what the whole plan removes of its domains, and nothing else.
    """
    policy = replace(world.policy, removals_allowed=allowed)
    whole = plan(world.desired, world.live, policy)
    approved = replace(policy, within=frozenset(removed_by(whole)))

    parts = [plan(part, world.live, approved) for part in shards(world.desired, of)]

    assert {one.key for one in whole.changes} == {
        change.key for part in parts for change in part.changes
    }


def removed_by(made):
    """Give what a plan takes away though no file asks for that."""
    for change in made.changes:
        if change.after is None or (change.place is None and change.fields == ("active",)):
            yield change.key


@given(worlds(policy=prunings), st.integers(1, 9))
@fewer
def test_a_shard_that_knows_nothing_of_the_others_removes_nothing(world, of):
    """
    Whatever the limits are: all shards together might be over them.
    """
    for policy in (world.policy, replace(world.policy, max_removals=99, removals_allowed=1)):
        for made in in_parts(world.desired, world.live, policy, of):
            assert [] == list(removed_by(made))


@pytest.mark.parametrize(
    ("limits", "goes"),
    [
        ({"max_removals_percent": 100}, 0),
        ({"max_removals_percent": 100, "max_removals": 12}, 12),
        ({"max_removals_percent": 99, "max_removals": 12}, 0),
        ({"removals_allowed": 12}, 12),
        ({"removals_allowed": 6}, 0),
    ],
)
def test_the_limits_count_for_all_shards_together(limits, goes):
    """
    Six in each of two shards are twelve, and an override names them all.
    """
    policy = removing(**limits)

    parts = in_parts(TWO, STRAYS, policy)

    assert [0, 0, 6, 6] == [len(part.refused) for part in parts]
    assert goes == len(removed(merge(parts, policy)))


def test_a_shard_says_what_would_let_it_remove():
    """
    And of a share that is too much, which one.
    """
    one_too_many = live(there(A, alias("x@y.test", "old")), there(B))
    some = live(
        there(A, alias("x@y.test", "old"), *(alias(f"{n}@y.test", "info") for n in range(9)))
    )
    wanted = desired(asked(A, *(alias(f"{n}@y.test", "info") for n in range(9))))

    (too_much,) = in_parts(TWO, one_too_many, removing())[2].refused
    (unseen,) = in_parts(wanted, some, removing())[2].refused

    assert (
        Reason.TOO_MANY_REMOVALS,
        "1 of 1 alias entries of a.example, and at most 20 % are allowed",
    ) == (too_much.reason, too_much.detail)
    assert unseen.reason is Reason.PART_OF_A_RUN
    assert (
        "how much is removed in all is not seen from one shard: have `mailstate merge` make the "
        "plan of all shards, and apply that one with --shard"
    ) == unseen.detail


@pytest.mark.parametrize("count", [10, 11])
def test_a_plan_that_names_too_many_removals_lets_a_shard_make_none(count):
    """
    Whoever wrote it: the limit of the run holds for what the whole plan removes.
    """
    named = [alias(f"x{number}@y.test", "old").key for number in range(count)]
    policy = removing(max_removals_percent=100, within=frozenset(named))

    made = plan(select(TWO, Selection(shard=(3, 4))), STRAYS, policy)

    assert (6 if count == 10 else 0) == len(removed(made))


def test_a_user_whom_two_shards_need_is_created_once():
    """
    Each of the two would do it.
    """
    wanted = desired(asked(A), asked(B, roles={ANN: Role.OWNER, BEN: Role.OWNER}))
    parts = in_parts(wanted, live(there(A), there(B), users=("la_regie",)), POLICY)

    made = merge(parts, POLICY)

    counts = [sum(change.kind is Kind.USER for change in part.changes) for part in parts]
    assert [0, 0, 1, 2] == counts
    assert [user_key(ANN), user_key(BEN)] == [
        change.key for change in made.changes if change.kind is Kind.USER
    ]


PARTS = in_parts(TWO, live(there(A), users=("la_regie",)), POLICY)
KNOWN = next(change for change in PARTS[2].changes if change.kind is Kind.USER)


@pytest.mark.parametrize(
    ("other", "key"),
    [
        (PARTS[3], PARTS[3].changes[1].key),
        (
            Plan(changes=(replace(KNOWN, place=Place(file="x.yaml", line=1, column=1)),)),
            KNOWN.key,
        ),
    ],
    ids=["what is on a domain", "a user, otherwise"],
)
def test_what_only_one_shard_can_tell_is_not_told_by_two(other, key):
    """
    They are no parts of one plan then.
    """
    with pytest.raises(UnlikeError) as raised:
        merge([PARTS[2], PARTS[3], Plan(), other], POLICY)

    assert key == raised.value.key
    assert 3 == raised.value.shards[1]


@pytest.mark.parametrize("section", ["held", "conflicts", "refused", "unmanaged"])
def test_no_part_of_a_plan_is_told_twice(section):
    """
    Whichever it is.
    """
    told = {
        "held": in_parts(desired(asked(A, alias("x@y.test"))), live(), POLICY)[2],
        "conflicts": in_parts(TWO, live(there(A, delivery="relay")), POLICY)[2],
        "refused": in_parts(TWO, STRAYS, removing())[2],
        "unmanaged": in_parts(TWO, STRAYS, POLICY)[2],
    }[section]
    only = Plan(**{section: getattr(told, section)})

    assert getattr(only, section)
    with pytest.raises(UnlikeError):
        merge([only, only], POLICY)
