"""Which domains a run looks at: those that were asked for, and nothing lost between them."""

from collections import Counter
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.errors import Place, UsageError
from mailstate.model.resources import DomainName, Role
from mailstate.planning.plan import Plan
from mailstate.planning.planner import plan
from mailstate.planning.selection import Selection, select, selected
from tests.planning.examples import ANN, BEN, A, B, alias, asked, desired, mailbox
from tests.strategies import desired_states, fewer, policies, prunings, worlds

C = DomainName("c.test")
THREE = desired(asked(A), asked(B), asked(C))
MANY = desired(*(asked(DomainName(f"d{number}.example")) for number in range(200)))


def names(part):
    """Give the domains that are looked at."""
    return set(part.domains)


def shards(state, of):
    """Give all parts of *state*."""
    return [select(state, Selection(shard=(which, of))) for which in range(1, of + 1)]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("a.example",), {A}),
        (("A.Example",), {A}),
        (("*.example",), {A, B}),
        (("?.EXAMPLE", "c.test"), {A, B, C}),
        (("[ab].example",), {A, B}),
        (("[!a].*",), {B, C}),
        (("*",), {A, B, C}),
    ],
)
def test_only_is_a_pattern_of_whole_names_without_case(patterns, expected):
    """
    Several patterns add up.
    """
    assert expected == names(select(THREE, Selection(only=patterns)))


@pytest.mark.parametrize("pattern", ["example", "a.exampl", "*.org", "domain/a.example", ""])
def test_a_pattern_that_fits_nothing_is_a_mistake(pattern):
    """
    Even beside one that fits: it would look like nothing to do.
    """
    with pytest.raises(UsageError, match="no declared domain fits") as raised:
        select(THREE, Selection(only=("a.example", pattern)))

    assert f"--only {pattern}:" in raised.value.message
    assert "the pattern is matched with whole domain names, as in plans" == raised.value.hint


def test_people_stay_whatever_is_selected():
    """
    The domains that are left may need any of them.
    """
    assert THREE.people == select(THREE, Selection(only=("a.example",))).people


@given(desired_states())
@fewer
def test_without_options_all_is_looked_at(state):
    """
    And nothing is partial.
    """
    assert state == select(state, Selection())
    assert not Selection().is_partial


@pytest.mark.parametrize(
    "selection",
    [
        Selection(only=("*",)),
        Selection(changed_since="main"),
        Selection(shard=(1, 4)),
        Selection(shard=(1, 1)),
    ],
)
def test_any_option_makes_a_plan_partial(selection):
    """
    Also one that happens to leave nothing out.
    """
    assert selection.is_partial


def written_in(domain, file):
    """A domain that is written in a file of its own."""
    places = {key: Place(file=file, line=1, column=1) for key in domain.places}
    return replace(domain, places=places)


FILES = desired(
    written_in(asked(A), "state/a.yaml"),
    written_in(asked(B, mailbox("bob", B), roles={BEN: Role.VIEWER}), "state/b.yaml"),
)
FILES = replace(
    FILES,
    people={
        **FILES.people,
        BEN: replace(FILES.people[BEN], place=Place(file="state/ben.yaml", line=1, column=1)),
    },
)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (None, {A, B}),
        ((), set()),
        (("state/a.yaml",), {A}),
        (("state/b.yaml", "README.md"), {B}),
        (("state/a.yaml", "state/b.yaml"), {A, B}),
        (("state/users.yaml",), {A}),
        (("state/ben.yaml",), {B}),
        (("README.md",), set()),
    ],
)
def test_a_changed_file_selects_what_it_says_something_of(changed, expected):
    """
    A file of people selects the domains on which they have a role, even a viewer's.
    """
    assert "state/users.yaml" == FILES.people[ANN].place.file

    part = select(FILES, Selection(changed_since="main"), changed_files=changed)

    assert expected == names(part)


def test_one_line_in_another_file_is_enough():
    """
    A domain's aliases may be written elsewhere than the domain.
    """
    domain = written_in(asked(A, alias("x@y.test")), "state/a.yaml")
    key = alias("x@y.test").key
    places = {**domain.places, key: Place(file="state/more.yaml", line=1, column=1)}

    part = select(
        desired(replace(domain, places=places)),
        Selection(changed_since="main"),
        changed_files={"state/more.yaml"},
    )

    assert {A} == names(part)


def test_options_narrow_one_another():
    """
    Only what all of them select is looked at.
    """
    selection = Selection(only=("*.example",), changed_since="main", shard=(1, 1))

    assert {B} == names(select(FILES, selection, changed_files={"state/b.yaml"}))
    assert set() == names(
        select(FILES, selection._replace(only=("a.*",)), changed_files={"state/b.yaml"})
    )


@given(desired_states(), st.integers(1, 9))
@fewer
def test_shards_cut_the_domains_into_parts(state, of):
    """
    Each domain is in exactly one.
    """
    found = Counter(name for part in shards(state, of) for name in part.domains)

    assert dict.fromkeys(state.domains, 1) == found


@given(desired_states(), st.integers(1, 9))
@fewer
def test_what_concerns_several_domains_stays_in_one_shard(state, of):
    """
    The names of an OX context, and aliases that lead to another domain.
    """
    for part in shards(state, of):
        contexts = {domain.domain.context for domain in part.domains.values()}
        for name, domain in state.domains.items():
            assert (name in part.domains) >= (domain.domain.context in contexts)
            for one in domain.aliases.values():
                other = one.destination.partition("@")[2]
                if other in state.domains:
                    assert (name in part.domains) is (other in part.domains)


def test_shards_are_about_equal():
    """
    Two hundred domains, four parts.
    """
    assert all(35 <= len(part.domains) <= 65 for part in shards(MANY, 4))


def test_a_new_domain_moves_no_other():
    """
    The shard depends on the name alone, today and tomorrow.
    """
    more = replace(MANY, domains={**MANY.domains, A: asked(A)})

    for before, after in zip(shards(MANY, 4), shards(more, 4), strict=True):
        assert names(before) == names(after) - {A}
    assert [3, 4, 4] == [
        next(number for number, part in enumerate(shards(THREE, 4), 1) if name in part.domains)
        for name in (A, B, C)
    ]


def test_an_ox_context_links_its_domains_and_those_without_one_stand_alone():
    """
    Display names are compared within a context.
    """
    crowd = [DomainName(f"d{number}.example") for number in range(20)]

    def sizes(context):
        parts = shards(desired(*(asked(name, context=context) for name in crowd)), 4)
        return sorted(len(part.domains) for part in parts)

    assert [0, 0, 0, 20] == sizes("shared")
    assert 0 < sizes(None)[0]


def test_aliases_link_domains_in_chains():
    """
    However long, in whatever order, and around in a circle.
    """
    chain = [DomainName(f"d{number}.example") for number in range(20)]
    following = [*chain[1:], chain[0]]
    linked = desired(
        *(
            asked(name, alias(f"x@{other}", domain=name))
            for name, other in zip(chain, following, strict=True)
        )
    )

    assert [0, 0, 0, 20] == sorted(len(part.domains) for part in shards(linked, 4))


@given(worlds(policy=policies | prunings))
def test_the_plans_of_all_shards_together_are_the_whole_plan(world):
    """
    Nothing is lost between them, and nothing is said that the whole plan does not say.
    """
    policy = replace(world.policy, max_removals=999)
    whole = plan(world.desired, world.live, policy)

    parts = [plan(part, world.live, policy) for part in shards(world.desired, 4)]

    for field in fields(Plan):
        assert told(whole, field.name) == {one for part in parts for one in told(part, field.name)}


def told(made, section):
    """Give a section of a plan, without the numbers that a shard's own plan has."""
    entries = getattr(made, section)
    if section == "refused":
        return {entry._replace(detail="") for entry in entries}
    return set(entries)


def test_a_plan_says_what_was_selected():
    """
    The options as they were given, and how many domains of how many; nothing of a whole plan.
    """
    selection = Selection(only=("a.*",), changed_since="main", shard=(1, 4))
    part = select(THREE, Selection(only=("a.*",)))

    assert {
        "only": ["a.*"],
        "changed_since": "main",
        "shard": "1/4",
        "domains": 1,
        "declared": 3,
    } == selected(selection, desired=part, declared=THREE)
    assert selected(Selection(), desired=THREE, declared=THREE) is None


def test_a_plan_says_of_options_that_were_not_given_that_there_are_none():
    """
    Every key is there.
    """
    assert {"only": ["*"], "changed_since": None, "shard": None, "domains": 3, "declared": 3} == (
        selected(Selection(only=("*",)), desired=THREE, declared=THREE)
    )
