"""Domains: what they answer, and how the DNS moves their state."""

import asyncio

import pytest

from mailstate.sandbox import PROFILES, Sandbox, routes_domains
from tests.sandbox.asking import EVERY_FEATURE, NAMES, Asker

CHECKING = ("2024-check", "2026")
NEW = {"name": "a.example", "features": EVERY_FEATURE, "context_name": "c"}
OX = "ox.numerique.gouv.fr."
INTERNAL = ("postfix", "ox", "cert", "webmail_ok")
OLD_KEYS = {
    "name",
    "features",
    "mailbox_domain",
    "webmail_domain",
    "imap_domains",
    "smtp_domains",
    "context_name",
}


def check(ask):
    return ask("GET /domains/a.example/check", by="basic:admin").json()


def codes(domain):
    return {
        name: [error["code"] for error in value["errors"]]
        for name, value in domain.items()
        if isinstance(value, dict) and value["errors"]
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_the_context_is_told_at_creation_and_since_2026_afterwards(ask, profile):
    """
    An old server never tells again which context a domain is in.
    """
    created = ask("POST /domains/", by="basic:admin", json=NEW).json()
    [listed] = ask("GET /domains/", by="basic:admin").json()

    assert "c" == created["context_name"]
    assert ("c" if profile == "2026" else None) == listed["context_name"]


def test_the_first_server_shows_no_state(old):
    """
    A domain of 2024 has seven keys.
    """
    given = {"imap_domains": ["i.example"], "delivery": "relay"}
    assert OLD_KEYS == set(old("POST /domains/", by="basic:admin", json=NEW | given).json())
    seen = old("GET /domains/a.example", by="token:admin").json()
    assert ["i.example"] == seen["imap_domains"]


def test_since_2026_a_domain_has_more_keys(modern):
    """
    Delivery is kept, and IMAP and SMTP have one name each.
    """
    given = {"imap_domain": "i.example", "delivery": "relay", "imap_domains": ["ignored"]}
    seen = modern("POST /domains/", by="basic:admin", json=NEW | given).json()
    assert ("relay", "i.example", None, "yes") == (
        seen["delivery"],
        seen["imap_domain"],
        seen["smtp_domain"],
        seen["active"],
    )
    assert "imap_domains" not in seen


@pytest.mark.parametrize("profile", PROFILES)
def test_the_creator_is_allowed_by_itself_since_2026(ask, profile):
    """
    The service account may manage what it created without asking for it.
    """
    ask("POST /domains/", by="basic:la_regie", json=NEW)

    allows = ask("GET /allows/", by="basic:la_regie").json()

    expected = [{"user": "la_regie", "domain": "a.example"}] if profile == "2026" else []
    assert expected == allows


@pytest.mark.parametrize("profile", PROFILES)
def test_a_domain_left_in_another_context_is_refused(ask):
    """
    A failure after the mapping leaves it; only the same context is taken then.
    """
    ask.sandbox.add_fault(method="POST", path="/domains/", kind="500_half")

    first = ask("POST /domains/", by="basic:admin", json=NEW)
    other = ask("POST /domains/", by="basic:admin", json=NEW | {"context_name": "d"})
    again = ask("POST /domains/", by="basic:admin", json=NEW)

    assert [500, 409, 201] == [first.status_code, other.status_code, again.status_code]
    assert "The domain is currently mapped to OX context c" == other.json()["detail"]


@pytest.mark.parametrize("profile", CHECKING)
def test_a_new_domain_has_not_been_looked_at(ask):
    """
    Before the first check the state is new and every check says so.
    """
    seen = ask("POST /domains/?no_check=true", by="basic:admin", json=NEW).json()
    assert ("new", False) == (seen["state"], seen["valid"])
    assert {"no_test"} == {code for found in codes(seen).values() for code in found}
    assert "new" == ask("GET /domains/a.example", by="token:admin").json()["state"]


@pytest.mark.parametrize(
    ("query", "state"),
    [("", "broken"), ("?no_check=false", "broken"), ("?no_check=", "new"), ("?no_check=x", "new")],
)
def test_the_check_after_a_creation_can_be_left_out(running, query, state):
    """
    Only the word false lets the check run, once the answer is out.
    """
    ask = running["2024-check"]
    ask.sandbox.reset()
    created = ask(f"POST /domains/{query}", by="basic:admin", json=NEW).json()
    seen = ask("GET /domains/a.example", by="token:admin").json()
    assert ("new", state) == (created["state"], seen["state"])


@pytest.mark.parametrize("profile", CHECKING)
def test_published_records_make_a_domain_ok(ask, profile):
    """
    The state follows the DNS, in both directions, at each check.
    """
    ask.sandbox.store.add_domain("a.example")
    assert {"domain_exist": ["must_exist"]} == codes(check(ask))
    ask.sandbox.publish_dns("a.example")
    seen = check(ask)
    assert ("ok", True, {}) == (seen["state"], seen["valid"], codes(seen))
    assert (profile == "2026") == ("internal" in seen["mx"])
    ask.sandbox.remove_record("a.example", "mx")
    assert ("broken", {"mx": ["no_mx"]}) == (check(ask)["state"], codes(check(ask)))


@pytest.mark.parametrize(
    ("name", "type_", "values", "check_name", "code"),
    [
        ("a.example", "mx", [], "mx", "no_mx"),
        ("a.example", "mx", ["10 mx.else.example."], "mx", "wrong_mx"),
        ("a.example", "mx", [f"10 mx.{OX}", "20 mx.else.example."], "mx", "wrong_mx"),
        ("a.example", "mx", [f"10 MX.{OX}"], None, None),
        ("webmail.a.example", "cname", [], "cname_webmail", "no_cname_webmail"),
        ("webmail.a.example", "cname", ["x.example"], "cname_webmail", "wrong_cname_webmail"),
        ("imap.a.example", "cname", [], "cname_imap", "no_cname_imap"),
        ("imap.a.example", "cname", ["x.example"], "cname_imap", "wrong_cname_imap"),
        ("smtp.a.example", "cname", [], "cname_smtp", "no_cname_smtp"),
        ("smtp.a.example", "cname", ["x.example"], "cname_smtp", "wrong_cname_smtp"),
        ("a.example", "txt", ["verification=1"], "spf", "no_spf"),
        ("a.example", "txt", ["v=spf1 -all"], "spf", "wrong_spf"),
        ("a.example", "txt", ["v=spf1 -all", "v=spf1 +all"], "spf", "invalid_spf"),
        (
            "a.example",
            "txt",
            ['"v=spf1 include:_spf." "ox.numerique.gouv.fr ~all"', "other"],
            None,
            None,
        ),
        ("dimail._domainkey.a.example", "txt", [], "dkim", "no_dkim"),
        ("dimail._domainkey.a.example", "txt", ["v=DKIM1; k=rsa"], "dkim", "no_dkim"),
        ("dimail._domainkey.a.example", "txt", ["v=DKIM1; p=AAAA"], "dkim", "wrong_dkim"),
    ],
)
def test_each_check_has_its_codes(modern, name, type_, values, check_name, code):
    """
    A missing, wrong or doubled record fails the check that it belongs to.
    """
    modern.sandbox.store.add_domain("a.example")
    modern.sandbox.publish_dns("a.example")
    modern.sandbox.remove_record(name, type_)
    for value in values:
        modern.sandbox.set_record(name, type_, value)

    assert ({check_name: [code]} if check_name else {}) == codes(check(modern))


def test_a_cname_is_followed_to_the_mx(modern):
    """
    The MX may stand behind an alias; a ring of aliases leads nowhere.
    """
    modern.sandbox.store.add_domain("a.example", mailbox_domain="mail.a.example")
    modern.sandbox.publish_dns("a.example")
    modern.sandbox.remove_record("mail.a.example", "mx")
    modern.sandbox.set_record("mail.a.example", "cname", "Hub.example.")
    modern.sandbox.set_record("hub.example", "mx", f"mx.{OX}")
    assert {} == codes(check(modern))
    modern.sandbox.remove_record("hub.example")
    modern.sandbox.set_record("hub.example", "cname", "mail.a.example.")
    assert {"mx": ["no_mx"]} == codes(check(modern))


@pytest.mark.parametrize(
    ("features", "silent"),
    [([], {"cname_webmail", "cname_imap"}), (["mailbox"], {"cname_webmail"})],
)
def test_a_check_that_does_not_apply_is_ok(modern, features, silent):
    """
    Without webmail or mailboxes nobody asks for their names.
    """
    modern.sandbox.store.add_domain("a.example", features=features)
    modern.sandbox.set_record("a.example", "a", "192.0.2.1")
    every = {"mx", "cname_webmail", "cname_imap", "cname_smtp", "spf", "dkim"}
    assert every - silent == set(codes(check(modern)))


@pytest.mark.parametrize("name", INTERNAL)
@pytest.mark.parametrize("fixable", [True, False])
def test_internal_checks_are_mended_by_fix_if_they_can_be(modern, name, fixable):
    """
    What the operator has to do fails until `/fix/` can and does mend it.
    """
    modern.sandbox.store.add_domain("a.example", state="ok")
    modern.sandbox.set_internal("a.example", name, ok=False, fixable=fixable)
    seen = check(modern)
    assert ("broken", {name: [f"no_{name}"]}) == (seen["state"], codes(seen))
    assert seen[name]["internal"]
    assert not seen["mx"]["internal"]

    fixed = modern("GET /domains/a.example/fix/", by="basic:la_regie").json()

    assert ("ok" if fixable else "broken") == fixed["state"] == check(modern)["state"]
    assert ([f"fix {name}"] if fixable else []) == [e.detail for e in modern.sandbox.effects()]


def test_the_spec_is_what_makes_the_checks_pass(modern):
    """
    Publishing each listed record is enough.
    """
    domain = NEW | {"imap_domain": "imap.else.example"}
    modern("POST /domains/", by="basic:la_regie", json=domain)

    spec = modern("GET /domains/a.example/spec/", by="basic:la_regie").json()
    for record in spec:
        target = record["target"]
        name = target if target.endswith(".") else f"{target}.a.example".lstrip(".")
        modern.sandbox.set_record(name, record["type"], record["value"])

    assert {"": {"mx", "txt"}, "webmail": {"cname"}} == {
        target: {r["type"] for r in spec if r["target"] == target} for target in ("", "webmail")
    }
    assert "imap.else.example." in {record["target"] for record in spec}
    assert "ok" == check(modern)["state"]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_state_holds_nothing_back(ask):
    """
    A mailbox is created on a broken domain as on any other, and the effect says so.
    """
    ask.sandbox.store.add_domain("a.example", state="broken")
    response = ask("POST /domains/a.example/mailboxes/u", by="token:admin", json=NAMES)
    assert 201 == response.status_code
    [effect] = ask.sandbox.effects()
    has_states = ask.sandbox.profile != "2024"
    assert ("broken" if has_states else None) == effect.domain_state


def test_the_background_check_can_be_switched_on():
    """
    The check after a creation is a switch of its own in every profile.
    """
    with Sandbox(background_check=True) as sandbox:
        ask = Asker(sandbox)
        ask("POST /domains/", by="basic:admin", json=NEW)
        state = ask("GET /domains/a.example", by="token:admin").json()["state"]
        ask.close()
    assert "broken" == state


def test_a_check_of_a_domain_removed_meanwhile_does_nothing(modern):
    """
    The check after a creation passes over a domain that has gone.
    """
    asyncio.run(routes_domains._check_later(modern.sandbox._dimail, "gone.example"))
    assert [] == modern.sandbox.summary()["domains"]
