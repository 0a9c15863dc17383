"""The JSON of plans and reports: its schema, its counts, its digest."""

import copy
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mailstate.applying.outcome import Applied, Report
from mailstate.cli.settings import DEFAULT_CONCURRENCY, DEFAULT_STATE
from mailstate.dimail.patience import LONGEST, Patience
from mailstate.model.resources import Access, Alias, Domain, DomainName, Kind, Mailbox, User
from mailstate.planning.causes import Cause
from mailstate.planning.plan import Action, Actor, Change, HoldReason, Plan, Policy, Reason
from mailstate.planning.planner import plan as plan_for
from mailstate.reporting.entries import resource_values
from mailstate.reporting.explanation import explanation_json
from mailstate.reporting.plan_json import Context, digest, plan_document, plan_json
from mailstate.reporting.problems import problems_json
from mailstate.reporting.report import report_document, report_json
from tests.reporting.strategies import (
    contexts,
    explanations,
    maybe,
    outcomes,
    plans,
    problems,
    reports,
    resources,
)
from tests.strategies import fewer, worlds

SCHEMAS = Path(__file__).parents[2] / "schema"
PROMISED = {
    *("address", "kind", "action", "before", "after", "fields", "reason", "detail", "origin"),
    "cause",
}
PROMISED_OF_HELD = {"domain", "actor", "checks", "records"}
CONTEXT = Context(target="https://dimail.example", policy=Policy(service_account="la_regie"))


def schema(name):
    """Give a schema as it is shipped."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))


PLAN, REPORT, SETTINGS = (schema(name) for name in ("plan", "report", "settings"))
ENTRY = set(PLAN["$defs"]["entry"]["properties"])
BLOCKED = ENTRY | {"note"}
HELD = ENTRY | set(PLAN["$defs"]["held"]["properties"])
OUTCOME = HELD | set(REPORT["$defs"]["outcome"]["properties"])
VALID_PLAN, VALID_REPORT = Draft202012Validator(PLAN), Draft202012Validator(REPORT)


def objects(part):
    """Give every schema of an object with properties within a schema."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield part
        for below in part.values():
            yield from objects(below)
    elif isinstance(part, list):
        for below in part:
            yield from objects(below)


def leaves(value, path=()):
    """Give the path of each value in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))


def altered(document, path, value):
    """Give a copy of the document with another value at a path."""
    if not path:
        return value
    other = copy.copy(document)
    other[path[0]] = altered(document[path[0]], path[1:], value)
    return other


@pytest.mark.parametrize("name", ["plan", "report", "settings"])
def test_a_schema_is_one(name):
    """
    Of the draft that it says.
    """
    Draft202012Validator.check_schema(schema(name))

    assert "https://json-schema.org/draft/2020-12/schema" == schema(name)["$schema"]


@pytest.mark.parametrize("name", ["plan", "report"])
def test_a_schema_requires_each_key_that_it_describes(name):
    """
    Every key is always there, null where there is nothing.
    """
    for part in objects(schema(name)):
        assert sorted(part["properties"]) == sorted(part.get("required", ()))


def test_entries_have_the_keys_that_are_promised():
    """
    Workflows are written on them.
    """
    assert PROMISED == ENTRY
    assert PROMISED_OF_HELD <= HELD


def test_plan_and_report_describe_what_they_share_alike():
    """
    An entry of a plan is an entry of a report.
    """
    for name in ("origin", "check", "entry"):
        assert PLAN["$defs"][name] == REPORT["$defs"][name]


def test_the_schemas_know_the_closed_lists():
    """
    Kinds, actions and actors; of the reasons, which may become more, all that there are today.
    """
    entry, held = PLAN["$defs"]["entry"]["properties"], PLAN["$defs"]["held"]["properties"]

    assert [*Kind] == entry["kind"]["enum"]
    assert [*Action, None] == entry["action"]["enum"]
    assert [*Actor] == held["actor"]["enum"]
    assert [*HoldReason, *Reason] == entry["reason"]["examples"]
    assert [*Cause, None] == entry["cause"]["enum"]


@fewer
@given(worlds())
def test_a_planned_plan_fits_its_schema(world):
    """
    As it comes from the planner.
    """
    made = plan_for(world.desired, world.live, world.policy)

    VALID_PLAN.validate(json.loads(plan_json(made, CONTEXT)))


@fewer
@given(plans, contexts)
def test_any_plan_fits_its_schema_with_every_key_in_every_entry(plan, context):
    """
    In the order in which the schema describes them.
    """
    document = json.loads(plan_json(plan, context))

    VALID_PLAN.validate(document)
    assert list(PLAN["properties"]) == list(document)
    for part in ("changes", "unmanaged"):
        assert all(ENTRY == set(entry) for entry in document[part])
    for part in ("conflicts", "refused"):
        assert all(BLOCKED == set(entry) for entry in document[part])
    assert all(HELD == set(entry) for entry in document["held"])


@fewer
@given(plans)
def test_the_summary_of_a_plan_counts_its_entries(plan):
    """
    And nothing is left out of the document.
    """
    document = plan_document(plan, CONTEXT)

    counts = Counter(entry["action"] for entry in document["changes"])
    lists = ("held", "conflicts", "unmanaged", "refused")
    expected = {action.value: counts[action] for action in Action}
    assert expected | {part: len(document[part]) for part in lists} == document["summary"]
    assert len(plan.changes) == len(document["changes"])
    assert [len(getattr(plan, part)) for part in lists] == [len(document[part]) for part in lists]


@fewer
@given(plans, contexts)
def test_equal_plans_give_the_same_bytes(plan, context):
    """
    And with them the same digest.
    """
    assert plan_json(plan, context) == plan_json(copy.deepcopy(plan), copy.deepcopy(context))


def test_the_order_in_which_python_hashes_is_not_seen():
    """
    It differs from run to run.
    """
    code = (
        "from mailstate.model.resources import Domain; from mailstate.planning.plan import *;"
        "from mailstate.reporting.plan_json import *;"
        "domain = Domain(name='a.example', features=frozenset(map(str, range(50))),"
        "context=None, delivery=None);"
        "change = Change(action=Action.CREATE, before=None, after=domain);"
        "context = Context(target='', policy=Policy(service_account=''));"
        "print(plan_document(Plan(changes=(change,)), context)['digest'])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in "123"
    }

    assert len(seen) == 1


@fewer
@given(plans, contexts, st.data())
def test_any_change_of_content_changes_the_digest(plan, context, data):
    """
    Of any value, anywhere in the document; a mere change of the digest does not fit either.
    """
    document = plan_document(plan, context)
    path = data.draw(st.sampled_from(list(leaves(document))[1:]))
    value = data.draw(st.one_of(maybe, st.booleans(), st.integers(), st.just({}), st.just([])))
    other = altered(document, path, value)

    is_same = json.dumps(document) == json.dumps(other)
    fits = digest(other) == other.get("digest")
    assert is_same == fits


@fewer
@given(plans, contexts, contexts)
def test_target_and_policy_are_content_too(plan, context, other):
    """
    A plan for another server, or under other rules, is another plan.
    """
    digests = {plan_document(plan, one)["digest"] for one in (context, other)}

    assert (context == other) == (len(digests) == 1)


def test_a_plan_names_the_whole_policy():
    """
    All but the account in use (plans are made with another one than applies) and what a shard may
    remove, and the letters.
    """
    expected = {one.name for one in fields(Policy)} - {"account", "within"} | {"notify"}
    assert expected == set(plan_document(Plan(), CONTEXT)["policy"])


@fewer
@given(resources)
def test_an_entry_has_each_field_of_a_resource(resource):
    """
    Under the name it has there, so that a new field cannot be forgotten.
    """
    values = resource_values(resource)

    assert values == {
        name: sorted(getattr(resource, name)) if name == "features" else getattr(resource, name)
        for name in resource.__dataclass_fields__
    }
    assert isinstance(resource, User | Domain | Access | Mailbox | Alias)


@fewer
@given(reports, plans, contexts)
def test_a_report_fits_its_schema_and_adds_up(report, plan, context):
    """
    Every planned and held change has one outcome.
    """
    document = json.loads(report_json(report, plan, context))

    VALID_REPORT.validate(document)
    counts = document["summary"]
    words = ("applied", "failed", "skipped", "held", "not_begun")
    assert counts["planned"] == len(report.outcomes) == sum(counts[word] for word in words)
    assert Counter(entry["outcome"] for entry in document["outcomes"]) == +Counter(
        {word: counts[word] for word in words}
    )
    assert list(REPORT["properties"]) == list(document)
    assert all(OUTCOME == set(entry) for entry in document["outcomes"])
    for part in ("conflicts", "unmanaged", "refused"):
        assert counts[part] == len(document[part]) == len(getattr(plan, part))
    letters = [entry["letter"] for entry in document["outcomes"] if entry["letter"]]
    letters += document["late_letters"]
    assert counts["undelivered"] == sum(not letter["delivered"] for letter in letters)


@fewer
@given(reports, plans, contexts)
def test_a_report_names_the_plan_that_it_is_of(report, plan, context):
    """
    By its digest; what the plan only told is told again.
    """
    document, planned = report_document(report, plan, context), plan_document(plan, context)

    assert planned["digest"] == document["plan_digest"]
    for part in ("target", "conflicts", "unmanaged", "refused"):
        assert planned[part] == document[part]


@fewer
@given(outcomes)
def test_an_outcome_says_nothing_that_does_not_concern_it(outcome):
    """
    Holds are told of what is held, causes of what was skipped, and so on.
    """
    entry = report_document(Report(outcomes=(outcome,)), Plan(), CONTEXT)["outcomes"][0]

    word = entry["outcome"]
    assert (word == "held") == (entry["domain"] is not None)
    assert (word == "held") == (entry["reason"] is not None)
    assert (word == "skipped") == (entry["because"] is not None)
    assert word == "failed" or not (entry["hint"] or entry["unknown"])
    assert word == "applied" or not entry["password_lost"]
    assert word in {"applied", "failed"} or entry["letter"] is None


@fewer
@given(problems)
def test_problems_as_json_are_all_there(some):
    """
    Each with its place, its rule and what to do.
    """
    document = json.loads(problems_json(some, ["a.yaml"]))

    assert ["a.yaml"] == document["files"]
    assert [
        (one.place.file, one.place.line, one.place.column, one.severity, one.rule, one.message)
        for one in some
    ] == [
        tuple(entry[key] for key in ("file", "line", "column", "severity", "rule", "message"))
        for entry in document["problems"]
    ]
    assert [one.hint for one in some] == [entry["hint"] for entry in document["problems"]]
    assert len(some) == document["summary"]["errors"] + document["summary"]["warnings"]


@fewer
@given(explanations)
def test_an_explanation_as_json_has_every_key(explanation):
    """
    Null where there is nothing.
    """
    document = json.loads(explanation_json(explanation))

    assert explanation.key == document["address"]
    assert resource_values(explanation.desired) == document["desired"]
    assert resource_values(explanation.live) == document["live"]
    assert (explanation.place is None) == (document["origin"] is None)


def test_the_settings_are_described_with_their_defaults():
    """
    What an editor shows is what the command does.
    """
    properties = SETTINGS["properties"]

    assert DEFAULT_CONCURRENCY == properties["concurrency"]["default"]
    assert DEFAULT_STATE == properties["state"]["default"]
    timeouts = properties["timeouts"]["properties"]
    assert Patience() == Patience(**{name: timeouts[name]["default"] for name in timeouts})
    assert {LONGEST} == {timeout["maximum"] for timeout in timeouts.values()}
    assert Policy(service_account="").assume_enabled is properties["assume_enabled"]["default"]
    assert all(setting["description"] for setting in properties.values())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "https://dimail.example", "username": "la_regie", "concurrency": 1},
        {"service_account": "x", "assume_enabled": True, "ca_file": "ca.pem", "state": "mail"},
    ],
)
def test_settings_that_fit(settings):
    """
    All of them may be left out.
    """
    assert Draft202012Validator(SETTINGS).is_valid(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"password": "x"},
        {"url": ""},
        {"url": 1},
        {"username": ""},
        {"concurrency": 0},
        {"concurrency": 33},
        {"concurrency": "4"},
        {"concurrency": True},
        {"assume_enabled": "yes"},
        {"state": ""},
    ],
)
def test_settings_that_do_not_fit(settings):
    """
    An empty setting is a mistake, not a way to leave it out.
    """
    assert not Draft202012Validator(SETTINGS).is_valid(settings)


def test_a_mailbox_found_by_reading_back_says_so():
    """
    Its first password was lost with the answer.
    """
    box = Mailbox(
        domain=DomainName("a.example"),
        local_part="ada",
        first_name="Ada",
        last_name="Lovelace",
        display_name="Ada Lovelace",
        active=True,
    )
    change = Change(action=Action.CREATE, before=None, after=box)
    report = Report(outcomes=(Applied(change=change, password_lost=True),))
    entry = report_document(report, Plan(), CONTEXT)["outcomes"][0]

    assert entry["password_lost"]
    assert entry["detail"].startswith("its first password was lost")
