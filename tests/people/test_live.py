"""`plan --live`: the plan of a pull request from a stranger, without server and without secret."""

import pytest

from mailstate.errors import ExitCode
from tests.people.support import CLEO, D, a_domain, box

OTHER = "b.example"


def enabled(place):
    place.enable(a_domain(D, box("ada")), a_domain(OTHER, box("zoe")))


def a_new_mailbox(place):
    """On a domain that works, one that does not, and one that is not there."""
    place.sandbox.remove_record(OTHER, "mx")
    place.sandbox.store.set_state(OTHER, "broken")
    place.declare(
        a_domain(D, box("ada"), box("bob")),
        a_domain(OTHER, box("zoe"), box("bob")),
        a_domain("c.example", box("ada")),
    )


def strangers(place):
    """Removals of each kind, some of them too many."""
    store = place.sandbox.store
    store.add_mailbox(D, "max", given_name="Max", sur_name="Petit")
    store.add_alias(D, "info", "x@elsewhere.example")
    store.add_user(CLEO)
    store.add_allow(CLEO, D)
    place.set('prune = ["aliases", "accesses", "mailboxes"]\nmax_removals_percent = 50\n')


def a_closed_domain(place):
    """Refused changes."""
    place.declare(a_domain(D, box("ada", last_name="Roux"), disabled=True))


def other_people(place):
    """New users and accesses, a name that is changed."""
    place.declare(a_domain(D, box("ada", last_name="Roux"), owners=["cleo.petit", "bob.durand"]))


CASES = [enabled, a_new_mailbox, strangers, a_closed_domain, other_people]


@pytest.mark.parametrize(
    ("profile", "case"),
    [*(("2026", case) for case in CASES), ("2024", strangers), ("2024-check", a_new_mailbox)],
)
def test_it_is_the_plan_against_the_server(place_of, profile, case):
    """
    Entry by entry, byte by byte; without credentials, and without a call.
    """
    place = place_of(profile)
    enabled(place)
    case(place)
    account = 'service_account = "la_regie"\n'
    place.write("mailstate.toml", account + place.read("mailstate.toml"))
    with_server = place.call("plan", "--format", "json")
    assert ExitCode.OK == place.call("snapshot", "--out", "live.json").code
    place.settings = {}
    place.forget()
    without = place.call("plan", "--live", "live.json", "--format", "json")

    assert (ExitCode.OK, "") == (without.code, without.err)
    assert with_server.json == without.json
    assert with_server.out == without.out
    assert place.sandbox.url == without.json["target"]
    assert [] == place.asked()
    for secret in (place.sandbox.password, place.sandbox.admin_password):
        assert secret not in place.read("live.json")


def test_a_part_of_it(place):
    """
    Selections hold there as well.
    """
    enabled(place)
    a_new_mailbox(place)
    place.call("snapshot", "--out", "live.json")
    options = ("plan", "--format", "json", "--only", OTHER)
    with_server = place.call(*options)
    without = place.call(*options, "--live", "live.json")

    assert with_server.out == without.out
    assert 1 == without.json["selection"]["domains"]


@pytest.mark.parametrize("option", [("--url", "https://a.example"), ("--sandbox",)])
def test_a_server_beside_it(place, option):
    """
    Two live states are a mistake: exit code 2.
    """
    place.declare(a_domain())

    assert ExitCode.USAGE == place.call("plan", "--live", "live.json", *option).code
