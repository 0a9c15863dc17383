"""
A complete read or no plan, whatever happens to an answer on its way.

Each case makes a plan over real sockets with one call answered badly. It ends with that call
named, or with the very plan that follows without it: for `/check` the plan in which that domain
waits. Two plans are compared: with and without the removal of all that is in no file.
"""

import json
from collections import Counter

import pytest

from mailstate.sandbox import PROFILES
from tests.wire.answers import FINAL, HARMLESS, PASSING, REFUSALS, value
from tests.wire.proxy import Instead
from tests.wire.reading import (
    ALIASES,
    BASIC,
    BROKEN,
    CHECK,
    V1,
    V2,
    A,
    B,
    changes_nothing,
    stops,
)

LISTS = [*BASIC, V2, V1, ALIASES]
OTHERS = [path.replace(A, name) for name in (B, BROKEN) for path in (V2, ALIASES)]

# One of each kind, for calls that are read by the same code as another.
SOME_PASS = ("reset", "silence", "cut in the middle", "chunked, whole but for the end", "500")
SOME_STAY = (
    "404",
    "206 with the right body",
    "302 to the right place",
    "page",
    "nothing",
    "204",
    "error",
    "JSON {}",
    "list of 7",
    "half of it",
    "307 elsewhere",
    "gzip, cut",
)


def test_the_plans_tell_of_every_call(worlds):
    """
    Each call tells something without which one of the plans would be another.
    """
    for profile in PROFILES:
        documents = [json.loads(plan) for plan in worlds[profile].all.plans]
        kinds = Counter((one["action"], one["kind"]) for one in documents[1]["changes"])
        held = {one["reason"] for one in documents[0]["held"]}

        assert kinds.keys() >= {
            ("create", kind) for kind in ("user", "domain", "access", "mailbox", "alias")
        }
        assert kinds.keys() >= {("delete", kind) for kind in ("access", "mailbox", "alias")}
        assert ("update", "mailbox") in kinds
        assert (profile != "2024") == ("action_required" in held)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_trouble_that_passes_makes_no_difference(worlds, path, fault):
    """
    Twice it goes wrong, and then well.
    """
    changes_nothing(worlds["2026"].one, path, fault, times=2)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_trouble_that_stays_stops_the_run(worlds, path, fault):
    """
    Three times is enough.
    """
    stops(worlds["2026"].one, path, fault)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("fault", FINAL.values(), ids=FINAL)
def test_an_answer_that_makes_no_sense_stops_the_run(worlds, path, fault):
    """
    No part of it is taken for the whole, or for nothing.
    """
    stops(worlds["2026"].one, path, fault)


@pytest.mark.parametrize("path", [*LISTS, CHECK])
@pytest.mark.parametrize("fault", HARMLESS.values(), ids=HARMLESS)
def test_what_is_only_unusual_makes_no_difference(worlds, path, fault):
    """
    The same values in another dress are the same values.
    """
    world = worlds["2026"].all if path == CHECK else worlds["2026"].one
    changes_nothing(world, path, fault)


@pytest.mark.parametrize(
    "fault", (PASSING | FINAL | REFUSALS).values(), ids=PASSING | FINAL | REFUSALS
)
def test_a_check_that_fails_has_its_domain_wait(worlds, fault):
    """
    Nothing else of the plan is another, and what happened is told.
    """
    stops(worlds["2026"].all, CHECK, fault)


@pytest.mark.parametrize("path", OTHERS)
@pytest.mark.parametrize("name", SOME_PASS + SOME_STAY)
def test_the_lists_of_further_domains_are_no_other(worlds, path, name):
    """
    Where the first of them was understood, the next one must be too.
    """
    if name in PASSING:
        changes_nothing(worlds["2026"].all, path, PASSING[name], times=2)
    stops(worlds["2026"].all, path, (PASSING | FINAL)[name])


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("name", SOME_PASS + SOME_STAY)
def test_an_older_server_is_no_other(worlds, path, name):
    """
    Nor is the answer by which it says that it has no second API.
    """
    if name in PASSING:
        changes_nothing(worlds["2024"].one, path, PASSING[name], times=2)
    stops(worlds["2024"].one, path, (PASSING | FINAL)[name])


@pytest.mark.parametrize("name", SOME_PASS + SOME_STAY)
def test_the_check_of_an_older_server_is_no_other(worlds, name):
    """
    It has fewer keys, and fails in the same ways.
    """
    stops(worlds["2024-check"].all, CHECK, (PASSING | FINAL)[name])


@pytest.mark.parametrize("name", ["reset", "closed", "cut in the middle", "no HTTP"])
def test_a_check_that_is_cut_is_made_once_more(worlds, name):
    """
    It is slow, and gets one more try where the connection broke.
    """
    changes_nothing(worlds["2026"].all, CHECK, PASSING[name], times=1)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_that_stays_stops_the_run(worlds, path, fault):
    """
    The account has an access to the domain: what it may not read is not unreadable by right.
    """
    stops(worlds["2026"].one, path, fault)


@pytest.mark.parametrize("path", [V2, V1, ALIASES])
@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS)
def test_a_token_that_ended_makes_no_difference(worlds, path, fault):
    """
    The next one is asked for.
    """
    changes_nothing(worlds["2026"].one, path, fault, times=1)


@pytest.mark.parametrize("path", [*LISTS, CHECK])
@pytest.mark.parametrize("other", [*LISTS, CHECK])
def test_the_answer_to_another_call_is_none(worlds, path, other):
    """
    Neither is one kind of list taken for another, nor that of one domain for another's.
    """
    world = worlds["2026"].all
    if path != other:
        stops(world, path, lambda _said: world.answers[other].again())


@pytest.mark.parametrize("profile", ["2024", "2026"])
@pytest.mark.parametrize("path", [V2, V1, ALIASES])
def test_the_list_of_another_domain_is_none(worlds, profile, path):
    """
    Though the first API tells the mailboxes of a whole context in the list of each domain of it.
    """
    world = worlds[profile].all
    other = world.answers.get(path.replace(A, B))
    if other and other.status == 200:
        stops(world, path, lambda _said: other.again())


def test_a_second_api_that_is_gone_makes_no_difference(worlds):
    """
    The first one tells the same.
    """
    answer = Instead(404, b'{"detail": "Not Found"}')
    changes_nothing(worlds["2026"].all, V2, lambda _said: answer)


@pytest.mark.parametrize(
    ("path", "key", "left_out"),
    [
        ("/users/", "name", "la_regie"),
        ("/users/", "name", "stranger"),
        ("/domains/", "name", A),
        ("/domains/", "name", B),
        ("/domains/", "name", BROKEN),
    ],
)
def test_a_list_that_is_known_to_lack_something_stops_the_run(worlds, path, key, left_out):
    """
    The account in use is a user; whoever has an access is one, and has it to a domain.
    """

    def shortened(items):
        rest = [item for item in items if item[key] != left_out]
        assert len(rest) < len(items)
        return rest

    stops(worlds["2026"].all, path, value(shortened))


@pytest.mark.parametrize("path", ["/users/", "/domains/"])
def test_a_list_of_nothing_stops_the_run(worlds, path):
    """
    There is always a user, and a domain where there are accesses.
    """
    stops(worlds["2026"].one, path, value(lambda _: []))
