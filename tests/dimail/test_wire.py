"""What dimail's answers mean, and which make no sense."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.dimail import calls, wire
from mailstate.dimail.node import MalformedAnswerError, Node, known_detail, parse
from mailstate.model.resources import DomainName
from mailstate.model.state import Check, DnsRecord, DomainState
from tests.dimail.support import ADA, ALIAS, DOMAIN, V1, V2, D

CALL = calls.users()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def node(value: object) -> Node:
    return parse(CALL, json.dumps(value).encode())


def mailboxes(*items, webmail=True):
    return wire.mailboxes(node(list(items)), D, webmail=webmail)


def v2(*items, webmail=True):
    return wire.mailboxes_v2(node(list(items)), D, webmail=webmail)


READERS = {
    "users": wire.api_users,
    "accounts": wire.accounts,
    "login_code": lambda answer: wire.login_code(answer, ADA, seconds=1, uses=1),
    "domains": wire.domains,
    "accesses": wire.accesses,
    "mailboxes": lambda answer: wire.mailboxes(answer, D, webmail=True),
    "mailboxes_v2": lambda answer: wire.mailboxes_v2(answer, D, webmail=True),
    "aliases": lambda answer: wire.aliases(answer, D),
    "checks": wire.failing_checks,
    "password": lambda answer: wire.password(answer, ADA),
    "records": wire.dns_records,
}


@pytest.mark.parametrize("reader", READERS)
@given(value=JSON)
def test_any_json_is_understood_or_malformed(reader, value):
    """
    No JSON whatsoever raises anything else than a malformed answer.
    """
    with suppress(MalformedAnswerError):
        READERS[reader](node(value))


@pytest.mark.parametrize(
    ("reader", "value", "path"),
    [
        ("users", {"detail": "x"}, "as a whole, it is not a list"),
        ("users", [{"name": "a", "is_admin": True}, 7], r"\[1\] is not a mapping"),
        ("users", [{"name": None}], r"\[0\].name is not a text"),
        ("users", [{"name": "a", "is_admin": "maybe"}], r"\[0\].is_admin is neither"),
        ("domains", [DOMAIN | {"features": "webmail"}], r"\[0\].features is not a list of texts"),
        ("domains", [DOMAIN | {"features": [1]}], r"\[0\].features is not a list of texts"),
        ("domains", [DOMAIN | {"context_name": 1}], r"\[0\].context_name is neither a text"),
        ("domains", [DOMAIN | {"state": []}], r"\[0\].state is neither a text"),
        ("accesses", [{"user": "a"}], r"\[0\].domain is not a text"),
        ("mailboxes", [V1 | {"email": "ada"}], r"\[0\].email is not an address"),
        ("mailboxes", [V1 | {"status": None}], r"\[0\].status is not a text"),
        ("mailboxes", [V1 | {"givenName": 5}], r"\[0\].givenName is neither"),
        ("mailboxes", [V1 | {"active": 5}], r"\[0\].active is not a text"),
        ("mailboxes", [V1 | {"email": "ada@b.example"}], "list of another domain"),
        ("mailboxes_v2", [V1], "as a whole, it is a list of the first API"),
        ("mailboxes_v2", [V2 | {"extras": 5}], r"\[0\].extras is not a mapping"),
        ("mailboxes_v2", [V2 | {"extras": {"ox": []}}], r"\[0\].extras.ox is not a mapping"),
        ("mailboxes_v2", [V2 | {"email": "ada@b.example"}], "list of another domain"),
        ("aliases", [ALIAS | {"domain": "b.example"}], r"\[0\].domain is another domain"),
        ("aliases", [ALIAS | {"destination": None}], r"\[0\].destination is not a text"),
        ("checks", {"mx": 7}, r"mx is not a mapping"),
        ("checks", {"dkim": {}}, r"dkim.ok is neither true nor false"),
        ("checks", {"mx": {"ok": None}}, r"mx.ok is neither true nor false"),
        ("checks", {"mx": {"ok": False, "errors": 5}}, r"mx.errors is not a list"),
        ("checks", {"mx": {"ok": False, "errors": [5]}}, r"mx.errors\[0\] is not a mapping"),
        ("checks", {"\u202e<b>": {"ok": 5}}, "a check.ok is neither"),
        ("password", {"email": "bob@a.example", "password": "x"}, "email is another address"),
        ("password", {"email": "ada@a.example", "password": ""}, "password is empty"),
        ("password", {"email": "ada@a.example"}, "password is not a text"),
    ],
)
def test_what_is_wrong_is_told_by_its_path(reader, value, path):
    """
    An answer of another shape is refused, naming the place and never the value.
    """
    with pytest.raises(MalformedAnswerError, match=path):
        READERS[reader](node(value))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"<html>",
        b"\xff",
        b"[" * 100_000,
        b"1" * 5000,
        b'[{"name": "a", "name": "a"}]',
        b'["\\ud83d"]',
        b'[{"\\uDE00": 1}]',
        "[]".encode("utf-16"),
    ],
)
def test_what_is_no_json_is_malformed(body):
    """
    A page, a cut-off text or a bomb is no answer, and none of it is kept.
    """
    with pytest.raises(MalformedAnswerError, match="it is not JSON") as caught:
        parse(CALL, body)

    assert caught.value.__context__ is None


def test_text_may_be_written_in_every_way_that_json_has():
    """
    Pairs of escapes are one character; a mark at the beginning is none.
    """
    assert ["😀é"] == [
        item.text("x")
        for item in parse(CALL, b'\xef\xbb\xbf[{"x": "\\ud83D\\uDE00\xc3\xa9"}]').items()
    ]


def test_a_mailbox_of_the_first_api():
    """
    Names, spelling and whether it is active are taken as told; other keys are passed over.
    """
    (box,) = mailboxes(V1 | {"email": f"Ada@{D.upper()}", "additionalSenders": ["x"]})

    assert replace(ADA, local_part="Ada") == box.mailbox
    assert not box.half_made


def test_a_mailbox_of_the_second_api():
    """
    The two APIs tell the same of the same mailbox.
    """
    assert [ADA] == [box.mailbox for box in v2(V2)]


@pytest.mark.parametrize(
    "item",
    [
        V2 | {"extras": {"ox": None}},
        V2 | {"extras": {"ox": "null"}},
        V2 | {"extras": None},
        V2 | {"extras": "null"},
        {"email": V2["email"], "active": "yes"},
        V2 | {"extras": {"ox": {"given_name": None, "sur_name": "", "display_name": None}}},
    ],
)
def test_a_mailbox_without_webmail_account_has_no_names(item):
    """
    Without an account in Open-Xchange the names are unknown.
    """
    (box,) = v2(item)

    assert (None, None, None) == _names(box)
    assert not box.half_made


def _names(box):
    return box.mailbox.first_name, box.mailbox.last_name, box.mailbox.display_name


def test_names_are_unknown_on_a_domain_without_webmail():
    """
    Names live in Open-Xchange alone: elsewhere nothing is concluded from what is told.
    """
    assert (None, None, None) == _names(mailboxes(V1, webmail=False)[0])
    assert (None, None, None) == _names(v2(V2, webmail=False)[0])
    assert not mailboxes(V1 | {"status": "broken"}, webmail=False)[0].half_made


@pytest.mark.parametrize(
    ("item", "active"),
    [
        ({"active": "yes"}, True),
        ({"active": "no"}, False),
        ({"active": "wait"}, None),
        ({"active": "unknown"}, None),
        ({"active": "something"}, None),
        ({"active": None}, None),
        ({"active": True}, True),
        ({"active": "false"}, False),
        ({"imap_active": "no"}, False),
        ({"active": "yes", "imap_active": "no"}, True),
        ({}, None),
    ],
)
def test_whether_a_mailbox_is_active(item, active):
    """
    Both spellings of the second API are read; what is neither yes nor no is unknown.
    """
    (box,) = v2({"email": V2["email"]} | item)

    assert active is box.mailbox.active


@pytest.mark.parametrize(
    ("item", "half_made"),
    [
        pytest.param(V1 | {"status": "broken"}, True, id="in one store"),
        pytest.param(V1 | {"status": "broken", "active": "no"}, False, id="switched off"),
        pytest.param(
            {key: V1[key] for key in ("email", "active")} | {"status": "broken"},
            False,
            id="functional",
        ),
        pytest.param({"email": V1["email"], "status": "broken"}, True, id="2024, without names"),
        pytest.param(V1 | {"status": "unknown"}, False, id="unknown"),
    ],
)
def test_which_mailboxes_are_half_made(item, half_made):
    """
    Only what a failed creation left behind is half-made, not what is so on purpose.
    """
    (box,) = mailboxes(item)

    assert half_made is box.half_made


def test_strangers_and_the_technical_account_are_left_out():
    """
    The other domains of the OX context and `oxadmin` are no mailboxes of the domain.
    """
    strange = V1 | {"email": "bob@b.example", "status": "broken"}
    technical = V1 | {"email": f"oxadmin@{D}", "status": "broken"}

    assert [ADA] == [box.mailbox for box in mailboxes(strange, V1, technical)]
    assert () == mailboxes(strange, technical)
    assert () == v2(technical)


def test_strangers_alone_are_not_expected_without_webmail():
    """
    A list of another domain is never taken for an empty one.
    """
    strange = V1 | {"email": "bob@b.example", "status": "broken"}

    with pytest.raises(MalformedAnswerError, match="list of another domain"):
        mailboxes(strange, webmail=False)


def test_a_list_in_which_strangers_alone_are_whole_is_that_of_another_domain():
    """
    Each domain's own list tells those of the others in its context as broken (contract §7).
    """
    strange = V1 | {"email": "bob@b.example"}

    with pytest.raises(MalformedAnswerError, match="list of another domain"):
        mailboxes(V1 | {"status": "broken"}, strange)


def test_a_server_that_finds_strangers_whole_is_believed():
    """
    How today's servers tell them is not established (contract §15).
    """
    assert [ADA] == [box.mailbox for box in mailboxes(V1, V1 | {"email": "bob@b.example"})]


@pytest.mark.parametrize(
    ("reader", "items"),
    [
        (mailboxes, [V1, V1 | {"status": "broken"}]),
        (mailboxes, [V1, V1 | {"active": "no"}, V1]),
        (v2, [V2, V2 | {"active": "no"}]),
        (lambda *items: wire.domains(node(list(items))), [DOMAIN, DOMAIN | {"state": "new"}]),
    ],
)
def test_a_list_that_contradicts_itself_makes_no_sense(reader, items):
    """
    Twice the same is once; twice with a difference is neither.
    """
    assert 1 == len(reader(items[0], items[0]))
    with pytest.raises(MalformedAnswerError, match="in two ways"):
        reader(*items)


@given(st.permutations([V1, V1 | {"email": f"ADA@{D}"}, V1 | {"email": f"Bob@{D}"}]))
def test_of_two_spellings_the_one_in_lower_case_counts(items):
    """
    The order of a list, which is random, makes no difference.
    """
    assert ["ada", "Bob"] == [box.mailbox.local_part for box in mailboxes(*items)]


@given(st.permutations([ALIAS, ALIAS | {"username": "Contact"}, ALIAS | {"username": "a"}]))
def test_of_two_spellings_of_an_alias_the_one_in_lower_case_counts(items):
    """
    Aliases come sorted, one of each key.
    """
    found = wire.aliases(node(items), D)

    assert ["a", "contact"] == [alias.local_part for alias in found]


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"state": "ok"}, DomainState.OK),
        ({"state": "new"}, DomainState.NEW),
        ({"state": "broken"}, DomainState.BROKEN),
        ({"state": "active"}, DomainState.OTHER),
        ({"state": "untold"}, DomainState.OTHER),
        ({"state": None}, DomainState.UNTOLD),
        ({}, DomainState.UNTOLD),
    ],
)
def test_the_state_of_a_domain(told, state):
    """
    Known states are told apart from unknown ones, and those from none at all.
    """
    live = wire.domain(node({"name": D, "features": []} | told))

    assert state is live.state


def test_what_a_domain_does_not_tell_is_unknown():
    """
    Null, empty, absent and "null" contexts and deliveries are all unknown.
    """
    for told in ({}, {"context_name": None, "delivery": ""}, {"context_name": "null"}):
        live = wire.domain(node({"name": D, "features": []} | told))

        assert (None, None) == (live.domain.context, live.domain.delivery)


def test_the_failing_checks_come_in_the_order_of_the_contract():
    """
    Only failing checks are told, known ones first; without `internal` a check is external.
    """
    failing = {"ok": False, "errors": [{"code": "c", "detail": "d"}, {"code": None}]}
    answer = {
        "state": "broken",
        "zzz": {"ok": "false"},
        "cert": failing | {"internal": True},
        "spf": {"ok": True, "errors": []},
        "mx": failing,
        "webmail": {"name": "no check"},
    }

    assert (
        Check(name="mx", internal=False, codes=("c",), details=("d",)),
        Check(name="cert", internal=True, codes=("c",), details=("d",)),
        Check(name="zzz", internal=False),
    ) == wire.failing_checks(node(answer))


def test_known_details_alone_are_repeated():
    """
    The text of an error is shown only if it is one of the contract's own.
    """
    assert "Alias not found" == known_detail(b'{"detail":"Alias not found"}')
    for body in (
        b'{"detail":"secret"}',
        b"<html>",
        b"[]",
        b'{"detail":["Not Found"]}',
        b"[" * 9999,
    ):
        assert known_detail(body) is None


def test_the_records_of_a_domain():
    """
    DNS records are told in the server's order.
    """
    record = {"target": "", "type": "mx", "value": "mx."}

    assert (DnsRecord(target="", type="mx", value="mx."),) == wire.dns_records(node([record]))


def test_domains_come_in_order():
    """
    The list of domains is sorted by name.
    """
    told = [DOMAIN | {"name": name} for name in ("b.x", "a.x")]

    assert [DomainName("a.x"), DomainName("b.x")] == list(wire.domains(node(told)))


@pytest.mark.parametrize(
    ("told", "perms"),
    [
        ({}, None),
        ({"perms": None}, frozenset()),
        ({"perms": []}, frozenset()),
        ({"perms": ["new_domain", "new_domain"]}, frozenset({"new_domain"})),
    ],
)
def test_a_server_without_perms_is_told_from_a_user_without_any(told, perms):
    """
    An absent key means that the server has no perms, an empty or null one that the user has none.
    """
    accounts = wire.accounts(node([{"name": "u", "is_admin": "true"} | told]))

    assert (wire.Account(name="u", is_admin=True, perms=perms),) == accounts
