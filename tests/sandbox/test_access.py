"""Users, tokens, the empty server, and what the permissions of 2026 open."""

import jwt
import pytest

from mailstate.sandbox import PROFILES, Sandbox
from tests.sandbox.asking import Asker

OLD = ("2024", "2024-check")
USER = {"name": "root", "password": "secret", "is_admin": True}
DOMAIN: dict[str, object] = {"name": "a.example", "features": [], "context_name": None}


@pytest.fixture
def empty(profile):
    with Sandbox(profile=profile, bootstrap=False) as sandbox:
        ask = Asker(sandbox)
        yield ask
        ask.close()


@pytest.mark.parametrize("profile", PROFILES)
def test_an_empty_server_believes_anyone(empty):
    """
    Until there is a user, any Basic credentials are an admin's; afterwards they are nobody's.
    """
    anyone = "Basic Og=="
    assert 401 == empty("GET /users/").status_code
    assert 201 == empty("POST /domains/", by=anyone, json=DOMAIN).status_code
    token = empty("GET /token/", by=anyone).json()["access_token"]
    assert "FAKE" == jwt.decode(token, options={"verify_signature": False})["sub"]
    assert 403 == empty("GET /domains/a.example", by=f"Bearer {token}").status_code
    assert 201 == empty("POST /users/", by=anyone, json=USER).status_code
    assert 403 == empty("GET /users/", by=anyone).status_code
    root = "Basic cm9vdDpzZWNyZXQ="
    assert 204 == empty("DELETE /users/root", by=root).status_code
    assert 200 == empty("GET /users/", by=anyone).status_code
    assert ["FAKE", "FAKE", "root"] == [effect.actor for effect in empty.sandbox.effects()]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_token_holds_for_47_minutes_and_a_name(ask):
    """
    The claims are the name and the end, nothing else; past the end it is refused.
    """
    header = ask.header("token:admin")
    claims = jwt.decode(header.split()[1], options={"verify_signature": False})
    assert {"sub", "exp"} == set(claims)
    ask.sandbox.store.add_domain("a.example")
    assert 200 == ask("GET /domains/a.example", by=header).status_code
    ask.sandbox.advance_clock(46 * 60)
    assert 200 == ask("GET /domains/a.example", by=header).status_code
    ask.sandbox.expire_tokens()
    assert 403 == ask("GET /domains/a.example", by=header).status_code
    assert 200 == ask("GET /domains/a.example", by="token:admin").status_code


@pytest.mark.parametrize("profile", PROFILES)
def test_rights_are_read_at_each_call(ask):
    """
    A promotion works on an old token at once; the user's end ends it.
    """
    ask.sandbox.store.add_user("alice")
    ask.sandbox.store.add_domain("a.example")
    header = ask.header("token:alice")
    assert 401 == ask("GET /domains/a.example", by=header).status_code
    changes = {"is_admin": True, "password": "new"}
    assert ask("PATCH /users/alice", by="basic:admin", json=changes).json()["is_admin"]
    assert 200 == ask("GET /domains/a.example", by=header).status_code
    assert 403 == ask("GET /token/", by="basic:alice").status_code
    ask("DELETE /users/alice", by="basic:admin")
    assert 403 == ask("GET /domains/a.example", by=header).status_code


@pytest.mark.parametrize("profile", PROFILES)
def test_deleting_a_user_deletes_their_allows(ask):
    """
    No allow outlives its user.
    """
    ask.sandbox.store.add_user("alice")
    ask.sandbox.store.add_domain("a.example")
    ask.sandbox.store.add_allow("alice", "a.example")
    ask("DELETE /users/alice", by="basic:admin")
    assert [] == ask("GET /allows/", by="basic:admin").json()


@pytest.mark.parametrize("profile", OLD)
def test_old_servers_ignore_whose_token_is_asked_for(ask):
    """
    Before 2026 the caller gets a token of their own, whatever name they give.
    """
    token = ask("GET /token/?username=la_regie", by="basic:admin").json()["access_token"]
    assert "admin" == jwt.decode(token, options={"verify_signature": False})["sub"]


@pytest.mark.parametrize(
    ("by", "name", "status"),
    [
        ("la_regie", "alice", 200),
        ("admin", "alice", 200),
        ("alice", "alice", 200),
        ("alice", "admin", 403),
        ("la_regie", "nobody", 403),
    ],
)
def test_since_2026_a_manager_gets_tokens_for_others(modern, by, name, status):
    """
    Somebody else's token takes `manage_users`, and an existing user.
    """
    modern.sandbox.store.add_user("alice")
    response = modern(f"GET /token/?username={name}", by=f"basic:{by}")
    assert status == response.status_code
    if status == 200:
        token = response.json()["access_token"]
        assert name == jwt.decode(token, options={"verify_signature": False})["sub"]


@pytest.mark.parametrize(
    ("perm", "opens"),
    [
        ("new_domain", {"POST /domains/"}),
        ("create_users", {"POST /users/", "PATCH /users/x", "DELETE /users/x"}),
        (
            "manage_users",
            {
                "POST /users/",
                "PATCH /users/x",
                "DELETE /users/x",
                "POST /allows/",
                "DELETE /allows/a.example/x",
            },
        ),
        (None, set()),
    ],
)
def test_each_permission_opens_its_calls(modern, perm, opens):
    """
    Any permission reads; writing takes the one that names it.
    """
    modern.sandbox.store.add_user("x", perms=[perm] if perm else [])
    modern.sandbox.store.add_domain("b.example")
    reads = {"GET /users/", "GET /users/x", "GET /allows/", "GET /domains/"}
    calls = reads | {
        "POST /domains/",
        "POST /users/",
        "PATCH /users/x",
        "DELETE /users/x",
        "POST /allows/",
        "DELETE /allows/a.example/x",
    }
    opened = set()
    for call in calls:
        body = {"is_admin": "maybe"} if call.startswith(("POST", "PATCH")) else None
        call_now = "DELETE /users/nobody" if call == "DELETE /users/x" else call
        if modern(call_now, by="basic:x", json=body).status_code != 403:
            opened.add(call)
    assert opens | (reads if perm else set()) == opened


def test_permissions_are_shown_and_changed_since_2026(modern):
    """
    A user has perms, given at creation or later.
    """
    body = {"name": "x", "password": "x", "is_admin": False, "perms": ["new_domain"]}
    assert ["new_domain"] == modern("POST /users/", by="basic:admin", json=body).json()["perms"]
    changed = modern("PATCH /users/x", by="basic:admin", json={"perms": []}).json()
    assert [] == changed["perms"]


def test_real_cost_hashes_as_slowly_as_the_server():
    """
    With real cost, each Basic call takes a memory-hard hash; a wrong password is still wrong.
    """
    with Sandbox(cost="real") as sandbox:
        ask = Asker(sandbox)
        right, wrong = ask("GET /users/", by="basic:admin"), ask("GET /users/", by="Basic YWRtaW46")
        ask.close()
        assert (200, 403) == (right.status_code, wrong.status_code)
        assert sandbox.store.api.users()[0].password.startswith("real$")
        assert right.elapsed.total_seconds() > 0.03


@pytest.mark.parametrize("profile", PROFILES)
def test_a_password_beyond_all_bounds_breaks_the_login(ask):
    """
    More than four kilobytes of password are an error the server does not catch.
    """
    by = "Basic " + "YWRtaW46" + "YWFh" * 1400
    assert 500 == ask("GET /users/", by=by).status_code
