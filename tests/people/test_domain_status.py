"""Contract §11, "Domain status machine", row by row."""

import pytest

from mailstate.errors import ExitCode
from tests.people.support import EXTERNAL, INTERNAL, D, a_domain, box, outcomes, reasons

OTHER = "b.example"
ADA = f"mailbox/ada@{D}"
CHECK, FIX = ("GET", f"/domains/{D}/check"), ("GET", f"/domains/{D}/fix/")


@pytest.fixture
def held(place):
    """A domain without any DNS, for which a mailbox waits."""
    place.declare(a_domain(D, box("ada")))
    place.apply()
    place.forget()
    return place


def standing(place):
    """How `status` calls the one domain."""
    [row] = place.call("status", D, "--format", "json").json["domains"]
    return row["standing"]


def test_ok_and_not_enabled(held):
    """
    Row "ok, not enabled": those that waited are sent, with their letters.
    """
    held.sandbox.publish_dns(D)
    report = held.apply()

    assert {"ada": "applied"} == outcomes(report)
    assert ["ada@perso.example"] == held.welcomed()
    assert [CHECK] == held.asked(path=".*/check")
    assert "enabled" == standing(held)


def test_ok_and_enabled(place):
    """
    Row "ok, enabled": unchanged; nobody checks it, nothing is sent.
    """
    place.enable(a_domain(D, box("ada"), support_email="dsi@a.example"))
    place.forget()
    report = place.apply()

    assert 0 == report["summary"]["planned"]
    assert ([], []) == (place.asked(path=".*/(check|fix/|spec/)"), place.sent())
    assert [] == place.welcomed()


def test_broken_by_an_external_check(held):
    """
    Row "broken, some external check not ok": action required of an owner, no fix, nothing sent.
    """
    held.sandbox.publish_dns(D)
    held.sandbox.remove_record(D, "mx")
    held.sandbox.set_internal(D, "cert", ok=False)
    report = held.apply()

    assert {"ada": "held"} == outcomes(report)
    assert [("action_required", "owner")] == [
        (entry["reason"], entry["actor"]) for entry in report["outcomes"]
    ]
    assert ([], []) == (held.asked(path=FIX[1]), held.sent())
    assert "action_required" == standing(held)


def test_broken_by_an_external_check_while_enabled(place):
    """
    Row "broken, some external check not ok", from enabled too: what is new waits.
    """
    place.enable(a_domain(D, box("ada")))
    place.sandbox.remove_record(D, "mx")
    place.sandbox.store.set_state(D, "broken")
    place.forget()
    place.declare(a_domain(D, box("ada"), box("zoe")))

    assert {f"mailbox/zoe@{D}": "action_required"} == reasons(place.plan()["held"])
    assert {"zoe": "held"} == outcomes(place.apply())
    assert [] == place.sent()


def test_broken_by_internal_checks_that_fix_mends(held):
    """
    Row "broken, only internal checks not ok", fix mends all: enabled, and the held mailboxes are
    released in the same run, which People forgets.
    """
    held.sandbox.publish_dns(D)
    held.sandbox.set_internal(D, "cert", ok=False)
    held.sandbox.set_internal(D, "ox", ok=False)
    planned = held.plan()

    assert {ADA: "failed"} == reasons(planned["held"])
    assert [] == held.asked(path=FIX[1])

    report = held.apply()

    assert [FIX] == held.asked(path=FIX[1])
    assert {"ada": "applied"} == outcomes(report)
    assert ["ada@perso.example"] == held.welcomed()
    assert "enabled" == standing(held)


def test_broken_by_internal_checks_that_fix_does_not_mend(held):
    """
    Row "broken, only internal checks not ok", fix leaves some: failed, for the operator to mend.
    """
    held.sandbox.publish_dns(D)
    held.sandbox.set_internal(D, "cert", ok=False)
    held.sandbox.set_internal(D, "ox", ok=False, fixable=False)
    report = held.apply()

    assert [FIX] == held.asked(path=FIX[1])
    assert [("failed", "operator", ["ox"])] == [
        (entry["reason"], entry["actor"], [check["name"] for check in entry["checks"]])
        for entry in report["outcomes"]
    ]
    assert [] == held.sent()
    assert "failed" == standing(held)


def test_broken_by_internal_checks_and_fix_finds_more(held):
    """
    Row "broken, only internal checks not ok", fix finds an external one: held, nothing is sent.
    """
    held.checks_answer(D, "broken", mx=(EXTERNAL, True), cert=(INTERNAL, False))
    held.checks_answer(D, "broken", verb="fix", mx=(EXTERNAL, False), cert=(INTERNAL, True))
    report = held.apply()

    assert {"ada": "held"} == outcomes(report)
    assert ["action_required"] == [entry["reason"] for entry in report["outcomes"]]
    assert [] == held.sent()


def test_broken_by_internal_checks_and_fix_goes_wrong(held):
    """
    Row "broken, only internal checks not ok", an HTTP error of fix: failed as before.
    """
    held.sandbox.publish_dns(D)
    held.sandbox.set_internal(D, "cert", ok=False)
    held.sandbox.add_fault(kind="500_before", path=FIX[1], times=None)
    report = held.apply()

    assert ["failed"] == [entry["reason"] for entry in report["outcomes"]]
    assert [] == held.sent()


def test_broken_with_all_checks_ok(held):
    """
    Row "broken with all listed checks ok": unchanged; held, since dimail does not say ok.
    """
    held.checks_answer(D, "broken", mx=(EXTERNAL, True), cert=(INTERNAL, True))
    report = held.apply()

    assert {"ada": "held"} == outcomes(report)
    assert ([], []) == (held.asked(path=FIX[1]), held.sent())


@pytest.mark.parametrize("state", ["active", "frozen"])
def test_another_state(held, state):
    """
    Row "another state": unchanged; held, whatever the checks say.
    """
    held.checks_answer(D, state, mx=(EXTERNAL, True))
    report = held.apply()

    assert ["state_unknown"] == [entry["reason"] for entry in report["outcomes"]]
    assert [] == held.sent()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "500_before"},
        {"kind": "reset_before"},
        {"kind": "cut"},
        {"kind": "answer", "status": 404, "body": '{"detail": "Domain not found"}'},
        {"kind": "answer", "body": "[]"},
    ],
    ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}",
)
def test_an_http_error_on_check(place, fault):
    """
    Row "HTTP error": unchanged; that domain's changes are held, the others go on.
    """
    place.declare(a_domain(D), a_domain(OTHER))
    place.apply()
    place.sandbox.publish_dns(OTHER)
    place.declare(a_domain(D, box("ada")), a_domain(OTHER, box("zoe")))
    place.sandbox.add_fault(path=CHECK[1], times=None, **fault)
    place.forget()
    planned = place.plan()
    report = place.apply()

    assert {ADA: "check_failed"} == reasons(planned["held"])
    assert [("check_failed", "mailstate")] == [
        (entry["reason"], entry["actor"])
        for entry in report["outcomes"]
        if entry["outcome"] == "held"
    ]
    assert [f"zoe@{OTHER}"] == place.made()
    assert ["zoe@perso.example"] == place.welcomed()

    place.sandbox.clear_faults()
    place.sandbox.publish_dns(D)

    assert {"ada": "applied"} == outcomes(place.apply())


def test_disabled_by_hand(place):
    """
    "`disabled` is set by hand, never checked and never left by itself."
    """
    place.declare(a_domain(D, box("ada"), support_email="dsi@a.example"))
    place.apply()
    place.sandbox.publish_dns(D)
    place.declare(a_domain(D, box("ada"), support_email="dsi@a.example", disabled=True))
    place.forget()
    for _ in range(2):
        place.apply(code=ExitCode.REFUSED)

    assert [] == place.asked(path=".*/(check|fix/)")
    assert [] == place.sent()
    assert [] == place.welcomed()
    assert "disabled" == standing(place)

    place.declare(a_domain(D, box("ada")))

    assert {"ada": "applied"} == outcomes(place.apply())
