"""Creating, updating, finding and looking, with all the answers that dimail may give."""

import json
from dataclasses import replace

import httpx
import pytest

from mailstate.errors import (
    BusyCallError,
    ConflictCallError,
    DoubtfulCallError,
    LostAnswerError,
    RefusedCallError,
    RemoteError,
)
from mailstate.model.resources import Access, Alias, Domain, User
from mailstate.model.state import Check, DomainState, Found
from tests.dimail.support import (
    ADA,
    ALIAS,
    DOMAIN,
    NOT_FOUND,
    V1,
    D,
    asked,
    client,
    dimail,
    error,
    ok,
    run,
)

USER = User(name="u")
ACCESS = Access(domain=D, user="u")
THE_ALIAS = Alias(domain=D, local_part="contact", destination=f"ada@{D}")
THE_DOMAIN = Domain(
    name=D, features=frozenset(["webmail", "mailbox", "alias"]), context=D, delivery="virtual"
)
MAILBOX = f"/domains/{D}/mailboxes/ada"
CHECK, FIX = f"GET /domains/{D}/check", f"GET /domains/{D}/fix/"
EXTERNAL = {"mx": {"ok": False, "errors": [{"code": "no_mx", "detail": "x"}]}}
INTERNAL = {"cert": {"ok": False, "internal": True, "errors": []}}


def with_client(router, method):
    async def scenario():
        async with client(router) as api:
            return await method(api)

    return run(scenario())


@pytest.mark.parametrize(
    ("resource", "path", "answer"),
    [
        (USER, "/users/", ok({"name": "u", "is_admin": False}, 201)),
        (THE_DOMAIN, "/domains/", ok(DOMAIN, 201)),
        (ACCESS, "/allows/", ok({"user": "u", "domain": D}, 201)),
        (THE_ALIAS, f"/domains/{D}/aliases/", ok(ALIAS, 200)),
        (THE_ALIAS, f"/domains/{D}/aliases/", ok(ALIAS, 201)),
    ],
)
def test_creating_gives_nothing_but_a_password(resource, path, answer):
    """
    What is not a mailbox has no secret to give.
    """
    router = dimail({f"POST {path}": answer})

    assert with_client(router, lambda api: api.create(resource)) is None
    assert f"POST {path}" == asked(router)[-1]


@pytest.mark.parametrize(
    ("resource", "path", "answer"),
    [
        (USER, "/users/", {"name": "v", "is_admin": False}),
        (THE_DOMAIN, "/domains/", {"name": "b.example"}),
        (ACCESS, "/allows/", {"user": "v", "domain": D}),
        (ACCESS, "/allows/", {"user": "u", "domain": "b.example"}),
        (THE_ALIAS, f"/domains/{D}/aliases/", []),
    ],
)
def test_creating_something_else_is_doubtful(resource, path, answer):
    """
    An answer about another object leaves open what was done.
    """
    router = dimail({f"POST {path}": ok(answer, 201)})

    with pytest.raises(DoubtfulCallError, match=f"POST {path}"):
        with_client(router, lambda api: api.create(resource))


@pytest.mark.parametrize(
    "answer",
    [
        V1 | {"displayName": "A"},
        V1 | {"displayName": None},
        {"email": ADA.address, "status": "ok"},
    ],
)
def test_updating_a_mailbox(answer):
    """
    An answer that tells the new value, or none, is as wanted.
    """
    router = dimail({f"PATCH {MAILBOX}": ok(answer)})
    after = replace(ADA, display_name="A")

    assert with_client(router, lambda api: api.update(ADA, after, ("display_name",))) is None


@pytest.mark.parametrize(
    ("after", "fields", "answer"),
    [
        (replace(ADA, display_name="A"), ("display_name",), V1),
        (replace(ADA, active=False), ("active",), V1),
        (replace(ADA, display_name="A"), ("display_name",), {}),
    ],
)
def test_an_update_that_did_not_take_is_doubtful(after, fields, answer):
    """
    A 200 does not prove that a field was understood.
    """
    router = dimail({f"PATCH {MAILBOX}": ok(answer)})

    with pytest.raises(DoubtfulCallError, match="PATCH"):
        with_client(router, lambda api: api.update(ADA, after, fields))


@pytest.mark.parametrize(
    ("resource", "name", "answer"),
    [
        (USER, "GET /users/u", ok({"name": "u", "is_admin": False})),
        (THE_DOMAIN, "GET /domains/", ok([DOMAIN, DOMAIN | {"name": "A.example"}])),
        (ACCESS, "GET /allows/", ok([{"user": "u", "domain": D}])),
        (ADA, f"GET {MAILBOX}", ok(V1)),
        (THE_ALIAS, f"GET /domains/{D}/aliases/", ok([ALIAS])),
    ],
)
def test_finding_what_is_there(resource, name, answer):
    """
    Each kind is read back by the call of the contract.
    """
    router = dimail({name: answer})

    assert Found(resource=resource) == with_client(router, lambda api: api.find(resource))


@pytest.mark.parametrize(
    ("resource", "name", "answer"),
    [
        (USER, "GET /users/u", error(404, "User not found")),
        (THE_DOMAIN, "GET /domains/", ok([DOMAIN | {"name": "A.example"}])),
        (ACCESS, "GET /allows/", ok([])),
        (ACCESS, "GET /allows/", ok([{"user": "v", "domain": D}])),
        (ADA, f"GET {MAILBOX}", error(404, "Mailbox not found")),
        (ADA, f"GET {MAILBOX}", error(404, "Domain not found")),
        (THE_ALIAS, f"GET /domains/{D}/aliases/", error(404, "Alias not found")),
        (THE_ALIAS, f"GET /domains/{D}/aliases/", ok([])),
    ],
)
def test_finding_nothing(resource, name, answer):
    """
    Absence is told by the texts of the contract and by empty lists.
    """
    router = dimail({name: answer})

    assert with_client(router, lambda api: api.find(resource)) is None


@pytest.mark.parametrize(
    ("resource", "name", "answer"),
    [
        (USER, "GET /users/u", NOT_FOUND),
        (USER, "GET /users/u", httpx.Response(404, html="<h1>404</h1>")),
        (ADA, f"GET {MAILBOX}", NOT_FOUND),
        (ADA, f"GET {MAILBOX}", error(404, "Alias not found")),
        (ADA, f"GET {MAILBOX}", ok(V1 | {"email": f"bob@{D}"})),
        (ADA, f"GET {MAILBOX}", ok(V1 | {"email": "ada@b.example"})),
        (THE_ALIAS, f"GET /domains/{D}/aliases/", error(412)),
        (THE_ALIAS, f"GET /domains/{D}/aliases/", NOT_FOUND),
    ],
)
def test_what_is_no_proof_of_absence(resource, name, answer):
    """
    A 404 of another kind, or another object, is an error: it may be there all the same.
    """
    router = dimail({name: answer})

    with pytest.raises(RemoteError, match=name.split("?")[0]):
        with_client(router, lambda api: api.find(resource))


def test_a_half_made_mailbox_is_found_as_such():
    """
    A mailbox in one of the two stores only is there, and says so.
    """
    router = dimail({f"GET {MAILBOX}": ok(V1 | {"status": "broken"})})

    assert Found(resource=ADA, half_made=True) == with_client(router, lambda api: api.find(ADA))


def look(answers):
    router = dimail(answers)
    return with_client(router, lambda api: api.look(D)), asked(router)


def test_looking_at_an_enabled_domain_reads_its_content():
    """
    An enabled domain is told with its mailboxes and aliases, half-made ones included.
    """
    half = V1 | {"email": f"bob@{D}", "status": "broken"}
    live, calls = look({CHECK: ok(DOMAIN), f"GET /domains/{D}/mailboxes/": ok([V1, half])})

    assert DomainState.OK is live.state
    assert [ADA.address, f"bob@{D}"] == [box.address for box in live.mailboxes.values()]
    assert {f"mailbox/bob@{D}"} == live.half_made
    assert [THE_ALIAS] == list(live.aliases.values())
    assert 5 == len(calls)


def test_looking_at_a_broken_domain_reads_no_content():
    """
    What the owner must do is told, no repair is asked for, nothing else is read.
    """
    live, calls = look({CHECK: ok(DOMAIN | {"state": "broken"} | EXTERNAL | INTERNAL)})

    assert ("mx", "cert") == tuple(check.name for check in live.failing)
    assert {} == live.mailboxes
    assert [CHECK] == calls


def test_internal_checks_are_repaired():
    """
    Where only internal checks fail the repair is asked for, and its answer counts.
    """
    live, calls = look({CHECK: ok(DOMAIN | {"state": "broken"} | INTERNAL), FIX: ok(DOMAIN)})

    assert DomainState.OK is live.state
    assert () == live.failing
    assert [ADA] == list(live.mailboxes.values())
    assert [CHECK, FIX] == calls[:2]


@pytest.mark.parametrize(
    "answer",
    [
        NOT_FOUND,
        error(500),
        httpx.ReadTimeout("x"),
        ok({"name": D}),
        ok(DOMAIN | {"state": None}),
        ok(DOMAIN | {"name": "b.example"}),
        error(404, "Domain not found"),
    ],
)
def test_a_repair_that_fails_changes_nothing(answer):
    """
    The repair is asked for once, and what the checks said stays.
    """
    live, calls = look({CHECK: ok(DOMAIN | {"state": "broken"} | INTERNAL), FIX: answer})

    assert (Check(name="cert", internal=True),) == live.failing
    assert (DomainState.BROKEN, None) == (live.state, live.check_error)
    assert [CHECK, FIX] == calls


def test_a_server_without_repairs_is_asked_once():
    """
    A route that is not there is not asked for again.
    """
    router = dimail({CHECK: ok(DOMAIN | {"state": "broken"} | INTERNAL)})

    async def twice(api):
        await api.look(D)
        await api.look(D)

    with_client(router, twice)

    assert [CHECK, FIX, CHECK] == asked(router)


def test_a_broken_domain_without_failing_checks_is_not_repaired():
    """
    Nothing is known to be wrong, so nothing is repaired.
    """
    assert [CHECK] == look({CHECK: ok(DOMAIN | {"state": "broken"})})[1]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error(500), "dimail answered 500"),
        (httpx.ReadTimeout("x"), "no answer within 120 s"),
        (ok({}), "not as expected"),
        (ok(DOMAIN | {"state": None}), "not as expected: state"),
        (ok(DOMAIN | {"name": "b.example"}), "not as expected: name"),
        (error(404, "Domain not found"), "dimail answered 404 (Domain not found)"),
    ],
)
def test_a_check_that_fails_is_told(answer, words):
    """
    The domain is then told as it was last known, with the reason.
    """
    live, calls = look(
        {CHECK: [answer], f"GET /domains/{D}": ok(DOMAIN | {"state": "broken"})},
    )

    assert live.check_error is not None
    assert live.check_error.startswith(f"{CHECK}: ")
    assert words in live.check_error
    assert DomainState.BROKEN is live.state
    assert [CHECK, "GET /token/", f"GET /domains/{D}"] == calls


def test_a_check_is_repeated_once_on_a_lost_connection():
    """
    A connection that was idle too long costs nothing; a second loss is told.
    """
    lost = httpx.ReadError("x")

    assert look({CHECK: [lost, ok(DOMAIN)]})[0].check_error is None
    assert f"{CHECK}: the connection was lost" == look({CHECK: [lost, lost]})[0].check_error


def test_looking_on_a_server_without_checks():
    """
    Without checks the state is untold, and the content is read all the same.
    """
    told = {key: value for key, value in DOMAIN.items() if key != "state"}
    live, _ = look({f"GET /domains/{D}": ok(told)})

    assert (DomainState.UNTOLD, None) == (live.state, live.check_error)
    assert [ADA] == list(live.mailboxes.values())


def test_looking_without_rights_on_the_domain_takes_the_list():
    """
    `Not authorized.` is about rights: no new token is fetched, the list of all domains is read.
    """
    live, calls = look({f"GET /domains/{D}": error(401, "Not authorized.")})

    assert THE_DOMAIN == live.domain
    assert [CHECK, "GET /token/", f"GET /domains/{D}", "GET /domains/"] == calls[:4]


def test_looking_at_no_domain_is_refused():
    """
    A domain that is in no list is not there.
    """
    with pytest.raises(RefusedCallError, match=f"no domain {D}"):
        look({f"GET /domains/{D}": error(401, "Not authorized."), "GET /domains/": ok([])})


def test_looking_without_access_to_mailboxes():
    """
    What may not be read is unknown, not absent.
    """
    live, _ = look({CHECK: ok(DOMAIN), f"GET /v2/domains/{D}/mailboxes/": error(403)})

    assert (False, {}) == (live.readable, live.mailboxes)


def test_a_domain_without_webmail_has_one_list():
    """
    Nothing is half-made where there is one store only.
    """
    answers = {CHECK: ok(DOMAIN | {"features": ["mailbox"]})}

    assert f"GET /domains/{D}/mailboxes/" not in look(answers)[1]


def test_the_records_to_publish():
    """
    The DNS records are told, or None by a server that has no such call.
    """
    record = {"target": "", "type": "mx", "value": "mx."}
    router = dimail({f"GET /domains/{D}/spec/": ok([record])})

    assert "mx." == with_client(router, lambda api: api.spec(D))[0].value
    assert with_client(dimail(), lambda api: api.spec(D)) is None


BOX = f"DELETE {MAILBOX}"
ALLOW = f"DELETE /allows/{D}/u"
PAIR = f"DELETE /domains/{D}/aliases/contact/ada@{D}"
ALL_THREE = [(ACCESS, ALLOW), (ADA, BOX), (THE_ALIAS, PAIR)]


@pytest.mark.parametrize(("resource", "name"), ALL_THREE)
def test_deleting(resource, name):
    """
    Each kind has a call of its own, sent once.
    """
    router = dimail({name: httpx.Response(204)})

    assert with_client(router, lambda api: api.delete(resource)) is None
    assert 1 == asked(router).count(name)


@pytest.mark.parametrize(("resource", "name"), ALL_THREE)
def test_a_page_does_not_prove_a_deletion(resource, name):
    """
    A gateway may answer 200 with a page of its own: whether anything is gone is to be read back.
    """
    router = dimail({name: httpx.Response(200, html="<h1>Welcome</h1>")})

    with pytest.raises(DoubtfulCallError):
        with_client(router, lambda api: api.delete(resource))


@pytest.mark.parametrize(
    ("resource", "name", "detail"),
    [
        (ACCESS, ALLOW, "User not found"),
        (ACCESS, ALLOW, "Domain not found"),
        (ACCESS, ALLOW, "Queried user does not have permissions for this domain."),
        (ADA, BOX, "Domain not found"),
        (ADA, BOX, "Mailbox not found"),
        (THE_ALIAS, PAIR, "Not found"),
    ],
)
def test_what_is_gone_already_is_deleted(resource, name, detail):
    """
    A 404 about the thing itself means that somebody was quicker, or that an answer was lost.
    """
    router = dimail({name: error(404, detail)})

    assert with_client(router, lambda api: api.delete(resource)) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (NOT_FOUND, RefusedCallError),
        (error(404, "Mailbox not found in open-xchange"), RefusedCallError),
        (error(404, "Domain not found in open-xchange"), RefusedCallError),
        (error(403, "Permission denied"), RefusedCallError),
        (error(422, "Feature 'mailbox' not available on the domain"), RefusedCallError),
        (error(404), DoubtfulCallError),
        (httpx.Response(404, html="<h1>404</h1>"), DoubtfulCallError),
        (error(500), DoubtfulCallError),
        (httpx.Response(202), DoubtfulCallError),
        (httpx.ReadError("x"), LostAnswerError),
        (httpx.ReadTimeout("x"), LostAnswerError),
        (error(429), BusyCallError),
        (httpx.ConnectError("x"), BusyCallError),
    ],
)
def test_what_is_no_proof_of_deletion(answer, kind):
    """
    Another 404, a lost answer or a refusal is told as what it is, and sent no second time.
    """
    router = dimail({BOX: answer})

    with pytest.raises(RemoteError, match=f"^{BOX}: ") as caught:
        with_client(router, lambda api: api.delete(ADA))

    assert kind is type(caught.value)
    assert (2 if getattr(answer, "status_code", 0) == 403 else 1) == asked(router).count(BOX)


def test_half_a_mailbox_is_not_gone():
    """
    A mailbox that Open-Xchange does not know is there all the same, and somebody must see to it.
    """
    router = dimail({BOX: error(404, "Mailbox not found in open-xchange")})

    with pytest.raises(RefusedCallError) as caught:
        with_client(router, lambda api: api.delete(ADA))

    assert "by half" in caught.value.hint


CODE, RESET = f"POST {MAILBOX}/code", f"POST {MAILBOX}/reset_password/"
A_CODE = {"email": ADA.address, "code": "canary-code", "expires_in": 600, "maxuse": 2}
A_PASSWORD = {"email": ADA.address.upper(), "password": "canary-password"}


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("told", "limits"),
    [
        ({}, (600, 2)),
        ({"expires_in": "600", "maxuse": "2"}, (600, 2)),
        ({"expires_in": None, "maxuse": None}, (3600, 3)),
    ],
)
def test_a_login_code(told, limits, status):
    """
    The limits are the server's, or those asked for where it tells none; the code stays secret.
    """
    router = dimail({CODE: ok(A_CODE | told, status)})

    made = with_client(router, lambda api: api.login_code(ADA))

    assert made is not None
    assert "canary-code" == made.code.reveal()
    assert limits == (made.expires_in, made.max_uses)
    assert "canary" not in repr(made)
    assert {"expires_in": 3600, "maxuse": 3} == json.loads(router.calls.last.request.content)


@pytest.mark.parametrize("status", [200, 201])
def test_a_new_password(status):
    """
    The password comes back once, and as a secret; nothing is sent but the path.
    """
    router = dimail({RESET: ok(A_PASSWORD, status)})

    secret = with_client(router, lambda api: api.reset_password(ADA))

    assert secret is not None
    assert "canary-password" == secret.reveal()
    assert b"" == router.calls.last.request.content


VERBS = [
    (CODE, lambda api: api.login_code(ADA)),
    (RESET, lambda api: api.reset_password(ADA)),
]


@pytest.mark.parametrize(("name", "verb"), VERBS)
def test_a_server_without_the_verb(name, verb):
    """
    An older server has neither call, which is no error.
    """
    router = dimail()

    assert with_client(router, verb) is None
    assert 1 == asked(router).count(name)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(404, "Mailbox not found"), RefusedCallError),
        (error(404, "Mailbox not found in open-xchange"), RefusedCallError),
        (error(403, "Permission denied"), RefusedCallError),
        (error(422), RefusedCallError),
        (error(429), BusyCallError),
        (error(500), DoubtfulCallError),
        (error(409), ConflictCallError),
        (httpx.ReadError("x"), LostAnswerError),
        (ok({"email": "bob@a.example", "code": "canary", "password": "canary"}), DoubtfulCallError),
        (ok({"email": ADA.address, "code": "", "password": ""}), DoubtfulCallError),
        (ok({"email": ADA.address, "code": 1, "password": 1}), DoubtfulCallError),
        (ok([]), DoubtfulCallError),
    ],
)
@pytest.mark.parametrize(("name", "verb"), VERBS)
def test_a_verb_that_fails(name, verb, answer, kind):
    """
    What cannot be read or may have been done is in doubt, and nothing of it is shown.
    """
    router = dimail({name: answer})

    with pytest.raises(RemoteError, match=f"^{name}: ") as caught:
        with_client(router, verb)

    assert kind is type(caught.value)
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "told", [{"expires_in": "soon"}, {"maxuse": True}, {"maxuse": 1.5}, {"maxuse": "9" * 5000}]
)
def test_limits_that_are_no_numbers(told):
    """
    A code whose limits make no sense may be there, and is not given out.
    """
    router = dimail({CODE: ok(A_CODE | told)})

    with pytest.raises(DoubtfulCallError, match="is not a whole number"):
        with_client(router, lambda api: api.login_code(ADA))
