"""Contract §11, "An access is created", and what of accesses is never sent."""

import json

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES
from tests.people.support import (
    ALICE,
    BOB,
    SERVICE,
    D,
    a_domain,
    addresses,
    box,
    outcomes,
    reasons,
)

BOB_RUNS = [{"user": "bob.durand", "role": "administrator"}]
BOB_LOOKS = [{"user": "bob.durand", "role": "viewer"}]
USER, ALLOW = ("POST", "/users/"), ("POST", "/allows/")
BOBS = f"access/{D}/{BOB}"


@pytest.mark.parametrize(
    ("profile", "roles"),
    [
        *((profile, {"accesses": BOB_RUNS}) for profile in PROFILES),
        ("2026", {"owners": ["alice.martin", "bob.durand"]}),
    ],
)
def test_an_access_of_an_owner_or_administrator(place_of, profile, roles):
    """
    Row "owner, administrator": the user without rights, then the allow, and nothing else.
    """
    place = place_of(profile)
    place.enable(a_domain())
    place.forget()
    place.declare(a_domain(**roles))
    place.apply()
    user = place.sandbox.store.api.user(BOB)

    assert [USER, ALLOW] == place.sent()
    assert user
    assert (False, ()) == (user.is_admin, user.perms)
    assert place.sandbox.store.api.is_allowed(BOB, D)


@pytest.mark.parametrize("kind", ["user", "allow"])
def test_an_access_that_is_there_already(place, kind):
    """
    Row "owner, administrator": a 409 to either call is fine.
    """
    place.enable(a_domain())
    path = {"user": "/users/", "allow": "/allows/"}[kind]
    detail = {"user": "User already exists", "allow": "Domain already allowed for this user"}[kind]
    place.sandbox.add_fault(
        kind="answer",
        method="POST",
        path=path,
        status=409,
        body=json.dumps({"detail": detail}),
        effect=True,
    )
    place.forget()
    place.declare(a_domain(accesses=BOB_RUNS))
    report = place.apply()

    assert [USER, ALLOW] == place.sent()
    assert {"applied"} == {entry["outcome"] for entry in report["outcomes"]}
    assert place.sandbox.store.api.is_allowed(BOB, D)


def test_the_password_of_a_person_cannot_be_guessed(place, monkeypatch):
    """
    Row "owner, administrator": People posts the password "no"; here it opens nothing.
    """
    place.enable(a_domain())
    ran = place.call("plan", env={"MAILSTATE_USERNAME": ALICE, "MAILSTATE_PASSWORD": "no"})

    assert ExitCode.REMOTE == ran.code


def test_an_access_of_a_viewer(place):
    """
    Row "viewer": no call at all.
    """
    place.enable(a_domain())
    place.forget()
    place.declare(a_domain(accesses=BOB_LOOKS))
    report = place.apply()

    assert [] == place.sent()
    assert 0 == report["summary"]["planned"]
    assert place.sandbox.store.api.user(BOB) is None


@pytest.mark.parametrize("path", ["/users/", "/allows/"])
def test_any_other_answer_to_an_access(place, path):
    """
    Row "Any other answer": told as failed, while the rest goes on; the next run repairs it.
    """
    place.enable(a_domain())
    place.sandbox.add_fault(kind="answer", method="POST", path=path, status=422)
    place.declare(a_domain(D, box("ada"), accesses=BOB_RUNS))
    report = place.apply(code=ExitCode.CHANGE_FAILED)

    assert ("failed" if path == "/allows/" else "skipped") == outcomes(report, "access")[
        f"{D}/{BOB}"
    ]
    assert {"ada": "applied"} == outcomes(report)

    place.apply()

    assert place.sandbox.store.api.is_allowed(BOB, D)


def test_a_role_that_is_lowered_is_not_sent(place):
    """
    "Never sent": an administrator made viewer keeps the allow; it is told as an extra one.
    """
    place.enable(a_domain(accesses=BOB_RUNS))
    place.forget()
    place.declare(a_domain(accesses=BOB_LOOKS))
    report = place.apply()

    assert [] == place.sent()
    assert {BOBS: "extra_access"} == reasons(report["unmanaged"])
    assert "a viewer in the files" in place.call("plan").out


def test_a_role_that_is_raised_gets_its_access(place):
    """
    "Never sent" in People: a viewer made administrator. The files ask for the access: it is given.
    """
    place.enable(a_domain(accesses=BOB_LOOKS))
    place.forget()
    place.declare(a_domain(accesses=BOB_RUNS))
    place.apply()

    assert [USER, ALLOW] == place.sent()
    assert 0 == place.apply()["summary"]["planned"]


def test_an_access_that_is_removed_is_not_sent(place):
    """
    "Never sent": dimail accumulates allows, which are told apart and leave the exit code alone.
    """
    place.enable(a_domain(accesses=BOB_RUNS))
    place.forget()
    place.declare(a_domain())
    ran = place.call("plan", "--detailed-exitcode")

    assert ExitCode.OK == ran.code
    assert "1 extra access" in ran.out
    assert f"Extra accesses: no file asks for them; usual in dimail, left alone\n    {BOBS}" in (
        ran.out
    )
    assert {BOBS: "extra_access"} == reasons(place.apply()["unmanaged"])
    assert [] == place.sent()


def test_an_access_that_is_pruned(place):
    """
    "Never sent" by itself: `--prune accesses` takes the extra allow away, and leaves the user.
    """
    place.enable(a_domain(accesses=BOB_RUNS))
    place.forget()
    place.declare(a_domain())
    place.apply("--prune", "accesses", "--max-removals", "1")

    assert [("DELETE", f"/allows/{D}/{BOB}")] == place.sent()
    assert {(SERVICE, D), (ALICE, D)} == set(place.sandbox.store.api.allows())
    assert place.sandbox.store.api.user(BOB)
    assert [] == place.plan()["unmanaged"]


def test_a_person_who_leaves_every_file_stays_a_user(place):
    """
    "Never sent": the removal of a user, whatever is pruned.
    """
    place.enable(a_domain(accesses=BOB_RUNS))
    place.declare(a_domain())
    place.write("state/users.yaml", f"users:\n  - {{name: alice.martin, uuid: {ALICE}}}\n")
    place.apply("--prune", "accesses,aliases,mailboxes", "--max-removals", "1")

    assert place.sandbox.store.api.user(BOB)
    assert [] == addresses(place.plan()["changes"])
