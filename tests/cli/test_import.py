"""`mailstate import`: a dimail with a past becomes state files, and stays what it is."""

import time

import pytest

from mailstate.sandbox import Sandbox
from tests.cli.support import ALICE, BOB, Place


@pytest.fixture
def place(place):
    """A folder without state files, and a dimail with two domains."""
    for name in ("users", "commune"):
        (place.folder / f"state/{name}.yaml").unlink()
    store = place.sandbox.store
    for user in (ALICE, BOB):
        store.add_user(user)
    for name in ("a.example", "b.example"):
        store.add_domain(name, state="ok")
        store.add_allow(ALICE, name)
        store.add_allow(place.sandbox.username, name)
    store.add_mailbox("a.example", "ada", given_name="Ada", sur_name="Martin")
    store.add_mailbox("a.example", "Bob", given_name="Bob", sur_name="Roux", display_name="B. Roux")
    store.add_mailbox("a.example", "off", active="no")
    store.add_mailbox("a.example", "function", functional=True)
    store.add_mailbox("a.example", "half", given_name="H", sur_name="A", half="ox")
    store.add_alias("a.example", "info", "ada@a.example")
    return place


def files(place):
    """All that is in the state directory, by name."""
    return {
        path.name: (path.read_text("utf-8"), path.stat().st_mtime_ns)
        for path in sorted((place.folder / "state").iterdir())
    }


def test_the_plan_that_follows_is_empty(place):
    """
    And a second import touches no file.
    """
    first = place.call("import", "--out", "state")
    before = files(place)
    planned = place.call("plan", "--detailed-exitcode")
    second = place.call("import", "--out", "state")

    assert (0, 0, 0) == (first.code, planned.code, second.code)
    assert first.out == (
        "wrote state/a.example.yaml\nwrote state/b.example.yaml\nwrote state/users.yaml\n"
        "The files have 2 domains, 1 person, 4 mailboxes, 1 alias\n"
    )
    assert "left out: a.example: half-made in dimail (status broken): half@a.example" in first.err
    assert (
        "left out, half-made in dimail (status broken): half@a.example"
        in (before["a.example.yaml"][0])
    )
    assert "The files have 2 domains, 1 person, 4 mailboxes, 1 alias\n" == second.out
    assert before == files(place)
    assert 0 == place.call("fmt", "--check").code


def test_only_the_domains_that_are_named_are_imported(place):
    """
    Others may follow later.
    """
    ran = place.call("import", "b.example", "--out", "state")

    assert 0 == ran.code
    assert ["b.example.yaml", "users.yaml"] == list(files(place))


def test_a_domain_that_dimail_does_not_have_is_wrong_usage(place):
    """
    Nothing is written.
    """
    ran = place.call("import", "a.example", "c.example", "--out", "state")

    assert 2 == ran.code
    assert "dimail has no domain c.example" in ran.err
    assert {} == files(place)


def test_what_follows_is_told_where_it_is_not_empty(place):
    """
    The service account's own access, which files do not ask for; and what dimail has no more.
    """
    place.call("import", "--out", "state")
    place.sandbox.store.remove_mailbox("a.example", "ada")
    place.sandbox.store.remove_alias("a.example", "info", "ada@a.example")

    ran = place.call("import", "--out", "state")

    assert 0 == ran.code
    assert "in the files, and not in dimail: mailbox/ada@a.example\n" in ran.err
    assert "the plan that follows has 2 changes, 0 held, 0 conflicts" in ran.err


def test_a_domain_without_an_owner_waits(place):
    """
    What somebody has begun to change there is left alone; `--owner` names one for all.
    """
    place.sandbox.store.remove_allow(ALICE, "a.example")
    first = place.call("import", "--out", "state")
    waiting = place.folder / "state/a.example.yaml.todo"
    same = place.call("import", "--out", "state")
    waiting.write_text("mine\n", "utf-8")
    second = place.call("import", "--out", "state")
    owned = place.call("import", "--out", "state", "--owner", BOB)

    told = "without an owner: name one, then rename it: state/a.example.yaml.todo"
    kept = "changed by hand, so left alone: state/a.example.yaml.todo"
    assert all(told in ran.err for ran in (first, same, second))
    assert [False, False, True] == [kept in ran.err for ran in (first, same, second)]
    assert "mine\n" == waiting.read_text("utf-8")
    assert "owners: [user-6f1d3a7f]\n" in place.read("state/a.example.yaml")
    assert "the plan that follows has 1 change, 0 held" in owned.err


def test_a_domain_that_cannot_be_read_is_not_imported(place):
    """
    It is said; where it was named, nothing is written at all.
    """
    place.sandbox.store.remove_allow(place.sandbox.username, "b.example")

    ran = place.call("import", "--out", "state")
    named = place.call("import", "b.example", "--out", "state")

    assert 0 == ran.code
    assert "no access, so not imported: b.example\n" in ran.err
    assert ["a.example.yaml", "users.yaml"] == list(files(place))
    assert 4 == named.code
    assert "the mailboxes of b.example cannot be read" in named.err


def test_files_that_are_not_valid_come_first(place):
    """
    Before dimail is asked anything.
    """
    place.write("state/bad.yaml", "users: {}\n")
    link = place.folder / "linked"
    link.symlink_to(place.folder / "state")

    ran, linked = place.call("import", "--out", "state"), place.call("import", "--out", "linked")

    assert (3, 3) == (ran.code, linked.code)
    assert ["bad.yaml"] == list(files(place))


def test_a_folder_that_cannot_be_made_is_told(place):
    """
    A file is in the way.
    """
    place.write("file", "")

    ran = place.call("import", "--out", "file/state")

    assert 3 == ran.code
    assert "file/state" in ran.err


def test_the_folder_is_made(place):
    """
    With those above it; the working directory will do as well.
    """
    ran = place.call("import", "b.example", "--out", "new/state")
    here = place.call("import", "a.example", "--out", ".")

    assert (0, 0) == (ran.code, here.code)
    assert (place.folder / "new/state/b.example.yaml").exists()
    assert (place.folder / "a.example.yaml").exists()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("profile", [pytest.param("2024", marks=pytest.mark.slow), "2026"])
def test_two_hundred_domains_of_fifty_mailboxes(tmp_path, profile):
    """
    The plan is empty, the second import writes nothing; it takes seconds.
    """
    with Sandbox(profile, seed=7) as sandbox:
        fill(sandbox)
        place = Place(tmp_path, sandbox)
        for name in ("users", "commune"):
            (place.folder / f"state/{name}.yaml").unlink()
        begun = time.monotonic()
        first = place.run("import", "--out", "state")
        taken = time.monotonic() - begun
        before = files(place)
        planned = place.run("plan", "--detailed-exitcode")
        second = place.run("import", "--out", "state")

        assert (0, 0, 0) == (first.code, planned.code, second.code)
        assert first.out.endswith(
            "The files have 200 domains, 20 people, 10000 mailboxes, 400 aliases\n"
        )
        assert "" == first.err
        assert before == files(place)
        assert taken < 45


def fill(sandbox):
    """Have 200 domains of 50 mailboxes, some without webmail, some in one OX context."""
    store = sandbox.store
    people = [ALICE[:-2] + f"{number:02}" for number in range(20)]
    for name in people:
        store.add_user(name)
    for number in range(200):
        domain = f"commune{number:03}.example"
        features = ("mailbox", "alias") if number % 10 == 0 else ("webmail", "mailbox", "alias")
        store.add_domain(domain, state="ok", features=features)
        for name in {people[number % 20], people[number % 7], sandbox.username}:
            store.add_allow(name, domain)
        for mailbox in range(50):
            is_off = sandbox.profile == "2026" and mailbox % 17 == 3
            store.add_mailbox(
                domain,
                f"Service{mailbox}" if mailbox % 5 == 0 else f"jean.dupont{mailbox}",
                given_name="Jean",
                sur_name=f"Dupont {mailbox}",
                display_name=f"DUPONT {mailbox} Jean" if mailbox % 3 == 0 else None,
                active="no" if is_off else "yes",
            )
        store.add_alias(domain, "contact", f"jean.dupont1@{domain}")
        store.add_alias(domain, "contact", "mairie@elsewhere.test")
