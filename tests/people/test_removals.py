"""Removals through the command: only when asked for, only so many, and never what is guarded."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES, Sandbox
from tests.cli.support import Terminal
from tests.people.support import (
    ALICE,
    BOB,
    SERVICE,
    Communes,
    D,
    a_domain,
    addresses,
    outcomes,
    reasons,
)

MINE = {"local_part": "mine", "first_name": "Mine", "last_name": "Own"}


def strangers(place, mailboxes=0, aliases=0, accesses=0):
    """An enabled domain with one declared mailbox, and with what no file has."""
    place.enable(a_domain(D, MINE))
    store = place.sandbox.store
    for number in range(mailboxes):
        store.add_mailbox(D, f"m{number}", given_name=f"M{number}", sur_name="Petit")
    for number in range(aliases):
        store.add_alias(D, f"a{number}", f"x{number}@elsewhere.example")
    for number in range(accesses):
        name = f"{number}f1d3a7f-4d2c-4a1b-8e4f-2a3b4c5d6e7f"
        store.add_user(name)
        store.add_allow(name, D)
    place.forget()
    return place


def live(place):
    """Active mailboxes, aliases and allowed users."""
    store = place.sandbox.store
    return (
        {row.local_part for row in store.mail.mailboxes(D) if row.active == "yes"},
        {row.user_name for row in store.mail.aliases(D)},
        {user for user, _ in store.api.allows(domain=D)},
    )


LOOSE = "max_removals_percent = 100\n"


def test_what_is_switched_off_is_told_and_asked_about_as_removed(place):
    """
    It is an update, and takes away what no file asks for like a deletion.
    """
    strangers(place, mailboxes=2, aliases=1)
    place.declare(a_domain(D, MINE, {**MINE, "local_part": "new", "first_name": "New"}))
    place.set(LOOSE)
    terminal = Terminal(place, "apply", "--prune", "mailboxes,aliases", "--no-notify")
    terminal.expect("[y/N]: ")
    terminal.type("n\n")
    terminal.end()

    assert "1 to create, 2 to update (2 in no file: switched off), 1 to delete" in terminal.screen
    assert "Make 4 changes (3 removals)? [y/N]: " in terminal.screen


def test_nothing_is_removed_by_default(place):
    """
    What is in no file is told, and left alone.
    """
    strangers(place, mailboxes=1, aliases=1, accesses=1)
    before = live(place)
    report = place.apply()

    assert [] == place.sent()
    assert before == live(place)
    assert ["extra_access", "not_in_files", "not_in_files"] == sorted(
        reasons(report["unmanaged"]).values()
    )


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("accesses", ("DELETE", f"/allows/{D}/0f1d3a7f-4d2c-4a1b-8e4f-2a3b4c5d6e7f")),
        ("aliases", ("DELETE", f"/domains/{D}/aliases/a0/x0@elsewhere.example")),
        ("mailboxes", ("PATCH", f"/domains/{D}/mailboxes/m0")),
    ],
)
def test_pruning_one_kind(place, kind, sent):
    """
    That kind alone; a mailbox is switched off, not deleted.
    """
    strangers(place, mailboxes=1, aliases=1, accesses=1)
    place.set(LOOSE)
    boxes, aliases, users = live(place)
    report = place.apply("--prune", kind)
    after = (
        boxes - ({"m0"} if kind == "mailboxes" else set()),
        set() if kind == "aliases" else aliases,
        {SERVICE, ALICE} if kind == "accesses" else users,
    )

    assert [sent] == place.sent()
    assert 1 == report["summary"]["applied"]
    assert after == live(place)
    assert [] == addresses(place.plan("--prune", kind)["changes"])


def test_pruning_all_kinds_by_the_settings(place):
    """
    `prune` in mailstate.toml does as the option does.
    """
    strangers(place, mailboxes=1, aliases=1, accesses=1)
    place.set(f'prune = ["accesses", "aliases", "mailboxes"]\n{LOOSE}')
    place.apply()

    assert ({"mine"}, set(), {SERVICE, ALICE}) == live(place)


@pytest.mark.parametrize("profile", PROFILES)
def test_deleting_mailboxes(place_of, profile):
    """
    `--delete-mailboxes` deletes them, on every version; the account in the webmail goes too.
    """
    place = strangers(place_of(profile), mailboxes=1)
    place.set(LOOSE)
    place.apply("--prune", "mailboxes", "--delete-mailboxes")

    assert [("DELETE", f"/domains/{D}/mailboxes/m0")] == place.sent()
    assert {"mine"} == {row.local_part for row in place.sandbox.store.mail.mailboxes(D)}
    assert place.sandbox.store.ox.user(D, f"m0@{D}") is None


@pytest.mark.parametrize("profile", ["2024", "2024-check"])
def test_switching_off_where_the_server_cannot(place_of, profile):
    """
    A conflict that says which option there is, and no call.
    """
    place = strangers(place_of(profile), mailboxes=1)
    place.set(LOOSE)
    report = place.apply("--prune", "mailboxes")

    assert {f"mailbox/m0@{D}": "not_supported"} == reasons(report["conflicts"])
    assert "--delete-mailboxes" in report["conflicts"][0]["detail"]
    assert [] == place.sent()


def test_a_mailbox_that_comes_back_into_the_files(place):
    """
    Switched off with its entry, switched on again with it, names and all.
    """
    strangers(place, mailboxes=1)
    place.set(LOOSE)
    place.apply("--prune", "mailboxes")

    assert place.sandbox.store.ox.user(D, f"m0@{D}") is None

    again = {"local_part": "m0", "first_name": "M0", "last_name": "Petit"}
    place.declare(a_domain(D, MINE, again))
    place.apply("--prune", "mailboxes")
    account = place.sandbox.store.ox.user(D, f"m0@{D}")

    assert {"mine", "m0"} == live(place)[0]
    assert account
    assert "M0 Petit" == account.display_name
    assert 0 == place.apply("--prune", "mailboxes")["summary"]["planned"]


@pytest.mark.parametrize(
    ("kind", "there", "gone"),
    [
        ("mailboxes", 0, 1),
        ("mailboxes", 2, 1),
        ("mailboxes", 0, 8),
        ("aliases", 1, 8),
        ("accesses", 0, 1),
        ("mailboxes", 60, 11),
    ],
)
def test_too_many_removals(place, kind, there, gone):
    """
    More than a fifth of a kind on a domain, however few that are, or more than 10 in a run: none
    is made, and the exit code is 12. The exact number lifts it, no other one does.
    """
    strangers(place, **{kind: gone})
    kept = [{**MINE, "local_part": f"k{n}", "last_name": f"K{n}"} for n in range(there)]
    aliases = [
        {"local_part": f"k{number}", "destinations": ["x@elsewhere.example"]}
        for number in range(there if kind == "aliases" else 0)
    ]
    for one in kept if kind == "mailboxes" else ():
        names = {"given_name": one["first_name"], "sur_name": one["last_name"]}
        place.sandbox.store.add_mailbox(D, one["local_part"], **names)
    for alias in aliases:
        place.sandbox.store.add_alias(D, alias["local_part"], "x@elsewhere.example")
    boxes = [MINE, *kept] if kind == "mailboxes" else [MINE]
    place.declare(a_domain(D, *boxes, aliases=aliases))
    before = live(place)

    assert ExitCode.REFUSED == place.call("plan", "--prune", kind, "--detailed-exitcode").code
    for number in ((), *(("--max-removals", str(gone + by)) for by in (-1, 1))):
        report = place.apply("--prune", kind, *number, code=ExitCode.REFUSED)

        assert [gone] == [report["summary"]["refused"]]
        assert {"too_many_removals"} == {*reasons(report["refused"]).values()}
    assert [] == place.sent()
    assert before == live(place)

    report = place.apply("--prune", kind, "--max-removals", str(gone))

    assert gone == report["summary"]["applied"] == len(place.sent())


def test_a_refused_removal_stops_nothing_else(place):
    """
    The rest is carried out, then 12; 1 if something of it failed too. Refused ones are told.
    """
    strangers(place, mailboxes=5)
    place.declare(a_domain(D, MINE, {**MINE, "local_part": "new", "last_name": "New"}))
    ran = place.call("apply", "--yes", "--prune", "mailboxes")

    assert ExitCode.REFUSED == ran.code
    assert {"mine", "new", *(f"m{number}" for number in range(5))} == live(place)[0]
    assert "5 refused by a guard" in ran.out
    assert f"mailbox/m4@{D}" in place.call("plan", "--prune", "mailboxes").out

    place.declare(a_domain(D, MINE, {**MINE, "local_part": "max", "last_name": "Max"}))
    path = f"/domains/{D}/mailboxes/max"
    place.sandbox.add_fault(kind="answer", method="POST", path=path, status=422)
    place.apply("--prune", "mailboxes", code=ExitCode.CHANGE_FAILED)


def test_what_the_settings_protect(place):
    """
    A mark in mailstate.toml outlives the entry in the files: refused, whatever number is named.
    """
    strangers(place, mailboxes=2, aliases=1, accesses=1)
    place.set(f'protected = ["mailbox/m1@*", "alias/a0@{D}/*", "access/*/0F1D*"]\n{LOOSE}')
    kinds = ("--prune", "accesses,aliases,mailboxes")
    report = place.apply(*kinds, "--max-removals", "1", code=ExitCode.REFUSED)

    assert {"protected"} == {*reasons(report["refused"]).values()}
    assert 3 == report["summary"]["refused"]
    assert {"m0": "applied"} == outcomes(report)
    assert [("PATCH", f"/domains/{D}/mailboxes/m0")] == place.sent()
    assert "mailstate.toml protects `mailbox/m1@*`" in place.call("plan", *kinds).out


def test_the_last_owner(place):
    """
    An owner goes only after the next one has come: not in the same run.
    """
    place.enable(a_domain())
    place.set(LOOSE)
    place.forget()
    place.declare(a_domain(owners=["bob.durand"]))
    first = place.apply("--prune", "accesses", code=ExitCode.REFUSED)

    assert {f"access/{D}/{ALICE}": "last_owner"} == reasons(first["refused"])
    assert {SERVICE, ALICE, BOB} == live(place)[2]

    place.apply("--prune", "accesses")

    assert {SERVICE, BOB} == live(place)[2]


def test_the_own_access(place):
    """
    The access of the account in use stays, though another one is the service account.
    """
    place.enable(a_domain())
    place.sandbox.store.add_user("other_service")
    place.set(f'service_account = "other_service"\n{LOOSE}')
    report = place.apply("--prune", "accesses", code=ExitCode.REFUSED)

    assert {f"access/{D}/{SERVICE}": "own_access"} == reasons(report["refused"])
    assert {SERVICE, "other_service", ALICE} == live(place)[2]


def test_oxadmin_is_never_seen(place_of):
    """
    Nor are mailboxes of other domains of the context, which the lists of 2024 have.
    """
    place = strangers(place_of("2024"))
    place.sandbox.store.add_domain("neighbour.example", context=D, state="ok")
    place.sandbox.store.add_mailbox("neighbour.example", "n", given_name="N", sur_name="B")
    place.set(LOOSE)
    report = place.apply("--prune", "mailboxes", "--delete-mailboxes")

    assert ([], []) == (report["unmanaged"], place.sent())


def test_a_domain_that_leaves_the_files(place):
    """
    With everything on it, it is nobody's business any more, whatever is pruned.
    """
    strangers(place, mailboxes=1)
    (place.folder / f"state/{D}.yaml").unlink()
    place.declare(a_domain("b.example"))
    place.set(LOOSE)
    place.apply("--prune", "accesses,aliases,mailboxes", "--delete-mailboxes")

    assert [] == [path for _, path in place.sent() if D in path]


def test_a_saved_plan_without_removals_allows_none(place):
    """
    Pruning that was not approved is another policy: exit code 13.
    """
    strangers(place, mailboxes=1)
    place.set(LOOSE)
    assert ExitCode.OK == place.call("plan", "--out", "plan.json").code
    ran = place.call("apply", "--yes", "--prune", "mailboxes", "plan.json")

    assert ExitCode.STALE_PLAN == ran.code
    assert "the saved plan was made for another policy: `prune` was none, is mailbox" in ran.err
    assert [] == place.sent()


LINES = """\
domains:
  - name: commune.example
    owners: [alice.martin]
    accesses:
      - {user: bob.durand, role: administrator}
      - {user: cleo.petit, role: viewer}
    mailboxes:
      - {local_part: ada, first_name: Ada, last_name: Martin}
      - local_part: bob
        first_name: Bob
        last_name: Martin
        display_name: Bob from the town hall
        active: true
      - {local_part: zoe, first_name: Zoé, last_name: L'Été}
    aliases:
      - {local_part: contact, destinations: [x@elsewhere.example]}
      - local_part: all
        destinations:
          - x@elsewhere.example
          - y@elsewhere.example
  - name: other.example
    features: [mailbox, alias]
    owners: [bob.durand, alice.martin]
    mailboxes:
      - {local_part: eve, first_name: Eve, last_name: Roux}
""".splitlines(keepends=True)


@pytest.fixture(scope="module")
def full():
    """A dimail that has everything that LINES ask for."""
    with Sandbox(seed=7) as sandbox, tempfile.TemporaryDirectory() as folder:
        place = Communes(Path(folder), sandbox)
        place.write("state/all.yaml", "".join(LINES))
        for name in (D, "other.example"):
            sandbox.publish_dns(name)
        place.apply()
        yield place


# Whole entries and lists, which leave files that are valid; and any lines, which mostly do not.
ENTRIES = [{4}, {5}, {3, 4, 5}, {7}, {11}, {12}, {13}, {15}, {18}, {19}, {23, 24}]
ENTRIES += [{*range(8, 13)}, {*range(6, 14)}, {*range(16, 20)}, {*range(14, 20)}, {*range(20, 25)}]
some_entries = st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=4)
any_lines = st.sets(st.integers(1, len(LINES) - 1), min_size=1, max_size=3).map(lambda one: [one])


@settings(max_examples=40)
@given(units=some_entries | some_entries | any_lines)
def test_no_line_that_is_removed_removes_anything(full, units):
    """
    Without --prune, no request deletes or switches off, whatever the files do not say any more.
    """
    removed = set().union(*units)
    full.write("state/all.yaml", "".join(line for n, line in enumerate(LINES) if n not in removed))
    full.forget()
    known = len(full.sandbox.effects())
    ran = full.call("apply", "--yes")
    fresh = full.sandbox.effects()[known:]

    assert ran.code in {ExitCode.OK, ExitCode.INVALID}, ran.err
    assert [] == full.asked("DELETE")
    assert set() == {effect.action for effect in fresh} & {"delete"}
    assert [] == [effect for effect in fresh if "active" in effect.detail]
    assert ran.code == ExitCode.OK or [] == full.asked()
