"""One named example for each way a run may go."""

import asyncio
from dataclasses import replace

import pytest

from mailstate.applying.applier import Applier
from mailstate.applying.outcome import (
    Applied,
    Failed,
    NotBegun,
    Report,
    Skipped,
    StillHeld,
    word_for,
)
from mailstate.model.resources import Access, Kind, access_key
from mailstate.model.state import DomainState
from mailstate.planning.plan import Actor, HoldReason
from mailstate.planning.planner import plan
from tests.applying.fake_mail import FakeMail, Trouble, run
from tests.planning.examples import POLICY, A, B, alias, asked, desired, live, mailbox, there
from tests.strategies import EXTERNAL, INTERNAL, SERVICE

NEW, OK, BROKEN = DomainState.NEW, DomainState.OK, DomainState.BROKEN


def applied(wanted, server, *, policy=POLICY, seen=None, **options):
    """Plan and carry out *wanted* over *server*; outcomes by address, as words."""
    made = plan(wanted, seen or server.live, policy)

    async def apply():
        return await Applier(server, policy, **options).apply(made)

    return run(apply())


def words(report):
    """Give what became of each change."""
    return {outcome.change.key: word_for(outcome) for outcome in report.outcomes}


def server_with(*domains, policy=POLICY, troubles=None, states=None, seconds=None, **known):
    """A server that has *domains*, and trouble to order."""
    return FakeMail(
        live(*domains, **known), policy=policy, troubles=troubles, states=states, seconds=seconds
    )


def test_a_first_run_makes_all_and_holds_what_waits():
    """
    The domain is looked at once it is there; its DNS is not.
    """
    server = server_with(users=[SERVICE], states={A: [(BROKEN, (EXTERNAL,))]})

    report = applied(desired(asked(A, mailbox(), alias("ada@a.example"))), server)

    assert {"planned": 6, "applied": 4, "failed": 0, "skipped": 0, "held": 2, "not_begun": 0} == (
        report.summary()
    )
    holds = [one.hold for one in report.outcomes if isinstance(one, StillHeld)]
    assert {(A, HoldReason.ACTION_REQUIRED, Actor.OWNER, (EXTERNAL,))} == {
        (hold.domain, hold.reason, hold.actor, hold.checks) for hold in holds
    }


def test_a_domain_found_enabled_is_released_in_the_same_run():
    """
    Whether its owner acted meanwhile, or dimail repaired it when it was looked at.
    """
    server = server_with(there(A, state=BROKEN, failing=(INTERNAL,)), states={A: [(OK, ())]})

    report = applied(desired(asked(A, mailbox(), alias("ada@a.example"))), server)

    assert {"applied"} == set(words(report).values())
    assert ["mailbox/ada@a.example", "alias/info@a.example/ada@a.example"] == server.effects


def test_an_alias_does_not_wait_for_an_update_of_its_mailbox():
    """
    It is planned, so it is done, though the update stays held.
    """
    server = server_with(there(A), there(B, mailbox("bob", B), state=NEW))
    wanted = desired(
        asked(A, alias("bob@b.example")), asked(B, mailbox("bob", B, first_name="Bob"))
    )

    report = applied(wanted, server)

    assert {
        "alias/info@a.example/bob@b.example": "applied",
        "mailbox/bob@b.example": "held",
    } == words(report)


def test_an_alias_is_not_skipped_because_an_update_of_its_mailbox_failed():
    """
    The mailbox is there all the same.
    """
    server = server_with(
        there(A, mailbox("ada", first_name="Augusta")),
        troubles={("update", "mailbox/ada@a.example"): [Trouble.REFUSED]},
    )

    report = applied(desired(asked(A, mailbox(), alias("ada@a.example"))), server)

    assert {
        "alias/info@a.example/ada@a.example": "applied",
        "mailbox/ada@a.example": "failed",
    } == words(report)


def test_an_alias_follows_its_mailbox_on_another_domain():
    """
    Held with it, and released with it.
    """
    wanted = desired(asked(A, alias("bob@b.example")), asked(B, mailbox("bob", B)))
    held = server_with(there(A), there(B, state=NEW))
    released = server_with(there(A), there(B, state=NEW), states={B: [(OK, ())]})

    assert {"held"} == set(words(applied(wanted, held)).values())
    assert {"applied"} == set(words(applied(wanted, released)).values())
    assert ["mailbox/bob@b.example", "alias/info@a.example/bob@b.example"] == released.effects


def test_a_held_change_that_somebody_made_is_found_done():
    """
    Between the plan and the look.
    """
    server = server_with(there(A, mailbox(), state=NEW), states={A: [(OK, ())]})
    seen = live(there(A, state=NEW))

    report = applied(desired(asked(A, mailbox())), server, seen=seen)

    assert [Applied(change=report.outcomes[0].change, note="found done already")] == list(
        report.outcomes
    )
    assert [] == server.effects


def test_a_held_change_that_was_overtaken_stays_held_with_what_needs_it():
    """
    It is not what was approved any more.
    """
    server = server_with(there(A, mailbox(first_name="Al"), state=NEW), states={A: [(OK, ())]})
    seen = live(there(A, state=NEW))

    report = applied(desired(asked(A, mailbox(), alias("ada@a.example"))), server, seen=seen)

    assert {"held"} == set(words(report).values())
    for outcome in report.outcomes:
        assert isinstance(outcome, StillHeld)
        assert (HoldReason.OVERTAKEN, Actor.MAILSTATE, A, ()) == (
            outcome.hold.reason,
            outcome.hold.actor,
            outcome.hold.domain,
            outcome.hold.checks,
        )
        assert "plan again" in outcome.hold.detail


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.BUSY, Trouble.DOUBTFUL_BEFORE])
def test_a_look_that_fails_keeps_its_changes_held(trouble):
    """
    With what happened; the run goes on.
    """
    server = server_with(there(A, state=NEW), troubles={("look", "domain/a.example"): [trouble]})

    (outcome,) = applied(desired(asked(A, mailbox())), server).outcomes

    assert isinstance(outcome, StillHeld)
    assert (A, HoldReason.CHECK_FAILED, Actor.MAILSTATE) == (
        outcome.hold.domain,
        outcome.hold.reason,
        outcome.hold.actor,
    )
    assert outcome.hold.detail


def test_a_domain_that_cannot_be_made_skips_all_that_needs_it():
    """
    Held changes as well: they name it.
    """
    server = server_with(there(B), troubles={("create", "domain/a.example"): [Trouble.REFUSED]})

    report = applied(desired(asked(A, mailbox()), asked(B, mailbox("bob", B))), server)

    assert "failed" == words(report)["domain/a.example"]
    assert "applied" == words(report)["mailbox/bob@b.example"]
    skipped = [one for one in report.outcomes if isinstance(one, Skipped)]
    assert {"mailbox/ada@a.example", "access/a.example/la_regie"} < {
        one.change.key for one in skipped
    }
    assert {"domain/a.example"} == {one.because for one in skipped}


def test_a_domain_that_could_not_be_read_is_read_once_it_may_be():
    """
    The access is made, the domain looked at, and what is there already is left as it is.
    """
    domain = there(A, mailbox(), readable=False)
    server = FakeMail(live(domain), policy=POLICY)

    report = applied(desired(asked(A, mailbox(), mailbox("bob", display_name="Bob"))), server)

    assert {"applied"} == set(words(report).values())
    assert [access_key(A, SERVICE), "mailbox/bob@a.example"] == server.effects


@pytest.mark.parametrize(
    ("slow", "existing"),
    [
        ("access/a.example/la_regie", live(there(A, readable=False))),
        ("domain/a.example", live(extra=[Access(domain=A, user=SERVICE)])),
    ],
)
def test_a_domain_is_looked_at_once_it_is_there_and_may_be_read(slow, existing):
    """
    However long that takes; an access may be left of a domain that was there before.
    """
    server = FakeMail(existing, policy=POLICY, seconds={("create", slow): 30.0})

    applied(desired(asked(A, mailbox())), server)

    begun = {(call.verb, call.key): call.at for call in server.calls}
    assert begun["create", slow] + 30.0 <= begun["look", "domain/a.example"]


def test_one_slow_domain_does_not_delay_another():
    """
    There is no barrier between kinds.
    """
    server = server_with(
        users=[SERVICE],
        seconds={("create", "domain/a.example"): 1000.0},
        states={A: [(OK, ())], B: [(OK, ())]},
    )

    report = applied(desired(asked(A, mailbox()), asked(B, mailbox("bob", B))), server)

    begun = {(call.verb, call.key): call.at for call in server.calls}
    assert {"applied"} == set(words(report).values())
    assert begun["create", "mailbox/bob@b.example"] < 10
    assert begun["create", "mailbox/ada@a.example"] > 1000


def test_a_name_is_given_up_before_it_is_taken():
    """
    Updates start before creates.
    """
    server = server_with(there(A, mailbox("zoe", display_name="Ada")))
    wanted = desired(
        asked(A, mailbox("zoe", display_name="Zoé"), mailbox("ada", display_name="Ada"))
    )

    applied(wanted, server, concurrency=1)

    assert ["mailbox/zoe@a.example", "mailbox/ada@a.example"] == [
        call.key for call in server.calls if call.verb in {"update", "create"}
    ]


def test_a_domain_whose_state_is_not_told_works_if_the_policy_says_so():
    """
    Also one that this run makes: one apply is enough.
    """
    policy = replace(POLICY, assume_enabled=True)
    server = server_with(users=[SERVICE], policy=policy)
    server.new_state = DomainState.UNTOLD

    report = applied(desired(asked(A, mailbox())), server, policy=policy)

    assert {"applied"} == set(words(report).values())


def test_a_domain_of_this_run_that_turns_out_to_have_a_state_opens_no_mailbox():
    """
    `assume_enabled` is about silence only: the look after the creation hears `new`.
    """
    policy = replace(POLICY, assume_enabled=True)
    server = server_with(users=[SERVICE], policy=policy)

    report = applied(desired(asked(A, mailbox())), server, policy=policy)

    assert "held" == words(report)["mailbox/ada@a.example"]
    assert "mailbox/ada@a.example" not in {call.key for call in server.calls}


class _Broken(FakeMail):
    async def create(self, resource):
        """Fail as only a mistake of ours can."""
        await super().create(resource)
        if resource.key == "domain/a.example":
            raise ZeroDivisionError


def test_a_mistake_of_ours_is_not_hidden():
    """
    Whatever no server can cause ends the run with its traceback, and nothing goes on.
    """
    slow = {("create", "domain/b.example"): 1000.0}
    server = _Broken(live(users=[SERVICE]), policy=POLICY, seconds=slow)

    with pytest.raises(ZeroDivisionError):
        applied(desired(asked(A), asked(B)), server)

    assert "domain/b.example" in {call.key for call in server.calls}
    assert "domain/b.example" not in server.effects


def test_observers_hear_what_a_look_found():
    """
    A hold, or none.
    """
    heard = {}

    class Listener:
        """Hears looks."""

        def begun(self, change):
            """Not of interest."""

        def ended(self, outcome):
            """Not of interest."""

        def looked(self, domain, hold):
            """Remember it."""
            heard[domain] = hold and hold.reason

    server = server_with(there(A, state=NEW), there(B, state=NEW), states={B: [(OK, ())]})

    applied(
        desired(asked(A, mailbox()), asked(B, mailbox("bob", B))), server, observers=[Listener()]
    )

    assert {A: HoldReason.DOMAIN_PENDING, B: None} == heard


def test_a_stop_ends_the_wait_for_a_busy_server():
    """
    A minute of patience would be a minute too long.
    """
    server = server_with(
        there(A), troubles={("create", "mailbox/ada@a.example"): [Trouble.BUSY] * 9}
    )
    slept = []

    async def apply():
        async def sleep(seconds):
            slept.append(seconds)
            applier.stop.set()
            await asyncio.Event().wait()

        applier = Applier(server, POLICY, sleep=sleep)
        return await applier.apply(plan(desired(asked(A, mailbox())), server.live, POLICY))

    report = run(apply())

    (outcome,) = report.outcomes
    assert isinstance(outcome, Failed)
    assert not outcome.is_unknown
    assert "the run was stopped before it was done" == outcome.message
    assert report.interrupted
    assert [7.0] == slept


PRUNE = replace(
    POLICY,
    prune=frozenset({Kind.ACCESS, Kind.ALIAS, Kind.MAILBOX}),
    delete_mailboxes=True,
    max_removals_percent=100,
)
REPLACED = desired(asked(A, alias("new@y.test")))
OLD = (alias("old@a.example"), mailbox("old"))


def test_what_is_in_no_file_goes_once_nothing_leads_to_it_any_more():
    """
    The new alias first, then the old one, then the mailbox it led to, though all may start.
    """
    server = server_with(
        there(A, *OLD),
        policy=PRUNE,
        seconds={("create", "alias/info@a.example/new@y.test"): 50.0},
    )

    report = applied(REPLACED, server, policy=PRUNE)

    assert {"applied"} == set(words(report).values())
    assert ["alias/info@a.example/old@a.example", "mailbox/old@a.example"] == server.gone
    assert (50.0, 51.0) == tuple(call.at for call in server.calls if call.verb == "delete")


def test_what_cannot_be_replaced_is_not_removed():
    """
    Nor what it leads to: mail goes on as before.
    """
    server = server_with(
        there(A, *OLD),
        policy=PRUNE,
        troubles={("create", "alias/info@a.example/new@y.test"): [Trouble.REFUSED]},
    )

    report = applied(REPLACED, server, policy=PRUNE)

    assert {
        "alias/info@a.example/new@y.test": "failed",
        "alias/info@a.example/old@a.example": "skipped",
        "mailbox/old@a.example": "skipped",
    } == words(report)
    assert [] == server.gone


def test_nothing_planned_is_nothing_done():
    """
    Not a single call.
    """
    server = server_with(there(A))

    assert Report() == applied(desired(asked(A)), server)
    assert [] == server.calls


def test_each_outcome_has_a_word():
    """
    As in the summary, which counts them.
    """
    (change,) = plan(desired(asked(A, mailbox())), live(there(A)), POLICY).changes
    hold = plan(desired(asked(A, mailbox())), live(there(A, state=NEW)), POLICY).held[0].hold
    outcomes = (
        Applied(change=change),
        Failed(change=change, message=""),
        Skipped(change=change, because=change.key),
        StillHeld(change=change, hold=hold),
        NotBegun(change=change),
    )

    assert ["applied", "failed", "skipped", "held", "not_begun"] == [
        word_for(outcome) for outcome in outcomes
    ]
    assert {
        "planned": 5,
        "applied": 1,
        "failed": 1,
        "skipped": 1,
        "held": 1,
        "not_begun": 1,
    } == Report(outcomes=outcomes).summary()


def test_nothing_is_sent_whose_beginning_is_not_kept():
    """
    What a journal could not take to the disk is not begun.
    """
    server, kept = server_with(there(A)), [True, False]

    async def is_kept():
        return kept.pop(0)

    report = applied(
        desired(asked(A, mailbox("ada"), mailbox("bob"))), server, kept=is_kept, concurrency=1
    )

    assert {"mailbox/ada@a.example": "applied", "mailbox/bob@a.example": "not_begun"} == words(
        report
    )
    assert 1 == len(server.calls)


def test_what_becomes_ready_at_once_is_begun_at_once():
    """
    As many as there are places for, though one alone was under way when their domain was enabled.
    """
    many = [mailbox(name) for name in ("ada", "bob", "cid", "dot", "eve", "fay")]
    server = server_with(there(A, state=BROKEN, failing=(INTERNAL,)), states={A: [(OK, ())]})

    applied(desired(asked(A, *many)), server, concurrency=4)

    assert 4 == server.most_at_once


def test_a_place_that_is_free_is_taken_while_others_are_under_way():
    """
    What takes long holds up none of those that need not wait for it.
    """
    many = [mailbox(name) for name in ("ada", "bob", "cid", "dot", "eve")]
    server = server_with(there(A), seconds={("create", "mailbox/ada@a.example"): 4.0})

    applied(desired(asked(A, *many)), server, concurrency=2)

    assert pytest.approx([0.0, 0.0, 1.0, 2.0, 3.0], abs=0.1) == [call.at for call in server.calls]
