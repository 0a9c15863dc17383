"""What mailboxes look like, whole, half-made, foreign, functional or inactive."""

import pytest

from mailstate.sandbox import PROFILES, Sandbox
from tests.sandbox.asking import NAMES, Asker

BOX = "/domains/a.example/mailboxes"
NOBODY = {"givenName": None, "surName": None, "displayName": None}
SECOND: dict[str, object] = {
    "type": "mailbox",
    "active": "yes",
    "email": "u@a.example",
    "features": ["ox"],
    "extras": {
        "ox": {"given_name": "U", "sur_name": "N", "display_name": "U N"},
        "schedule": None,
    },
    "dirty_quirks": {"ox-config": {}},
    "additionalSenders": [],
    "rate_limit": None,
    "quota": None,
}


def by_email(response):
    return {mailbox["email"]: mailbox for mailbox in response.json()}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_webmail_list_holds_the_whole_context(ask):
    """
    Mailboxes of other domains of the context and its administrator are listed as broken.
    """
    ask.sandbox.store.add_domain("a.example", context="c")
    ask.sandbox.store.add_domain("b.example", context="c")
    ask.sandbox.store.add_mailbox("a.example", "u", given_name="U", sur_name="N")
    ask.sandbox.store.add_mailbox("b.example", "v", given_name="V", sur_name="N")

    seen = by_email(ask("GET /domains/b.example/mailboxes/", by="token:admin"))

    assert {"u@a.example", "v@b.example", "oxadmin@a.example"} == set(seen)
    assert ["broken", "broken", "ok"] == [seen[email]["status"] for email in sorted(seen)]
    assert "Context Admin" == seen["oxadmin@a.example"]["displayName"]


@pytest.mark.parametrize("profile", PROFILES)
def test_names_read_back_as_null_without_webmail(ask):
    """
    Only Open-Xchange stores names, so a domain without webmail has none.
    """
    ask.sandbox.store.add_domain("a.example", features=["mailbox"])

    created = ask(f"POST {BOX}/u", by="token:admin", json=NAMES)
    seen = ask(f"GET {BOX}/u", by="token:admin").json()

    assert 201 == created.status_code
    assert NOBODY == {key: seen[key] for key in NOBODY}
    assert "ok" == seen["status"]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("half", ["ox", "dovecot"])
def test_half_a_mailbox_is_shown_broken(ask, half):
    """
    A webmail mailbox that lies in one store only is broken.
    """
    ask.sandbox.store.add_domain("a.example")
    ask.sandbox.store.add_mailbox("a.example", "u", given_name="U", half=half)

    seen = ask(f"GET {BOX}/u", by="token:admin").json()

    assert "broken" == seen["status"]
    assert ("U" if half == "ox" else None) == seen["givenName"]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_posted_display_name_is_kept_since_2026(ask, profile):
    """
    The old servers make their own of first and last name; a PATCH sets it everywhere.
    """
    ask.sandbox.store.add_domain("a.example")

    answer = ask(f"POST {BOX}/u", by="token:admin", json=NAMES).json()
    first = ask(f"GET {BOX}/u", by="token:admin").json()["displayName"]
    changed = ask(f"PATCH {BOX}/u", by="token:admin", json={"displayName": "New"}).json()

    assert ("Martin, Ada" if profile == "2026" else "Ada Martin") == first
    assert "New" == changed["displayName"]
    assert ({"email", "password"} if profile == "2026" else {"email", "password", "uuid"}) == set(
        answer
    )


def test_old_lists_come_in_random_order(old):
    """
    The list of mailboxes is built from a set: its order says nothing.
    """
    old.sandbox.store.add_domain("a.example", features=["mailbox"])
    for number in range(8):
        old.sandbox.store.add_mailbox("a.example", f"u{number}")

    lists = [tuple(by_email(old(f"GET {BOX}/", by="token:admin"))) for _ in range(4)]

    assert len(set(lists)) > 1
    assert 1 == len({frozenset(emails) for emails in lists})


def test_a_functional_mailbox_lacks_the_names(modern):
    """
    Since 2026 a mailbox may be meant to have no webmail account, and has no name keys then.
    """
    modern.sandbox.store.add_domain("a.example")
    modern.sandbox.store.add_mailbox("a.example", "u", functional=True)

    seen = modern(f"GET {BOX}/u", by="token:admin").json()

    assert {"type", "status", "email", "active", "additionalSenders"} == set(seen)
    assert ("ok", "yes") == (seen["status"], seen["active"])
    assert 204 == modern(f"DELETE {BOX}/u", by="token:admin").status_code


def test_deactivation_drops_the_webmail_account(modern):
    """
    An inactive mailbox has lost its names for good; activating takes all three anew.
    """
    modern.sandbox.store.add_domain("a.example")
    modern.sandbox.store.add_mailbox("a.example", "u", given_name="U", sur_name="N")

    def patch(**changes):
        return modern(f"PATCH {BOX}/u", by="token:admin", json=changes)

    assert "no" == patch(active="no").json()["active"]
    [listed] = modern("GET /v2/domains/a.example/mailboxes/", by="token:admin").json()
    assert ([], None) == (listed["features"], listed["extras"]["ox"])
    assert 404 == patch(givenName="X").status_code
    assert 422 == patch(active="yes", givenName="X").status_code
    assert 200 == patch(active="no").status_code
    again = patch(active="yes", **NAMES)
    assert NAMES.items() <= again.json().items()
    assert "yes" == again.json()["active"]
    renamed = patch(active="yes", **NAMES | {"givenName": "Eve"})
    assert "Eve" == renamed.json()["givenName"]
    details = [effect.detail for effect in modern.sandbox.effects()]
    assert [
        "active no",
        "given_name, sur_name, display_name, active yes",
        "given_name, sur_name, display_name",
    ] == details


def test_activity_exists_without_webmail_too(modern):
    """
    A mailbox of a domain without webmail can be set inactive.
    """
    modern.sandbox.store.add_domain("a.example", features=["mailbox"])
    modern.sandbox.store.add_mailbox("a.example", "u")

    changed = modern(f"PATCH {BOX}/u", by="token:admin", json={"active": "no"}).json()

    assert "no" == changed["active"]


def test_the_second_list_is_sorted_and_knows_no_others(modern):
    """
    The second API lists what the domain has, and neither the administrator nor others.
    """
    store = modern.sandbox.store
    store.add_domain("a.example", context="c")
    store.add_domain("b.example", context="c")
    store.add_mailbox("b.example", "other", given_name="O")
    store.add_mailbox("a.example", "u", given_name="U", sur_name="N")
    store.add_mailbox("a.example", "b", functional=True)
    store.add_mailbox("a.example", "half", half="ox", given_name="H")

    seen = modern("GET /v2/domains/a.example/mailboxes/", by="token:admin").json()

    assert ["b@a.example", "half@a.example", "u@a.example"] == [m["email"] for m in seen]
    assert SECOND == seen[2]
    assert ([], None) == (seen[0]["features"], seen[0]["dirty_quirks"])
    assert "unknown" == seen[1]["active"]


def test_the_second_api_changes_names_and_activity(modern):
    """
    A PATCH under /v2 takes the names from extras and answers 200 with the mailbox.
    """
    modern.sandbox.store.add_domain("a.example")
    modern.sandbox.store.add_mailbox("a.example", "u", given_name="U", active="no")
    names = {"given_name": "A", "sur_name": "B", "display_name": "C"}

    response = modern(
        f"PATCH /v2{BOX}/u",
        by="token:admin",
        json={"imap_active": "yes", "extras": {"ox": names}},
    )

    assert (200, names, "yes") == (
        response.status_code,
        response.json()["extras"]["ox"],
        response.json()["active"],
    )


def test_the_second_api_may_spell_activity_in_two(modern):
    """
    A later server tells IMAP and SMTP apart.
    """
    del modern
    with Sandbox(v2_spelling="imap_active") as sandbox:
        ask = Asker(sandbox)
        sandbox.store.add_domain("a.example")
        sandbox.store.add_mailbox("a.example", "u")
        [seen] = ask("GET /v2/domains/a.example/mailboxes/", by="token:admin").json()
        ask.close()

    assert ("yes", "yes") == (seen["imap_active"], seen["smtp_active"])
    assert "active" not in seen


def test_verbs_give_new_ways_in(modern):
    """
    A new password or a login code is made on demand and told once.
    """
    modern.sandbox.store.add_domain("a.example")
    modern.sandbox.store.add_mailbox("a.example", "u", given_name="U")

    reset = modern(f"POST {BOX}/u/reset_password/", by="token:admin").json()
    code = modern(
        f"POST {BOX}/u/code", by="token:admin", json={"expires_in": "60", "maxuse": 3.0}
    ).json()

    assert {"email", "password"} == set(reset)
    assert ("u@a.example", 60, 3, 0) == (
        code["email"],
        code["expires_in"],
        code["maxuse"],
        code["nbuse"],
    )
    assert {"code", "expires_at"} <= set(code)
    assert ["password", "code"] == [effect.detail for effect in modern.sandbox.effects()]


@pytest.mark.parametrize(
    ("name", "alias", "mailbox", "account"),
    [("u", False, True, True), ("contact", True, False, False), ("free", False, False, False)],
)
def test_an_address_tells_who_holds_it(modern, name, alias, mailbox, account):
    """
    Any address of a known domain is answered, a free one with nobody.
    """
    modern.sandbox.store.add_domain("a.example")
    modern.sandbox.store.add_mailbox("a.example", "u", given_name="U")
    modern.sandbox.store.add_alias("a.example", "contact", "u@a.example")

    seen = modern(f"GET /domains/a.example/address/{name}/", by="token:admin").json()

    assert {
        "domain_name": "a.example",
        "user_name": name,
        "is_alias": alias,
        "is_mailbox": mailbox,
        "is_ox": account,
        "ox_primary_email": "u@a.example" if account else None,
        "ox_senders": [],
    } == seen


def test_old_open_xchange_may_refuse_taken_names(old):
    """
    With uniqueness switched on, an old server takes neither a display nor a user name twice.
    """
    del old
    with Sandbox(profile="2024", ox_unique=True) as sandbox:
        ask = Asker(sandbox)
        sandbox.store.add_domain("a.example", context="c")
        sandbox.store.add_domain("b.example", context="c")
        sandbox.store.add_mailbox("a.example", "u", given_name="Ada", sur_name="Martin")
        same_user = ask(
            "POST /domains/b.example/mailboxes/u",
            by="token:admin",
            json=NAMES | {"givenName": "Eve"},
        )
        same_display = ask("POST /domains/b.example/mailboxes/v", by="token:admin", json=NAMES)
        effects = sandbox.effects()
        ask.close()

    assert [500, 500] == [same_user.status_code, same_display.status_code]
    assert [] == effects


@pytest.mark.parametrize("profile", PROFILES)
def test_a_mailbox_may_stop_between_the_stores(ask):
    """
    A failure between Open-Xchange and dovecot leaves half a mailbox and an effect that says so.
    """
    ask.sandbox.store.add_domain("a.example")
    ask.sandbox.add_fault(method="POST", path=f"{BOX}/*", kind="500_half")

    failed = ask(f"POST {BOX}/u", by="token:admin", json=NAMES)

    assert 500 == failed.status_code
    assert "broken" == ask(f"GET {BOX}/u", by="token:admin").json()["status"]
    assert [("create", "open-xchange only")] == [
        (effect.action, effect.detail) for effect in ask.sandbox.effects()
    ]


@pytest.mark.parametrize("profile", PROFILES)
def test_without_webmail_nothing_is_half_made(ask):
    """
    Where there is one store, a failure between two leaves nothing.
    """
    ask.sandbox.store.add_domain("a.example", features=["mailbox"])
    ask.sandbox.add_fault(method="POST", path=f"{BOX}/*", kind="500_half")

    failed = ask(f"POST {BOX}/u", by="token:admin", json=NAMES)

    assert 500 == failed.status_code
    assert 404 == ask(f"GET {BOX}/u", by="token:admin").status_code
    assert [] == ask.sandbox.effects()


def test_half_in_dovecot_is_completed_by_posting_on_an_old_server(old):
    """
    Open-Xchange is written first: the POST fails on dovecot and yet makes the mailbox whole.
    """
    old.sandbox.store.add_domain("a.example")
    old.sandbox.store.add_mailbox("a.example", "u", half="dovecot")

    assert 500 == old(f"POST {BOX}/u", by="token:admin", json=NAMES).status_code
    assert "ok" == old(f"GET {BOX}/u", by="token:admin").json()["status"]


def test_the_columns_of_mariadb_have_widths(old):
    """
    With strict lengths, what is too long or not ASCII is a 500, after what came before it.
    """
    del old
    long = "x" * 300
    with Sandbox(profile="2024-check", strict_lengths=True) as sandbox:
        ask = Asker(sandbox)
        sandbox.store.add_domain("a.example")
        user = {"name": long, "password": "x", "is_admin": False}
        domain = {"name": f"{long}.example", "features": ["webmail"], "context_name": "c"}
        alias = {"user_name": "u", "destination": long}
        statuses = [
            ask("POST /users/", by="basic:admin", json=user).status_code,
            ask("POST /domains/", by="basic:admin", json=domain).status_code,
            ask(f"POST {BOX}/{long}", by="token:admin", json=NAMES).status_code,
            ask(f"POST {BOX}/zoé", by="token:admin", json=NAMES).status_code,
            ask("POST /domains/a.example/aliases/", by="token:admin", json=alias).status_code,
        ]
        context = sandbox.store.ox.context_of(f"{long}.example")
        ask.close()

    assert [500] * 5 == statuses
    assert "c" == context
