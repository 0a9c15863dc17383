"""What programs read: JSON on standard output, saved plans, reports, journals, logs, schemas."""

import json
from importlib import resources
from unittest import mock

import pytest
from jsonschema import Draft202012Validator

from tests.cli.support import ALICE, COMMUNE, DISABLED, SECONDARY


def schema(name):
    path = resources.files("mailstate") / "schema" / f"{name}.schema.json"
    return json.loads(path.read_text("utf-8"))


def fits(document, name):
    """Say what of *document* is not as its schema asks."""
    return [error.message for error in Draft202012Validator(schema(name)).iter_errors(document)]


def one_for_many(place):
    """Have a secondary address that is used too often, which is worth a warning."""
    many = "".join(
        f"      - {{local_part: n{number}, first_name: N{number}, last_name: Petit,"
        " secondary_email: all@perso.example}\n"
        for number in range(11)
    )
    place.write("state/commune.yaml", COMMUNE.replace("    aliases:\n", f"{many}    aliases:\n"))


def troubled(place):
    """Have one of everything that a plan can tell."""
    place.call("apply", "--yes")
    store = place.sandbox.store
    store.add_mailbox("commune.example", "max", given_name="Max", sur_name="Petit")
    store.add_user("stranger")
    store.add_allow("stranger", "commune.example")
    place.write("state/commune.yaml", COMMUNE.replace("owners", "delivery: relay\n    owners"))
    place.write("state/closed.yaml", DISABLED)
    place.write(
        "state/new.yaml", "domains:\n  - {name: new.example, owners: [bob.durand], aliases: []}\n"
    )


def test_a_plan_as_json_is_pure_and_the_same_as_its_file(place):
    """
    Warnings and all else go to standard error; two plans of the same have the same bytes.
    """
    troubled(place)
    one_for_many(place)
    ran = place.run("plan", "--format", "json", "--out", "plan.json")

    assert 0 == ran.code
    assert ran.err.startswith("warning: state/commune.yaml:")
    assert ran.out == place.read("plan.json")
    assert ran.out == place.call("plan", "--format", "json").out
    assert [] == fits(ran.json, "plan")
    assert ran.out.isascii()


def test_a_plan_tells_everything(place):
    """
    Each of its lists, with the counts of the summary.
    """
    troubled(place)
    plan = place.call("plan", "--format", "json").json

    assert {"create": 3, "held": 3, "conflicts": 1, "unmanaged": 2, "refused": 3}.items() <= plan[
        "summary"
    ].items()
    for name in ("held", "conflicts", "unmanaged", "refused"):
        assert plan["summary"][name] == len(plan[name])
    assert place.sandbox.url == plan["target"]


def test_a_report_as_json_is_pure_and_the_same_as_its_file(place):
    """
    And accounts for each change, also of a run in which some failed.
    """
    troubled(place)
    place.sandbox.add_fault(kind="answer", method="POST", path="/domains/", status=422)
    ran = place.run("apply", "--yes", "--format", "json", "--report", "report.json")
    report = ran.json

    assert 1 == ran.code
    assert ran.out == place.read("report.json")
    assert [] == fits(report, "report")
    assert len(report["outcomes"]) == report["summary"]["planned"]
    assert "failed    + domain/new.example" in ran.err


def test_the_journal_tells_what_was_begun_and_what_became_of_it(place):
    """
    Line by line, run by run; nobody else may read it.
    """
    place.sandbox.publish_dns("commune.example")
    for _ in range(2):
        place.call("apply", "--yes", "--journal", "journal.jsonl")
    lines = [json.loads(line) for line in place.read("journal.jsonl").splitlines()]
    first = lines[: [line["event"] for line in lines].index("finished") + 1]
    planned = first[0]["planned"]

    assert "run" == first[0]["event"]
    assert 9 == len(planned)
    assert planned == sorted(planned, key=planned.index)
    for address in planned:
        told = [line["event"] for line in first if line.get("address") == address]
        assert ["begun", "ended"] == told
    assert [("commune.example", None)] == [
        (line["domain"], line["hold"]) for line in first if line["event"] == "looked"
    ]
    assert ["run", "finished"] == [line["event"] for line in lines[len(first) :]]
    assert 0o600 == (place.folder / "journal.jsonl").stat().st_mode & 0o777


def test_a_killed_run_leaves_a_journal_that_tells_what_is_unknown(place):
    """
    SIGKILL in the middle of a call; the next run converges.
    """
    place.sandbox.publish_dns("commune.example")
    place.sandbox.add_fault(
        kind="slow_after", method="POST", path="/domains/*/mailboxes/*", delay=30, times=None
    )
    options = ("--concurrency", "1", "--journal", "journal.jsonl")
    with place.start("apply", "--yes", *options) as process:
        place.wait_for("mailbox")
        process.kill()
        process.communicate()
    lines = [json.loads(line) for line in place.read("journal.jsonl").splitlines()]
    begun = {line["address"] for line in lines if line["event"] == "begun"}
    ended = {line["address"] for line in lines if line["event"] == "ended"}

    assert {"mailbox/ada@commune.example"} == begun - ended

    place.sandbox.clear_faults()

    assert 0 == place.call("apply", "--yes").code
    assert 0 == place.call("plan", "--detailed-exitcode").code
    made = [effect.object for effect in place.sandbox.effects() if effect.kind == "mailbox"]
    assert ["ada@commune.example", "zoe@commune.example"] == sorted(made)


def test_no_secret_is_told_anywhere(place):
    """
    Neither the password of the account, nor a token, nor that of a mailbox: with all logs on.
    """
    answers = []
    place.write("state/commune.yaml", SECONDARY)
    place.sandbox.publish_dns("commune.example")
    original = place.sandbox.store.hashed

    def hashed(password):
        answers.append(password)
        return original(password)

    with mock.patch.object(place.sandbox.store, "hashed", hashed):
        files = ("--journal", "journal.jsonl", "--report", "report.json")
        ran = place.run("apply", "--yes", "--no-notify", "-v", "--log-format", "json", *files)
    everything = ran.out + ran.err + place.read("journal.jsonl") + place.read("report.json")

    assert 0 == ran.code
    assert answers
    for secret in (*filter(lambda known: known != "no", answers), place.sandbox.password, "eyJ"):
        assert secret not in everything


def test_v_logs_each_call(place):
    """
    Method, path, status and time, as text or as JSON lines.
    """
    text = place.run("plan", "-v")
    asked = place.sandbox.requests()
    lines = place.run("plan", "--verbose", "--log-format", "json").err.splitlines()
    events = [json.loads(line) for line in lines]

    assert text.out == place.call("plan").out
    assert len(asked) == len(text.err.splitlines())
    assert " GET /users/: 200 in " in text.err
    assert {"at", "level", "logger", "message"} == set(events[0])
    assert any(event["message"].startswith("GET /domains/: 200 in ") for event in events)


@pytest.mark.parametrize("name", ["state", "plan", "report", "settings"])
def test_schemas_are_printed_as_they_are_used(place, name):
    """
    Each of them, that of the state files by default.
    """
    ran = place.call("schema", name)
    Draft202012Validator.check_schema(ran.json)

    assert (0, "") == (ran.code, ran.err)
    assert schema(name) == ran.json
    if name == "state":
        assert ran == place.call("schema")


def test_problems_are_told_as_json(place):
    """
    With their places, for editors.
    """
    place.write("state/commune.yaml", COMMUNE.replace("owners", "ownres"))
    ran = place.call("validate", "--format", "json")

    assert (3, "") == (ran.code, ran.err)
    assert 1 == ran.json["summary"]["errors"]
    assert {"file": "state/commune.yaml", "line": 3, "column": 5}.items() <= ran.json["problems"][
        0
    ].items()


def test_notes_are_on_the_files_of_the_checkout(place):
    """
    Those of `validate` and of `plan`, whatever folder of it is worked in.
    """
    checkout = {"GITHUB_WORKSPACE": str(place.folder.parent)}
    name = place.folder.name
    ran = place.call("plan", "--format", "github", env=checkout)
    assert f"::notice file={name}/state/commune.yaml,line=" in ran.out

    place.write("state/commune.yaml", COMMUNE.replace("owners", "ownres"))
    ran = place.call("validate", "--format", "github", env=checkout)
    assert ran.out.startswith(f"::error file={name}/state/commune.yaml,line=3,col=5,")


def test_problems_are_told_as_sarif(place):
    """
    Files by their way from the checkout of the workflow; what sums it up is no part of it.
    """
    place.write("state/commune.yaml", COMMUNE.replace("owners", "ownres"))
    checkout = {"GITHUB_WORKSPACE": str(place.folder.parent)}
    ran = place.call("validate", "--format", "sarif", env=checkout)

    assert (3, "1 error in 2 files\n") == (ran.code, ran.err)
    (found,) = ran.json["runs"][0]["results"]
    assert "schema/unknown-field" == found["ruleId"]
    assert {
        "artifactLocation": {
            "uri": f"{place.folder.name}/state/commune.yaml",
            "uriBaseId": "%SRCROOT%",
        },
        "region": {"startLine": 3, "startColumn": 5},
    } == found["locations"][0]["physicalLocation"]


def test_strict_takes_warnings_for_errors(place):
    """
    In validate; without it they are shown, and that is all.
    """
    one_for_many(place)
    ran, strict = place.call("validate"), place.call("validate", "--strict")

    assert (0, 3) == (ran.code, strict.code)
    assert "1 warning in 2 files" in ran.out


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("mailbox/Zoe@Commune.Example", "mailbox/zoe@commune.example"),
        (f"user/{ALICE.upper()}", f"user/{ALICE}"),
        (f"user/{ALICE.replace('-', '')}", f"user/{ALICE}"),
        (f"access/COMMUNE.example/{ALICE}", f"access/commune.example/{ALICE}"),
        ("domain/Élysée.example", "domain/xn--lyse-9oad.example"),
        (" domain/commune.example\n", "domain/commune.example"),
        (
            "alias/Contact@commune.example/ADA@commune.example",
            "alias/contact@commune.example/ada@commune.example",
        ),
    ],
)
def test_an_address_may_be_spelt_as_people_do(place, written, key):
    """
    Explain answers under the address that plans show.
    """
    ran = place.call("explain", written, "--format", "json")

    assert key == ran.json["address"]
    assert ran.json["known"] == (ran.code == 0)


@pytest.mark.parametrize("written", ["", "/", "user/", "alias/a@b.example", "access/x", "x/y/z"])
def test_what_is_no_address_is_told_before_dimail_is_asked(place, written):
    """
    With the forms that there are.
    """
    ran = place.call("explain", written)

    assert 2 == ran.code
    assert "mailbox/ADDRESS" in ran.err
    assert [] == place.sandbox.requests()
