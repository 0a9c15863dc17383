"""What holds of every run, whatever is planned and whatever goes wrong."""

import asyncio
from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from mailstate.applying.applier import Applier
from mailstate.applying.outcome import (
    Applied,
    Failed,
    Letter,
    NotBegun,
    Skipped,
    StillHeld,
    word_for,
)
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Mailbox,
    Role,
    access_key,
    domain_key,
    mailbox_key,
)
from mailstate.model.state import Check, DomainState
from mailstate.planning.diff import domain_fields, mailbox_fields
from mailstate.planning.plan import Action, Plan
from mailstate.planning.planner import plan
from mailstate.planning.stages import needs
from tests.applying.fake_mail import LATE, FakeMail, Trouble, run
from tests.strategies import EXTERNAL, INTERNAL, World, fewer, policies, prunings, worlds


@dataclass(frozen=True)
class Run:
    """A world, and how its server behaves while its plan is carried out."""

    world: World
    plan: Plan
    troubles: dict[tuple[str, str], list[Trouble]]
    states: dict[DomainName, list[tuple[DomainState, tuple[Check, ...]]]]
    concurrency: int
    seconds: dict[tuple[str, str], float]
    composes_names: bool

    def server(self):
        """Give the server, as it is before the run."""
        server = FakeMail(
            self.world.truth,
            policy=self.world.policy,
            troubles=self.troubles,
            states=self.states,
            seconds=self.seconds,
        )
        server.composes_names = self.composes_names
        return server

    def planned(self):
        """Give all changes that need an outcome, held ones too."""
        return [*self.plan.changes, *(entry.change for entry in self.plan.held)]


class Diary:
    """An observer that remembers what it heard."""

    def __init__(self, hear=lambda _change: None):
        self.begun_keys = []
        self.outcomes = []
        self.looks = {}
        self._hear = hear

    def begun(self, change):
        """Remember a change that is about to be sent."""
        self.begun_keys.append(change.key)
        self._hear(change)

    def ended(self, outcome):
        """Remember what became of a change."""
        self.outcomes.append(outcome)

    def looked(self, domain, hold):
        """Remember what a look found."""
        self.looks[domain] = hold


# Whose answer never comes, so that nobody can say who made what is found afterwards.
LOST = {*LATE, Trouble.LATE_NEXT, Trouble.DOUBTFUL_AFTER, Trouble.UNDER_WAY}
STATES = [
    (DomainState.OK, ()),
    (DomainState.NEW, ()),
    (DomainState.BROKEN, (EXTERNAL,)),
    (DomainState.BROKEN, (INTERNAL,)),
    (DomainState.UNTOLD, ()),
]


@st.composite
def runs(draw, *, trouble=True):
    """Any world with a plan, and any behaviour of its server."""
    world = draw(worlds(policy=policies | prunings))
    made = plan(world.desired, world.live, world.policy)
    changes = [*made.changes, *(entry.change for entry in made.held)]
    calls = sorted(
        {
            *((verb, change.key) for change in changes for verb in (change.action.value, "find")),
            *(("look", domain_key(entry.hold.domain)) for entry in made.held),
        }
    )
    troubles, seconds = {}, {}
    if calls and trouble:
        lists = st.lists(st.sampled_from(Trouble), min_size=1, max_size=6)
        troubles = draw(st.dictionaries(st.sampled_from(calls), lists, max_size=4))
        slow = st.dictionaries(st.sampled_from(calls), st.sampled_from([0.0, 9.0]), max_size=3)
        seconds = draw(slow)
    waiting = sorted({entry.hold.domain for entry in made.held})
    states = {name: draw(st.lists(st.sampled_from(STATES), max_size=2)) for name in waiting}
    return Run(
        world=world,
        plan=made,
        troubles=troubles,
        states=states,
        concurrency=draw(st.sampled_from([4, 1, 2])),
        seconds=seconds,
        composes_names=draw(st.booleans()),
    )


def carry_out(one, server, *, observers=(), **options):
    """Carry out the plan of *one* run over *server*."""

    async def apply():
        options.setdefault("concurrency", one.concurrency)
        applier = Applier(server, one.world.policy, observers=observers, **options)
        return await applier.apply(one.plan)

    return run(apply())


@given(runs())
@fewer
def test_each_planned_and_held_change_has_one_outcome(one):
    """
    In the plan's order; applied, failed, skipped, held and not begun add up.
    """
    report = carry_out(one, one.server())

    summary = dict(report.summary())
    assert one.planned() == [outcome.change for outcome in report.outcomes]
    assert summary.pop("planned") == sum(summary.values()) == len(one.planned())
    assert not any(isinstance(outcome, NotBegun) for outcome in report.outcomes)
    assert not report.interrupted


@given(runs())
@fewer
def test_nothing_is_created_twice_and_no_rule_of_the_server_is_broken(one):
    """
    The server asserts its rules by itself: needs first, and nothing on domains not enabled.
    """
    server = one.server()

    carry_out(one, server)

    server.calm_down()
    assert not [key for key, count in Counter(server.effects).items() if count > 1]
    planned = {change.key: change.action for change in one.planned()}
    assert set(server.effects) <= {key for key in planned if planned[key] is Action.CREATE}
    assert set(server.gone) <= {key for key in planned if planned[key] is Action.DELETE}
    assert len(set(server.gone)) == len(server.gone)


@given(runs())
@fewer
def test_applied_means_that_it_is_there_as_wanted(one):
    """
    What is skipped was not even tried.
    """
    server = one.server()

    report = carry_out(one, server)

    called = {call.key for call in server.calls if call.verb in {"create", "update", "delete"}}
    for outcome in report.outcomes:
        wanted = outcome.change.resource
        stored = server.stored(wanted)
        match outcome:
            case Applied(change=change) if change.action is Action.DELETE:
                assert stored is None
            case Applied():
                assert stored is not None
                if isinstance(wanted, Mailbox):
                    fields = set(mailbox_fields(stored, wanted))
                    assert not fields & set(outcome.change.fields or fields)
                if isinstance(wanted, Domain):
                    assert () == domain_fields(stored, wanted)
            case Skipped() | StillHeld():
                assert outcome.change.key not in called
            case _:
                pass


@given(runs())
@fewer
def test_failed_means_that_it_is_not_done_and_will_not_be(one):
    """
    What is done all the same, or may yet come, is called unknown.
    """
    server = one.server()

    report = carry_out(one, server)

    server.calm_down()
    for outcome in report.outcomes:
        if isinstance(outcome, Failed) and not outcome.is_unknown:
            assert not is_done(outcome, server)


def is_done(outcome, server):
    """Whether the server has done what *outcome* says has failed."""
    change, wanted = outcome.change, outcome.change.resource
    stored = server.stored(wanted)
    match change.action:
        case Action.DELETE:
            return stored is None
        case Action.UPDATE:
            return stored is not None and not {*mailbox_fields(stored, wanted)} & {*change.fields}
        case Action.CREATE if stored is None or wanted.key in server.others:
            return False
        case Action.CREATE if isinstance(wanted, Mailbox):
            is_whole = wanted.key not in server.domains[wanted.domain].half_made
            return is_whole and not mailbox_fields(stored, wanted)
        case _:
            return not (isinstance(wanted, Domain) and domain_fields(stored, wanted))


class Greetings:
    """Remembers which holders were welcomed."""

    def __init__(self):
        self.keys = []

    async def welcome(self, mailbox, _password):
        """Have the letter delivered."""
        self.keys.append(mailbox.key)
        return Letter(to="someone@perso.example", is_delivered=True, detail="password")


@given(runs())
@fewer
def test_the_holder_of_a_mailbox_gets_one_letter_from_whoever_made_it(one):
    """
    Nobody gets two; and none goes to the holder of a mailbox that somebody else has made, as
    long as no answer to a creation of ours was lost.
    """
    server, greetings = one.server(), Greetings()

    report = carry_out(one, server, welcome=greetings)

    assert len(set(greetings.keys)) == len(greetings.keys)
    for outcome in report.outcomes:
        key = outcome.change.key
        if isinstance(outcome, Applied) and key in server.effects and key.startswith("mailbox/"):
            assert key in greetings.keys
        if key in server.others and not LOST & {*one.troubles.get(("create", key), ())}:
            assert key not in greetings.keys


@given(runs(trouble=False))
@fewer
def test_two_runs_at_once_make_everything_once_and_write_one_letter_each(one):
    """
    The one that comes second finds what the first has made, and leaves its password alone.
    """
    server, letters = one.server(), (Greetings(), Greetings())
    server.is_shared = True
    for states in server.states.values():
        del states[1:]  # both runs are to see the same
    for change in one.planned():
        if isinstance(change.after, Mailbox):
            server.troubles["create", change.key].append(Trouble.UNDER_WAY)

    async def apply(greetings):
        applier = Applier(server, one.world.policy, welcome=greetings)
        return await applier.apply(one.plan)

    async def both():
        return await asyncio.gather(*map(apply, letters))

    reports = run(both())

    made = sorted(server.effects)
    assert sorted(set(made)) == made
    greeted = [key for greetings in letters for key in greetings.keys]
    assert sorted(greeted) == [key for key in made if key.startswith("mailbox/")]
    for report in reports:
        assert {"applied", "held"} >= {word_for(outcome) for outcome in report.outcomes}


@given(runs())
@fewer
def test_what_is_skipped_names_what_failed(one):
    """
    Which the change needs, or what it needs does.
    """
    report = carry_out(one, one.server())

    failed = {one.change.key for one in report.outcomes if isinstance(one, Failed)}
    for outcome in report.outcomes:
        if isinstance(outcome, Skipped):
            assert outcome.because in failed


@given(runs())
@fewer
def test_what_a_change_needs_is_done_before_it_begins(one):
    """
    As far as the plan creates it.
    """
    own = one.world.policy.service_account
    created = {change.key for change in one.planned() if change.action is Action.CREATE}
    too_early: list[str] = []

    def hear(change):
        applied = {outcome.change.key for outcome in diary.outcomes}
        if created & set(needs(change, service_account=own)) - applied:
            too_early.append(change.key)

    diary = Diary(hear)

    carry_out(one, one.server(), observers=[diary])

    assert not too_early


@given(runs())
@fewer
def test_planned_changes_do_not_wait_for_what_is_held(one):
    """
    Only held changes can be held.
    """
    report = carry_out(one, one.server())

    held = {entry.change.key for entry in one.plan.held}
    assert held >= {
        outcome.change.key for outcome in report.outcomes if isinstance(outcome, StillHeld)
    }


@given(runs())
@fewer
def test_no_more_calls_at_once_than_allowed(one):
    """
    The server stalls at eight (contract §12).
    """
    server = one.server()

    carry_out(one, server)

    assert one.concurrency >= server.most_at_once


@given(runs())
@fewer
def test_observers_hear_of_each_change_once(one):
    """
    It begins at most once, it ends once, and the report tells the same.
    """
    diary = Diary()

    report = carry_out(one, one.server(), observers=[diary])

    assert len(set(diary.begun_keys)) == len(diary.begun_keys)
    assert sorted(diary.outcomes, key=_by_key) == sorted(report.outcomes, key=_by_key)
    assert {entry.hold.domain for entry in one.plan.held} >= set(diary.looks)


def _by_key(outcome):
    """Give what outcomes are sorted by."""
    return outcome.change.key


@given(runs())
@fewer
def test_after_trouble_a_few_more_runs_make_all_as_it_should_be(one):
    """
    Then a plan has nothing to do: what is left is held, told, refused, or in conflict.
    """
    server = one.server()
    carry_out(one, server)
    server.calm_down()

    # Two are enough, but for what may be removed only once something else is there.
    for _ in range(4 if one.world.policy.prune else 2):
        made = plan(one.world.desired, server.live, one.world.policy)
        again = Run(one.world, made, {}, {}, 4, {}, one.composes_names)
        report = carry_out(again, server)
        server.calm_down()
        assert not [outcome for outcome in report.outcomes if isinstance(outcome, Failed)]

    last = plan(one.world.desired, server.live, one.world.policy)
    assert () == last.changes
    for entry in last.held:
        assert server.domains[entry.hold.domain].state is not DomainState.OK


@given(runs(), st.integers(min_value=1, max_value=12))
@fewer
def test_after_a_stop_nothing_new_begins(one, at_call):
    """
    What is under way is finished, the rest is not begun, and the report says so.
    """
    server, diary = one.server(), Diary()
    begun_by_then: list[str] = []

    async def apply():
        options = {"observers": [diary], "concurrency": one.concurrency}
        applier = Applier(server, one.world.policy, **options)

        def stop(_call):
            if len(server.calls) == at_call:
                begun_by_then.extend(diary.begun_keys)
                applier.stop.set()

        server.on_call = stop
        return await applier.apply(one.plan)

    report = run(apply())

    is_stopped = len(server.calls) >= at_call
    assert is_stopped is report.interrupted
    if is_stopped:
        assert begun_by_then == diary.begun_keys
        looks = [call for call in server.calls[at_call:] if call.verb == "look"]
        assert not looks
    heard = {outcome.change.key for outcome in diary.outcomes}
    for outcome in report.outcomes:
        assert isinstance(outcome, NotBegun) is (outcome.change.key not in heard)
    assert one.planned() == [outcome.change for outcome in report.outcomes]


@given(runs())
@fewer
def test_fail_fast_begins_nothing_after_the_first_failure(one):
    """
    One at a time, the first failure is the last outcome but for what it brings down.
    """
    diary = Diary()

    carry_out(one, one.server(), observers=[diary], concurrency=1, fail_fast=True)

    words = [word_for(outcome) for outcome in diary.outcomes]
    if "failed" in words:
        assert {"skipped"} >= set(words[words.index("failed") + 1 :])
        assert diary.begun_keys[-1] == diary.outcomes[words.index("failed")].change.key


@given(runs())
@fewer
def test_nothing_goes_before_what_takes_its_place(one):
    """
    No access while no owner of the files has one, no alias while its address leads nowhere.
    """
    server = one.server()
    had_access = set(server.accesses)

    def hear(call):
        verb, key = call.verb, call.key
        change = {change.key: change for change in one.planned()}.get(key)
        if verb != "delete" or change is None:
            return
        match change.before:
            case Access(domain=name):
                owners = {
                    access_key(name, user)
                    for user, role in one.world.desired.domains[name].roles.items()
                    if role is Role.OWNER
                }
                assert owners & had_access
                assert not {key for key in owners & had_access if key not in server.accesses}
            case Alias(address=address, domain=name):
                wanted = {
                    alias.key
                    for alias in one.world.desired.domains[name].aliases.values()
                    if alias.address == address.lower()
                }
                assert wanted <= set(server.domains[name].aliases)
            case _:
                pass

    server.on_call = hear

    carry_out(one, server)


@given(runs(trouble=False))
@fewer
def test_without_trouble_nothing_fails(one):
    """
    All is done, but for what stays held.
    """
    report = carry_out(one, one.server())

    assert {"applied", "held"} >= {word_for(outcome) for outcome in report.outcomes}


@given(runs())
@fewer
def test_an_alias_is_created_after_the_mailbox_it_leads_to(one):
    """
    Mail would bounce in between.
    """
    server = one.server()

    carry_out(one, server)

    effects = server.effects
    for change in one.planned():
        match change.after:
            case Alias(key=key, destination=destination) if key in effects:
                first = mailbox_key(destination)
                if first in effects:
                    assert effects.index(first) < effects.index(key)
            case _:
                pass
