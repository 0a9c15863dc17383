"""`mailstate snapshot`, and the record it makes: whole, untouched, and equal to what was read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from mailstate.errors import ExitCode, SettingsError
from mailstate.model.resources import Domain, DomainName
from mailstate.model.state import DesiredDomain, DesiredState
from mailstate.reporting.plan_json import digest
from mailstate.reporting.snapshot import (
    name_digest,
    read_snapshot,
    snapshot,
    snapshot_json,
)
from tests.strategies import worlds

SCHEMA = json.loads((Path(__file__).parents[2] / "schema/snapshot.schema.json").read_text("utf-8"))


def recorded(world):
    """What is live in *world*, as a snapshot."""
    declared = world.desired.domains
    return snapshot(
        world.live, target="https://d.test", declared=declared, existing=[DomainName("z.test")]
    )


def wanting(*names):
    """Files that declare the domains *names*."""
    return DesiredState(
        domains={
            name: DesiredDomain(
                domain=Domain(name=name, features=frozenset(), context=None, delivery=None),
                roles={},
            )
            for name in names
        }
    )


@given(worlds())
def test_what_is_read_back_is_what_was_live(world):
    """
    Equal, whatever it was; and it fits its schema.
    """
    text = snapshot_json(recorded(world))

    again = read_snapshot(text, name="live.json")

    assert recorded(world) == again
    assert world.live == again.live == again.of(world.desired)
    assert text == snapshot_json(again)
    assert [] == list(Draft202012Validator(SCHEMA).iter_errors(json.loads(text)))


@given(worlds())
def test_a_snapshot_that_is_cut_off_or_changed_is_refused(world):
    """
    None is better than half of one.
    """
    text = snapshot_json(recorded(world))
    changed = text.replace('"tells_active": ', '"tells_active": true, "was": ')

    for wrong in (text[:-5], text[: len(text) // 2], "", changed):
        with pytest.raises(SettingsError, match=r"not JSON|was changed after"):
            read_snapshot(wrong, name="live.json")


EMPTY = {
    "format_version": "1.0",
    "tool_version": "0",
    "target": "https://d.test",
    "declared": ["a.example"],
    "others": [],
    "tells_active": True,
    "users": [],
    "accesses": [],
    "domains": [],
}
DOMAIN = {
    "name": "a.example",
    "features": ["webmail"],
    "context": None,
    "delivery": None,
    "state": "ok",
    "failing": [],
    "check_error": None,
    "readable": True,
    "mailboxes": [],
    "aliases": [],
}
BOX = {
    "local_part": "ada",
    "first_name": None,
    "last_name": None,
    "display_name": None,
    "active": None,
    "half_made": False,
}
ALLOW = {"domain": "a.example", "user": "ann"}


def sealed(**values):
    """A snapshot with *values*, its digest right."""
    document = {**EMPTY, **values}
    return json.dumps({**document, "digest": digest(document)})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "is not a snapshot"),
        ("[" * 100_000, "is not JSON"),
        (sealed(format_version="2.0"), "a snapshot format that this version does not read"),
        (sealed(format_version=1), "a snapshot format that this version does not read"),
        (sealed(users=[1]), "type"),
        (sealed(domains=[{**DOMAIN, "state": "fine"}]), "enum"),
        (sealed(domains=[{"name": "a.example"}]), "required"),
        (sealed(domains=[DOMAIN, DOMAIN]), "there twice"),
        (sealed(domains=[{**DOMAIN, "name": "b.example"}]), "b.example is not declared"),
        (sealed(domains=[{**DOMAIN, "mailboxes": [BOX, {**BOX, "local_part": "ADA"}]}]), "twice"),
        (sealed(accesses=[ALLOW, ALLOW]), "there twice"),
        (sealed(accesses=[{**ALLOW, "domain": "b.example"}]), "an access to b.example"),
        (sealed(users=["ann", "ann"]), "there twice"),
    ],
)
def test_what_makes_no_sense_is_refused(text, why):
    """
    Even if its digest fits.
    """
    with pytest.raises(SettingsError, match=why):
        read_snapshot(text, name="live.json")


def test_a_domain_that_was_not_looked_at_is_not_taken_for_absent():
    """
    One that dimail did not have is absent; names of others are not told.
    """
    known, new = DomainName("known.example"), DomainName("new.example")
    one = snapshot(
        read_snapshot(sealed(), name="x").live, target="t", declared=[], existing=[known]
    )

    assert frozenset({name_digest(known)}) == one.others
    assert "known.example" not in snapshot_json(one)
    assert {} == one.of(wanting(new)).domains
    with pytest.raises(SettingsError, match=r"does not cover known\.example"):
        one.of(wanting(known, new))
    covered = replace(one, declared=frozenset({known}))
    assert {} == covered.of(wanting(known)).domains


def test_the_command_writes_what_dimail_has(settled):
    """
    Twice the same bytes; no password, no time.
    """
    settled.sandbox.store.add_domain("foreign.example")

    first = settled.call("snapshot", "--out", "live.json")
    text = settled.read("live.json")
    second = settled.call("snapshot", "--out", "live.json")

    assert (0, 0) == (first.code, second.code)
    assert "wrote live.json: 1 domain, 2 mailboxes, 1 alias\n" == first.out
    assert text == settled.read("live.json")
    assert settled.sandbox.password not in text
    live = read_snapshot(text, name="live.json")
    assert {"commune.example"} == set(live.live.domains)
    assert frozenset({name_digest(DomainName("foreign.example"))}) == live.others


def test_the_checks_of_a_domain_that_does_not_work_are_recorded(place):
    """
    A pull request may want something on it, and its plan says then who must act.
    """
    place.sandbox.store.add_domain("commune.example", state="broken")

    ran = place.call("snapshot", "--out", "live.json")

    assert 0 == ran.code
    domain = read_snapshot(place.read("live.json"), name="x").live.domains[
        DomainName("commune.example")
    ]
    assert ["domain_exist"] == [check.name for check in domain.failing]


def test_nothing_is_written_where_something_cannot_be_read(settled):
    """
    A failing answer ends it.
    """
    settled.sandbox.add_fault(
        kind="answer", method="GET", path="/allows/", status=403, times=None, body="{}"
    )
    try:
        ran = settled.call("snapshot", "--out", "live.json")
    finally:
        settled.sandbox.clear_faults()

    assert 4 == ran.code
    assert not (settled.folder / "live.json").exists()


def test_a_plan_spares_the_snapshot_that_it_is_made_against(place):
    """
    Somebody may have no other.
    """
    place.call("snapshot", "--out", "live.json")
    recorded = place.read("live.json")
    ran = place.call("plan", "--live", "live.json", "--out", "./live.json")

    assert (ExitCode.USAGE, "") == (ran.code, ran.out)
    assert "error: the plan would take the place of live.json\n" in ran.err
    assert recorded == place.read("live.json")
