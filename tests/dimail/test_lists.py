"""Whole lists in one go: the quick way and the careful way say the same, or raise the same."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.dimail import calls, wire
from mailstate.dimail.lists import (
    Listed,
    access_list,
    alias_list,
    domain_list,
    first_list,
    merged,
    second_list,
    user_list,
)
from mailstate.dimail.node import MalformedAnswerError, parse
from mailstate.model.resources import Key
from mailstate.model.rows import those
from tests.dimail.support import ALIAS, DOMAIN, V1, V2, D

TOLD = [None, "", "null", "é", "X", "ok", "broken", "unknown", "yes", "No", "true", "wait"]
ODD = st.sampled_from([*TOLD, True, False, 0, 1, 1.5, [], ["x"], {}, {"ox": None}])
OWN = ["ada@a.example", "bob@a.example", "Bob@a.example", "bob@A.example", "b@c@a.example"]
OTHER = ["oxadmin@a.example", "OxAdmin@b.example", "oxadmin@", "eve@b.example", "ada@b.example"]
STRANGE = ["zoé@a.example", "@a.example", "a.example", "ada", "", "İ@a.example", "ada@a.example "]
ADDRESSES = st.sampled_from([*OWN, *OTHER, *STRANGE])
TEXTS = st.sampled_from(["ada", "Ada", "", "info", "a@b", "info@a.example/x", "x@b.example"])


def places(value, path=()):
    """List every place of a JSON value, the value itself left out."""
    inner = value.items() if isinstance(value, dict) else ()
    for key, below in inner:
        yield (*path, key)
        yield from places(below, (*path, key))


@st.composite
def items(draw, form, *, address=None):
    """Draw an item of the usual *form*, in which up to two places have something else."""
    item = json.loads(json.dumps(form))
    if address is not None:
        item[address] = draw(ADDRESSES)
    if "username" in item:
        item |= {"username": draw(TEXTS), "destination": draw(TEXTS)}
    for *path, key in draw(st.lists(st.sampled_from([*places(form)]), max_size=2)):
        here = item
        for step in path:
            here = here[step] if isinstance(here, dict) and step in here else None
        if isinstance(here, dict):
            if draw(st.booleans()):
                here[key] = draw(ODD)
            else:
                here.pop(key, None)
    if draw(st.integers(0, 9)) == 0:
        item |= draw(st.sampled_from([{"givenName": "x"}, {"imap_active": "no"}, {"more": {}}]))
    return draw(st.sampled_from([item] * 19 + [item.get("type", 0)]))


def lists(form, *, address=None):
    """Draw lists of items of *form*, and what is no list."""
    usual = st.lists(items(form, address=address), max_size=4)
    return st.one_of(usual, usual, usual, st.sampled_from([{}, None, "x", 1, form]))


def outcome(read, value):
    """Give what *read* makes of *value*, or the words in which it refuses it."""
    node = parse(calls.mailboxes(D), json.dumps(value).encode())
    try:
        return read(node)
    except MalformedAnswerError as error:
        return error.message


def by_item(boxes):
    """What the careful way says of *boxes*, as the quick way says it."""
    return (
        [(box.mailbox.key, box.mailbox) for box in boxes],
        {box.mailbox.key for box in boxes if box.half_made},
        any(box.tells_active for box in boxes),
    )


def at_once(listed):
    """What the quick way says, to be compared."""
    return [*listed.mailboxes.items()], set(listed.half_made), listed.tells_active


@given(lists(V1, address="email"), st.booleans())
@example([], True)  # noqa: FBT003 - of a webmail domain
@example([V1, V1], True)  # noqa: FBT003
@example([V1, V1 | {"displayName": "other"}], True)  # noqa: FBT003
@example([V1 | {"status": "broken"}], True)  # noqa: FBT003
@example([V1 | {"status": "broken", "active": "no"}], True)  # noqa: FBT003
@example([V1, V1 | {"email": "eve@b.example", "status": "broken"}], True)  # noqa: FBT003
@example([V1, V1 | {"email": "eve@b.example", "status": "broken"}], False)  # noqa: FBT003
@example([V1 | {"email": "eve@b.example"}], True)  # noqa: FBT003
@example([V1, V1 | {"email": "ADA@a.example"}], True)  # noqa: FBT003
@example([V1 | {"email": "a.example"}], True)  # noqa: FBT003
@example([V1 | {"email": "eve@A.example", "status": "broken"}], True)  # noqa: FBT003
@example([V1 | {"givenName": True}], True)  # noqa: FBT003
@example([V1 | {"status": 5}], True)  # noqa: FBT003
@example([V1 | {"active": 1}], True)  # noqa: FBT003
def test_a_list_of_the_first_api_means_what_its_items_mean(value, webmail):
    """Whatever the first API answers: in one go it means what it means item by item."""
    expected = outcome(lambda node: by_item(wire.mailboxes(node, D, webmail=webmail)), value)

    assert expected == outcome(lambda node: at_once(first_list(node, D, webmail=webmail)), value)


@given(lists(V2, address="email"), st.booleans())
@example([V2, V2], True)  # noqa: FBT003
@example([V2 | {"extras": None}], True)  # noqa: FBT003
@example([V2 | {"extras": {"ox": None}}], True)  # noqa: FBT003
@example([V2 | {"extras": "null"}], True)  # noqa: FBT003
@example([V2 | {"extras": 5}], False)  # noqa: FBT003
@example([V2 | {"givenName": "Ada"}], True)  # noqa: FBT003
@example([V2 | {"email": "a.example"}], True)  # noqa: FBT003
@example([V2, V2 | {"email": "ADA@a.example"}], True)  # noqa: FBT003
@example([V2 | {"extras": {"ox": {"given_name": 1, "sur_name": "", "display_name": ""}}}], True)  # noqa: FBT003
@example([V2 | {"email": "eve@b.example"}], True)  # noqa: FBT003
def test_a_list_of_the_second_api_means_what_its_items_mean(value, webmail):
    """Whatever the second API answers: in one go it means what it means item by item."""
    expected = outcome(lambda node: by_item(wire.mailboxes_v2(node, D, webmail=webmail))[:2], value)

    assert expected == outcome(
        lambda node: at_once(second_list(node, D, webmail=webmail))[:2], value
    )


@given(lists(ALIAS))
@example([ALIAS, ALIAS])
@example(
    [
        ALIAS | {"username": "a", "destination": "b@a.example/c"},
        ALIAS | {"username": "a@a.example/b", "destination": "c"},
    ]
)
@example([ALIAS | {"username": 5}])
@example([ALIAS | {"domain": "A.example"}])
@example([ALIAS | {"destination": "ADA@a.example"}, ALIAS])
def test_a_list_of_aliases_means_what_its_items_mean(value):
    """Whatever is answered for aliases: in one go it means what it means item by item."""
    expected = outcome(lambda node: [(alias.key, alias) for alias in wire.aliases(node, D)], value)

    assert expected == outcome(lambda node: [*alias_list(node, D).items()], value)


@given(lists({"name": "x", "is_admin": True, "uuid": "x"}))
@example([])
@example([{"name": 5, "is_admin": True}])
@example([{"name": "x", "is_admin": "false"}])
@example([{"name": "x"}])
def test_a_list_of_users_means_what_its_items_mean(value):
    """Whatever is answered for users: in one go it means what it means item by item."""
    expected = outcome(lambda node: list(wire.api_users(node)), value)

    assert expected == outcome(lambda node: list(user_list(node)), value)


@given(lists({"user": "x", "domain": "b.example"}))
@example([])
@example([{"user": 5, "domain": "b.example"}])
def test_a_list_of_allows_means_what_its_items_mean(value):
    """Whatever is answered for allows: in one go it means what it means item by item."""
    expected = outcome(lambda node: list(wire.accesses(node)), value)

    assert expected == outcome(lambda node: list(access_list(node)), value)


@given(lists(DOMAIN, address="name"))
@example([])
@example([DOMAIN, DOMAIN])
@example([DOMAIN, DOMAIN | {"state": "new"}])
@example([DOMAIN | {"state": "null", "context_name": "null", "delivery": "null"}])
@example([DOMAIN | {"name": 5}])
@example([DOMAIN | {"features": "webmail"}])
@example([DOMAIN | {"features": ["webmail", 5]}])
@example([DOMAIN | {"features": [["webmail"]]}])
@example([DOMAIN | {"state": 5}])
@example([DOMAIN | {"context_name": 5}])
@example([DOMAIN | {"name": "z.example"}, DOMAIN | {"state": "strange"}])
def test_a_list_of_domains_means_what_its_items_mean(value):
    """Whatever is answered for domains: in one go it means what it means item by item."""
    expected = outcome(lambda node: list(wire.domains(node).items()), value)

    assert expected == outcome(lambda node: list(domain_list(node).items()), value)


@pytest.mark.parametrize("is_usual", [True, False])
@pytest.mark.parametrize("active", [True, False, None])
def test_what_both_apis_tell_is_broken_by_the_first_and_else_by_the_second(active, is_usual):
    """A mailbox that only the first API shows broken is half-made, unless the second has it off."""
    boxes = [
        V1 | {"status": "broken"},
        V1 | {"email": "al@a.example" if is_usual else "Al@a.example"},
    ]
    torn = first_list(parse(calls.mailboxes(D), json.dumps(boxes).encode()), D, webmail=True)
    told = {True: "yes", False: "no", None: "wait"}[active]
    other = [V2 | {"active": told}, V2 | {"email": "bob@a.example"}]
    second = second_list(parse(calls.mailboxes_v2(D), json.dumps(other).encode()), D, webmail=True)

    both = merged(second, torn)

    ada, al, bob = (Key(f"mailbox/{name}@{D}") for name in ("ada", "al", "bob"))
    assert [ada, al, bob] == list(both.mailboxes)
    assert active is both.mailboxes[ada].active
    assert ({ada} if active is None else set()) == set(those(both.mailboxes, active=None))
    assert ({ada} if active is not False else set()) == both.half_made


def test_a_mailbox_may_hide_where_it_is_not_in_the_list_or_not_in_use():
    """Only of mailboxes that are told to be on or off is it sure that they are whole."""
    boxes = [V2, V2 | {"email": "bob@a.example", "active": "wait"}]
    listed = second_list(parse(calls.mailboxes_v2(D), json.dumps(boxes).encode()), D, webmail=True)

    assert [False, True, True, False] == [
        listed.may_hide([Key(f"mailbox/{name}@{D}") for name in names])
        for names in (["ada"], ["ada", "bob"], ["eve"], [])
    ]


def test_an_empty_list_has_nothing():
    """Where nothing is, nothing is half-made."""
    assert Listed(mailboxes={}).half_made == frozenset()
