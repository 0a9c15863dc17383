"""One change, at most once: a named example for each thing that may happen to it."""

import asyncio
from dataclasses import replace

import pytest

from mailstate.applying.carry_out import Carrier
from mailstate.applying.outcome import Applied, Failed, Letter
from mailstate.model.resources import User
from mailstate.planning.plan import Action, Change
from tests.applying.fake_mail import FakeMail, Trouble, run
from tests.planning.examples import ANN, POLICY, A, alias, asked, live, mailbox, there

KEY = "mailbox/ada@a.example"
CREATE = Change(action=Action.CREATE, before=None, after=mailbox())
UPDATE = Change(
    action=Action.UPDATE,
    before=mailbox("Ada", first_name="Augusta"),
    after=mailbox(),
    fields=("first_name",),
)
OFF = Change(action=Action.CREATE, before=None, after=mailbox(active=False))
OWN_FORM = Change(action=Action.CREATE, before=None, after=mailbox(display_name="Lovelace, Ada"))
BEFORE, AFTER = Trouble.DOUBTFUL_BEFORE, Trouble.DOUBTFUL_AFTER


class Pauses:
    """Waits for nothing and remembers how long; after *patience* pauses, the run is to stop."""

    def __init__(self, patience=99):
        self.seconds = []
        self.patience = patience

    async def __call__(self, seconds):
        """Say whether to go on."""
        self.seconds.append(seconds)
        await asyncio.sleep(seconds)
        return len(self.seconds) <= self.patience


def server_with(*resources, **troubles):
    """A server that has *resources* on one domain, and trouble with calls for Ada's mailbox."""
    ordered = {(verb, KEY): some for verb, some in troubles.items()}
    return FakeMail(live(there(A, *resources)), policy=POLICY, troubles=ordered)


def carried_out(change, server, pauses=None):
    """Give what becomes of *change*."""
    return run(Carrier(api=server, pause=pauses or Pauses()).carry_out(change))


def verbs(server):
    """Give the calls that were made."""
    return [call.verb for call in server.calls]


@pytest.mark.parametrize(
    "change",
    [
        CREATE,
        Change(action=Action.CREATE, before=None, after=User(name="new")),
        Change(action=Action.CREATE, before=None, after=alias("x@y.test")),
    ],
)
def test_a_plain_answer_is_enough(change):
    """
    One call, and nothing to read back.
    """
    server = server_with()

    assert Applied(change=change) == carried_out(change, server)
    assert ["create"] == verbs(server)


def test_an_update_is_sent_once_to_the_mailbox_as_dimail_spells_it():
    """
    The server asserts the spelling.
    """
    server = server_with(UPDATE.before)

    assert Applied(change=UPDATE) == carried_out(UPDATE, server)
    assert ["update"] == verbs(server)


def test_a_refused_call_fails_with_what_dimail_said():
    """
    Asking again would not help.
    """
    server = server_with(create=[Trouble.REFUSED])

    assert Failed(change=CREATE, message="403: no", hint="ask the operator") == (
        carried_out(CREATE, server)
    )
    assert ["create"] == verbs(server)


def test_a_busy_server_is_given_the_time_it_asks_for():
    """
    But never less than the pause that grows by itself.
    """
    server, pauses = server_with(create=[Trouble.BUSY, Trouble.BUSY]), Pauses()

    assert Applied(change=CREATE) == carried_out(CREATE, server, pauses)
    assert [7.0, 7.0] == pauses.seconds


def test_a_busy_server_is_not_waited_for_beyond_reason():
    """
    A minute at most; the next run comes anyway.
    """
    server, pauses = server_with(create=[Trouble.BUSY]), Pauses()
    server.retry_after = 3600.0

    carried_out(CREATE, server, pauses)

    assert [60.0] == pauses.seconds


def test_a_server_that_stays_busy_is_given_up():
    """
    Nothing was done, and nothing is in doubt.
    """
    server = server_with(create=[Trouble.BUSY] * 9)

    outcome = carried_out(CREATE, server)

    assert isinstance(outcome, Failed)
    assert not outcome.is_unknown
    assert "tried 4 times, and it is still not there: 429: later" == outcome.message
    assert "run it again: it looks first" == outcome.hint
    assert ["create"] * 4 == verbs(server)


def test_a_lost_answer_is_read_back_and_the_password_is_gone():
    """
    The mailbox exists; its password went down with the answer.
    """
    server = server_with(create=[AFTER])

    outcome = carried_out(CREATE, server)

    note = "found done after: connection lost"
    assert Applied(change=CREATE, note=note, password_lost=True) == outcome
    assert ["create", "find"] == verbs(server)


@pytest.mark.parametrize("resource", [User(name="new"), alias("x@y.test"), asked(A).domain])
def test_a_lost_answer_about_anything_else_loses_no_password(resource):
    """
    There was none.
    """
    change = Change(action=Action.CREATE, before=None, after=resource)
    server = FakeMail(
        live(*([] if resource.key.startswith("domain") else [there(A)])),
        policy=POLICY,
        troubles={("create", resource.key): [AFTER]},
    )

    assert Applied(change=change, note="found done after: connection lost") == (
        carried_out(change, server)
    )


def test_what_was_never_done_is_sent_again_after_two_looks():
    """
    At once, and after a pause for an effect that comes late.
    """
    server, pauses = server_with(create=[BEFORE, BEFORE]), Pauses()

    assert Applied(change=CREATE) == carried_out(CREATE, server, pauses)
    assert ["create", "find", "find"] * 2 + ["create"] == verbs(server)
    assert [0.5, 1.0] == pauses.seconds


def test_an_effect_that_comes_late_is_not_repeated():
    """
    The second look finds it.
    """
    server = server_with(create=[Trouble.LATE_ONE])

    outcome = carried_out(CREATE, server)

    assert isinstance(outcome, Applied)
    assert ["create", "find", "find"] == verbs(server)


def test_an_effect_of_the_last_try_may_come_late_as_well():
    """
    It is looked for twice, too, before it is called absent.
    """
    server = server_with(create=[BEFORE, BEFORE, BEFORE, Trouble.LATE_ONE])

    outcome = carried_out(CREATE, server)

    assert Applied(change=CREATE, note="found done after: timed out", password_lost=True) == outcome


def test_what_never_comes_is_given_up():
    """
    With a hint at display names, for which dimail answers 500 too.
    """
    server, pauses = server_with(create=[BEFORE] * 9), Pauses()

    outcome = carried_out(CREATE, server, pauses)

    assert isinstance(outcome, Failed)
    assert not outcome.is_unknown
    assert "tried 4 times, and it is still not there: 500" == outcome.message
    assert "display name" in outcome.hint
    assert ["create", "find", "find"] * 4 == verbs(server)
    assert [0.5, 1.0, 2.0, 4.0] == pauses.seconds


def test_what_cannot_be_read_back_is_unknown():
    """
    Neither done nor not done; the next run looks first.
    """
    server = server_with(create=[AFTER], find=[BEFORE])

    assert Failed(
        change=CREATE,
        message="connection lost; whether it was done could not be read back: 500",
        hint="run it again: it looks first",
        is_unknown=True,
    ) == carried_out(CREATE, server)


@pytest.mark.parametrize(
    ("troubles", "message", "is_unknown"),
    [
        ([Trouble.BUSY], "interrupted before it was done", False),
        ([BEFORE], "interrupted while it was not known whether it was done: 500", True),
    ],
)
def test_a_stop_ends_the_tries(troubles, message, is_unknown):
    """
    In doubt only if the last answer was.
    """
    outcome = carried_out(CREATE, server_with(create=troubles), Pauses(patience=0))

    assert isinstance(outcome, Failed)
    assert (message, is_unknown) == (outcome.message, outcome.is_unknown)


def test_half_a_mailbox_is_no_success():
    """
    Nor is it created over.
    """
    server = server_with(create=[Trouble.HALF_MADE])

    outcome = carried_out(CREATE, server)

    assert isinstance(outcome, Failed)
    assert "half of it" in outcome.message
    assert "operator" in outcome.hint
    assert ["create", "find"] == verbs(server)


def test_another_mailbox_in_its_place_is_no_success():
    """
    Somebody else made it, and otherwise.
    """
    server = server_with(mailbox(first_name="Al", last_name="L"))

    outcome = carried_out(CREATE, server)

    assert isinstance(outcome, Failed)
    assert "409: exists already; it exists, but with other `first_name`, `last_name`" == (
        outcome.message
    )


def test_another_domain_in_its_place_is_no_success():
    """
    A 409 never says whether the features are the same (contract §5.1).
    """
    wanted = Change(action=Action.CREATE, before=None, after=asked(A, delivery="relay").domain)

    outcome = carried_out(wanted, server_with())

    assert isinstance(outcome, Failed)
    assert "409: exists already; it exists, but with other `delivery`" == outcome.message


def test_an_update_is_found_done():
    """
    By the fields that it changes.
    """
    server = server_with(UPDATE.before, update=[AFTER])

    assert Applied(change=UPDATE, note="found done after: connection lost") == (
        carried_out(UPDATE, server)
    )


def test_an_update_that_was_not_done_is_sent_again():
    """
    As long as its fields differ.
    """
    server = server_with(UPDATE.before, update=[BEFORE])

    assert Applied(change=UPDATE) == carried_out(UPDATE, server)
    assert ["update", "find", "find", "update"] == verbs(server)


def test_an_update_of_what_is_gone_fails():
    """
    Somebody removed it meanwhile.
    """
    server = server_with(UPDATE.before, update=[BEFORE])
    server.on_call = lambda call: call.verb == "find" and _remove_all(server)

    outcome = carried_out(UPDATE, server)

    assert isinstance(outcome, Failed)
    assert "500; it is gone" == outcome.message


def _remove_all(server):
    """Empty the domain."""
    server.domains[A] = replace(server.domains[A], mailboxes={})


class CaseSensitive(FakeMail):
    """Finds a mailbox only under its very address, as a path is compared (contract §2)."""

    async def find(self, resource):
        """Read one thing."""
        found = await super().find(resource)
        return found if found and found.resource.address == resource.address else None


def test_an_update_in_doubt_is_read_back_as_dimail_spells_it():
    """
    Under another spelling it would seem gone.
    """
    server = CaseSensitive(
        live(there(A, UPDATE.before)), policy=POLICY, troubles={("update", KEY): [AFTER]}
    )

    assert isinstance(carried_out(UPDATE, server), Applied)


def test_an_inactive_mailbox_is_created_then_switched_off():
    """
    A creation cannot do both.
    """
    server = server_with()

    assert Applied(change=OFF) == carried_out(OFF, server)
    assert ["create", "find", "update"] == verbs(server)
    stored = server.stored(mailbox())
    assert stored is not None
    assert stored.active is False


def test_a_display_name_of_its_own_form_is_set_afterwards():
    """
    A 2024 server stores one of its own making (contract §7).
    """
    server = server_with()
    server.composes_names = True

    assert Applied(change=OWN_FORM) == carried_out(OWN_FORM, server)
    assert ["create", "find", "update"] == verbs(server)
    stored = server.stored(mailbox())
    assert stored is not None
    assert "Lovelace, Ada" == stored.display_name


def test_a_display_name_that_was_taken_as_sent_is_only_read_back():
    """
    A 2xx does not prove it (contract §2).
    """
    server = server_with()

    assert Applied(change=OWN_FORM) == carried_out(OWN_FORM, server)
    assert ["create", "find"] == verbs(server)


def test_what_was_found_done_is_settled_too():
    """
    The lost password stays lost.
    """
    server = server_with(create=[AFTER])

    outcome = carried_out(OFF, server)

    assert isinstance(outcome, Applied)
    assert outcome.password_lost
    assert ["create", "find", "find", "update"] == verbs(server)


@pytest.mark.parametrize(
    ("troubles", "message"),
    [
        ({"find": [BEFORE]}, "created, but not yet as asked: 500"),
        ({"update": [Trouble.REFUSED]}, "created, but not yet as asked: 403: no"),
    ],
)
def test_half_the_way_is_told(troubles, message):
    """
    The mailbox exists; the next run plans the rest as an update.
    """
    outcome = carried_out(OFF, server_with(**troubles))

    assert isinstance(outcome, Failed)
    assert message == outcome.message
    assert "run it again: the rest is planned as an update" == outcome.hint


def test_what_cannot_be_found_after_its_creation_is_half_the_way():
    """
    A server that forgets is not trusted.
    """
    server = server_with()
    server.on_call = lambda call: call.verb == "find" and _remove_all(server)

    outcome = carried_out(OFF, server)

    assert isinstance(outcome, Failed)
    assert "created, but not yet as asked: it could not be found afterwards" == outcome.message


@pytest.mark.parametrize(
    "change",
    [
        Change(action=Action.DELETE, before=User(name=ANN), after=None),
        Change(action=Action.UPDATE, before=User(name=ANN), after=User(name=ANN)),
    ],
)
def test_there_is_no_call_for_what_is_never_planned(change):
    """
    Deletes of users, updates of anything but mailboxes: a mistake of ours.
    """
    with pytest.raises(AssertionError, match="no call for"):
        carried_out(change, server_with())


DELETE = Change(action=Action.DELETE, before=mailbox("Ada"), after=None)


def test_what_was_deleted_is_done():
    """
    By a plain answer.
    """
    server = server_with(DELETE.before)

    assert Applied(change=DELETE) == carried_out(DELETE, server)
    assert server.stored(mailbox()) is None


def test_a_deletion_in_doubt_is_read_back():
    """
    What is gone is done, without a password to lose.
    """
    server = server_with(DELETE.before, delete=[AFTER])

    assert Applied(change=DELETE, note="found gone after: connection lost") == (
        carried_out(DELETE, server)
    )


def test_a_deletion_that_was_not_done_is_sent_again():
    """
    And given up after a few times.
    """
    once, always = (server_with(DELETE.before, delete=[BEFORE] * count) for count in (1, 9))

    assert Applied(change=DELETE) == carried_out(DELETE, once)
    outcome = carried_out(DELETE, always)
    assert isinstance(outcome, Failed)
    assert "tried 4 times, and it is still there: 500" == outcome.message


class Greetings:
    """Remembers whom it welcomes, and whether the first password was there to be told."""

    def __init__(self):
        self.given = []

    async def welcome(self, mailbox, password):
        """Have the letter delivered."""
        self.given.append((mailbox.address, password is not None))
        return Letter(to="ada@perso.example", is_delivered=True, detail="password")


@pytest.mark.parametrize(
    ("there_before", "troubles", "expected"),
    [
        ((), (), [("ada@a.example", True)]),
        ((), (AFTER,), [("ada@a.example", False)]),
        ((), (BEFORE,), [("ada@a.example", True)]),
        ((mailbox(),), (), []),
    ],
    ids=["at_once", "answer_lost", "sent_again", "made_by_somebody_else"],
)
def test_the_holder_of_a_mailbox_is_welcomed_once_by_whoever_made_it(
    there_before, troubles, expected
):
    """
    Somebody else's letter has brought a password, which a letter of ours might undo.
    """
    server, greetings = server_with(*there_before, create=troubles), Greetings()
    carrier = Carrier(api=server, pause=Pauses(), welcome=greetings)

    outcome = run(carrier.carry_out(CREATE))

    assert expected == greetings.given
    assert isinstance(outcome, Applied)
    assert bool(expected) is (outcome.letter is not None)
