"""What is on a domain: read when it comes, and not again while its bytes are the same."""

import json
from dataclasses import replace
from hashlib import sha256
from itertools import combinations
from typing import Any

import pytest

from mailstate.dimail.content import Told
from mailstate.dimail.live import read_live
from mailstate.dimail.node import MalformedAnswerError
from mailstate.errors import RemoteError
from mailstate.model.packed import Packed
from mailstate.model.resources import DomainName
from tests.dimail.support import (
    ADA,
    DOMAIN,
    NOT_FOUND,
    V1,
    V2,
    D,
    asked,
    client,
    desired,
    dimail,
    ok,
    run,
)

V2_LIST, V1_LIST = f"GET /v2/domains/{D}/mailboxes/", f"GET /domains/{D}/mailboxes/"
ALIASES = f"GET /domains/{D}/aliases/"
BOB = replace(ADA, local_part="bob")
FORMS = {
    "second": {},
    "first": {V2_LIST: NOT_FOUND},
    "both": {V2_LIST: ok([]), V1_LIST: ok([V1 | {"status": "broken"}])},
    "torn": {V2_LIST: NOT_FOUND, V1_LIST: ok([V1 | {"status": "broken"}])},
    "half": {V2_LIST: ok([V2 | {"active": "wait"}]), V1_LIST: ok([V1 | {"status": "broken"}])},
    "silent": {V2_LIST: NOT_FOUND, V1_LIST: ok([{k: V1[k] for k in V1 if k != "active"}])},
    "plain": {"GET /domains/": ok([DOMAIN | {"features": ["mailbox"]}])},
    "empty": {V2_LIST: NOT_FOUND, V1_LIST: ok([]), ALIASES: ok([])},
}


class Memory(dict[bytes, Any]):
    """Remembers all of it."""

    def put(self, key, value):
        """Keep."""
        self[key] = json.loads(json.dumps(value))


def wanted(*mailboxes):
    """What the files ask for, packed as the reader of files packs it."""
    state = desired(*mailboxes)
    one = state.domains[D]
    digest = sha256(repr(mailboxes).encode()).digest()
    return replace(
        state,
        domains={D: replace(one, mailboxes=Packed(lambda: one.mailboxes, digest=digest))},
    )


def read(answers, memory, *mailboxes):
    """Give the live state, and what was asked for it."""
    router = dimail(answers)

    async def scenario():
        async with client(router) as api:
            state = wanted(*(mailboxes or (ADA,)))
            return await read_live(api, state, needs_check=lambda _: False, memory=memory)

    return run(scenario()), asked(router)


@pytest.mark.parametrize("answers", FORMS.values(), ids=FORMS)
def test_what_is_remembered_changes_neither_the_state_nor_what_is_asked(answers):
    """Without a memory, with an empty one and with a full one: the same state, the same calls."""
    memory = Memory()
    expected = read(answers, None)

    assert expected == read(answers, memory)
    assert expected == read(answers, memory)
    damages: list[Any] = ["damaged", 5, [5, True, True], [[[]], True, True], [[]]]
    for damaged in damages:
        assert expected == read(answers, Memory(dict.fromkeys(memory, damaged)))


@pytest.mark.parametrize(("one", "other"), list(combinations(FORMS, 2)))
def test_other_answers_are_read_for_themselves(one, other):
    """What is known of some answers is nothing to others."""
    memory = Memory()
    read(FORMS[one], memory)

    assert read(FORMS[other], None) == read(FORMS[other], memory)


def test_whether_something_may_hide_depends_on_what_is_wanted():
    """A list that has all that the files asked for lacks what they ask for now."""
    memory = Memory()

    assert V1_LIST not in read({}, memory)[1]
    assert V1_LIST in read({}, memory, ADA, BOB)[1]


@pytest.mark.parametrize("place", [V2_LIST, ALIASES])
def test_a_bad_list_is_told_when_it_is_read(place):
    """A memory of good answers does not make a bad one good: no plan is made of it."""
    memory = Memory()
    read({}, memory)

    with pytest.raises(MalformedAnswerError, match="is not a list"):
        read({place: ok({})}, memory)
    with pytest.raises(RemoteError, match="is not a list"):
        read({place: ok({})}, Memory())


def test_sound_lists_are_not_read_again():
    """The bytes are the same, and so is what they mean: that is enough, and saves reading them."""
    memory = Memory()
    read({}, memory)
    live, _ = read({}, {key: memory[key] for key in memory})
    here = live.domains[D]

    assert isinstance(here.mailboxes, Packed)
    assert isinstance(here.aliases, Packed)
    assert here.mailboxes.digest != here.aliases.digest
    assert [ADA] == list(here.mailboxes.values())


def test_the_digest_names_how_the_answers_are_read():
    """Not only the bytes count: of which API they are, of which domain, with webmail or without."""
    told = Told(domain=D, webmail=True, first=b"[]")
    others = [
        told._replace(webmail=False),
        told._replace(domain=DomainName("b.example")),
        told._replace(first=None, second=b"[]"),
        told._replace(second=b""),
        told._replace(second=b"[]"),
        told._replace(first=b"[] "),
        told._replace(first=b"[", second=b"]"),
    ]

    names = {told.digest(b"x"), told.digest(b"y"), *(one.digest() for one in (told, *others))}
    assert 3 + len(others) == len(names)
    assert told.digest() == told._replace().digest()
