"""Every call of the API, in every profile: its statuses, its texts, and in which order."""

from dataclasses import dataclass

import pytest

from mailstate.sandbox import PROFILES
from tests.sandbox.asking import EVERY_FEATURE, NAMES, Asker

OLD = ("2024", "2024-check")
CHECK = ("2024-check",)
CHECKING = ("2024-check", "2026")
MODERN = ("2026",)
ANY = object()
CRASH = "Internal Server Error"
DENIED = "Permission denied"
SHARED = {"name": "new.example", "features": EVERY_FEATURE, "context_name": "shared"}
PLAIN: dict[str, object] = {"name": "new.example", "features": [], "context_name": None}
MAILBOXES = "/domains/a.example/mailboxes"
ALIASES = "/domains/a.example/aliases"


@dataclass(frozen=True)
class Row:
    """A request, and what it is answered; `says` is the detail of an error or the whole JSON."""

    request: str
    status: int
    says: object = ANY
    by: str | None = "basic:admin"
    json: object = None
    profiles: tuple[str, ...] = PROFILES


def arrange(ask: Asker) -> None:
    """Make the world that all rows share."""
    store = ask.sandbox.store
    store.add_user("alice")
    store.add_user("bob")
    store.add_domain("a.example", context="shared")
    store.add_domain("b.example", context="shared")
    store.add_domain("plain.example", features=["mailbox", "alias"])
    store.add_domain("bare.example", features=[])
    store.add_domain("lost.example", context="lost")
    store.add_domain("poison.example")
    store.ox.unmap_domain("lost.example")
    for domain in ("a.example", "plain.example", "bare.example", "poison.example", "gone.example"):
        store.add_allow("alice", domain)
    store.add_mailbox("a.example", "whole", given_name="W", sur_name="H", display_name="W H")
    store.add_mailbox("a.example", "left", given_name="L", sur_name="E", half="ox")
    store.add_mailbox("a.example", "right", half="dovecot")
    store.add_mailbox("b.example", "far", given_name="F", sur_name="A")
    store.add_mailbox("plain.example", "simple")
    store.add_mailbox("bare.example", "simple")
    store.add_mailbox("lost.example", "simple", half="dovecot")
    store.add_alias("a.example", "contact", "whole@a.example")
    store.add_alias("a.example", "contact", "ext@else.example")
    store.add_alias("poison.example", "good", "x@y.example")
    store.add_alias("poison.example", "a@b", "x@y.example")


def missing(*path: object, given: object = None) -> list[dict[str, object]]:
    return [{"type": "missing", "loc": list(path), "msg": "Field required", "input": given}]


BASIC_CALLS = (
    Row("GET /token/", 200),
    Row("GET /users/", 200),
    Row("POST /users/", 201, json={"name": "new", "password": "x", "is_admin": False}),
    Row("GET /users/alice", 200),
    Row("PATCH /users/alice", 200, json={}),
    Row("DELETE /users/alice", 204),
    Row("GET /allows/", 200),
    Row("POST /allows/", 201, json={"user": "bob", "domain": "a.example"}),
    Row("DELETE /allows/a.example/alice", 204),
    Row("GET /domains/", 200),
    Row("POST /domains/", 201, json=PLAIN),
    Row("GET /domains/a.example/check", 200, profiles=CHECKING),
    Row("GET /domains/a.example/fix/", 200, profiles=MODERN),
    Row("GET /domains/a.example/spec/", 200, profiles=MODERN),
)
TOKEN_CALLS = (
    Row("GET /domains/a.example", 200),
    Row(f"GET {MAILBOXES}/", 200),
    Row(f"GET {MAILBOXES}/whole", 200),
    Row(f"POST {MAILBOXES}/new", 201, json=NAMES),
    Row(f"PATCH {MAILBOXES}/whole", 200, json={}),
    Row(f"DELETE {MAILBOXES}/whole", 204),
    Row(f"GET {ALIASES}/", 200),
    Row(f"POST {ALIASES}/", 200, json={"user_name": "n", "destination": "d"}, profiles=OLD),
    Row(f"POST {ALIASES}/", 201, json={"user_name": "n", "destination": "d"}, profiles=MODERN),
    Row(f"DELETE {ALIASES}/contact/all", 204),
    Row(f"DELETE {ALIASES}/contact/whole@a.example", 204),
    Row("GET /v2/domains/a.example/mailboxes/", 200, profiles=MODERN),
    Row(f"PATCH /v2{MAILBOXES}/whole", 200, json={}, profiles=MODERN),
    Row(f"POST {MAILBOXES}/whole/reset_password/", 200, profiles=MODERN),
    Row(f"POST {MAILBOXES}/whole/code", 200, profiles=MODERN),
    Row("GET /domains/a.example/address/whole/", 200, profiles=MODERN),
)
USERS = (
    Row("GET /users/nobody", 404, "User not found"),
    Row("PATCH /users/nobody", 404, "Not found", json={"is_admin": True}),
    Row("PATCH /users/nobody", 422, json={"is_admin": "maybe"}),
    Row("DELETE /users/nobody", 404, "Not found"),
    Row("POST /users/", 422, missing("body"), json=None),
    Row("POST /users/", 422, json={"name": "x", "password": 5, "is_admin": "maybe"}),
    Row("POST /users/", 422, json={"name": "x", "password": "x", "is_admin": []}),
    Row("POST /users/", 422, json=["x"]),
    Row(
        "POST /users/",
        422,
        missing("body", "is_admin", given={"name": "x", "password": "x"}),
        json={"name": "x", "password": "x"},
    ),
    Row(
        "POST /users/",
        422,
        json={"name": "x", "password": "x", "is_admin": False, "perms": ["fly"]},
        profiles=MODERN,
    ),
    Row(
        "POST /users/",
        201,
        json={"name": "x", "password": "x", "is_admin": "false", "perms": ["fly"]},
        profiles=OLD,
    ),
    Row(
        "POST /users/",
        409,
        "User already exists",
        json={"name": "alice", "password": "x", "is_admin": True},
    ),
    Row("POST /users/", 500, CRASH, json={"name": "x", "password": "x" * 4097, "is_admin": 0}),
    Row("POST /users/", 201, json={"name": "", "password": "", "is_admin": 1.0}),
)
ALLOWS = (
    Row("GET /allows/?username=nobody", 200, []),
    Row("GET /allows/?username=bob&domain=a.example", 200, []),
    Row(
        "GET /allows/?username=alice&domain=a.example",
        200,
        [{"user": "alice", "domain": "a.example"}],
    ),
    Row("POST /allows/", 422, json={"user": "alice"}),
    Row("POST /allows/", 404, "User not found", json={"user": "x", "domain": "x"}),
    Row("POST /allows/", 404, "Domain not found", json={"user": "alice", "domain": "x"}),
    Row(
        "POST /allows/",
        409,
        "Domain already allowed for this user",
        json={"user": "alice", "domain": "a.example"},
    ),
    Row("DELETE /allows/x/x", 404, "User not found"),
    Row("DELETE /allows/x/alice", 404, "Domain not found"),
    Row(
        "DELETE /allows/a.example/bob",
        404,
        "Queried user does not have permissions for this domain.",
    ),
)
DOMAINS = (
    Row("POST /domains/", 422, json={"name": "x", "features": []}),
    Row("POST /domains/", 422, json=PLAIN | {"features": ["fly", 3]}),
    Row("POST /domains/", 422, json=PLAIN | {"features": "webmail"}),
    Row(
        "POST /domains/",
        409,
        "OX context name is mandatory for mailbox feature",
        json={"name": "a.example", "features": ["webmail"], "context_name": None},
    ),
    Row("POST /domains/", 409, "Domain already exists", json=PLAIN | {"name": "a.example"}),
    Row(
        "POST /domains/",
        201,
        json={"name": "Odd name!", "features": ["webmail", "webmail"], "context_name": ""},
    ),
    Row("GET /domains/nowhere.example", 404, "Domain not found", by="token:bob"),
    Row("GET /domains/a.example", 401, "Not authorized.", by="token:bob"),
    Row("GET /domains/a.example", 200, by="token:alice"),
    Row("GET /domains/nowhere.example/check", 404, "Not Found", profiles=("2024",)),
    Row("GET /domains/nowhere.example/check", 404, "Domain not found", profiles=CHECKING),
    Row("GET /domains/nowhere.example/fix/", 404, "Domain not found", profiles=MODERN),
    Row("GET /domains/nowhere.example/spec/", 404, "Domain not found", profiles=MODERN),
    Row("GET /domains/a.example/fix/", 404, "Not Found", profiles=OLD),
    Row("GET /domains/a.example/check", 403, DENIED, by="basic:alice", profiles=CHECK),
    Row("GET /domains/a.example/check", 200, by="basic:alice", profiles=MODERN),
    Row("GET /domains/a.example/check", 403, DENIED, by="basic:bob", profiles=MODERN),
    Row("PATCH /domains/a.example", 405, "Method Not Allowed", json={}),
    Row("DELETE /domains/a.example", 405, "Method Not Allowed"),
    Row("HEAD /domains/", 405),
    Row("GET /nothing/here", 404, "Not Found", by=None),
    Row("GET /domains/a%2Fb", 404, "Not Found", by="token:admin"),
)
READING_MAILBOXES = (
    Row(f"GET {MAILBOXES}/", 403, DENIED, by="token:bob"),
    Row("GET /domains/nowhere.example/mailboxes/", 403, DENIED, by="token:alice"),
    Row("GET /domains/gone.example/mailboxes/", 404, "Domain not found", by="token:alice"),
    Row(f"GET {MAILBOXES}/whole", 403, DENIED, by="token:bob"),
    Row("GET /domains/gone.example/mailboxes/x", 404, "Domain not found", by="token:alice"),
    Row(f"GET {MAILBOXES}/nobody", 404, "Mailbox not found", by="token:alice"),
    Row(f"GET {MAILBOXES}/WHOLE", 404, "Mailbox not found", by="token:alice"),
    Row(f"GET {MAILBOXES}/far", 404, "Mailbox not found", by="token:alice"),
    Row(f"GET {MAILBOXES}/oxadmin", 200, by="token:alice"),
)
CREATING_MAILBOXES = (
    Row(f"POST {MAILBOXES}/new", 422, by="token:bob", json={"givenName": "A"}),
    Row(f"POST {MAILBOXES}/new", 403, "Permisison denied", "token:bob", NAMES, OLD),
    Row(f"POST {MAILBOXES}/new", 403, DENIED, "token:bob", NAMES, MODERN),
    Row("POST /domains/gone.example/mailboxes/x", 500, CRASH, "token:alice", NAMES, OLD),
    Row(
        "POST /domains/gone.example/mailboxes/x",
        404,
        "Domain not found",
        "token:alice",
        NAMES,
        MODERN,
    ),
    Row("POST /domains/lost.example/mailboxes/x", 500, CRASH, "token:admin", NAMES),
    *(
        Row(f"POST {MAILBOXES}/{name}", 500, CRASH, "token:alice", NAMES, OLD)
        for name in ("whole", "left", "right")
    ),
    *(
        Row(
            f"POST {MAILBOXES}/{name}",
            409,
            "Mailbox already exists",
            "token:alice",
            NAMES,
            MODERN,
        )
        for name in ("whole", "left", "right")
    ),
    Row(
        f"POST {MAILBOXES}/new",
        500,
        CRASH,
        "token:alice",
        NAMES | {"displayName": "w h"},
        MODERN,
    ),
    Row(f"POST {MAILBOXES}/new", 201, ANY, "token:alice", NAMES | {"displayName": "w h"}, OLD),
    Row("POST /domains/bare.example/mailboxes/new", 201, ANY, "token:alice", NAMES),
    Row(
        f"POST {MAILBOXES}/new",
        201,
        ANY,
        "token:alice",
        {"givenName": "", "surName": "", "displayName": ""},
    ),
)
CHANGING_MAILBOXES = (
    Row(f"PATCH {MAILBOXES}/whole", 422, by="token:bob", json={"givenName": 1}),
    Row(f"PATCH {MAILBOXES}/whole", 403, DENIED, "token:bob", {}),
    Row("PATCH /domains/gone.example/mailboxes/x", 404, "Domain not found", "token:alice", {}),
    Row(f"PATCH {MAILBOXES}/nobody", 403, DENIED, "token:alice", {"domain": "b.example"}),
    Row(
        f"PATCH {MAILBOXES}/nobody",
        404,
        "Target domain not found",
        "token:alice",
        {"domain": "gone.example"},
    ),
    Row(
        f"PATCH {MAILBOXES}/nobody",
        422,
        "Not yet implemented",
        "token:alice",
        {"domain": "plain.example"},
    ),
    Row(
        "PATCH /domains/bare.example/mailboxes/nobody",
        422,
        "Feature 'mailbox' not available on the domain",
        "token:alice",
        {},
    ),
    Row(f"PATCH {MAILBOXES}/nobody", 404, "Mailbox not found", "token:alice", {}),
    Row(f"PATCH {MAILBOXES}/left", 404, "Mailbox not found", "token:alice", {}),
    Row(f"PATCH {MAILBOXES}/whole", 422, "Not yet implemented", "token:alice", {"user_name": "x"}),
    Row(
        "PATCH /domains/lost.example/mailboxes/simple",
        404,
        "Domain not found in open-xchange",
        "token:admin",
        {},
    ),
    Row(
        f"PATCH {MAILBOXES}/right",
        404,
        "Mailbox not found in open-xchange",
        "token:alice",
        {"givenName": "R"},
    ),
    Row("PATCH /domains/plain.example/mailboxes/simple", 200, ANY, "token:alice", NAMES),
    Row(f"PATCH {MAILBOXES}/whole", 200, ANY, "token:alice", {"active": "no"}),
    Row(f"PATCH {MAILBOXES}/whole", 422, ANY, "token:alice", {"active": "yes"}, MODERN),
    Row(f"PATCH {MAILBOXES}/whole", 422, ANY, "token:alice", {"active": "perhaps"}, MODERN),
    Row(
        f"PATCH {MAILBOXES}/whole",
        500,
        CRASH,
        "token:alice",
        {"displayName": "context ADMIN"},
        MODERN,
    ),
)
DELETING_MAILBOXES = (
    Row(f"DELETE {MAILBOXES}/whole", 403, DENIED, "token:bob"),
    Row("DELETE /domains/gone.example/mailboxes/x", 404, "Domain not found", "token:alice"),
    Row(
        "DELETE /domains/bare.example/mailboxes/simple",
        422,
        "Feature 'mailbox' not available on the domain",
        "token:alice",
    ),
    Row(f"DELETE {MAILBOXES}/left", 404, "Mailbox not found", "token:alice"),
    Row(f"DELETE {MAILBOXES}/oxadmin", 404, "Mailbox not found", "token:alice"),
    Row(f"DELETE {MAILBOXES}/right", 404, "Mailbox not found in open-xchange", "token:alice"),
    Row(
        "DELETE /domains/lost.example/mailboxes/simple",
        404,
        "Domain not found in open-xchange",
        "token:admin",
    ),
)
ALIAS_ROWS = (
    Row(f"GET {ALIASES}/", 403, DENIED, "token:bob"),
    Row(f"GET {ALIASES}/?destination=y", 403, DENIED, "token:bob"),
    Row(
        f"GET {ALIASES}/?destination=y",
        412,
        "It is forbiden to only provide the destination in a request",
        "token:alice",
    ),
    Row(f"GET {ALIASES}/?user_name=nobody", 200, [], "token:alice"),
    Row(
        f"GET {ALIASES}/?user_name=contact&destination=whole@a.example",
        200,
        [{"username": "contact", "domain": "a.example", "destination": "whole@a.example"}],
        "token:alice",
        profiles=OLD,
    ),
    Row(f"GET {ALIASES}/?user_name=contact&destination=x", 404, "Alias not found", "token:alice"),
    Row("GET /domains/nowhere.example/aliases/", 200, [], "token:admin"),
    Row("GET /domains/poison.example/aliases/", 500, CRASH, "token:alice"),
    Row("GET /domains/poison.example/aliases/?user_name=good", 200, ANY, "token:alice"),
    Row("DELETE /domains/poison.example/aliases/a@b/all", 204, ANY, "token:alice"),
    Row(f"POST {ALIASES}/", 422, ANY, "token:bob", {"user_name": "x"}),
    Row(f"POST {ALIASES}/", 403, DENIED, "token:bob", {"user_name": "x", "destination": "y"}),
    Row(
        f"POST {ALIASES}/",
        409,
        "Alias already exists",
        "token:alice",
        {"user_name": "contact", "destination": "whole@a.example"},
    ),
    Row(f"POST {ALIASES}/", 500, CRASH, "token:alice", {"user_name": "x@y", "destination": "z"}),
    Row(f"DELETE {ALIASES}/contact/whole@a.example", 403, DENIED, "token:bob"),
    Row(f"DELETE {ALIASES}/contact/all", 403, DENIED, "token:bob"),
    Row(f"DELETE {ALIASES}/contact/x", 404, "Not found", "token:alice"),
    Row(f"DELETE {ALIASES}/nobody/all", 404, "Not found", "token:alice"),
)
VERBS = (
    Row("GET /v2/domains/a.example/mailboxes/", 404, "Not Found", "token:alice", profiles=OLD),
    Row("GET /v2/domains/a.example/mailboxes/", 403, DENIED, "token:bob", profiles=MODERN),
    Row(
        "GET /v2/domains/gone.example/mailboxes/",
        404,
        "Domain not found",
        "token:alice",
        profiles=MODERN,
    ),
    Row(f"PATCH /v2{MAILBOXES}/whole", 422, ANY, "token:alice", {"imap_active": "yes"}, MODERN),
    Row(f"PATCH /v2{MAILBOXES}/whole", 422, ANY, "token:alice", {"extras": {"ox": 1}}, MODERN),
    Row(f"PATCH /v2{MAILBOXES}/nobody", 404, "Mailbox not found", "token:alice", {}, MODERN),
    Row(f"POST {MAILBOXES}/whole/reset_password/", 404, "Not Found", "token:alice", profiles=OLD),
    Row(f"POST {MAILBOXES}/whole/reset_password/", 403, DENIED, "token:bob", profiles=MODERN),
    Row(
        f"POST {MAILBOXES}/nobody/reset_password/",
        404,
        "Mailbox not found",
        "token:alice",
        profiles=MODERN,
    ),
    Row(f"POST {MAILBOXES}/whole/reset-password/", 404, "Not Found", "token:alice"),
    Row(
        "POST /domains/bare.example/mailboxes/simple/reset_password/",
        422,
        "Feature 'mailbox' not available on the domain",
        "token:alice",
        profiles=MODERN,
    ),
    Row(
        f"PATCH /v2{MAILBOXES}/whole",
        500,
        CRASH,
        "token:alice",
        {"extras": {"ox": {"display_name": "f a"}}},
        MODERN,
    ),
    Row(f"POST {MAILBOXES}/whole/code", 422, ANY, "token:alice", {"expires_in": 2**31}, MODERN),
    Row(f"POST {MAILBOXES}/whole/code", 422, ANY, "token:alice", {"maxuse": -(2**31) - 1}, MODERN),
    Row(
        f"POST {MAILBOXES}/right/code",
        404,
        "Mailbox not found in open-xchange",
        "token:alice",
        profiles=MODERN,
    ),
    Row(f"POST {MAILBOXES}/whole/code", 422, ANY, "token:alice", {"maxuse": "many"}, MODERN),
    Row(f"POST {MAILBOXES}/whole/code", 422, ANY, "token:alice", {"maxuse": 1.5}, MODERN),
    Row(
        "GET /domains/gone.example/address/x/",
        404,
        "Domain not found",
        "token:alice",
        profiles=MODERN,
    ),
)
ROWS = (
    *BASIC_CALLS,
    *(Row(r.request, r.status, r.says, "token:alice", r.json, r.profiles) for r in TOKEN_CALLS),
    *USERS,
    *ALLOWS,
    *DOMAINS,
    *READING_MAILBOXES,
    *CREATING_MAILBOXES,
    *CHANGING_MAILBOXES,
    *DELETING_MAILBOXES,
    *ALIAS_ROWS,
    *VERBS,
)


def in_profiles(rows):
    return [
        pytest.param(row, profile, id=f"{profile} {row.request} {row.status} {number}")
        for number, row in enumerate(rows)
        for profile in row.profiles
    ]


@pytest.mark.parametrize(("row", "profile"), in_profiles(ROWS))
def test_each_call_is_answered_as_the_contract_says(ask, row):
    """
    Status and text of every call are those of the profile.
    """
    arrange(ask)

    response = ask(row.request, by=row.by, json=row.json)

    assert row.status == response.status_code, response.text
    if row.says is not ANY:
        assert row.says == (response.json() if row.status < 300 else ask.detail(response))


@pytest.mark.parametrize(("row", "profile"), in_profiles(BASIC_CALLS))
@pytest.mark.parametrize(
    ("by", "status", "detail"),
    [
        (None, 401, "Not authenticated"),
        ("Bearer x", 401, "Not authenticated"),
        ("Basic ???", 401, "Invalid authentication credentials"),
        ("Basic YQ==", 401, "Invalid authentication credentials"),
        ("Basic w6k6eA==", 401, "Invalid authentication credentials"),
        ("Basic YWxpY2U6eA==", 403, DENIED),
        ("Basic bm9ib2R5Om5v", 403, DENIED),
    ],
)
def test_basic_calls_tell_a_missing_header_from_a_refused_one(ask, row, by, status, detail):
    """
    401 with a challenge asks for a readable Basic header, 403 hides what is wrong with it.
    """
    arrange(ask)

    response = ask(row.request, by=by, json=row.json)

    assert (status, detail) == (response.status_code, ask.detail(response))
    assert ("Basic" if status == 401 else None) == response.headers.get("WWW-Authenticate")


@pytest.mark.parametrize(("row", "profile"), in_profiles(BASIC_CALLS[1:]))
def test_a_plain_user_is_refused_where_an_admin_is_asked_for(ask, row):
    """
    A user without rights gets the same 403 as a stranger.
    """
    arrange(ask)

    response = ask(row.request, by="basic:bob", json=row.json)

    assert (403, DENIED) == (response.status_code, ask.detail(response))


@pytest.mark.parametrize(("row", "profile"), in_profiles(TOKEN_CALLS))
@pytest.mark.parametrize(
    ("by", "detail"),
    [
        (None, "Not authenticated"),
        ("Bearer", "Not authenticated"),
        ("Basic x", "Invalid authentication credentials"),
        ("Bearer x", DENIED),
    ],
)
def test_token_calls_refuse_with_403_or_since_2026_with_401(ask, profile, row, by, detail):
    """
    Without a Bearer header the old server says 403; a bad token is 403 everywhere.
    """
    arrange(ask)

    response = ask(row.request, by=by, json=row.json)

    if profile == "2026" and detail != DENIED:
        assert (401, "Not authenticated") == (response.status_code, ask.detail(response))
        assert response.headers["WWW-Authenticate"] == "Bearer"
    else:
        assert (403, detail) == (response.status_code, ask.detail(response))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("/users", "/users/"),
        ("/users/alice/", "/users/alice"),
        ("/token", "/token/"),
        ("/domains?a=b", "/domains/?a=b"),
        ("/domains/a.example/mailboxes", "/domains/a.example/mailboxes/"),
        ("/domains/a.example/aliases", "/domains/a.example/aliases/"),
    ],
)
def test_the_wrong_slash_is_redirected_to_the_host_that_was_asked(ask, wrong, right):
    """
    307 leads to an absolute address made of the Host header.
    """
    response = ask(f"GET {wrong}", headers={"Host": "mail.example:99"})

    assert 307 == response.status_code
    assert f"http://mail.example:99{right}" == response.headers["Location"]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("content", "kind", "status", "type_"),
    [
        (b"{", "application/json", 422, "json_invalid"),
        (b"{}", "text/plain", 422, "model_attributes_type"),
        (b"{}", "application/vnd.api+json", 422, "missing"),
        (b"null", "application/json", 422, "missing"),
        (b'"\xff"', "application/json", 400, None),
        (b"[" * 100_000, "application/json", 400, None),
        (b'{"name": ' * 100_000, "application/json", 400, None),
        (b"9" * 5_000, "application/json", 400, None),
        (b"[" * 900 + b"]" * 900, "application/json", 422, "model_attributes_type"),
        (b"x" * 3_000_000, "application/json", 422, "json_invalid"),
        (b"x" * 3_000_000, "text/plain", 422, "model_attributes_type"),
        (b"\x00", "application/json", 422, "json_invalid"),
        (b'{"name": "\xed\xa0\x80"}', "application/json", 422, "string_unicode"),
        (b'{"name": "\\ud800"}', "application/json", 422, "string_unicode"),
        (b'{"name": {"\\udc00": NaN}}', "application/json", 422, "string_type"),
        (
            b'{"name": "x", "password": "x", "is_admin": 1e999}',
            "application/json",
            422,
            "bool_parsing",
        ),
        (
            b'{"name": "x", "password": "x", "is_admin": NaN}',
            "application/json",
            422,
            "bool_parsing",
        ),
        ('{"name": "é"}'.encode("utf-16"), "application/json", 422, "missing"),
        (b"\xef\xbb\xbf{}", "application/json", 422, "missing"),
    ],
    ids=lambda value: None if isinstance(value, str | int | None) else repr(value[:9] + value[-9:]),
)
def test_a_body_that_is_no_json_is_told_apart(ask, content, kind, status, type_):
    """
    An unreadable body is refused before anything else is looked at but the header.
    """
    response = ask(
        "POST /users/", by="basic:admin", content=content, headers={"Content-Type": kind}
    )

    assert status == response.status_code
    if type_:
        assert type_ == response.json()["detail"][0]["type"]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_api_describes_itself(ask, profile):
    """
    A client may look up which calls a server has.
    """
    assert ask("GET /docs").status_code == 200
    paths = ask("GET /openapi.json").json()["paths"]
    assert ("/domains/{domain}/fix/" in paths) == (profile == "2026")
    assert {"get", "post"} == set(paths["/users/"])
