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

    assert Applied(change=change, note="") == carried_out(change, server)
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
    Nothing was done, nothing is in doubt, and nobody waits after the last try.
    """
    server, pauses = server_with(create=[Trouble.BUSY] * 9), Pauses()

    outcome = carried_out(CREATE, server, pauses)

    assert isinstance(outcome, Failed)
    assert not outcome.is_unknown
    assert "tried 4 times, and it is still not there: 429: later" == outcome.message
    assert "run it again: it looks first" == outcome.hint
    assert ["create"] * 4 == verbs(server)
    assert [7.0] * 3 == pauses.seconds


def test_a_lost_answer_is_read_back_and_the_password_is_gone():
    """
    The mailbox exists; its password went down with the answer.
    """
    server = server_with(create=[AFTER])

    outcome = carried_out(CREATE, server)

    note = "found done after: connection lost"
    assert Applied(change=CREATE, note=note, password_lost=True) == outcome
    assert ["create", "find"] == verbs(server)


def test_an_effect_that_comes_just_before_the_next_try_is_found():
    """
    The next try is told of it by a 409, and what made it was ours all the same.
    """
    server = server_with(create=[Trouble.LATE_NEXT])

    outcome = carried_out(CREATE, server)

    note = "found done after: 409: exists already"
    assert Applied(change=CREATE, note=note, password_lost=True) == outcome
    assert ["create", "find", "find", "create", "find"] == verbs(server)


def test_a_500_that_has_left_nothing_has_not_made_what_is_found_later():
    """
    Somebody else has, before the next try was answered by a 409.
    """
    server = server_with(create=[BEFORE, Trouble.OTHERS])

    assert Applied(change=CREATE, note="was there already") == carried_out(CREATE, server)


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


@pytest.mark.parametrize(
    ("troubles", "why"),
    [([BEFORE] * 5, "500"), ([Trouble.REFUSED], "403: no")],
    ids=["after_five_looks", "at_once_if_reading_is_refused"],
)
def test_what_cannot_be_read_back_is_unknown(troubles, why):
    """
    Neither done nor not done; the next run looks first.
    """
    server = server_with(create=[AFTER], find=troubles)

    assert Failed(
        change=CREATE,
        message=f"connection lost; whether it was done could not be read back: {why}",
        hint="run it again: it looks first",
        is_unknown=True,
    ) == carried_out(CREATE, server)
    assert ["create", *["find"] * len(troubles)] == verbs(server)


def test_what_could_not_be_read_back_at_first_is_read_again():
    """
    And not sent again meanwhile.
    """
    server = server_with(create=[AFTER], find=[BEFORE] * 4)

    assert isinstance(carried_out(CREATE, server), Applied)
    assert ["create", *["find"] * 5] == verbs(server)


def test_what_may_still_come_after_the_last_look_is_unknown():
    """
    The server has not answered: it may do it when nobody looks any more.
    """
    server = server_with(create=[Trouble.LATE_NINE] * 4)

    outcome = carried_out(CREATE, server)

    assert isinstance(outcome, Failed)
    assert outcome.is_unknown
    assert "tried 4 times, and it is still not there: timed out" == outcome.message
    assert "run it again: it looks first" == outcome.hint


def test_a_refusal_after_a_doubt_does_not_hide_what_was_done_late():
    """
    The first try is looked for once more, before the second is said to have failed.
    """
    late = server_with(create=[Trouble.LATE_NEXT, Trouble.REFUSED])
    never = server_with(create=[BEFORE, Trouble.REFUSED])
    open_end = server_with(create=[Trouble.LATE_NINE, Trouble.REFUSED])

    note = "found done after: timed out"
    assert Applied(change=CREATE, note=note, password_lost=True) == carried_out(CREATE, late)
    failed = Failed(change=CREATE, message="403: no", hint="ask the operator")
    assert failed == carried_out(CREATE, never)
    assert replace(failed, is_unknown=True) == carried_out(CREATE, open_end)


def test_a_server_that_is_busy_in_the_end_does_not_hide_what_was_done_late():
    """
    What is in doubt since an earlier try is looked for once more.
    """
    busy = [Trouble.BUSY] * 3
    late = server_with(create=[Trouble.LATE_THREE, *busy])
    never = server_with(create=[BEFORE, *busy])

    assert isinstance(carried_out(CREATE, late), Applied)
    outcome = carried_out(CREATE, never)
    assert isinstance(outcome, Failed)
    assert ("tried 4 times, and it is still not there: 429: later", False) == (
        outcome.message,
        outcome.is_unknown,
    )


@pytest.mark.parametrize(
    ("troubles", "message", "is_unknown"),
    [
        ([Trouble.BUSY], "the run was stopped before it was done", False),
        ([BEFORE], "the run was stopped while it was not known whether it was done: 500", True),
    ],
)
def test_a_stop_ends_the_tries(troubles, message, is_unknown):
    """
    In doubt only if the last answer was.
    """
    outcome = carried_out(CREATE, server_with(create=troubles), Pauses(patience=0))

    hint = "run it again: it looks first"
    assert Failed(change=CREATE, message=message, hint=hint, is_unknown=is_unknown) == outcome


def test_half_a_mailbox_is_no_success():
    """
    Nor is it created over, however often it is looked at.
    """
    server, pauses = server_with(create=[Trouble.HALF_MADE]), Pauses()

    outcome = carried_out(CREATE, server, pauses)

    assert isinstance(outcome, Failed)
    assert "500; dimail has half of it (status `broken`)" == outcome.message
    assert "have the operator of dimail remove or repair it, then run it again" == outcome.hint
    assert not outcome.is_unknown
    assert ["create", *["find"] * 5] == verbs(server)
    assert [0.5, 1.0, 2.0, 4.0] == pauses.seconds


def test_half_a_mailbox_may_become_a_whole_one():
    """
    The server was still at work on it when it was looked at first.
    """
    server = server_with(create=[Trouble.UNDER_WAY])

    note = "found done after: timed out"
    assert Applied(change=CREATE, note=note, password_lost=True) == carried_out(CREATE, server)
    assert ["create", "find", "find", "find"] == verbs(server)


def test_a_mailbox_that_somebody_else_has_half_made_is_waited_for():
    """
    It is theirs when it is whole.
    """
    server = server_with(create=[Trouble.OTHERS_UNDER_WAY])

    assert Applied(change=CREATE, note="was there already") == carried_out(CREATE, server)


def test_half_a_mailbox_that_is_taken_back_is_created():
    """
    Once nothing of it is left, and not before: the server asserts that.
    """
    server = server_with(create=[Trouble.HALF_UNDONE])

    assert Applied(change=CREATE) == carried_out(CREATE, server)
    assert ["create", "find", "find", "find", "create"] == verbs(server)


def test_half_a_mailbox_that_is_taken_back_at_the_last_look_was_tried_once():
    """
    There is no time left to send it again.
    """
    server = server_with(create=[Trouble.HALF_MADE])
    server.on_call = lambda _call: len(server.calls) == 6 and _remove_all(server)

    outcome = carried_out(CREATE, server)

    assert isinstance(outcome, Failed)
    assert "tried once, and it is still not there: 500" == outcome.message


def test_a_refusal_does_not_hide_that_an_earlier_try_is_under_way():
    """
    What is half there after the second try may be the first: it is waited for.
    """
    server = server_with(create=[Trouble.LATE_NINE, Trouble.REFUSED])

    def appear(call):
        if call.verb == "find" and len(server.calls) in {5, 6}:
            here = server.domains[A]
            half_made = frozenset({KEY}) if len(server.calls) == 5 else frozenset[str]()
            server.domains[A] = replace(here, mailboxes={KEY: mailbox()}, half_made=half_made)

    server.on_call = appear

    assert isinstance(carried_out(CREATE, server), Applied)
    assert ["create", "find", "find", "create", "find", "find"] == verbs(server)


def test_half_a_mailbox_may_become_whole_after_the_last_look():
    """
    As long as a try has had no answer it is unknown what becomes of it.
    """
    outcome = carried_out(CREATE, server_with(create=[Trouble.LATE_NINE, Trouble.HALF_MADE]))

    assert isinstance(outcome, Failed)
    assert ("500; dimail has half of it (status `broken`)", True) == (
        outcome.message,
        outcome.is_unknown,
    )


def test_another_mailbox_in_its_place_is_no_success():
    """
    Somebody else made it, and otherwise.
    """
    server = server_with(mailbox(first_name="Al", last_name="L"))

    outcome = carried_out(CREATE, server)

    assert (
        Failed(
            change=CREATE,
            message="409: exists already; it exists, but with other `first_name`, `last_name`",
            hint="plan again and see what differs",
        )
        == outcome
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


def test_an_update_whose_field_is_not_told_any_more_is_unknown():
    """
    Neither as asked nor otherwise: it is looked at again, and not called done.
    """
    short = server_with(UPDATE.before, update=[Trouble.UNDER_WAY])
    silent = server_with(UPDATE.before, update=[AFTER])
    silent.on_call = lambda call: call.verb == "find" and silent.hide("first_name", UPDATE.before)

    assert Applied(change=UPDATE, note="found done after: timed out") == carried_out(UPDATE, short)
    assert Failed(
        change=UPDATE,
        message="connection lost; dimail does not tell its `first_name` any more",
        hint="run it again: it looks first",
        is_unknown=True,
    ) == carried_out(UPDATE, silent)
    assert ["update", *["find"] * 5] == verbs(silent)


def test_a_mailbox_that_is_switched_off_loses_its_names_by_that():
    """
    Where they were to be changed too, that they are not told is no reason for doubt.
    """
    off = Change(
        action=Action.UPDATE,
        before=UPDATE.before,
        after=mailbox(active=False),
        fields=("first_name", "active"),
    )
    server = server_with(off.before, update=[AFTER])
    server.on_call = lambda call: call.verb == "find" and server.hide("first_name", off.before)

    assert Applied(change=off, note="found done after: connection lost") == (
        carried_out(off, server)
    )


def test_a_mailbox_of_which_nobody_tells_whether_it_was_switched_off_is_unknown():
    """
    Of a person who left, silence is not enough.
    """
    off = Change(
        action=Action.UPDATE, before=mailbox(), after=mailbox(active=False), fields=("active",)
    )
    server = server_with(off.before, update=[AFTER])
    server.on_call = lambda call: call.verb == "find" and server.hide("active", off.before)

    assert Failed(
        change=off,
        message="connection lost; dimail does not tell its `active` any more",
        hint="run it again: it looks first",
        is_unknown=True,
    ) == carried_out(off, server)


def test_names_that_dimail_never_told_are_not_missed():
    """
    They are sent along with what is switched on; without webmail nobody ever reads them (§7).
    """
    untold = mailbox(first_name=None, last_name=None, display_name=None, active=False)
    fields = ("first_name", "last_name", "display_name", "active")
    on = Change(action=Action.UPDATE, before=untold, after=mailbox(), fields=fields)
    server = server_with(untold, update=[AFTER])

    def hide(call):
        if call.verb == "find":
            for name in fields[:3]:
                server.hide(name, untold)

    server.on_call = hide

    assert Applied(change=on, note="found done after: connection lost") == carried_out(on, server)


def test_an_update_of_what_is_gone_fails():
    """
    Somebody removed it meanwhile.
    """
    server = server_with(UPDATE.before, update=[BEFORE])
    server.on_call = lambda call: call.verb == "find" and _remove_all(server)

    outcome = carried_out(UPDATE, server)

    assert (
        Failed(change=UPDATE, message="500; it is gone", hint="run it again: it looks first")
        == outcome
    )


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


@pytest.mark.parametrize("change", [OFF, OWN_FORM])
def test_what_was_found_done_is_settled_too(change):
    """
    The lost password stays lost.
    """
    server = server_with(create=[AFTER])
    server.composes_names = True

    outcome = carried_out(change, server)

    assert isinstance(outcome, Applied)
    assert outcome.password_lost
    assert ["create", "find", "update"] == verbs(server)


def test_what_somebody_else_has_made_is_settled_too():
    """
    Whatever of it is not as asked: `was there already` means as asked.
    """
    server = server_with(mailbox(active=False))

    assert Applied(change=CREATE, note="was there already") == carried_out(CREATE, server)
    stored = server.stored(mailbox())
    assert stored is not None
    assert stored.active is True


PLANNED = "run it again: the rest is planned as an update"
LOOK = "run it again: it looks first"


@pytest.mark.parametrize(
    ("troubles", "message", "hint", "is_unknown"),
    [
        ({"find": [BEFORE] * 4}, "500", LOOK, True),
        ({"update": [Trouble.REFUSED]}, "403: no", PLANNED, False),
        (
            {"update": [BEFORE] * 4},
            "tried 4 times, and it is still not as asked: 500",
            PLANNED,
            False,
        ),
        (
            {"update": [AFTER], "find": [None, *[BEFORE] * 5]},
            "connection lost; whether it was done could not be read back: 500",
            PLANNED,
            True,
        ),
    ],
    ids=["not_seen", "refused", "not_done", "in_doubt"],
)
def test_half_the_way_is_told(troubles, message, hint, is_unknown):
    """
    The mailbox exists; the next run does the rest.
    """
    outcome = carried_out(OFF, server_with(**troubles))

    assert Failed(
        change=OFF,
        message=f"made, but not yet as asked: {message}",
        hint=hint,
        is_unknown=is_unknown,
    ) == (outcome)


def test_a_new_mailbox_that_is_not_yet_seen_as_a_whole_is_looked_at_again():
    """
    A lost reading, half of it, or no word on whether it is active: for as long as a try may take.
    """
    server = server_with(find=[BEFORE])
    server.on_call = lambda call: len(server.calls) in {3, 4} and _disturb(server, call)

    assert Applied(change=OFF) == carried_out(OFF, server)
    assert ["create", "find", "find", "find", "find", "update"] == verbs(server)


def _disturb(server, call):
    """Have half of the mailbox, then all of it, but no word on whether it is active."""
    assert call.verb == "find"
    here, is_first = server.domains[A], len(server.calls) == 3
    half_made = frozenset({KEY}) if is_first else frozenset[str]()
    server.domains[A] = replace(here, half_made=half_made)
    if not is_first:
        server.hide("active", OFF.after)
        server.on_call = lambda _call: _tell_active(server)


def _tell_active(server):
    here = server.domains[A]
    server.domains[A] = replace(here, mailboxes={KEY: replace(here.mailboxes[KEY], active=True)})
    server.on_call = lambda _call: None


def test_a_new_mailbox_that_is_never_seen_on_or_off_is_half_the_way():
    """
    It was to be off: nobody knows whether it is.
    """
    server = server_with()
    server.on_call = lambda call: call.verb == "find" and server.hide("active", OFF.after)

    assert Failed(
        change=OFF,
        message="made, but not yet as asked: dimail does not tell whether it is active",
        hint="run it again: it looks first",
        is_unknown=True,
    ) == carried_out(OFF, server)


def test_what_cannot_be_found_after_its_creation_is_half_the_way():
    """
    A server that forgets is not trusted.
    """
    server, pauses = server_with(), Pauses()
    server.on_call = lambda call: call.verb == "find" and _remove_all(server)

    outcome = carried_out(OFF, server, pauses)

    assert isinstance(outcome, Failed)
    assert [0.5, 1.0, 2.0] == pauses.seconds
    assert "made, but not yet as asked: it could not be found afterwards" == outcome.message
    assert outcome.is_unknown
    assert ["create", *["find"] * 4] == verbs(server)


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


def test_what_is_half_deleted_is_not_deleted_again():
    """
    The server is still at work on it: a second call would be refused, and look like a failure.
    """
    server = server_with(DELETE.before, delete=[Trouble.UNDER_WAY])

    assert Applied(change=DELETE, note="found gone after: timed out") == (
        carried_out(DELETE, server)
    )
    assert ["delete", "find", "find", "find"] == verbs(server)


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
        ((), (Trouble.UNDER_WAY,), [("ada@a.example", False)]),
        ((), (Trouble.LATE_NEXT,), [("ada@a.example", False)]),
        ((mailbox(),), (), []),
        ((), (Trouble.OTHERS_UNDER_WAY,), []),
    ],
    ids=[
        "at_once",
        "answer_lost",
        "sent_again",
        "half_made_then_whole",
        "done_late",
        "made_by_somebody_else",
        "half_made_by_somebody_else",
    ],
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
