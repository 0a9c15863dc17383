"""Whole runs, from files to a dimail that is as they ask, on each version of the server."""

import json

import pytest

from mailstate.sandbox import PROFILES
from tests.cli.support import ALICE, BOB, CLEO, COMMUNE

D = "commune.example"
ADA, ZOE = f"mailbox/ada@{D}", f"mailbox/zoe@{D}"
CONTACT = f"alias/contact@{D}/ada@{D}"


def planned(place):
    """Give the plan, as JSON."""
    ran = place.call("plan", "--format", "json")

    assert 0 == ran.code, ran.err
    return ran.json


def applied(place, *options, code=0):
    """Apply, and give the report, in which what was planned is accounted for."""
    before = planned(place)["summary"]
    ran = place.call("apply", "--yes", "--format", "json", *options)
    report = ran.json
    counts = report["summary"]
    parts = ("applied", "failed", "skipped", "held", "not_begun")

    assert code == ran.code, (ran.err, report)
    assert sum(before[part] for part in ("create", "update", "delete", "held")) == counts["planned"]
    assert counts["planned"] == sum(counts[part] for part in parts)
    assert 0 == sum(effect.action == "delete" for effect in place.sandbox.effects())
    return report


def is_settled(place):
    """Say whether nothing is left: neither to do, nor held, nor in conflict."""
    return place.call("plan", "--detailed-exitcode").code == 0


def addresses(entries):
    return {entry["address"] for entry in entries}


def reasons(entries):
    return {entry["address"]: entry["reason"] for entry in entries}


def made(place, kind):
    """Give what the server has made of *kind*, once for each time."""
    effects = place.sandbox.effects()
    return sorted(
        effect.object for effect in effects if (effect.action, effect.kind) == ("create", kind)
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_one_apply_is_enough_where_the_domain_works(place_of, profile):
    """
    The plan that follows is empty; viewers are unknown to dimail.
    """
    place = place_of(profile)
    place.sandbox.publish_dns(D)
    applied(place)

    assert is_settled(place)
    assert [f"ada@{D}", f"zoe@{D}"] == made(place, "mailbox")
    assert [f"contact@{D}/ada@{D}"] == made(place, "alias")
    assert sorted([ALICE, BOB]) == made(place, "user")
    assert CLEO not in {user.name for user in place.sandbox.store.api.users()}
    assert 0 == applied(place)["summary"]["planned"]


@pytest.mark.parametrize("profile", ["2024-check", "2026"])
def test_mailboxes_are_held_until_the_dns_is_published_and_then_released(place_of, profile):
    """
    Exactly those that were held, and no sooner.
    """
    place = place_of(profile)
    first = applied(place)
    held = {entry["address"] for entry in first["outcomes"] if entry["outcome"] == "held"}

    assert {ADA, ZOE, CONTACT} == held
    assert [] == made(place, "mailbox")
    assert dict.fromkeys(held, "action_required") == reasons(planned(place)["held"])

    place.sandbox.publish_dns(D)
    second = applied(place)

    assert held == addresses(second["outcomes"])
    assert {"applied"} == {entry["outcome"] for entry in second["outcomes"]}
    assert is_settled(place)
    assert {"ok"} == {
        effect.domain_state
        for effect in place.sandbox.effects()
        if effect.kind in {"mailbox", "alias"}
    }


def test_without_states_everything_is_held_until_the_settings_say_otherwise(place_of):
    """
    A server of 2024 cannot tell; whoever keeps the settings decides.
    """
    place = place_of("2024")
    place.write("mailstate.toml", "")
    applied(place)

    assert {"state_unknown"} == set(reasons(planned(place)["held"]).values())
    assert {"maintainer"} == {entry["actor"] for entry in planned(place)["held"]}

    place.write("mailstate.toml", "assume_enabled = true\n")
    applied(place)

    assert is_settled(place)


def test_what_fix_repairs_is_released_in_the_same_run(place_of):
    """
    Internal checks are the operator's; People forgets the mailboxes of such domains.
    """
    place = place_of("2026")
    place.sandbox.publish_dns(D)
    place.sandbox.set_internal(D, "cert", ok=False, fixable=True)
    applied(place)

    assert is_settled(place)
    assert f"/domains/{D}/fix/" in {request.path for request in place.sandbox.requests()}


def test_what_fix_cannot_repair_stays_held_for_the_operator(place_of):
    """
    No owner is told to act.
    """
    place = place_of("2026")
    place.sandbox.publish_dns(D)
    place.sandbox.set_internal(D, "cert", ok=False, fixable=False)
    applied(place)

    assert {("failed", "operator")} == {
        (entry["reason"], entry["actor"]) for entry in planned(place)["held"]
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_strangers_in_a_shared_context_are_left_out(place_of, profile):
    """
    The mailboxes of other domains of the context, and its administrator, are in dimail's lists.
    """
    place = place_of(profile)
    store = place.sandbox.store
    store.add_domain("neighbour.example", context="shared.example", state="ok")
    for number in range(5):
        names = {"given_name": f"N{number}", "sur_name": "Petit"}
        store.add_mailbox("neighbour.example", f"n{number}", **names)
    place.write(
        "state/commune.yaml", COMMUNE.replace("owners", "context: shared.example\n    owners")
    )
    place.sandbox.publish_dns(D)
    applied(place)

    assert is_settled(place)
    assert [] == planned(place)["unmanaged"]
    assert [f"ada@{D}", f"zoe@{D}"] == made(place, "mailbox")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_domain_without_webmail_has_mailboxes_without_names(place_of, profile):
    """
    They read back as nothing, which is no difference.
    """
    place = place_of(profile)
    place.write(
        "state/commune.yaml", COMMUNE.replace("owners", "features: [mailbox, alias]\n    owners")
    )
    place.sandbox.publish_dns(D)
    applied(place)

    assert is_settled(place)
    assert [f"ada@{D}", f"zoe@{D}"] == made(place, "mailbox")


def test_a_domain_that_was_there_before_is_first_made_readable(place_of):
    """
    The service account gets its access, and the same apply goes on to what is missing.
    """
    place = place_of("2026")
    store = place.sandbox.store
    store.add_domain(D, state="ok")
    store.add_mailbox(D, "ada", given_name="Ada", sur_name="Martin")
    store.add_mailbox(D, "max", given_name="Max", sur_name="Petit")
    before = planned(place)

    assert {ADA: "access_missing", ZOE: "access_missing", CONTACT: "access_missing"} == reasons(
        before["held"]
    )
    assert f"access/{D}/la_regie" in addresses(before["changes"])

    report = applied(place)

    assert {"applied"} == {entry["outcome"] for entry in report["outcomes"]}
    assert [f"zoe@{D}"] == made(place, "mailbox")
    assert [f"mailbox/max@{D}"] == sorted(addresses(planned(place)["unmanaged"]))
    assert is_settled(place)


@pytest.mark.parametrize("profile", ["2024-check", "2026"])
def test_two_runs_at_the_same_time_make_everything_once(place_of, profile):
    """
    Each finds done what the other did, and both end well.
    """
    place = place_of(profile)
    place.sandbox.publish_dns(D)
    place.sandbox.add_fault(kind="slow_before", method="POST", delay=0.1, times=None)
    options = ("apply", "--yes", "--format", "json")
    runs = [place.start(*options) for _ in range(2)]
    ended = [(run, *run.communicate(timeout=40)) for run in runs]
    place.sandbox.clear_faults()

    for run, out, err in ended:
        assert 0 == run.returncode, err
        assert {entry["outcome"] for entry in json.loads(out)["outcomes"]} <= {"applied"}
    for kind in ("user", "domain", "allow", "mailbox", "alias"):
        objects = made(place, kind)
        assert sorted(set(objects)) == objects
    assert is_settled(place)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_display_name_of_its_own_form_arrives(place_of, profile):
    """
    A server of 2024 makes up another one, so that it takes a second call.
    """
    place = place_of(profile)
    own = "last_name: Martin, display_name: 'MARTIN Ada (mairie)'"
    place.write("state/commune.yaml", COMMUNE.replace("last_name: Martin", own))
    place.sandbox.publish_dns(D)
    applied(place)
    account = place.sandbox.store.ox.user(D, f"ada@{D}")

    assert account
    assert "MARTIN Ada (mairie)" == account.display_name
    assert is_settled(place)
    patched = [effect.object for effect in place.sandbox.effects() if effect.action == "update"]
    assert ([] if profile == "2026" else [f"ada@{D}"]) == [
        address for address in patched if "@" in address
    ]


def test_an_inactive_mailbox_is_made_so_and_stays_so(place_of):
    """
    And can be switched on again, with its names.
    """
    place = place_of("2026")
    off = COMMUNE.replace("last_name: Martin", "last_name: Martin, active: false")
    place.write("state/commune.yaml", off)
    place.sandbox.publish_dns(D)
    applied(place)
    row = place.sandbox.store.mail.mailbox(D, "ada")

    assert row
    assert "no" == row.active
    assert is_settled(place)

    place.write("state/commune.yaml", COMMUNE)
    [change] = planned(place)["changes"]

    sent = ["first_name", "last_name", "display_name", "active"]
    assert (ADA, "update", sent) == (change["address"], change["action"], change["fields"])

    applied(place)

    assert is_settled(place)
    assert place.sandbox.store.ox.user(D, f"ada@{D}")


@pytest.mark.parametrize("profile", ["2024", "2024-check"])
def test_where_no_mailbox_can_be_inactive_it_is_a_conflict(place_of, profile):
    """
    Told, and not created active instead.
    """
    place = place_of(profile)
    off = COMMUNE.replace("last_name: Martin", "last_name: Martin, active: false")
    place.write("state/commune.yaml", off)
    place.sandbox.publish_dns(D)
    applied(place)

    assert {ADA: "not_supported", CONTACT: "destination_blocked"} == reasons(
        planned(place)["conflicts"]
    )
    assert [f"zoe@{D}"] == made(place, "mailbox")


def test_a_switched_off_mailbox_is_switched_off_while_the_dns_is_broken(place_of):
    """
    What closes something does not wait.
    """
    place = place_of("2026")
    place.sandbox.publish_dns(D)
    applied(place)
    place.sandbox.remove_record(D, "mx")
    place.sandbox.store.set_state(D, "broken")
    off = COMMUNE.replace("last_name: Martin", "last_name: Martin, active: false")
    off = off.replace("Zoé", "Zoë")
    place.write("state/commune.yaml", off)
    before = planned(place)

    assert {ADA} == addresses(before["changes"])
    assert {ZOE} == addresses(before["held"])

    applied(place)

    assert {ZOE} == addresses(planned(place)["held"])


@pytest.mark.parametrize("profile", ["2024-check", "2026"])
def test_a_half_made_mailbox_is_told_and_never_created_over(place_of, profile):
    """
    Only the operator of dimail can mend it; the rest goes ahead.
    """
    place = place_of(profile)
    place.sandbox.publish_dns(D)
    applied(place)
    place.sandbox.store.remove_mailbox(D, "ada", half="dovecot")
    applied(place)

    assert {ADA: "half_made"} == reasons(planned(place)["conflicts"])
    assert [f"ada@{D}", f"zoe@{D}"] == made(place, "mailbox")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_answers_may_be_lost_and_nothing_is_made_twice(place_of, profile):
    """
    Every third answer to a POST is a 500, a reset or cut off, with the effect done.
    """
    place = place_of(profile)
    place.sandbox.publish_dns(D)
    for number, kind in enumerate(("500_after", "reset_after", "cut")):
        for nth in range(1 + number, 20, 6):
            place.sandbox.add_fault(kind=kind, method="POST", nth=nth)
    applied(place)
    place.sandbox.clear_faults()

    assert is_settled(place)
    for kind in ("user", "domain", "allow", "mailbox", "alias"):
        objects = made(place, kind)
        assert sorted(set(objects)) == objects
