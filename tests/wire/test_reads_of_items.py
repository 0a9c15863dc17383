"""Items of a list that are not as promised: no plan, or one that does less, never more."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.wire.answers import body, value
from tests.wire.reading import ALIASES, BASIC, CHECK, V1, V2, A, World, stops

NEEDED = {
    "/allows/": ("user", "domain"),
    "/users/": ("name",),
    "/domains/": ("name", "features"),
    "/token/": ("access_token",),
    V2: ("email",),
    V1: ("email", "status"),
    ALIASES: ("username", "domain", "destination"),
    CHECK: ("name", "features", "state", "domain_exist.ok"),
}
TOLD_BY_SOME = {
    "/users/": ("is_admin",),
    "/domains/": ("context_name", "delivery", "state"),
    V2: (
        "active",
        "extras",
        "extras.ox",
        "extras.ox.given_name",
        "extras.ox.sur_name",
        "extras.ox.display_name",
    ),
    V1: ("givenName", "surName", "displayName", "active"),
    CHECK: ("context_name", "delivery", "mx", "domain_exist.internal", "domain_exist.errors"),
}
GONE = "(gone)"
"""Stands for a key that is not there."""


def keys(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(path, key) for path, names in table.items() for key in names]


def having(key: str, wrong: object) -> Callable[[Any], Any]:
    """Makes *key* of one item *wrong*: of the mailbox that is to be changed, or of the last."""

    def change(told: Any) -> Any:
        if isinstance(told, dict):
            item = told
        else:
            item = next((one for one in told if one.get("email", "")[:4] == "ada@"), told[-1])
        *way, last = key.split(".")
        for step in way:
            item = item[step]
        assert last in item
        if wrong == GONE:
            del item[last]
        else:
            item[last] = wrong
        return told

    return change


def world_of(path: str, worlds: Any) -> World:
    world: World = worlds["2026"].all if path == CHECK else worlds["2026"].one
    return world


@pytest.mark.parametrize(("path", "key"), keys(NEEDED))
@pytest.mark.parametrize("wrong", [GONE, None, 7, math.nan, {}, [None], {"canary": 1}], ids=repr)
def test_what_must_be_there_and_is_not_stops_the_run(worlds, path, key, wrong):
    """
    One item without one of its keys makes the whole list worthless.
    """
    stops(world_of(path, worlds), path, value(having(key, wrong)))


@pytest.mark.parametrize(("path", "key"), keys(TOLD_BY_SOME))
@pytest.mark.parametrize("wrong", [7, math.nan, [None], "canary"], ids=repr)
def test_what_is_of_another_type_stops_the_run(worlds, path, key, wrong):
    """
    Also where a server may leave it out.
    """
    is_text = key in {
        "context_name",
        "delivery",
        "state",
        "givenName",
        "surName",
        "displayName",
        "active",
    } or key.endswith("_name")
    if not (is_text and wrong == "canary"):
        stops(world_of(path, worlds), path, value(having(key, wrong)))


@pytest.mark.parametrize(("path", "key"), keys(TOLD_BY_SOME))
@pytest.mark.parametrize("wrong", [GONE, None], ids=["gone", "null"])
def test_what_is_not_told_is_unknown_and_never_a_difference(worlds, path, key, wrong):
    """
    The plan does the same, or less.
    """
    world, fault = world_of(path, worlds), value(having(key, wrong))
    if key == "is_admin" and wrong is None:
        stops(world, path, fault)  # older servers leave it out, none says that it does not know
        return
    plans = world.planned(world.read_with(path, fault))

    for plan, true_plan in zip(plans, world.plans, strict=True):
        assert done(plan) <= done(true_plan)


def done(plan: str) -> set[tuple[str, str, str | None]]:
    """What is done by *plan*: to what, and to which of its fields."""
    return {
        (change["action"], change["address"], field)
        for change in json.loads(plan)["changes"]
        for field in change["fields"] or [None]
    }


def test_the_check_of_another_domain_is_none(worlds):
    """
    Its state would open this one.
    """
    stops(worlds["2026"].all, CHECK, value(lambda told: {**told, "name": A, "state": "ok"}))


@pytest.mark.parametrize("path", [V2, V1, "/domains/"])
def test_a_list_that_contradicts_itself_stops_the_run(worlds, path):
    """
    One thing told in two ways: at least one of them is wrong.
    """

    def twice(told):
        other = {"/domains/": {"state": "broken"}}.get(path, {"active": "no"})
        return [*told, *({**item, **other} for item in told)]

    stops(worlds["2026"].one, path, value(twice))


@pytest.mark.parametrize("path", [*BASIC, V2, V1, ALIASES, CHECK])
def test_a_key_that_is_there_twice_stops_the_run(worlds, path):
    """
    Which of the two counts is anybody's guess.
    """

    def doubled(text: bytes) -> bytes:
        return text.replace(b'{"', b'{"email":"x@a.example","name":"x","email":"y@a.example","', 1)

    stops(world_of(path, worlds), path, body(doubled))
