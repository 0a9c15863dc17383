"""What pruning removes, and what the guards keep: a named example for each rule."""

from dataclasses import replace

import pytest

from mailstate.model.resources import Access, Kind, Role, access_key
from mailstate.model.state import DomainState
from mailstate.planning.plan import Action, Change, Plan, Reason
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
    planned,
    there,
)
from tests.strategies import SERVICE, UUIDS, spellings

ALL = {
    "prune": frozenset({Kind.ACCESS, Kind.ALIAS, Kind.MAILBOX}),
    "max_removals": 99,
    "max_removals_percent": 100,
}


def pruned(existing, wanted=None, **policy):
    """The plan that makes *existing* into an empty domain, or into *wanted*."""
    return planned(wanted or desired(asked(A)), existing, **{**ALL, **policy})


def crowd(count, name=A):
    """Mailboxes in no file."""
    return [mailbox(f"m{number}", name, display_name=f"M {number}") for number in range(count)]


def extra(*users, name=A):
    """Accesses that no file asks for."""
    return [Access(domain=name, user=user) for user in users]


def reasons(entries):
    """Give conflicts or refused entries as pairs of an address and a reason."""
    return [(entry.change.key, entry.reason) for entry in entries]


def test_a_mailbox_in_no_file_is_switched_off():
    """
    As dimail spells it, and with everything else left as it is.
    """
    stranger = mailbox("Old")

    made = pruned(live(there(A, stranger)))

    off = Change(
        action=Action.UPDATE,
        before=stranger,
        after=replace(stranger, active=False),
        fields=("active",),
        note="in no file, to be switched off",
    )
    assert Plan(changes=(off,)) == made


def test_a_mailbox_is_deleted_only_if_that_is_asked_for_as_well():
    """
    With all the mail in it.
    """
    made = pruned(live(there(A, mailbox("old"))), delete_mailboxes=True)

    assert ["delete mailbox/old@a.example"] == lines(made.changes)
    assert (mailbox("old"), None, None) == (
        made.changes[0].before,
        made.changes[0].after,
        made.changes[0].place,
    )


def test_a_mailbox_that_is_off_already_is_left_alone_and_told():
    """
    But it is deleted where mailboxes are.
    """
    existing = live(there(A, mailbox("old", active=False)))

    made = pruned(existing)

    assert Plan(unmanaged=made.unmanaged) == made
    assert ["mailbox/old@a.example"] == [entry.resource.key for entry in made.unmanaged]
    assert ["delete mailbox/old@a.example"] == lines(
        pruned(existing, delete_mailboxes=True).changes
    )


@pytest.mark.parametrize("delete_mailboxes", [False, True])
def test_half_a_mailbox_is_left_alone(delete_mailboxes):
    """
    The operator repairs it; a half that is deleted would leave the other.
    """
    half = mailbox("half")
    existing = live(there(A, half, half_made=frozenset({half.key})))

    made = pruned(existing, delete_mailboxes=delete_mailboxes)

    assert Plan(unmanaged=made.unmanaged) == made
    assert [half] == [entry.resource for entry in made.unmanaged]


def test_a_server_that_cannot_switch_off_is_a_conflict():
    """
    Told with what would help; not told again as unmanaged.
    """
    existing = live(there(A, mailbox("old", active=None)), tells_active=False)

    made = pruned(existing)

    assert Plan(conflicts=made.conflicts) == made
    assert [("mailbox/old@a.example", Reason.NOT_SUPPORTED)] == reasons(made.conflicts)
    assert "this dimail cannot switch a mailbox off: see --delete-mailboxes" == (
        made.conflicts[0].detail
    )
    assert ["delete mailbox/old@a.example"] == lines(
        pruned(existing, delete_mailboxes=True).changes
    )


def test_what_is_protected_is_refused_even_where_it_could_not_be_switched_off():
    """
    No word that deleting it would help.
    """
    existing = live(there(A, mailbox("old", active=None)), tells_active=False)

    made = pruned(existing, protected=("mailbox/old@*",))

    assert [("mailbox/old@a.example", Reason.PROTECTED)] == reasons(made.refused)
    assert () == made.conflicts


@pytest.mark.parametrize(
    "kinds", [(), ("alias",), ("mailbox",), ("access",), ("access", "alias"), ("user", "domain")]
)
def test_only_the_kinds_that_are_named_are_removed(kinds):
    """
    Users and domains never are.
    """
    strange = (mailbox("old"), alias("x@y.test"), *extra("admin"))
    existing = live(there(A, *strange[:2]), extra=strange[2:], users=[SERVICE, ANN, "admin"])

    made = pruned(existing, prune=frozenset(map(Kind, kinds)), delete_mailboxes=True)

    removed = {change.kind for change in made.changes}
    assert set(kinds) - {"user", "domain"} == removed
    assert {"mailbox", "alias", "access"} - removed == {
        entry.resource.key.partition("/")[0] for entry in made.unmanaged
    }


def test_deletes_come_last_and_the_other_way_round():
    """
    Aliases, then mailboxes, then accesses; what is created or switched off comes before.
    """
    wanted = desired(asked(A, mailbox()), asked(B))
    existing = live(
        there(A, mailbox("old", display_name="Old"), alias("x@y.test")),
        extra=extra("admin"),
        users=[SERVICE, ANN, "admin"],
    )

    made = pruned(existing, wanted, delete_mailboxes=True)

    assert [
        "create domain/b.example",
        "create access/b.example/la_regie",
        f"create access/b.example/{ANN}",
        "create mailbox/ada@a.example",
        "delete alias/info@a.example/x@y.test",
        "delete mailbox/old@a.example",
        "delete access/a.example/admin",
    ] == lines(made.changes)


def test_nothing_is_removed_from_a_disabled_domain():
    """
    What is there is told, as ever.
    """
    existing = live(there(A, mailbox("old"), alias("x@y.test")), extra=extra("admin"))

    made = pruned(existing, desired(asked(A, disabled=True)))

    assert Plan(unmanaged=made.unmanaged) == made
    assert 3 == len(made.unmanaged)


@pytest.mark.parametrize(
    ("unmanaged", "managed", "is_allowed"),
    [
        (1, 0, False),
        (8, 1, False),
        (3, 7, False),
        (2, 8, True),
        (1, 4, True),
        (1, 3, False),
        (5, 19, False),
    ],
)
@pytest.mark.parametrize("delete_mailboxes", [False, True])
def test_more_than_a_fifth_of_a_kind_on_a_domain_is_refused(
    unmanaged, managed, is_allowed, delete_mailboxes
):
    """
    Of small ones, too: 1 of 1 is all there is, 8 of 9 nearly all.
    """
    everybody = crowd(unmanaged + managed)
    wanted = desired(asked(A, *everybody[unmanaged:]))
    policy = {"prune": frozenset({Kind.MAILBOX}), "delete_mailboxes": delete_mailboxes}

    made = planned(wanted, live(there(A, *everybody)), **policy)

    keys = {one.key for one in everybody[:unmanaged]}
    assert (keys if is_allowed else set()) == {change.key for change in made.changes}
    assert (set() if is_allowed else {(key, Reason.TOO_MANY_REMOVALS) for key in keys}) == set(
        reasons(made.refused)
    )
    assert () == made.unmanaged
    for entry in made.refused:
        assert f"{unmanaged} of {unmanaged + managed} mailbox entries" in entry.detail


@pytest.mark.parametrize("count", [10, 11])
def test_ten_removals_in_a_run_are_the_most_unless_the_settings_say_otherwise(count):
    """
    However small a share of the domain they are.
    """
    everybody = crowd(100)
    wanted, existing = desired(asked(A, *everybody[count:])), live(there(A, *everybody))

    made = planned(wanted, existing, prune=frozenset({Kind.MAILBOX}))

    assert ((10, 0) if count == 10 else (0, 11)) == (len(made.changes), len(made.refused))


def test_the_share_is_counted_by_kind_and_by_domain():
    """
    One mailbox of ten is not too many, the one alias is, and so is the one of another domain.
    """
    everybody = crowd(10)
    existing = live(
        there(A, *everybody, alias("x@y.test")), there(B, mailbox("bob", B)), extra=extra("admin")
    )

    made = pruned(existing, desired(asked(A, *everybody[1:]), asked(B)), max_removals_percent=20)

    assert ["update mailbox/m0@a.example"] == lines(made.changes)
    assert [
        ("mailbox/bob@b.example", Reason.TOO_MANY_REMOVALS),
        ("alias/info@a.example/x@y.test", Reason.TOO_MANY_REMOVALS),
        ("access/a.example/admin", Reason.TOO_MANY_REMOVALS),
    ] == reasons(made.refused)
    assert "1 of 3 access entries of a.example" in made.refused[2].detail


def test_mailboxes_that_are_off_are_no_part_of_which_a_share_is_switched_off():
    """
    Or a domain could be emptied a fifth at a time; to be deleted, they count.
    """
    off = [replace(one, active=False) for one in crowd(8)]
    on = [mailbox("x", display_name="X"), mailbox("y", display_name="Y")]
    existing, wanted = live(there(A, *off, *on)), desired(asked(A, *off, on[0]))

    made = pruned(existing, wanted, max_removals_percent=20)

    assert [("mailbox/y@a.example", Reason.TOO_MANY_REMOVALS)] == reasons(made.refused)
    deleting = pruned(existing, wanted, max_removals_percent=20, delete_mailboxes=True)
    assert ["delete mailbox/y@a.example"] == lines(deleting.changes)


def test_too_many_in_the_run_are_refused_as_a_whole():
    """
    Each with the number that would allow them.
    """
    existing = live(there(A, *crowd(6)), there(B, *crowd(5, B)))
    wanted = desired(asked(A), asked(B))

    made = pruned(existing, wanted, max_removals=10)

    assert () == made.changes
    assert {Reason.TOO_MANY_REMOVALS} == {entry.reason for entry in made.refused}
    assert 11 == len(made.refused)
    assert all("--max-removals 11" in entry.detail for entry in made.refused)
    assert 11 == len(pruned(existing, wanted, max_removals=11).changes)


@pytest.mark.parametrize("number", [0, 1, 2, 4, 99])
def test_an_override_with_another_number_allows_nothing(number):
    """
    Too small, too large, or that of yesterday's plan.
    """
    made = pruned(live(there(A, *crowd(3))), removals_allowed=number)

    assert () == made.changes
    assert {Reason.TOO_MANY_REMOVALS} == {entry.reason for entry in made.refused}
    assert all("would remove 3" in entry.detail for entry in made.refused)


def test_an_override_with_the_exact_number_lifts_the_limits():
    """
    Of the run and of each share.
    """
    made = pruned(
        live(there(A, *crowd(12))), removals_allowed=12, max_removals=1, max_removals_percent=0
    )

    assert 12 == len(made.changes)
    assert () == made.refused


def test_an_override_lifts_no_other_guard_and_does_not_count_what_they_refuse():
    """
    The number is that of the removals that are left.
    """
    made = pruned(
        live(there(A, *crowd(3), mailbox("oxadmin"))),
        removals_allowed=2,
        protected=("mailbox/m1@a.example",),
    )

    assert ["update mailbox/m0@a.example", "update mailbox/m2@a.example"] == lines(made.changes)
    assert [
        ("mailbox/m1@a.example", Reason.PROTECTED),
        ("mailbox/oxadmin@a.example", Reason.PROTECTED),
    ] == reasons(made.refused)


@pytest.mark.parametrize("name", ["oxadmin", "OxAdmin"])
def test_the_technical_account_of_ox_is_never_removed(name):
    """
    Should a server ever show it.
    """
    made = pruned(live(there(A, mailbox(name))), delete_mailboxes=True)

    assert [("mailbox/oxadmin@a.example", Reason.PROTECTED)] == reasons(made.refused)
    assert "this is the technical account of an OX context" == made.refused[0].detail


def test_no_access_is_removed_before_an_owner_of_the_files_has_one():
    """
    Not even in the run that creates it: it may fail. A viewer or administrator is not enough.
    """
    wanted = desired(asked(A, roles={ANN: Role.OWNER, BEN: Role.ADMINISTRATOR}))
    existing = live(there(A), users=[SERVICE, ANN, BEN, "old"], extra=extra("old", BEN))
    before = replace(
        existing,
        accesses={key: one for key, one in existing.accesses.items() if key != access_key(A, ANN)},
    )

    made = pruned(before, wanted)

    assert [f"create access/a.example/{ANN}"] == lines(made.changes)
    assert [("access/a.example/old", Reason.LAST_OWNER)] == reasons(made.refused)
    assert "no owner that the files name has access yet: this may be the last one" == (
        made.refused[0].detail
    )
    assert ["delete access/a.example/old"] == lines(pruned(existing, wanted).changes)


@pytest.mark.parametrize("spelt", spellings(UUIDS[0]))
def test_an_owners_access_counts_however_the_uuid_is_spelt(spelt):
    """
    And is never removed itself.
    """
    existing = live(there(A))
    own = [Access(domain=A, user=name) for name in (SERVICE, spelt, "old")]

    made = pruned(replace(existing, accesses={one.key: one for one in own}))

    assert ["delete access/a.example/old"] == lines(made.changes)


@pytest.mark.parametrize("spelt", spellings(UUIDS[2]))
@pytest.mark.parametrize("role", ["service_account", "account"])
def test_the_own_access_is_never_removed_however_it_is_spelt(spelt, role):
    """
    Neither that of the account in use.
    """
    policy = {role: UUIDS[2], **({"service_account": SERVICE} if role == "account" else {})}

    made = pruned(live(there(A), extra=extra(spelt)), **policy)

    key = access_key(A, UUIDS[2])
    assert key not in {change.key for change in made.changes if change.action is Action.DELETE}
    if role == "account":
        assert [(key, Reason.OWN_ACCESS)] == reasons(made.refused)


def test_the_own_access_is_known_without_case():
    """
    As dimail compares names of users (contract §2).
    """
    made = pruned(live(there(A), extra=extra("Admin")), account="ADMIN")

    assert [("access/a.example/Admin", Reason.OWN_ACCESS)] == reasons(made.refused)
    assert "this is the access of the account that mailstate runs as" == made.refused[0].detail


def test_a_viewers_access_is_removed_with_the_others():
    """
    There are no viewers in dimail: an allow gives everything.
    """
    wanted = desired(asked(A, roles={ANN: Role.OWNER, BEN: Role.VIEWER}))

    made = pruned(live(there(A), extra=extra(BEN)), wanted)

    assert [f"delete access/a.example/{BEN}"] == lines(made.changes)


@pytest.mark.parametrize(
    ("pattern", "protected"),
    [
        ("mailbox/old@a.example", {"mailbox/old@a.example"}),
        ("MAILBOX/Old@*", {"mailbox/old@a.example"}),
        ("*/a.example/*", {"access/a.example/Admin", f"access/a.example/{UUIDS[2]}"}),
        ("mailbox/a[b]?*@a.example", {"mailbox/a[b]?*@a.example"}),
        ("mailbox/[a-c]*", {"mailbox/a[b]?*@a.example"}),
        ("alias/info@a.example/x@y.test", {"alias/info@a.example/x@y.test"}),
        ("access/a.example/admin", {"access/a.example/Admin"}),
        *[(f"access/a.example/{one}", {access_key(A, one)}) for one in spellings(UUIDS[2])],
        (
            "*",
            {
                "mailbox/old@a.example",
                "mailbox/a[b]?*@a.example",
                "alias/info@a.example/x@y.test",
                "access/a.example/Admin",
                f"access/a.example/{UUIDS[2]}",
            },
        ),
        ("old@a.example", set()),
    ],
)
@pytest.mark.parametrize("spelt", spellings(UUIDS[2]))
def test_what_a_pattern_protects_is_refused(pattern, protected, spelt):
    """
    Whole addresses, without case; one that looks like a pattern itself fits itself.
    """
    odd = mailbox("a[b]?*", display_name="Odd")
    existing = live(there(A, mailbox("Old"), odd, alias("x@y.test")), extra=extra("Admin", spelt))

    made = pruned(existing, protected=("nothing", pattern))

    assert {(key, Reason.PROTECTED) for key in protected} == set(reasons(made.refused))
    assert 5 - len(protected) == len(made.changes)
    for entry in made.refused:
        assert f"`{pattern}`" in entry.detail


def test_an_alias_stays_while_what_is_to_replace_it_waits():
    """
    Its mail would bounce in the meantime.
    """
    old, new = alias("old@y.test"), alias("new@y.test")
    other = alias("x@y.test", "other")

    def made(state):
        return pruned(live(there(A, old, other, state=state)), desired(asked(A, new)))

    assert ["delete alias/other@a.example/x@y.test"] == lines(made(DomainState.NEW).changes)
    assert [old] == [entry.resource for entry in made(DomainState.NEW).unmanaged]
    assert [
        "create alias/info@a.example/new@y.test",
        "delete alias/info@a.example/old@y.test",
        "delete alias/other@a.example/x@y.test",
    ] == lines(made(DomainState.OK).changes)


def test_an_alias_stays_while_what_is_to_replace_it_is_in_conflict():
    """
    Its mail would bounce.
    """
    ada = mailbox()
    existing = there(A, ada, alias("old@y.test"), half_made=frozenset({ada.key}))

    made = pruned(live(existing), desired(asked(A, ada, alias("ada@a.example"))))

    assert [Reason.HALF_MADE, Reason.DESTINATION_BLOCKED] == [
        entry.reason for entry in made.conflicts
    ]
    assert () == made.changes
    assert [alias("old@y.test")] == [entry.resource for entry in made.unmanaged]


@pytest.mark.parametrize("state", DomainState)
def test_removals_do_not_wait_for_the_domain(state):
    """
    What closes something is done whatever the domain.
    """
    made = pruned(live(there(A, mailbox("old"), alias("x@y.test"), state=state)))

    assert ["update mailbox/old@a.example", "delete alias/info@a.example/x@y.test"] == lines(
        made.changes
    )
    assert () == made.held


def test_each_removal_says_why():
    """
    As the plan of yesterday did, which told and left alone.
    """
    existing = live(there(A, mailbox("old"), alias("x@y.test")), extra=extra("admin"))

    made = pruned(existing, delete_mailboxes=True)

    assert [
        ("alias", "in no file"),
        ("mailbox", "in no file"),
        ("access", "an allow that no file asks for"),
    ] == [(change.kind, change.note) for change in made.changes]


def test_what_the_files_ask_for_is_never_removed():
    """
    Whatever its spelling in dimail.
    """
    wanted = desired(asked(A, mailbox(), alias("ada@a.example")))
    existing = live(there(A, mailbox("Ada"), alias("ADA@a.example", "Info")))

    assert Plan() == pruned(existing, wanted, delete_mailboxes=True)
