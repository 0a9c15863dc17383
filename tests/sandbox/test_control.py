"""The sandbox held from outside: control routes, effects, reset."""

import pytest

from mailstate.sandbox import PROFILES, Sandbox, SandboxError
from tests.sandbox.asking import NAMES, Asker

NEW = {"name": "a.example", "features": ["webmail", "mailbox"], "context_name": "c"}


def test_the_dns_is_set_through_control_routes(modern):
    """
    All records of a domain or single ones are published and withdrawn.
    """
    published = modern("POST /_sandbox/publish-dns", json={"domain": "a.example"})
    record = {"name": "b.example", "type": "MX", "value": "mx.example."}
    assert 200 == published.status_code == modern("POST /_sandbox/dns", json=record).status_code
    records = modern("GET /_sandbox/dns").json()
    assert {"name": "b.example", "type": "mx", "value": "mx.example."} in records
    assert 7 == len(records)
    removed = modern("DELETE /_sandbox/dns", json={"name": "a.example", "type": "mx"})
    assert {"removed": 1} == removed.json()


def test_internal_checks_are_set_through_control_routes(modern):
    """
    A failing internal check shows at the next check.
    """
    modern.sandbox.store.add_domain("a.example", state="ok")
    asked = {"domain": "a.example", "check": "cert", "ok": False, "fixable": False}
    assert 200 == modern("POST /_sandbox/internal", json=asked).status_code
    seen = modern("GET /domains/a.example/check", by="basic:admin").json()
    assert not seen["cert"]["ok"]


def test_faults_are_ordered_through_control_routes(modern):
    """
    A fault is added, listed and cleared; control calls themselves are never struck.
    """
    added = modern("POST /_sandbox/faults", json={"kind": "503", "times": None})
    assert 200 == added.status_code
    assert 503 == modern("GET /users/").status_code
    assert [added.json()] == modern("GET /_sandbox/faults").json()
    modern("DELETE /_sandbox/faults")
    assert [] == modern("GET /_sandbox/faults").json()


def test_the_clock_moves_through_control_routes(modern):
    """
    Tokens are ended by moving the clock, or by saying so.
    """
    modern.sandbox.store.add_domain("a.example")
    for call, body in (("clock", {"seconds": 3000}), ("expire-tokens", None)):
        header = modern.header("token:admin")
        assert 200 == modern("GET /domains/a.example", by=header).status_code
        assert 200 == modern(f"POST /_sandbox/{call}", json=body).status_code
        assert 403 == modern("GET /domains/a.example", by=header).status_code


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("publish-dns", {}),
        ("publish-dns", []),
        ("dns", {"name": "x"}),
        ("internal", {"domain": "x", "check": "magic", "ok": True}),
        ("faults", {"kind": "fire"}),
        ("faults", {"colour": "red"}),
        ("clock", {"seconds": "soon"}),
    ],
)
def test_control_routes_tell_what_they_do_not_understand(modern, call, body):
    """
    A wrong order is refused with what is wrong.
    """
    response = modern(f"POST /_sandbox/{call}", json=body)
    assert 400 == response.status_code
    assert {"detail", "hint"} == set(response.json())


@pytest.mark.parametrize("profile", PROFILES)
def test_effects_are_what_was_done_and_nothing_else(ask, profile):
    """
    Each change is logged with its actor and the domain's state; refused calls are not.
    """
    ask("POST /domains/?no_check=1", by="basic:admin", json=NEW)
    ask("POST /domains/", by="basic:admin", json=NEW)
    for changes in ({}, {"givenName": "New"}, {"givenName": "New"}):
        if not changes:
            ask("POST /domains/a.example/mailboxes/u", by="token:admin", json=NAMES)
        ask("PATCH /domains/a.example/mailboxes/u", by="token:admin", json=changes)
    alias = {"user_name": "c", "destination": "x@y.example"}
    for _ in range(2):
        ask("POST /domains/a.example/aliases/", by="token:admin", json=alias)
    ask("DELETE /domains/a.example/aliases/c/all", by="token:admin")
    ask("DELETE /domains/a.example/mailboxes/u", by="token:admin")

    effects = ask("GET /_sandbox/effects").json()
    done = [
        (effect["action"], effect["kind"], effect["object"])
        for effect in effects
        if effect["kind"] != "allow"
    ]

    assert [
        ("create", "domain", "a.example"),
        ("create", "mailbox", "u@a.example"),
        ("update", "mailbox", "u@a.example"),
        ("create", "alias", "c@a.example/x@y.example"),
        ("delete", "alias", "c@a.example/x@y.example"),
        ("delete", "mailbox", "u@a.example"),
    ] == done
    assert {"admin"} == {effect["actor"] for effect in effects}
    assert {None if profile == "2024" else "new"} == {e["domain_state"] for e in effects}
    assert list(range(1, len(effects) + 1)) == [effect["number"] for effect in effects]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_status_counts_what_there_is(ask, profile):
    """
    The summary names the domains with their state and counts.
    """
    ask.sandbox.store.add_domain("a.example", state="ok")
    ask.sandbox.store.add_mailbox("a.example", "u")
    ask.sandbox.store.add_alias("a.example", "c", "d")
    ask.sandbox.store.add_allow("admin", "a.example")
    ask("GET /users/")

    seen = ask("GET /_sandbox/status").json()

    assert (profile, 2, 1, 0) == (
        seen["profile"],
        seen["users"],
        seen["requests"],
        seen["effects"],
    )
    assert [
        {
            "name": "a.example",
            "state": "ok",
            "features": ["webmail", "mailbox", "alias"],
            "context": "a.example",
            "mailboxes": 1,
            "aliases": 1,
            "allows": 1,
        }
    ] == seen["domains"]
    noted = ask("GET /_sandbox/requests").json()
    assert [{"method": "GET", "path": "/users/", "status": 401}] == noted


def test_reset_leaves_the_credentials_and_nothing_else(modern):
    """
    After a reset the same client goes on against an empty server.
    """
    sandbox = modern.sandbox
    sandbox.store.add_domain("a.example", state="ok")
    sandbox.add_fault(kind="503", times=None)
    sandbox.advance_clock(100)
    assert 200 == modern("POST /_sandbox/reset").status_code
    assert [] == modern("GET /domains/", by="basic:la_regie").json()
    assert ([], [], 1) == (sandbox.effects(), sandbox.store.dns.records(), len(sandbox.requests()))


@pytest.mark.parametrize("profile", ["2026"])
def test_states_are_arranged_without_asking(ask):
    """
    The store arranges and undoes what no call could, and logs none of it.
    """
    store = ask.sandbox.store
    store.add_domain("a.example", state="ok", published=False)
    assert [] == store.dns.records()
    store.set_state("a.example", "broken")
    store.set_state("nowhere.example", "broken")
    store.add_mailbox("a.example", "u", given_name="U")
    store.set_active("a.example", "u", "no")
    store.set_active("a.example", "nobody", "yes")
    store.add_mailbox("a.example", "v", given_name="V")
    seen = ask("GET /v2/domains/a.example/mailboxes/", by="token:admin").json()
    assert [("no", []), ("yes", ["ox"])] == [(m["active"], m["features"]) for m in seen]
    assert store.remove_mailbox("a.example", "v", half="ox")
    assert store.remove_mailbox("a.example", "v", half="dovecot")
    assert not store.remove_mailbox("a.example", "v")
    store.add_user("alice")
    store.add_allow("alice", "a.example")
    assert store.remove_allow("alice", "a.example")
    assert not store.remove_allow("alice", "a.example")
    store.add_alias("a.example", "c", "d")
    assert store.remove_alias("a.example", "c", "d")
    assert not store.remove_alias("a.example", "c", "d")
    assert store.remove_user("alice")
    assert store.remove_domain("a.example")
    assert not store.remove_domain("a.example")
    assert [] == ask.sandbox.effects()


def test_what_a_file_holds_outlives_the_server(tmp_path):
    """
    A sandbox on a file keeps its state, credentials and tokens from one run to the next.
    """
    path = tmp_path / "store.sqlite"
    with Sandbox(path=path) as sandbox:
        ask = Asker(sandbox)
        sandbox.store.add_domain("a.example")
        header, password = ask.header("token:admin"), sandbox.password
        ask.close()
    with Sandbox(path=path) as sandbox:
        ask = Asker(sandbox)
        assert 200 == ask("GET /domains/a.example", by=header).status_code
        assert password == sandbox.password
        ask.close()
    with pytest.raises(SandboxError, match="profile 2026, not 2024"):
        Sandbox(profile="2024", path=path)


def test_what_cannot_be_used_is_told_with_a_remedy(tmp_path):
    """
    A taken port, an unknown profile and a file of something else name the way out.
    """
    (tmp_path / "text").write_text("no database, but long enough to be taken for one" * 50)
    with Sandbox() as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        for wrong, message in (
            ({"port": port}, "not free"),
            ({"profile": "1999"}, "no profile"),
            ({"path": tmp_path / "text"}, "not a database"),
            ({"path": tmp_path}, "unable to open"),
        ):
            with pytest.raises(SandboxError, match=message) as refusal, Sandbox(**wrong):
                pass
            assert refusal.value.hint
