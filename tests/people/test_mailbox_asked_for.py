"""Contract §11, "A mailbox is asked for", on each status of its domain, and pending ones."""

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES
from tests.people.support import (
    EXTERNAL,
    D,
    a_domain,
    box,
    events,
    outcomes,
    reasons,
    said,
)

MAILBOX_CALLS = f"/domains/{D}/mailboxes/.+"
ADA = f"mailbox/ada@{D}"


def pending(place):
    """Dimail has not finished its first checks."""
    place.checks_answer(D, "new", mx=(EXTERNAL, False))


def action_required(place):
    """A record is missing."""
    place.sandbox.publish_dns(D)
    place.sandbox.remove_record(D, "mx")


def failed(place):
    """Only the provider's own set-up fails, and `fix` does not mend it."""
    place.sandbox.publish_dns(D)
    place.sandbox.set_internal(D, "cert", ok=False, fixable=False)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_mailbox_on_an_enabled_domain(place_of, profile):
    """
    Row "enabled": made at once, with one letter to the secondary address.
    """
    place = place_of(profile)
    place.enable(a_domain())
    place.forget()
    place.declare(a_domain(D, box("ada")))
    report = place.apply()

    assert [("POST", f"/domains/{D}/mailboxes/ada")] == place.sent()[:1]
    assert [f"ada@{D}"] == place.made()
    assert ["ada@perso.example"] == place.welcomed()
    assert {"ada": "applied"} == outcomes(report)


def test_a_mailbox_without_secondary_address(place):
    """
    Row "enabled": made, and no letter, whatever the mail server would say.
    """
    place.enable(a_domain())
    place.forget()
    place.declare(a_domain(D, box("ada", secondary=None)))
    report = place.apply(env={"MAILSTATE_SMTP_URL": "smtp://127.0.0.1:1"})

    assert [f"ada@{D}"] == place.made()
    assert [] == place.welcomed()
    assert [None] == [entry["letter"] for entry in report["outcomes"]]


def test_the_names_of_a_mailbox(place):
    """
    Row "enabled": given name, surname, and both of them for the display name.
    """
    place.enable(a_domain(D, box("ada", first_name="Zoé", last_name="L'Été")))
    account = place.sandbox.store.ox.user(D, f"ada@{D}")

    assert account
    assert ("Zoé", "L'Été", "Zoé L'Été") == (
        account.given_name,
        account.sur_name,
        account.display_name,
    )


def test_a_display_name_that_is_taken_elsewhere(place):
    """
    Row "enabled", display name taken: failed with a hint where to look; the others go on.
    """
    store = place.sandbox.store
    store.add_domain("neighbour.example", context=D, state="ok")
    store.add_mailbox("neighbour.example", "x", given_name="Ada", sur_name="MARTIN")
    place.declare(a_domain(D, box("ada"), box("zoe")))
    place.sandbox.publish_dns(D)
    report = place.apply("--journal", "journal.jsonl", code=ExitCode.CHANGE_FAILED)
    [hint] = [entry["hint"] for entry in report["outcomes"] if entry["hint"]]

    assert {"ada": "failed", "zoe": "applied"} == outcomes(report)
    assert "the display name is taken in the OX context" in hint
    assert ["zoe@perso.example"] == place.welcomed()
    assert [f"zoe@{D}"] == place.made()
    assert "failed" in {line.get("outcome") for line in events(place)}


@pytest.mark.parametrize("status", [pending, action_required, failed])
def test_a_mailbox_on_a_domain_that_is_not_enabled(place, status):
    """
    Rows "pending, action_required, failed": held, and not one call about the mailbox.
    """
    place.declare(a_domain())
    place.apply()
    status(place)
    place.forget()
    place.declare(a_domain(D, box("ada")))
    held = place.plan()["held"]
    report = place.apply()

    reason = {pending: "domain_pending"}.get(status, status.__name__)
    assert {ADA: reason} == reasons(held)
    assert {"ada": "held"} == outcomes(report)
    assert [] == place.asked(path=MAILBOX_CALLS)
    assert [] == place.sent()
    assert [] == place.welcomed()


def test_a_mailbox_on_a_disabled_domain(place):
    """
    Row "disabled": refused, and no call about it; what is there stays as it is.
    """
    place.enable(a_domain(D, box("zoe")))
    place.forget()
    place.declare(a_domain(D, box("zoe"), box("ada"), disabled=True))
    planned = place.plan()
    report = place.apply(code=ExitCode.REFUSED)

    assert {ADA: "domain_disabled"} == reasons(planned["refused"])
    assert 0 == report["summary"]["planned"]
    assert ([], []) == (place.asked(path=MAILBOX_CALLS), place.sent())
    assert "1 refused by a guard" in said(place.call("apply", "--yes"))


def test_pending_mailboxes_one_by_one(place):
    """
    "Pending mailboxes": an error on one of them stops no other, and the next run repairs it.
    """
    place.declare(a_domain(D, box("ada"), box("bob"), box("zoe")))
    place.apply()
    place.sandbox.publish_dns(D)
    place.sandbox.add_fault(
        kind="answer", method="POST", path=f"/domains/{D}/mailboxes/bob", status=422
    )
    place.forget()
    first = place.apply(code=ExitCode.CHANGE_FAILED)

    assert {"ada": "applied", "bob": "failed", "zoe": "applied"} == outcomes(first)
    assert ["ada@perso.example", "zoe@perso.example"] == place.welcomed()

    second = place.apply()

    assert {"bob": "applied"} == outcomes(second)
    assert [f"{name}@perso.example" for name in ("ada", "bob", "zoe")] == place.welcomed()
    assert [f"{name}@{D}" for name in ("ada", "bob", "zoe")] == place.made()


@pytest.mark.parametrize("kind", ["500_before", "500_after", "reset_before", "503", "429"])
def test_pending_mailboxes_whose_call_goes_wrong_once(place, kind):
    """
    "Pending mailboxes": where trying again is safe, the very run repairs it, with one letter.
    """
    place.declare(a_domain(D, box("ada"), box("bob")))
    place.apply()
    place.sandbox.publish_dns(D)
    place.sandbox.add_fault(
        kind=kind, method="POST", path=f"/domains/{D}/mailboxes/*", retry_after=0
    )
    place.forget()
    report = place.apply()

    assert {"ada": "applied", "bob": "applied"} == outcomes(report)
    assert ["ada@perso.example", "bob@perso.example"] == place.welcomed()
    assert [f"ada@{D}", f"bob@{D}"] == place.made()


def test_a_secondary_address_that_is_the_mailbox_itself(place):
    """
    "Pending mailboxes": a letter goes to no mailbox's own address; the files may not ask for it.
    """
    place.declare(a_domain(D, box("ada", secondary=f"Ada@{D}")))

    assert ExitCode.INVALID == place.call("apply", "--yes").code
    assert [] == place.asked()
