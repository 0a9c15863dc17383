"""One named example for each rule of the planner."""

from dataclasses import replace

import pytest

from mailstate.model.resources import Access, Role, User, access_key, user_id
from mailstate.model.state import DomainState
from mailstate.planning.plan import Action, Change, HoldReason, Plan, Reason
from mailstate.planning.planner import needs_check, recheck
from tests.planning.examples import (
    ANN,
    BEN,
    A,
    B,
    alias,
    asked,
    desired,
    lines,
    live,
    mailbox,
    place,
    planned,
    there,
)
from tests.strategies import INTERNAL, SERVICE, UUIDS


def blocked(entries):
    """Give conflicts or refused entries as pairs of a line and a reason."""
    return [(f"{one.change.action} {one.change.key}", one.reason) for one in entries]


def test_a_new_domain_brings_its_people_and_holds_its_mailboxes():
    """
    The whole of a first run, in the order in which it is carried out.
    """
    wanted = desired(asked(A, mailbox(), alias("ada@a.example")))

    made = planned(wanted, live(users=[SERVICE]))

    assert [
        f"create user/{ANN}",
        "create domain/a.example",
        "create access/a.example/la_regie",
        f"create access/a.example/{ANN}",
    ] == lines(made.changes)
    assert [
        "create mailbox/ada@a.example",
        "create alias/info@a.example/ada@a.example",
    ] == lines(entry.change for entry in made.held)
    assert {HoldReason.DOMAIN_ABSENT} == {entry.hold.reason for entry in made.held}


def test_each_change_says_where_it_is_written():
    """
    The service account's access is asked for by the domain's own line.
    """
    wanted = desired(asked(A, mailbox()))

    made = planned(wanted, live(users=[SERVICE]))

    assert {
        f"user/{ANN}": wanted.people[ANN].place,
        "domain/a.example": place(1),
        "access/a.example/la_regie": place(1),
        f"access/a.example/{ANN}": place(2),
    } == {change.key: change.place for change in made.changes}
    assert {"mailbox/ada@a.example": place(3)} == {
        entry.change.key: entry.change.place for entry in made.held
    }


def test_each_change_says_who_is_behind_a_uuid():
    """
    Where the files name somebody; a mailbox and an alias speak for themselves.
    """
    wanted = desired(asked(A, mailbox(), alias("ada@a.example")))

    made = planned(wanted, live(users=[SERVICE]))

    assert ["ann", "", "the service account", "ann, owner"] == [one.note for one in made.changes]
    assert ["", ""] == [entry.change.note for entry in made.held]


def test_the_service_account_gets_its_access_before_all_others():
    """
    What comes after is done with its right.
    """
    wanted = desired(asked(A), asked(B))

    made = planned(wanted, live(there(B)))

    assert [
        "create domain/a.example",
        "create access/a.example/la_regie",
        f"create access/a.example/{ANN}",
    ] == lines(made.changes)
    assert not made.held


def test_a_service_account_that_is_an_owner_too_gets_one_access():
    """
    One address, one change.
    """
    wanted = desired(asked(A))

    made = planned(wanted, live(), service_account=UUIDS[0].replace("-", ""))

    assert ["create domain/a.example", f"create access/a.example/{ANN}"] == lines(made.changes)


def test_updates_come_before_creates():
    """
    A display name is given up before it is taken again.
    """
    wanted = desired(
        asked(A, mailbox("zoe", display_name="Zoé"), mailbox("ada", display_name="Ada"))
    )

    made = planned(wanted, live(there(A, mailbox("zoe", display_name="Ada"))))

    assert [
        "update mailbox/zoe@a.example",
        "create mailbox/ada@a.example",
    ] == lines(made.changes)


@pytest.mark.parametrize("spelt", [UUIDS[0].upper(), UUIDS[0].replace("-", "")])
def test_a_uuid_is_the_same_however_it_is_spelt(spelt):
    """
    A user is found, and a new access is sent with the name that dimail has.
    """
    wanted = desired(asked(A, roles={ANN: Role.OWNER, BEN: Role.ADMINISTRATOR}))
    existing = live(there(A), users=[SERVICE, spelt, UUIDS[1]])
    own = Access(domain=A, user=SERVICE)

    made = planned(wanted, replace(existing, accesses={own.key: own}))

    assert [
        Access(domain=A, user=spelt),
        Access(domain=A, user=UUIDS[1]),
    ] == [change.after for change in made.changes]


def test_a_new_user_is_sent_as_the_files_spell_it():
    """
    Compared as a uuid, sent as written.
    """
    wanted = desired(asked(A))
    spelt = replace(wanted.people[ANN], user=User(name=UUIDS[0].upper()))
    wanted = replace(wanted, people={**wanted.people, ANN: spelt})

    made = planned(wanted, live(there(A), users=[SERVICE]))

    assert [User(name=UUIDS[0].upper())] == [change.after for change in made.changes]
    assert user_id(UUIDS[0].upper()) == ANN


def test_an_update_names_the_mailbox_as_dimail_spells_it():
    """
    Paths are compared with case (contract §2), addresses of plans are not.
    """
    wanted = desired(asked(A, mailbox("ada", first_name="Augusta")))

    (change,) = planned(wanted, live(there(A, mailbox("Ada")))).changes

    assert "mailbox/ada@a.example" == change.key
    assert mailbox("Ada") == change.before
    assert ("first_name",) == change.fields


def test_names_are_compared_as_text_not_as_bytes():
    """
    A composed é and an e with an accent are the same letter.
    """
    wanted = desired(asked(A, mailbox(first_name="Zo\N{LATIN SMALL LETTER E WITH ACUTE}")))

    made = planned(wanted, live(there(A, mailbox(first_name="Zoe\N{COMBINING ACUTE ACCENT}"))))

    assert Plan() == made


def test_names_that_dimail_does_not_tell_are_no_difference():
    """
    Non-webmail domains read back null for them (contract §7).
    """
    unknown = mailbox(first_name=None, last_name=None, display_name=None)

    made = planned(desired(asked(A, mailbox())), live(there(A, unknown)))

    assert Plan() == made


@pytest.mark.parametrize("state", [DomainState.BROKEN, DomainState.NEW, DomainState.UNTOLD])
def test_a_person_who_left_is_switched_off_whatever_the_domain(state):
    """
    What closes something does not wait.
    """
    wanted = desired(asked(A, mailbox(active=False)))

    made = planned(wanted, live(there(A, mailbox(), state=state)))

    assert ["update mailbox/ada@a.example"] == lines(made.changes)
    assert ("active",) == made.changes[0].fields


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"active": False}, {"active": True}),
        ({"active": False}, {"active": False, "first_name": "Augusta"}),
        ({}, {"first_name": "Augusta"}),
    ],
)
def test_all_other_updates_wait_for_the_domain(before, after):
    """
    Switching on again, and altering a name.
    """
    wanted = desired(asked(A, mailbox(**after)))

    made = planned(wanted, live(there(A, mailbox(**before), state=DomainState.NEW)))

    assert not made.changes
    assert ["update mailbox/ada@a.example"] == lines(entry.change for entry in made.held)


def test_switching_on_again_is_one_update():
    """
    The names were dropped with the account in OX, and are told since they are sent along.
    """
    off = mailbox(first_name=None, last_name=None, display_name=None, active=False)

    (change,) = planned(desired(asked(A, mailbox())), live(there(A, off))).changes

    names = ("first_name", "last_name", "display_name")
    assert (Action.UPDATE, (*names, "active")) == (change.action, change.fields)
    assert mailbox() == change.after


def test_an_alias_does_not_take_the_mail_of_a_mailbox_in_no_file():
    """
    Its holder would lose mail without a word; with a copy, nothing is lost.
    """
    info = mailbox("info", first_name="In", last_name="Fo", display_name="In Fo")
    wanted = asked(A, alias("x@y.test"))
    copied = asked(A, alias("x@y.test"), alias("info@a.example"))

    taken = planned(desired(wanted), live(there(A, info)))
    kept = planned(desired(copied), live(there(A, info)))

    expected = [("create alias/info@a.example/x@y.test", Reason.MAILBOX_IN_THE_WAY)]
    assert expected == blocked(taken.conflicts)
    assert "its mail would go elsewhere" in taken.conflicts[0].detail
    assert () == taken.changes
    assert () == kept.conflicts
    assert 2 == len(kept.changes)


def test_an_alias_waits_for_the_mailbox_it_leads_to():
    """
    The alias's own domain is enabled, the other is not: mail would bounce.
    """
    wanted = desired(asked(A, alias("bob@b.example")), asked(B, mailbox("bob", B)))

    made = planned(wanted, live(there(A), there(B, state=DomainState.NEW)))

    assert not made.changes
    assert {
        "mailbox/bob@b.example": B,
        "alias/info@a.example/bob@b.example": B,
    } == {entry.change.key: entry.hold.domain for entry in made.held}


def test_an_alias_does_not_wait_for_an_update_of_the_mailbox_it_leads_to():
    """
    That mailbox is there and takes mail.
    """
    wanted = desired(
        asked(A, alias("bob@b.example")), asked(B, mailbox("bob", B, first_name="Bob"))
    )

    made = planned(wanted, live(there(A), there(B, mailbox("bob", B), state=DomainState.NEW)))

    assert ["create alias/info@a.example/bob@b.example"] == lines(made.changes)
    assert ["update mailbox/bob@b.example"] == lines(entry.change for entry in made.held)


def test_nothing_waits_where_no_state_is_told_and_the_policy_takes_that_for_enabled():
    """
    But a domain that the run creates is looked at first: it may turn out to have a state.
    """
    wanted = desired(asked(A, mailbox()), asked(B, mailbox("bob", B)))

    made = planned(wanted, live(there(B, state=DomainState.UNTOLD)), assume_enabled=True)

    assert ["create mailbox/bob@b.example"] == lines(
        change for change in made.changes if change.kind == "mailbox"
    )
    assert [("mailbox/ada@a.example", HoldReason.DOMAIN_ABSENT)] == [
        (entry.change.key, entry.hold.reason) for entry in made.held
    ]


BLOCKED_MAILBOXES = [
    pytest.param(
        asked(B, mailbox("bob", B)),
        there(B, mailbox("bob", B), half_made=frozenset({"mailbox/bob@b.example"})),
        id="half made",
    ),
    pytest.param(
        asked(B, mailbox("bob", B)), there(B, mailbox("stranger", B)), id="display name taken"
    ),
    pytest.param(asked(B, mailbox("bob", B), disabled=True), there(B), id="domain disabled"),
]


@pytest.mark.parametrize(("other", "existing"), BLOCKED_MAILBOXES)
@pytest.mark.parametrize("state", [DomainState.OK, DomainState.NEW])
def test_an_alias_to_a_mailbox_that_cannot_be_created_is_a_conflict(other, existing, state):
    """
    Planned or held, its mail would bounce; an alias that leads elsewhere goes ahead.
    """
    wanted = desired(asked(A, alias("Bob@b.example"), alias("x@y.test")), other)

    made = planned(wanted, live(there(A, state=state), existing))

    (entry,) = [one for one in made.conflicts if one.change.kind == "alias"]
    assert Reason.DESTINATION_BLOCKED is entry.reason
    assert "alias/info@a.example/bob@b.example" == entry.change.key
    assert (
        "bob@b.example, to which it leads, is in conflict or refused: "
        "its mail would bounce; mend that first"
    ) == entry.detail
    assert ["create alias/info@a.example/x@y.test"] == lines(
        (*made.changes, *(entry.change for entry in made.held))
    )


def test_an_alias_to_a_mailbox_that_cannot_be_updated_goes_ahead():
    """
    That mailbox is there and takes mail.
    """
    wanted = desired(asked(A, mailbox(active=False), alias("ada@a.example")))

    made = planned(wanted, live(there(A, mailbox(active=None)), tells_active=False))

    assert [("update mailbox/ada@a.example", Reason.NOT_SUPPORTED)] == blocked(made.conflicts)
    assert ["create alias/info@a.example/ada@a.example"] == lines(made.changes)


@pytest.mark.parametrize(
    ("fields", "differing"),
    [
        ({"features": frozenset({"mailbox"})}, ("features",)),
        ({"context": "other"}, ("context",)),
        ({"delivery": "relay"}, ("delivery",)),
        ({"context": "other", "delivery": "relay"}, ("context", "delivery")),
    ],
)
def test_an_existing_domain_that_differs_is_a_conflict(fields, differing):
    """
    There is no call to change a domain; what is on it is planned all the same.
    """
    made = planned(desired(asked(A, mailbox())), live(there(A, **fields)))

    assert [("update domain/a.example", Reason.CANNOT_CHANGE)] == blocked(made.conflicts)
    change = made.conflicts[0].change
    assert (there(A, **fields).domain, asked(A).domain, place(1), differing) == (
        change.before,
        change.after,
        change.place,
        change.fields,
    )
    assert ["create mailbox/ada@a.example"] == lines(made.changes)


@pytest.mark.parametrize("field", ["context", "delivery"])
def test_what_is_not_told_of_a_domain_is_no_conflict(field):
    """
    A 2024 server tells no context when read, and knows no delivery.
    """
    assert Plan() == planned(desired(asked(A)), live(there(A, **{field: None})))


def test_half_a_mailbox_is_a_conflict():
    """
    Told with what to do, never created over.
    """
    wanted = mailbox()
    existing = there(A, wanted, half_made=frozenset({wanted.key}))

    made = planned(desired(asked(A, wanted)), live(existing))

    assert [("create mailbox/ada@a.example", Reason.HALF_MADE)] == blocked(made.conflicts)
    assert "have the operator remove or repair it" in made.conflicts[0].detail
    assert (wanted, wanted) == (made.conflicts[0].change.before, made.conflicts[0].change.after)
    assert not made.changes


@pytest.mark.parametrize("existing", [(), (mailbox(active=None),)])
def test_an_inactive_mailbox_is_a_conflict_where_dimail_knows_none(existing):
    """
    Neither created nor left on in silence.
    """
    wanted = desired(asked(A, mailbox(active=False)))

    made = planned(wanted, live(there(A, *existing), tells_active=False))

    action = "update" if existing else "create"
    assert [(f"{action} mailbox/ada@a.example", Reason.NOT_SUPPORTED)] == blocked(made.conflicts)
    assert "it cannot switch one off" in made.conflicts[0].detail
    assert (("active",) if existing else ()) == made.conflicts[0].change.fields
    assert not made.changes


def test_a_display_name_that_a_stranger_has_is_a_conflict():
    """
    Compared without case, in the OX context, where another domain may live too.
    """
    wanted = desired(asked(A, mailbox(), context="shared"), asked(B, context="shared"))
    stranger = mailbox("stranger", B, display_name="ADA LOVELACE")

    made = planned(wanted, live(there(A, context="shared"), there(B, stranger, context="shared")))

    assert [("create mailbox/ada@a.example", Reason.NAME_TAKEN)] == blocked(made.conflicts)
    assert "stranger@b.example" in made.conflicts[0].detail
    assert made.conflicts[0].detail.endswith("choose another one")
    assert not made.changes


def test_of_several_strangers_with_a_display_name_one_and_the_same_is_told():
    """
    In whichever order the server lists them, or the files their domains.
    """
    domains = asked(A, mailbox(), context="shared"), asked(B, context="shared")
    strangers = [mailbox(name, B, display_name="Ada Lovelace") for name in ("first", "second")]
    second = there(A, mailbox("other", display_name="Ada Lovelace"), context="shared")

    told = {
        planned(desired(*files), live(second, there(B, *listed, context="shared"))).conflicts[0]
        for files in (domains, domains[::-1])
        for listed in (strangers, strangers[::-1])
    }

    assert [True] == [one.detail.startswith("first@b.example, which") for one in told]


def test_a_display_name_is_taken_however_its_accents_are_encoded():
    """
    A composed é and an e with an accent are the same letter.
    """
    wanted = desired(asked(A, mailbox(display_name="Zo\N{LATIN SMALL LETTER E WITH ACUTE}")))
    stranger = mailbox("stranger", display_name="Zoe\N{COMBINING ACUTE ACCENT}")

    made = planned(wanted, live(there(A, stranger)))

    assert [("create mailbox/ada@a.example", Reason.NAME_TAKEN)] == blocked(made.conflicts)


def test_a_display_name_of_another_context_is_free():
    """
    A context is an OX of its own.
    """
    wanted = desired(asked(A, mailbox()), asked(B))

    made = planned(wanted, live(there(A), there(B, mailbox("stranger", B))))

    assert ["create mailbox/ada@a.example"] == lines(made.changes)


@pytest.mark.parametrize("fields", [{"features": frozenset({"mailbox"})}, {"context": None}])
def test_a_display_name_is_free_where_ox_is_not_concerned(fields):
    """
    Without webmail, or without a context, nobody asks for unique names.
    """
    wanted = desired(asked(A, mailbox(), **fields))

    made = planned(wanted, live(there(A, mailbox("stranger"), **fields)))

    assert ["create mailbox/ada@a.example"] == lines(made.changes)


def test_a_name_that_stays_as_it_is_takes_nobody_elses():
    """
    Only what sets a display name can meet another.
    """
    wanted = desired(asked(A, mailbox(first_name="Augusta")))

    made = planned(wanted, live(there(A, mailbox(), mailbox("stranger"))))

    assert ["update mailbox/ada@a.example"] == lines(made.changes)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param({"display_name": "Ada"}, id="another name before"),
        pytest.param({"active": False}, id="switched off before"),
        pytest.param({"display_name": None, "active": False}, id="without a name while it is off"),
    ],
)
def test_an_update_that_sets_a_name_meets_the_stranger_who_has_it(before):
    """
    A new name, and the old one that comes back with a mailbox that is switched on again.
    """
    existing = live(there(A, mailbox(**before), mailbox("stranger")))

    made = planned(desired(asked(A, mailbox())), existing)

    assert [("update mailbox/ada@a.example", Reason.NAME_TAKEN)] == blocked(made.conflicts)
    assert not made.changes


def test_switching_off_takes_no_name():
    """
    OX drops the account and its names: a person who left is switched off whoever has the name.
    """
    wanted = desired(asked(A, mailbox(active=False)))

    made = planned(wanted, live(there(A, mailbox(display_name="Ada"), mailbox("stranger"))))

    assert [("display_name", "active")] == [change.fields for change in made.changes]


def test_a_disabled_domain_is_left_alone_and_its_changes_are_refused():
    """
    No user, no access, no mailbox; what differs is told.
    """
    wanted = desired(asked(A, mailbox(), alias("x@y.test"), disabled=True))

    made = planned(wanted, live(users=[SERVICE]))

    assert Plan(refused=made.refused) == made
    assert [
        ("create domain/a.example", Reason.DOMAIN_DISABLED),
        (f"create access/a.example/{ANN}", Reason.DOMAIN_DISABLED),
        ("create mailbox/ada@a.example", Reason.DOMAIN_DISABLED),
        ("create alias/info@a.example/x@y.test", Reason.DOMAIN_DISABLED),
    ] == blocked(made.refused)


def test_every_disabled_domain_is_told_with_the_line_that_disables_it():
    """
    One does not hide the other.
    """
    wanted = desired(asked(A, disabled=True), asked(B, disabled=True))

    made = planned(wanted, live())

    assert {"domain/a.example", "domain/b.example"} <= {one.change.key for one in made.refused}
    assert all("`disabled: true`" in one.detail for one in made.refused)


def test_a_disabled_domain_that_cannot_be_read_is_told():
    """
    What is on it is unknown, neither missing nor as asked.
    """
    wanted = desired(asked(A, mailbox(), disabled=True))

    made = planned(wanted, live(there(A, readable=False)))

    assert [("update domain/a.example", Reason.UNREADABLE)] == blocked(made.conflicts)
    assert "the service account has no access to this domain" in made.conflicts[0].detail
    assert place(1) == made.conflicts[0].change.place
    assert Plan(conflicts=made.conflicts) == made


def test_a_domain_that_cannot_be_read_yet_holds_what_is_on_it():
    """
    The access comes first, then the domain is looked at.
    """
    made = planned(desired(asked(A, mailbox())), live(there(A, readable=False)))

    assert ["create access/a.example/la_regie"] == lines(made.changes)
    assert [HoldReason.ACCESS_MISSING] == [entry.hold.reason for entry in made.held]


def test_what_is_in_no_file_is_told_and_left_alone():
    """
    Mailboxes, half ones too, aliases, and allows of strangers and viewers.
    """
    wanted = desired(asked(A, roles={ANN: Role.OWNER, BEN: Role.VIEWER}))
    half = mailbox("half")
    extra = (Access(domain=A, user=BEN), Access(domain=A, user="admin"))
    existing = there(A, mailbox("old"), half, alias("x@y.test"), half_made=frozenset({half.key}))

    made = planned(wanted, live(existing, extra=extra))

    assert Plan(unmanaged=made.unmanaged) == made
    assert [
        (access_key(A, BEN), Reason.EXTRA_ACCESS),
        (access_key(A, "admin"), Reason.EXTRA_ACCESS),
        ("alias/info@a.example/x@y.test", Reason.NOT_IN_FILES),
        ("mailbox/half@a.example", Reason.NOT_IN_FILES),
        ("mailbox/old@a.example", Reason.NOT_IN_FILES),
    ] == [(entry.resource.key, entry.reason) for entry in made.unmanaged]
    assert [
        "a viewer in the files, who needs no allow in dimail",
        "an allow that no file asks for",
        "live, but in no file",
        "live, but in no file (half-made: status `broken`)",
        "live, but in no file",
    ] == [entry.detail for entry in made.unmanaged]


@pytest.mark.parametrize(
    ("existing", "told"),
    [
        (live(there(A, mailbox())), []),
        (live(there(A, mailbox(), delivery="relay")), ["domain/a.example"]),
        (live(there(A, mailbox()), own=False), [access_key(A, SERVICE)]),
        (live(there(A, mailbox()), extra=[Access(domain=A, user=BEN)]), [access_key(A, BEN)]),
        (live(there(A, mailbox(first_name="Al"))), ["mailbox/ada@a.example"]),
        (
            live(there(A, mailbox(), half_made=frozenset({mailbox().key}))),
            ["mailbox/ada@a.example"],
        ),
        (live(there(A, mailbox(), mailbox("old"))), ["mailbox/old@a.example"]),
        (live(there(A, mailbox(), alias("x@y.test"))), ["alias/info@a.example/x@y.test"]),
    ],
)
def test_the_only_thing_that_differs_on_a_domain_is_told(existing, told):
    """
    Whatever it is: a domain on which all else is as wanted is not passed over.
    """
    made = planned(desired(asked(A, mailbox())), existing)

    assert told == [
        *(change.key for change in made.changes),
        *(entry.change.key for entry in made.conflicts),
        *(entry.resource.key for entry in made.unmanaged),
    ]


def test_a_domain_in_no_file_is_no_concern_of_the_plan():
    """
    A recorded live state may know more domains than the files of a pull request.
    """
    stranger = there(B, mailbox("bob", B), alias("x@y.test", domain=B))

    assert Plan() == planned(desired(asked(A)), live(there(A), stranger))


def test_a_viewer_is_unknown_to_dimail():
    """
    Neither a user nor an access is created.
    """
    wanted = desired(asked(A, roles={ANN: Role.OWNER, BEN: Role.VIEWER}))

    assert Plan() == planned(wanted, live(there(A), users=[SERVICE, ANN]))


def test_checks_are_asked_for_only_where_something_waits():
    """
    They take seconds.
    """
    wanted = desired(asked(A, mailbox()))

    assert needs_check(wanted, there(A, state=DomainState.NEW))
    assert not needs_check(wanted, there(A, mailbox(), state=DomainState.NEW))
    assert not needs_check(wanted, there(A, state=DomainState.OK))


CREATE = Change(action=Action.CREATE, before=None, after=mailbox())
UPDATE = Change(
    action=Action.UPDATE,
    before=mailbox(first_name="Augusta", last_name="Byron"),
    after=mailbox(),
    fields=("first_name", "last_name"),
)
ALIAS = Change(action=Action.CREATE, before=None, after=alias("ada@a.example"))


@pytest.mark.parametrize(
    ("change", "existing"),
    [
        pytest.param(CREATE, there(A), id="still absent"),
        pytest.param(UPDATE, there(A, UPDATE.before), id="still as it was"),
        pytest.param(UPDATE, there(A, mailbox(last_name="Byron")), id="done in part"),
        pytest.param(ALIAS, there(A), id="alias still absent"),
        pytest.param(
            Change(action=Action.CREATE, before=None, after=Access(domain=A, user=ANN)),
            there(A),
            id="nothing that lives on the domain",
        ),
    ],
)
def test_a_held_change_that_is_still_what_was_planned_goes_ahead(change, existing):
    """
    As it was approved.
    """
    assert change == recheck(change, existing)


@pytest.mark.parametrize(
    ("change", "existing"),
    [
        pytest.param(CREATE, there(A, mailbox("Ada")), id="somebody created it"),
        pytest.param(UPDATE, there(A, mailbox()), id="somebody changed it"),
        pytest.param(ALIAS, there(A, alias("Ada@a.example", "Info")), id="alias is there"),
    ],
)
def test_a_held_change_that_is_done_by_now_is_left_out(change, existing):
    """
    There is nothing left to do.
    """
    assert recheck(change, existing) is None


@pytest.mark.parametrize(
    ("change", "existing", "reason"),
    [
        pytest.param(
            CREATE,
            there(A, mailbox(), half_made=frozenset({CREATE.key})),
            Reason.HALF_MADE,
            id="half of it is there",
        ),
        pytest.param(
            CREATE, there(A, mailbox(first_name="Al")), Reason.CANNOT_CHANGE, id="another is there"
        ),
        pytest.param(UPDATE, there(A), Reason.CANNOT_CHANGE, id="it is gone"),
        pytest.param(
            UPDATE,
            there(A, mailbox(first_name="Augusta", display_name="Al")),
            Reason.CANNOT_CHANGE,
            id="another field differs",
        ),
        pytest.param(
            UPDATE,
            there(A, mailbox(first_name="Al")),
            Reason.CANNOT_CHANGE,
            id="the field has yet another value",
        ),
    ],
)
def test_a_held_change_that_dimail_has_overtaken_is_blocked(change, existing, reason):
    """
    Nothing is done that was not approved.
    """
    entry = recheck(change, existing)

    assert entry is not None
    assert not isinstance(entry, Change)
    assert (change, reason) == (entry.change, entry.reason)
    assert entry.detail


def test_a_check_that_fails_stays_with_the_held_change():
    """
    For the report, in words made elsewhere.
    """
    existing = there(A, state=DomainState.BROKEN, failing=(INTERNAL,))

    (entry,) = planned(desired(asked(A, mailbox())), live(existing)).held

    assert (INTERNAL,) == entry.hold.checks
