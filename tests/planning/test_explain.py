"""One address, whole: a verdict and a next step for each state it can be in."""

import pytest
from hypothesis import given

from mailstate.model.resources import Access, Key, Role, access_key
from mailstate.model.state import DomainState
from mailstate.planning.explain import explain
from mailstate.planning.plan import HoldReason
from mailstate.planning.planner import plan
from tests.planning.examples import (
    ANN,
    BEN,
    POLICY,
    A,
    B,
    alias,
    asked,
    desired,
    live,
    mailbox,
    place,
    there,
)
from tests.strategies import EXTERNAL, INTERNAL, SERVICE, fewer, worlds


def explained(key, wanted, existing, policy=POLICY):
    """Give all there is to say about *key*."""
    return explain(Key(key), wanted, existing, plan(wanted, existing, policy), policy)


def test_a_planned_create():
    """
    Written, not live, carried out by the next apply.
    """
    found = explained("mailbox/ada@a.example", desired(asked(A, mailbox())), live(there(A)))

    assert found.is_known
    assert (mailbox(), None, place(3)) == (found.desired, found.live, found.place)
    assert "planned: create" == found.verdict
    assert "`mailstate apply` carries it out" == found.next_step


def test_a_planned_update_names_its_fields():
    """
    With both sides.
    """
    old = mailbox("Ada", first_name="Augusta", display_name="Augusta")

    found = explained("mailbox/ada@a.example", desired(asked(A, mailbox())), live(there(A, old)))

    assert (mailbox(), old) == (found.desired, found.live)
    assert "planned: update (first_name, display_name)" == found.verdict


HOLDS = {
    HoldReason.DOMAIN_ABSENT: None,
    HoldReason.DOMAIN_PENDING: there(A, state=DomainState.NEW),
    HoldReason.ACTION_REQUIRED: there(A, state=DomainState.BROKEN, failing=(EXTERNAL, INTERNAL)),
    HoldReason.FAILED: there(A, state=DomainState.BROKEN, failing=(INTERNAL,)),
    HoldReason.STATE_UNKNOWN: there(A, state=DomainState.UNTOLD),
    HoldReason.CHECK_FAILED: there(A, state=DomainState.NEW, check_error="timed out"),
    HoldReason.ACCESS_MISSING: there(A, readable=False),
}
STEPS = {
    HoldReason.DOMAIN_ABSENT: "nothing to do by hand: the next apply looks again",
    HoldReason.DOMAIN_PENDING: "nothing to do by hand: the next apply looks again",
    HoldReason.ACTION_REQUIRED: "an owner of the domain acts; the next apply looks again",
    HoldReason.FAILED: "the operator of dimail acts; the next apply looks again",
    HoldReason.STATE_UNKNOWN: "whoever keeps mailstate's settings decides",
    HoldReason.CHECK_FAILED: "nothing to do by hand: the next apply looks again",
    HoldReason.ACCESS_MISSING: "nothing to do by hand: the next apply looks again",
}


# What a run finds overtaken, no plan says.
@pytest.mark.parametrize("reason", sorted(set(HoldReason) - {HoldReason.OVERTAKEN}))
def test_a_held_change_says_what_it_waits_for_and_who_must_act(reason):
    """
    For every reason there is.
    """
    existing = live(*filter(None, [HOLDS[reason]]))

    found = explained("mailbox/ada@a.example", desired(asked(A, mailbox())), existing)

    assert f"held: create waits for a.example ({reason})" == found.verdict
    assert found.reasons[0]
    assert STEPS[reason] == found.next_step


def test_a_held_change_lists_the_failing_checks_in_words():
    """
    What is wrong, and what mends it.
    """
    existing = live(HOLDS[HoldReason.ACTION_REQUIRED])

    found = explained("mailbox/ada@a.example", desired(asked(A, mailbox())), existing)

    assert (
        "the domain's DNS is not as dimail needs it",
        "mx: there is no MX record; publish a.example. MX 10 mx.ox.numerique.gouv.fr.",
        "cert: there is no certificate yet; the operator of dimail mends this",
    ) == found.reasons


def test_a_conflict():
    """
    Which fields, why, and what to do.
    """
    found = explained(
        "domain/a.example", desired(asked(A)), live(there(A, context="x", delivery="y"))
    )

    assert "in conflict: update (context, delivery), cannot_change" == found.verdict
    assert ("dimail has no call to change a domain: correct the files, or ask the operator",) == (
        found.reasons
    )
    assert "correct what is said above, then plan again" == found.next_step


def test_a_refused_change():
    """
    The files themselves forbid it.
    """
    both = mailbox(), mailbox("bob", display_name="Bob")
    wanted = desired(asked(A, *both, disabled=True), asked(B))

    existing = live(there(A, both[1]), there(B, delivery="relay"))
    found = explained("mailbox/ada@a.example", wanted, existing)

    assert "refused: create, domain_disabled" == found.verdict
    assert found.reasons


def test_what_is_unmanaged():
    """
    Live, and in no file.
    """
    half = mailbox("half")
    existing = live(there(A, half, mailbox("old"), half_made=frozenset({half.key})))
    found = explained("mailbox/old@a.example", desired(asked(A)), existing)

    assert "unmanaged: not_in_files" == found.verdict
    assert ("live, but in no file",) == found.reasons
    assert "leave it alone, or write it into the files to manage it" == found.next_step
    assert (None, None, mailbox("old")) == (found.place, found.desired, found.live)


@pytest.mark.parametrize(
    "key",
    [
        "domain/a.example",
        "mailbox/ada@a.example",
        "alias/info@a.example/x@y.test",
        f"user/{ANN}",
        f"access/a.example/{ANN}",
        "access/a.example/la_regie",
    ],
)
def test_what_is_as_asked(key):
    """
    Both sides are shown, the service account's access with the domain's own line.
    """
    both = mailbox(), alias("x@y.test")

    found = explained(key, desired(asked(A, *both)), live(there(A, *both)))

    assert found.is_known
    assert found.place is not None
    assert found.desired is not None
    assert found.desired == found.live
    assert ("live as the files ask: nothing to do", "nothing") == (found.verdict, found.next_step)
    assert () == found.similar


def test_a_planned_access_is_shown_as_it_is_wanted():
    """
    Though no mapping of the files holds it.
    """
    found = explained(f"access/a.example/{ANN}", desired(asked(A)), live())

    assert (Access(domain=A, user=ANN), place(2)) == (found.desired, found.place)
    assert "planned: create" == found.verdict


@pytest.mark.parametrize("key", [access_key(A, BEN), f"user/{BEN}"])
def test_a_viewer_is_recorded_in_the_files_only(key):
    """
    Nothing is missing in dimail.
    """
    wanted = desired(asked(A, roles={ANN: Role.OWNER, BEN: Role.VIEWER}))

    found = explained(key, wanted, live(there(A), users=[SERVICE, ANN]))

    assert found.is_known
    assert "recorded in the files; dimail has no need of it" == found.verdict
    assert "nothing" == found.next_step


def test_what_is_live_outside_the_files():
    """
    A user of whom no domain of the files knows.
    """
    found = explained("user/admin", desired(asked(A)), live(there(A), users=[SERVICE, "admin"]))

    assert found.is_known
    assert "live in dimail, outside what the files declare" == found.verdict
    assert "nothing" == found.next_step


@pytest.mark.parametrize("key", ["mailbox/ada@a.example", "alias/info@a.example/x@y.test"])
def test_what_cannot_be_read_is_unknown(key):
    """
    A disabled domain gets no access: what is on it is neither there nor missing.
    """
    wanted = desired(asked(A, mailbox(), alias("x@y.test"), disabled=True))

    found = explained(key, wanted, live(there(A, readable=False)))

    assert "unknown: the service account may not read what is on a.example" == found.verdict
    assert "`mailstate explain domain/a.example` says why" == found.next_step


def test_a_disabled_domain_has_no_access_for_the_service_account():
    """
    No file asks for one.
    """
    found = explained("access/a.example/la_regie", desired(asked(A, disabled=True)), live())

    assert not found.is_known
    assert found.place is None


def test_an_address_that_is_nowhere_brings_near_ones():
    """
    A slip of the keyboard is the likeliest reason.
    """
    found = explained("mailbox/adda@a.example", desired(asked(A, mailbox())), live(there(A)))

    assert not found.is_known
    assert "mailbox/ada@a.example" == found.similar[0]
    assert "neither in the files nor, as far as they declare it, in dimail" == found.verdict
    assert "check the spelling; addresses are as in `mailstate plan`" == found.next_step


@given(worlds())
@fewer
def test_there_is_something_to_say_about_every_entry_of_a_plan(world):
    """
    The verdict is the entry's own, and it is written where the entry says.
    """
    policy = world.policy
    made = plan(world.desired, world.live, policy)

    sorts = {
        "planned": made.changes,
        "held": [entry.change for entry in made.held],
        "in conflict": [entry.change for entry in made.conflicts],
        "refused": [entry.change for entry in made.refused],
    }
    seen: set[Key] = set()
    for word, changes in sorts.items():
        for change in changes:
            found = explain(change.key, world.desired, world.live, made, policy)
            if change.key not in seen:
                assert found.verdict.startswith(word)
            seen.add(change.key)
            assert found.is_known
            assert (change.key, change.place) == (found.key, found.place)
