"""Contract §11, "A domain is created", and the allow for the service user."""

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES
from tests.people.support import ALICE, SERVICE, D, a_domain, box, outcomes, reasons


@pytest.mark.parametrize("profile", PROFILES)
def test_a_domain_is_created_as_people_does(place_of, profile):
    """
    Row "A domain is created": a context of its own name, all features, virtual delivery.
    """
    place = place_of(profile)
    place.declare(a_domain())
    place.apply()
    domain = place.sandbox.store.api.domain(D)

    assert domain
    assert ({"webmail", "mailbox", "alias"}, 3) == ({*domain.features}, len(domain.features))
    assert "virtual" == domain.delivery
    assert D == place.sandbox.store.ox.context_of(D)
    assert (None, None) == (domain.mailbox_domain, domain.webmail_domain)


@pytest.mark.parametrize("profile", ["2024-check", "2026"])
def test_a_created_domain_is_checked_in_the_same_run(place_of, profile):
    """
    Row "A domain is created": then `check`, which decides whether its mailboxes wait.
    """
    place = place_of(profile)
    place.declare(a_domain(D, box("ada")))
    place.apply()
    asked = place.asked()

    assert asked.index(("POST", "/domains/")) < asked.index(("GET", f"/domains/{D}/check"))
    assert {f"mailbox/ada@{D}": "action_required"} == reasons(place.plan()["held"])


def test_a_created_domain_whose_check_fails_is_kept(place):
    """
    Row "A domain is created": an HTTP error of `check` is told; the mailbox waits, all else is.
    """
    place.sandbox.add_fault(kind="500_before", path=f"/domains/{D}/check", times=None)
    place.declare(a_domain(D, box("ada")))
    report = place.apply()

    assert {"ada": "held"} == outcomes(report)
    assert ["check_failed"] == [entry["reason"] for entry in report["outcomes"] if entry["reason"]]
    assert {D: "applied"} == outcomes(report, "domain")
    assert {(SERVICE, D), (ALICE, D)} == set(place.sandbox.store.api.allows())


def test_a_domain_that_cannot_be_created(place):
    """
    Row "A domain is created": any other answer leaves nothing behind, and its needs are skipped.
    """
    place.sandbox.add_fault(kind="answer", method="POST", path="/domains/", status=422)
    place.declare(a_domain(D, box("ada")))
    report = place.apply(code=ExitCode.CHANGE_FAILED)

    assert ({D: "failed"}, {"ada": "skipped"}) == (outcomes(report, "domain"), outcomes(report))
    assert {"skipped"} == {*outcomes(report, "access").values()}
    assert [] == place.sandbox.store.api.allows()


@pytest.mark.parametrize("profile", PROFILES)
def test_the_access_of_the_service_account(place_of, profile):
    """
    Row "Allow for the service user": posted everywhere; what the server gave by itself is a 409.
    """
    place = place_of(profile)
    place.declare(a_domain())
    report = place.apply()
    answers = [request.status for request in place.sandbox.requests() if request.path == "/allows/"]

    assert "applied" == outcomes(report, "access")[f"{D}/{SERVICE}"]
    assert {(SERVICE, D), (ALICE, D)} == set(place.sandbox.store.api.allows())
    assert (1 if profile == "2026" else 0) == answers.count(409)
