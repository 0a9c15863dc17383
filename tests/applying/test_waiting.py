"""
Held domains that are waited for, in time that jumps.
"""

import asyncio
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailstate.applying.applier import Applier
from mailstate.applying.outcome import StillHeld, word_for
from mailstate.model.resources import DomainName, domain_key
from mailstate.model.state import DomainState
from mailstate.planning.plan import Actor, HoldReason
from mailstate.planning.planner import plan
from tests.applying.fake_mail import FakeMail, Trouble, run
from tests.planning.examples import POLICY, A, B, alias, asked, desired, live, mailbox, there
from tests.strategies import EXTERNAL, INTERNAL, fewer

NEW, OK, BROKEN = DomainState.NEW, DomainState.OK, DomainState.BROKEN
GOOD, BAD, WORSE = (OK, ()), (NEW, ()), (BROKEN, (EXTERNAL,))
ADA, BOB = mailbox(), mailbox("bob", B)


def waiting(server, wanted, *, wait=600.0, policy=POLICY, stop_at=None, **options):
    """Plan and carry out *wanted*, waiting; gives the report, and how long the run took."""

    async def apply():
        loop = asyncio.get_running_loop()
        applier = Applier(server, policy, wait=wait, clock=loop.time, **options)
        if stop_at is not None:
            loop.call_later(stop_at, applier.stop.set)
        return await applier.apply(plan(wanted, server.live, policy)), loop.time()

    return run(apply())


def server_with(*domains, states=None, seconds=None, troubles=None, policy=POLICY):
    """A server that has *domains*."""
    return FakeMail(
        live(*domains), policy=policy, states=states, seconds=seconds, troubles=troubles
    )


def words(report):
    """Give what became of each change."""
    return {outcome.change.key: word_for(outcome) for outcome in report.outcomes}


def looks(server, domain=A):
    """Give when *domain* was looked at."""
    return [
        call.at for call in server.calls if (call.verb, call.key) == ("look", f"domain/{domain}")
    ]


def test_a_domain_that_becomes_enabled_is_released_after_two_good_looks():
    """
    Its mailbox and what leads to it, in the same run.
    """
    server = server_with(there(A, state=NEW), states={A: [BAD, BAD, GOOD, GOOD]})

    report, _ = waiting(server, desired(asked(A, ADA, alias("ada@a.example"))))

    assert {"applied"} == set(words(report).values())
    assert 4 == len(looks(server))
    assert ["mailbox/ada@a.example", "alias/info@a.example/ada@a.example"] == server.effects


def test_a_domain_found_enabled_at_the_first_look_is_not_looked_at_twice():
    """
    It was not seen otherwise in this run.
    """
    server = server_with(there(A, state=NEW), states={A: [GOOD]})

    report, _ = waiting(server, desired(asked(A, ADA)))

    assert {"applied"} == set(words(report).values())
    assert 1 == len(looks(server))


def test_a_domain_that_flaps_is_not_released():
    """
    One good look in between proves nothing; what held it last is told.
    """
    server = server_with(there(A, state=NEW), states={A: [BAD, *[GOOD, WORSE] * 99]})

    report, took = waiting(server, desired(asked(A, ADA)))

    (outcome,) = report.outcomes
    assert isinstance(outcome, StillHeld)
    assert HoldReason.ACTION_REQUIRED is outcome.hold.reason
    assert [] == server.effects
    assert 602.0 >= took


def test_pauses_between_looks_grow_and_are_capped():
    """
    An hour costs some forty looks, not seven hundred.
    """
    server = server_with(there(A, state=NEW))

    waiting(server, desired(asked(A, ADA)), wait=3600.0)

    # A look takes a second.
    begun = looks(server)
    pauses = [later - earlier - 1 for earlier, later in pairwise(begun)]
    assert [5.0, 7.5, 11.25] == pauses[:3]
    assert 120.0 == max(pauses) == pauses[-2]
    assert sorted(pauses[:-1]) == pauses[:-1]


@given(
    st.floats(0.1, 2000.0),
    st.dictionaries(
        st.sampled_from([A, B]), st.lists(st.sampled_from([GOOD, BAD, WORSE]), max_size=30)
    ),
    st.sampled_from([0.0, 1.0, 40.0]),
)
@fewer
def test_a_wait_never_goes_past_its_limit(wait, states, slowness):
    """
    No look begins later than that; what is released by then is carried out.
    """
    server = server_with(
        there(A, state=NEW),
        there(B, state=NEW),
        states=states,
        seconds={("look", domain_key(name)): slowness for name in (A, B)},
    )

    report, took = waiting(server, desired(asked(A, ADA), asked(B, BOB)), wait=wait)

    for name in (A, B):
        first, *others = looks(server, name)
        assert all(at < first + slowness + wait for at in others)
    assert took <= slowness + wait + slowness + 1.0
    assert {"applied", "held"} >= set(words(report).values())
    assert not report.interrupted


@given(st.lists(st.sampled_from([GOOD, BAD, WORSE]), max_size=30))
@fewer
def test_released_means_two_good_looks_in_a_row_or_a_first_one(states):
    """
    And held means that there were none.
    """
    server = server_with(there(A, state=NEW), states={A: [*states, BAD]})

    report, _ = waiting(server, desired(asked(A, ADA)))

    found = [one is GOOD for one in (*states, BAD)][: len(looks(server))]
    is_released = [True] == found or found[-2:] == [True, True]
    assert {"mailbox/ada@a.example": "applied" if is_released else "held"} == words(report)
    assert (True, True) not in pairwise(found[:-1])


def test_no_domain_delays_another():
    """
    One is released while the other is still waited for, and nothing ordinary waits for either.
    """
    server = server_with(there(A, state=NEW), there(B, state=NEW), states={B: [BAD, GOOD, GOOD]})

    report, took = waiting(server, desired(asked(A, ADA), asked(B, BOB)))

    begun = {(call.verb, call.key): call.at for call in server.calls}
    assert {"mailbox/ada@a.example": "held", "mailbox/bob@b.example": "applied"} == words(report)
    assert begun["create", "mailbox/bob@b.example"] < 15
    assert 595 < took


def test_ordinary_changes_go_before_looks_at_domains_that_are_waited_for():
    """
    Even one at a time: a look is begun only while nothing else is ready.
    """
    names = [f"m{number}" for number in range(30)]
    many = [mailbox(name, B, display_name=name) for name in names]
    server = server_with(
        there(A, state=NEW), there(B, state=NEW), states={A: [BAD, GOOD, GOOD], B: [GOOD]}
    )

    report, _ = waiting(server, desired(asked(A, ADA), asked(B, *many)), concurrency=1)

    assert {"applied"} == set(words(report).values())
    created = [call.at for call in server.calls if call.verb == "create" and "@b." in call.key]
    assert 30 == len(created)
    assert looks(server)[1] > max(created)


def test_waiting_for_many_domains_makes_no_more_calls_at_once():
    """
    The server stalls at eight (contract §12).
    """
    names = [DomainName(f"d{number:02}.example") for number in range(20)]
    server = server_with(*(there(name, state=NEW) for name in names))

    wanted = [asked(name, mailbox(domain=name)) for name in names]
    report, took = waiting(server, desired(*wanted), wait=60.0)

    assert {"held"} == set(words(report).values())
    assert 4 == server.most_at_once
    assert all(len(looks(server, name)) > 2 for name in names)
    assert took <= 70


def test_a_look_that_gets_no_turn_before_the_end_is_not_made():
    """
    The limit counts for what stands in line as well.
    """
    many = [mailbox(f"m{number}", B, display_name=str(number)) for number in range(30)]
    server = server_with(
        there(A, state=NEW), there(B, state=NEW), states={A: [BAD, GOOD, GOOD], B: [GOOD]}
    )

    report, _ = waiting(server, desired(asked(A, ADA), asked(B, *many)), concurrency=1, wait=8.0)

    assert "held" == words(report)["mailbox/ada@a.example"]
    assert 1 == len(looks(server))


def test_what_stays_held_is_told_when_its_time_is_over():
    """
    Not at the end of the run, which something else may take long to reach.
    """

    class Journal:
        """Writes down what it hears of Ada."""

        def __init__(self):
            self.heard = []

        def begun(self, change):
            """Nothing to write."""

        def looked(self, domain, hold):
            """Nothing to write."""

        def ended(self, outcome):
            """Write down when."""
            if outcome.change.after == ADA:
                self.heard.append(asyncio.get_running_loop().time())

    journal = Journal()
    server = server_with(there(A, state=NEW), there(B), seconds={("create", BOB.key): 500.0})

    _, took = waiting(server, desired(asked(A, ADA), asked(B, BOB)), wait=60.0, observers=[journal])

    assert 500.0 <= took
    assert 1 == len(journal.heard)
    assert journal.heard[0] <= 62.0


def test_a_stop_ends_the_waiting_at_once():
    """
    What is waited for stays held, with what held it.
    """
    server = server_with(there(A, state=NEW), states={A: [WORSE]})

    report, took = waiting(server, desired(asked(A, ADA)), stop_at=3.5)

    (outcome,) = report.outcomes
    assert report.interrupted
    assert isinstance(outcome, StillHeld)
    assert HoldReason.ACTION_REQUIRED is outcome.hold.reason
    assert 3.5 == took
    assert 1 == len(looks(server))


def test_a_stop_during_a_look_begins_no_other():
    """
    The call under way is finished.
    """
    server = server_with(there(A, state=NEW), states={A: [BAD]})

    report, took = waiting(server, desired(asked(A, ADA)), stop_at=6.5)

    assert {"held"} == set(words(report).values())
    assert 7.0 == took
    assert 2 == len(looks(server))


def test_a_failure_ends_the_waiting_where_the_first_one_is_enough():
    """
    At once, as a stop does, but the run was not interrupted.
    """
    server = server_with(
        there(A, state=NEW),
        there(B),
        troubles={("create", "mailbox/bob@b.example"): [Trouble.REFUSED]},
        seconds={("create", "mailbox/bob@b.example"): 20.0},
    )

    report, took = waiting(server, desired(asked(A, ADA), asked(B, BOB)), fail_fast=True)

    assert {"mailbox/ada@a.example": "held", "mailbox/bob@b.example": "failed"} == words(report)
    assert not report.interrupted
    assert 20.0 == took


def test_without_that_a_failure_does_not_end_the_waiting():
    """
    It concerns another domain.
    """
    server = server_with(
        there(A, state=NEW),
        there(B),
        troubles={("create", "mailbox/bob@b.example"): [Trouble.REFUSED]},
        states={A: [BAD, BAD, GOOD, GOOD]},
    )

    report, _ = waiting(server, desired(asked(A, ADA), asked(B, BOB)))

    assert {"mailbox/ada@a.example": "applied", "mailbox/bob@b.example": "failed"} == words(report)


def test_a_domain_whose_state_is_not_told_is_not_waited_for():
    """
    No look can change that: the settings would have to.
    """
    server = server_with(there(A, state=DomainState.UNTOLD))

    report, took = waiting(server, desired(asked(A, ADA)))

    (outcome,) = report.outcomes
    assert isinstance(outcome, StillHeld)
    assert (HoldReason.STATE_UNKNOWN, Actor.MAINTAINER) == (
        outcome.hold.reason,
        outcome.hold.actor,
    )
    assert 1.0 == took
    assert 1 == len(looks(server))


def test_a_look_that_fails_is_no_reason_to_give_up():
    """
    The next one may succeed; it takes two good ones all the same.
    """
    server = server_with(
        there(A, state=NEW),
        states={A: [GOOD, GOOD]},
        troubles={("look", "domain/a.example"): [Trouble.BUSY]},
    )

    report, _ = waiting(server, desired(asked(A, ADA)))

    assert {"applied"} == set(words(report).values())
    assert 3 == len(looks(server))


def test_a_domain_of_this_run_is_waited_for_too():
    """
    From its first look on, which comes once it is there.
    """
    server = FakeMail(
        replace(live(), users=live(there(A)).users),
        policy=POLICY,
        states={A: [(BROKEN, (INTERNAL,)), GOOD, GOOD]},
        seconds={("create", "domain/a.example"): 500.0},
    )

    report, _ = waiting(server, desired(asked(A, ADA)), wait=60.0)

    assert {"applied"} == set(words(report).values())
