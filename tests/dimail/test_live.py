"""A complete live state, or none."""

from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.dimail.live import read_live
from mailstate.errors import Place, RefusedCallError, RemoteError
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    User,
    UserId,
    access_key,
    alias_key,
    user_key,
)
from mailstate.model.state import Check, DesiredState, DomainState, LiveDomain, LiveState, Person
from tests.dimail.support import (
    ACCOUNT,
    ADA,
    ALIAS,
    DEFAULTS,
    DOMAIN,
    NOT_FOUND,
    V1,
    V2,
    D,
    asked,
    client,
    desired,
    dimail,
    error,
    ok,
    run,
)

V1_LIST, V2_LIST = f"GET /domains/{D}/mailboxes/", f"GET /v2/domains/{D}/mailboxes/"
ALIASES, CHECK = f"GET /domains/{D}/aliases/", f"GET /domains/{D}/check"
UUID = "5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e"
EXPECTED = LiveState(
    users={user_key(ACCOUNT): User(name=ACCOUNT)},
    accesses={access_key(D, ACCOUNT): Access(domain=D, user=ACCOUNT)},
    domains={
        D: LiveDomain(
            domain=Domain(
                name=D,
                features=frozenset({"webmail", "mailbox", "alias"}),
                context=D,
                delivery="virtual",
            ),
            state=DomainState.OK,
            mailboxes={ADA.key: ADA},
            aliases={
                alias_key(f"contact@{D}", f"ada@{D}"): Alias(
                    domain=D, local_part="contact", destination=f"ada@{D}"
                )
            },
        )
    },
)


def read(answers=None, wanted=None, needs_check=lambda _live: True, **options):
    router = dimail(answers)

    async def scenario():
        async with client(router, **options) as api:
            return await read_live(api, wanted or desired(ADA), needs_check=needs_check)

    return run(scenario()), asked(router)


def test_a_live_state():
    """
    Users, accesses, domains, mailboxes and aliases are read.
    """
    assert EXPECTED == read()[0]


def test_what_a_plan_costs():
    """
    Three lists, one token, two lists for each declared domain that exists; no others.
    """
    _, calls = read()

    assert sorted(["GET /users/", "GET /domains/", "GET /allows/"]) == sorted(calls[:3])
    assert ["GET /token/", V2_LIST, ALIASES] == calls[3:]


@pytest.mark.parametrize("has_v2", [True, False])
def test_what_a_plan_of_many_domains_costs(has_v2):
    """
    A hundred domains cost two hundred lists; what the server has is asked once.
    """
    names = [DomainName(f"d{number:03}.example") for number in range(100)]
    answers = {"GET /domains/": ok([DOMAIN | {"name": name} for name in names])}
    for name in names:
        prefix = "/v2" if has_v2 else ""
        answers[f"GET {prefix}/domains/{name}/mailboxes/"] = ok([])
        answers[f"GET /domains/{name}/aliases/"] = ok([])
    answers[V2_LIST] = NOT_FOUND
    domains = {name: desired(domain=name).domains[name] for name in names}

    live, calls = read(answers, DesiredState(domains=domains))

    assert names == list(live.domains)
    assert has_v2 is live.tells_active
    assert 3 + 1 + 200 + (0 if has_v2 else 1) == len(calls)


LISTS = {
    "users": "GET /users/",
    "domains": "GET /domains/",
    "accesses": "GET /allows/",
    "v2": V2_LIST,
    "v1": V1_LIST,
    "aliases": ALIASES,
    "token": "GET /token/",
}
WHOLE = {
    "cut off": httpx.Response(200, content=b'[{"name": "canary'),
    "empty": httpx.Response(200, content=b""),
    "wrong type": ok(7),
    "null": ok(None),
    "error body": ok({"detail": "canary"}),
    "items of another type": ok(["canary"]),
    "items without keys": ok([{"canary": 1}]),
    "page": httpx.Response(200, html="<title>canary</title>"),
    "created": ok([], 201),
    "no content": httpx.Response(204),
    "partial": ok([], 206),
    "not modified": httpx.Response(304),
    "redirect": httpx.Response(307, headers={"Location": "https://evil.example/"}),
    "unauthorized": error(401),
    "forbidden": error(403),
    "unknown": error(404, "canary"),
    "invalid": error(422),
}
PASSING = {
    "reset": httpx.ReadError("canary"),
    "broken off": httpx.RemoteProtocolError("canary"),
    "time-out": httpx.ReadTimeout("canary"),
    "unreached": httpx.ConnectError("canary"),
    "too many": error(429),
    "server error": error(500),
    "gateway": httpx.Response(502, html="<title>canary</title>"),
    "unavailable": error(503, **{"Retry-After": "2"}),
}


def lists(name, answers):
    """The answers that make the list called *name* be asked for, and answered so."""
    extra = {V2_LIST: NOT_FOUND} if name == "v1" else {}
    return extra | {LISTS[name]: answers}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE)
def test_a_list_that_makes_no_sense_stops_the_run(name, answer):
    """
    No plan without a complete read: the call is named, and nothing of the answer is shown.
    """
    with pytest.raises(RemoteError) as caught:
        read(lists(name, answer))

    assert caught.value.message.startswith(f"{LISTS[name]}: ")
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("answer", PASSING.values(), ids=PASSING)
def test_a_list_that_fails_is_asked_for_again(name, answer):
    """
    Trouble that passes makes no difference; trouble that stays stops the run, naming the call.
    """
    good = DEFAULTS[LISTS[name]]
    live, _ = read(lists(name, [answer, answer, good]))

    assert EXPECTED == replace(live, tells_active=True)
    with pytest.raises(RemoteError, match=LISTS[name]) as caught:
        read(lists(name, [answer] * 3))
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("v1", [V1 | {"email": "ada@b.example"}]),
        ("v2", [V2 | {"email": "ada@b.example"}]),
        ("aliases", [ALIAS | {"domain": "b.example"}]),
        ("users", []),
        ("users", [{"name": "somebody", "is_admin": True}]),
    ],
)
def test_a_list_of_something_else_stops_the_run(name, items):
    """
    The list of another domain, or one without the account in use, is not the list asked for.
    """
    with pytest.raises(RemoteError, match=LISTS[name]):
        read(lists(name, ok(items)))


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("domains", []),
        ("domains", [DOMAIN | {"name": "b.example"}]),
        ("users", [{"name": ACCOUNT}]),
    ],
)
def test_a_list_that_lacks_what_the_accesses_tell_stops_the_run(name, items):
    """
    No access is without its user and its domain: where one is missing, more may be.
    """
    allows = [{"user": user, "domain": D} for user in (ACCOUNT.upper(), UUID)]

    with pytest.raises(RemoteError, match=f"{LISTS[name]}: .* cannot be complete"):
        read(
            {
                "GET /users/": ok([{"name": ACCOUNT}, {"name": UUID}]),
                "GET /allows/": ok(allows),
                LISTS[name]: ok(items),
            }
        )


def test_accesses_are_read_before_what_they_are_compared_with():
    """
    What is created while a plan is made is in the later lists, and so never missing there.
    """
    assert "GET /allows/" == read()[1][0]


def test_an_empty_dimail_leads_to_bootstrap():
    """
    A list of users without the account may be that of a dimail that has none.
    """
    with pytest.raises(RemoteError) as caught:
        read({"GET /users/": ok([])})

    assert "mailstate bootstrap" in caught.value.hint


def test_the_account_is_found_without_case():
    """
    MariaDB takes `LA_REGIE` for `la_regie`, and lists it as it was created.
    """
    users = [{"name": "b"}, {"name": ACCOUNT.upper()}]

    assert read({"GET /users/": ok(users)})[0].domains


def test_aliases_that_poison_a_domain_are_explained():
    """
    One alias with `@` in its name makes the list fail for ever: said where it happens.
    """
    with pytest.raises(RemoteError, match="answered 500") as caught:
        read({ALIASES: error(500)})

    assert "whose name contains `@`" in caught.value.hint


def test_domains_that_do_not_exist_are_not_read():
    """
    Only declared domains that exist are read; of others, only that there are some is known.
    """
    other = DomainName("new.example")
    live, calls = read({}, desired(domain=other))

    assert {} == live.domains
    assert {} == live.accesses
    assert f"GET /v2/domains/{other}/mailboxes/" == calls[-1]
    assert f"{V2_LIST}" not in calls


@pytest.mark.parametrize(
    ("answer", "tells"),
    [(NOT_FOUND, False), (error(404, "Domain not found"), True), (error(403), True)],
)
def test_whether_active_is_told_where_nothing_exists_yet(answer, tells):
    """
    What the server knows is found out by asking for the first declared domain.
    """
    other = DomainName("new.example")
    live, _ = read({f"GET /v2/domains/{other}/mailboxes/": answer}, desired(domain=other))

    assert tells is live.tells_active


def test_nothing_declared_costs_three_lists():
    """
    Without domains in the files nothing more is asked.
    """
    assert 3 == len(read({}, DesiredState(people={}, domains={}))[1])


@pytest.mark.parametrize(
    ("item", "tells"),
    [(V1, True), ({key: V1[key] for key in V1 if key != "active"}, False)],
)
def test_the_first_api_tells_active_or_not(item, tells):
    """
    Without the second API, one mailbox that tells it is enough.
    """
    live, _ = read({V2_LIST: NOT_FOUND, V1_LIST: ok([item])})

    assert tells is live.tells_active
    assert ADA.address == live.domains[D].mailboxes[ADA.key].address


def test_half_made_mailboxes_are_looked_for_if_one_is_missing():
    """
    The second API leaves half-made mailboxes out: the first one is asked if one may be there.
    """
    bob = replace(ADA, local_part="bob")
    half = V1 | {"email": bob.address, "status": "broken"}
    live, calls = read({V1_LIST: ok([half, V1])}, desired(ADA, bob))

    assert {bob.key} == live.domains[D].half_made
    assert [ADA.key, bob.key] == list(live.domains[D].mailboxes)
    assert 1 == calls.count(V1_LIST)


@pytest.mark.parametrize(("status", "half_made"), [("broken", {ADA.key}), ("ok", set())])
def test_a_mailbox_that_is_not_known_to_be_in_use_may_be_half_made(status, half_made):
    """
    Where the second API lists half-made mailboxes too, the first one tells which they are.
    """
    unknown = V2 | {"active": "unknown"}
    first = V1 | {"active": "unknown", "status": status}
    live, calls = read({V2_LIST: ok([unknown]), V1_LIST: ok([first])})

    assert half_made == live.domains[D].half_made
    assert [replace(ADA, active=None)] == list(live.domains[D].mailboxes.values())
    assert 1 == calls.count(V1_LIST)


def test_half_made_mailboxes_are_not_looked_for_without_webmail():
    """
    Without webmail there is one store only.
    """
    bob = replace(ADA, local_part="bob")
    domains = ok([DOMAIN | {"features": ["mailbox"]}])

    assert V1_LIST not in read({"GET /domains/": domains}, desired(bob))[1]


def test_domains_without_access_are_unknown_inside():
    """
    What the account may not read yet, without an allow, is unknown, not absent.
    """
    live, _ = read({"GET /allows/": ok([]), V2_LIST: error(403)})

    assert (False, {}, {}) == (
        live.domains[D].readable,
        live.domains[D].mailboxes,
        live.domains[D].aliases,
    )


@pytest.mark.parametrize(
    "answers",
    [
        {"GET /allows/": ok([{"user": ACCOUNT, "domain": D}])},
        {
            "GET /allows/": ok([]),
            "GET /users/": ok([{"name": ACCOUNT, "is_admin": True}]),
        },
    ],
)
def test_a_refusal_in_spite_of_rights_stops_the_run(answers):
    """
    An administrator, or an account with an allow, is to be let in.
    """
    with pytest.raises(RefusedCallError, match=f"{V2_LIST}: dimail answered 403"):
        read(answers | {V2_LIST: error(403)})


@pytest.mark.parametrize("state", ["new", "broken", "whatever"])
def test_domains_that_are_not_ok_are_checked(state):
    """
    What the check says counts more than what the list said; what it leaves out stays.
    """
    told = {"name": D, "features": ["mailbox"], "state": "ok"}
    live, _ = read({"GET /domains/": ok([DOMAIN | {"state": state}]), CHECK: ok(told)})

    found = live.domains[D]
    assert DomainState.OK is found.state
    assert (frozenset(["mailbox"]), D, "virtual") == (
        found.domain.features,
        found.domain.context,
        found.domain.delivery,
    )
    assert {ADA.key: ADA} == found.mailboxes


def test_failing_checks_are_told():
    """
    A domain that stays broken says why.
    """
    broken = DOMAIN | {"state": "broken"}
    live, _ = read({"GET /domains/": ok([broken]), CHECK: ok(broken | {"mx": {"ok": False}})})

    assert (Check(name="mx", internal=False),) == live.domains[D].failing


@pytest.mark.parametrize(
    ("state", "needed"), [("ok", True), (None, True), ("new", False), ("broken", False)]
)
def test_domains_that_need_no_check_get_none(state, needed):
    """
    Neither an enabled domain is checked, nor one that holds nothing back.
    """
    _, calls = read(
        {"GET /domains/": ok([DOMAIN | {"state": state}])}, needs_check=lambda _live: needed
    )

    assert CHECK not in calls


def test_whether_a_check_is_needed_is_asked_with_all_that_was_read():
    """
    Whoever decides sees mailboxes and aliases.
    """
    seen = []

    def look_at(live):
        seen.append(live)
        return False

    read({"GET /domains/": ok([DOMAIN | {"state": "new"}])}, needs_check=look_at)

    assert [{ADA.key: ADA}] == [live.mailboxes for live in seen]


@pytest.mark.parametrize("answer", [error(500), httpx.ReadTimeout("x"), ok([]), NOT_FOUND])
def test_a_check_that_fails_stops_nothing(answer):
    """
    Its domain keeps its state and says what happened.
    """
    live, _ = read({"GET /domains/": ok([DOMAIN | {"state": "new"}]), CHECK: answer})

    assert DomainState.NEW is live.domains[D].state
    assert (live.domains[D].check_error or "").startswith(f"{CHECK}: ")


def person(name):
    return Person(
        handle="h", user=User(name=name), email=None, place=Place(file="f", line=1, column=1)
    )


@pytest.mark.parametrize(
    ("people", "expected"),
    [({}, UUID), ({UserId(UUID): person(UUID.upper())}, UUID.upper())],
)
@given(st.permutations([UUID, UUID.upper(), UUID.replace("-", "")]))
def test_of_several_spellings_of_a_uuid_that_of_the_files_counts(people, expected, names):
    """
    One user is one entry; without the files' word the hyphened spelling counts.
    """
    answers = {
        "GET /users/": ok([{"name": name} for name in [*names, ACCOUNT]]),
        "GET /allows/": ok([{"user": name, "domain": D} for name in names]),
    }
    live, _ = read(answers, replace(desired(ADA), people=people))

    assert [f"user/{UUID}", f"user/{ACCOUNT}"] == list(live.users)
    assert expected == live.users[f"user/{UUID}"].name
    assert expected == live.accesses[f"access/{D}/{UUID}"].user


def test_accesses_of_other_domains_are_left_out():
    """
    Allows on domains in no file are nobody's business here.
    """
    allows = [{"user": ACCOUNT, "domain": name} for name in ("b.example", D)]

    assert [f"access/{D}/{ACCOUNT}"] == list(read({"GET /allows/": ok(allows)})[0].accesses)


@given(
    st.permutations([{"name": name} for name in ("c", "a", ACCOUNT, "b")]),
    st.permutations([V2 | {"email": f"{name}@{D}"} for name in "cab"]),
    st.permutations([ALIAS | {"destination": f"{name}@x"} for name in "cab"]),
)
def test_the_order_of_the_lists_makes_no_difference(users, boxes, aliases):
    """
    The same live state is the same value, in the same order.
    """
    live, _ = read(
        {
            "GET /users/": ok(users),
            V2_LIST: ok(boxes),
            V1_LIST: ok([]),
            ALIASES: ok(aliases),
        }
    )

    for mapping in (live.users, live.domains[D].mailboxes, live.domains[D].aliases):
        assert sorted(mapping) == list(mapping)
    assert (4, 3, 3) == (
        len(live.users),
        len(live.domains[D].mailboxes),
        len(live.domains[D].aliases),
    )


def test_the_first_failure_stops_the_other_reads():
    """
    Once no plan is possible, nothing more is asked for.
    """
    names = [DomainName(f"d{number:03}.example") for number in range(100)]
    answers = {"GET /domains/": ok([DOMAIN | {"name": name} for name in names])}
    domains = {name: desired(domain=name).domains[name] for name in names}
    router = dimail(answers)

    async def scenario():
        async with client(router) as api:
            await read_live(api, DesiredState(domains=domains), needs_check=lambda _live: True)

    with pytest.raises(RefusedCallError, match="404"):
        run(scenario())

    assert 15 > len(router.calls)
