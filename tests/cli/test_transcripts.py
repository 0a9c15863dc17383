"""
What the commands print, whole: each scenario is a session as a reader would see it.

`UPDATE_GOLDEN=1 pytest tests/cli/test_transcripts.py` writes the files anew; read what changed.
"""

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.support import ALICE, COMMUNE, DISABLED, SECONDARY

GOLDEN = Path(__file__).parent / "golden"


class Session:
    """Runs commands and keeps what was typed, shown and returned."""

    def __init__(self, place):
        self.place = place
        self.lines = []

    def note(self, text):
        self.lines.append(f"# {text}\n")

    def __call__(self, command, **more):
        ran = self.place.call(*shlex.split(command)[1:], **more)
        self.lines.append(f"$ {command}\n")
        for name, text in (("", ran.out), ("stderr: ", ran.err)):
            self.lines += [f"{name}{line}\n" for line in self.place.plain(text).splitlines()]
        self.lines.append(f"exit code {int(ran.code)}\n\n")
        return ran


def the_whole_way(session):
    session("mailstate validate")
    session("mailstate plan")
    session("mailstate apply --yes --concurrency 1")
    session("mailstate plan --detailed-exitcode")
    session.note("the owner publishes the records")
    session.place.sandbox.publish_dns("commune.example")
    session("mailstate apply --yes --concurrency 1")
    session("mailstate plan --detailed-exitcode")


def updates_and_strangers(session):
    session.place.sandbox.publish_dns("commune.example")
    session.place.call("apply", "--yes")
    session.note("somebody works behind our back, and the files change")
    store = session.place.sandbox.store
    store.add_mailbox("commune.example", "max", given_name="Max", sur_name="Petit")
    store.add_alias("commune.example", "old", "somebody@elsewhere.example")
    store.add_user("stranger")
    store.add_allow("stranger", "commune.example")
    text = COMMUNE.replace("first_name: Ada", "first_name: Adèle")
    text = text.replace("owners", "delivery: relay\n    owners")
    session.place.write("state/commune.yaml", text)
    session.place.write("state/closed.yaml", DISABLED)
    session("mailstate plan")
    session("mailstate apply --yes --concurrency 1")


def internal_checks(session):
    session.place.sandbox.publish_dns("commune.example")
    session.place.sandbox.set_internal("commune.example", "cert", ok=False, fixable=False)
    session("mailstate apply --yes --concurrency 1")
    session("mailstate plan")


def one_record_missing(session):
    session.place.call("apply", "--yes")
    session.place.sandbox.publish_dns("commune.example")
    session.place.sandbox.remove_record("commune.example", "mx")
    session("mailstate plan")


def failures(session):
    sandbox = session.place.sandbox
    sandbox.publish_dns("commune.example")
    sandbox.add_fault(kind="answer", method="POST", path="/domains/*/mailboxes/ada", status=422)
    sandbox.add_fault(kind="500_after", method="POST", path="/domains/*/mailboxes/zoe")
    session("mailstate apply --yes --concurrency 1")


def explanations(session):
    session("mailstate explain mailbox/zoe@commune.example")
    session.place.sandbox.publish_dns("commune.example")
    session.place.call("apply", "--yes")
    session("mailstate explain mailbox/zoe@commune.example")
    session("mailstate explain domain/commune.example")
    session(f"mailstate explain user/{ALICE}")
    session(f"mailstate explain access/commune.example/{ALICE}")
    session("mailstate explain access/commune.example/la_regie")
    session("mailstate explain alias/contact@commune.example/ada@commune.example")
    session.note("a viewer is recorded in the files alone")
    session("mailstate explain access/commune.example/7a2e4b80-5e3d-4b2c-9f50-3b4c5d6e7f80")
    session.note("a typo")
    session("mailstate explain mailbox/zoé@commune.example")
    session("mailstate explain zoe@commune.example")
    session("mailstate explain zoe")


def explanations_of_trouble(session):
    place = session.place
    place.call("apply", "--yes")
    place.write("state/closed.yaml", DISABLED)
    place.sandbox.store.add_mailbox("commune.example", "max", given_name="Max", sur_name="Petit")
    place.write(
        "state/commune.yaml", COMMUNE.replace("owners", "features: [mailbox, alias]\n    owners")
    )
    session("mailstate explain mailbox/zoe@commune.example")
    session("mailstate explain mailbox/eve@closed.example")
    session("mailstate explain domain/commune.example")
    place.write("state/commune.yaml", COMMUNE)
    place.sandbox.publish_dns("commune.example")
    place.call("apply", "--yes")
    session("mailstate explain mailbox/max@commune.example")


def wrong_usage(session):
    session("mailstate plna")
    session("mailstate plan --colour")
    session("mailstate plan now")
    session("mailstate plan --concurrency 99")
    session("mailstate plan --format yaml")
    session("mailstate plan --sandbox --url https://dimail.example")
    session("mailstate apply")
    session("mailstate explain")
    session("mailstate schema nope")
    session("mailstate sandbox strat")


def wrong_settings(session):
    place = session.place
    none = {"MAILSTATE_URL": "", "MAILSTATE_USERNAME": "", "MAILSTATE_PASSWORD": ""}
    session.note("what CI gives for secrets that are not set: empty texts")
    session("mailstate plan", env=none)
    session("mailstate plan --url https://dimail.example", env=none)
    session("mailstate plan", env={"MAILSTATE_PASSWORD": ""})
    session("mailstate plan", env={"MAILSTATE_PASSWORD": "", "MAILSTATE_PASSWORD_FILE": "nowhere"})
    place.write("empty", "\n")
    session("mailstate plan", env={"MAILSTATE_PASSWORD": "", "MAILSTATE_PASSWORD_FILE": "empty"})
    session("mailstate plan", env={"MAILSTATE_USERNAME": "a:b"})
    session("mailstate plan", env={"MAILSTATE_CA_FILE": "nowhere", "MAILSTATE_URL": "https://a.b"})
    for url in ("http://dimail.example", "https://me:secret@dimail.example", "ftp://a", "http://["):
        session(f"mailstate plan --url {url}")
    session("mailstate plan --url http://127.0.0.1:99999")
    place.write(
        "mailstate.toml",
        'urll = "https://dimail.example"\npassword = "hunter2"\nusername = ""\n'
        'concurrency = 0\nassume_enabled = "yes"\n[targets]\n',
    )
    session("mailstate plan")
    session("mailstate validate")
    place.write("mailstate.toml", "url = [\n")
    session("mailstate plan")
    place.write("mailstate.toml", b"url = '\xff'\n")
    session("mailstate plan")


def wrong_files(session):
    place = session.place
    session("mailstate plan --state nowhere")
    place.write("state/commune.yaml", COMMUNE.replace("owners: [alice", "ownres: [alise"))
    place.write("state/other.yaml", "domains: [\n")
    session("mailstate validate")
    session("mailstate validate --format github")
    session("mailstate plan")
    session("mailstate apply --yes --concurrency 1")
    session("mailstate validate state/users.yaml")


def wrong_places(session):
    place = session.place
    (place.folder / "folder").mkdir()
    session("mailstate plan --out nowhere/plan.json")
    session("mailstate plan --out folder")
    session("mailstate apply --yes --concurrency 1 --report nowhere/report.json")
    session("mailstate apply --yes --concurrency 1 --journal nowhere/journal.jsonl")
    session("mailstate apply --yes --concurrency 1 --journal folder")
    session("mailstate apply --yes --concurrency 1 folder")
    session.note("none of it has begun anything")
    session("mailstate plan --detailed-exitcode")


def a_dimail_that_fails(session):
    sandbox = session.place.sandbox
    session("mailstate plan", env={"MAILSTATE_PASSWORD": "wrong"})
    for kind in ("cut", "reset_before", "500_before"):
        sandbox.add_fault(kind=kind, path="/allows/", times=None)
        session("mailstate plan")
        sandbox.clear_faults()
    for body in ("<html>", '{"a": 1}', '[{"name": 3}]'):
        sandbox.add_fault(kind="answer", path="/domains/", body=body)
        session("mailstate plan")
    sandbox.add_fault(kind="answer", path="/users/", body="[]")
    session("mailstate plan")


def saved_plans(session):
    place = session.place
    session("mailstate plan --out plan.json")
    saved = place.read("plan.json")
    session.note("somebody edits it")
    place.write("plan.json", saved.replace("Ada Martin", "Eve Martin"))
    session("mailstate apply --yes --concurrency 1 plan.json")
    place.write("plan.json", "{}")
    session("mailstate apply --yes --concurrency 1 plan.json")
    place.write("plan.json", "plan")
    session("mailstate apply --yes --concurrency 1 plan.json")
    place.write("plan.json", b"\xff")
    session("mailstate apply --yes --concurrency 1 plan.json")
    session("mailstate apply --yes --concurrency 1 nowhere.json")
    place.write("plan.json", saved)
    session.note("the files ask for more, and for something else")
    more = "      - {local_part: max, first_name: Max, last_name: Petit}\n    aliases:\n"
    text = COMMUNE.replace("    aliases:\n", more).replace("name: Ada", "name: Adèle")
    place.write("state/commune.yaml", text)
    session("mailstate apply --yes --concurrency 1 plan.json")
    session.note("other settings")
    place.write("state/commune.yaml", COMMUNE)
    place.write("mailstate.toml", "assume_enabled = true\n")
    session("mailstate apply --yes --concurrency 1 plan.json")
    place.write("mailstate.toml", "")
    session.note("less than was approved")
    place.write("state/commune.yaml", COMMUNE.replace("      - {user: bob", "      # - {user: bob"))
    session("mailstate apply --yes --concurrency 1 plan.json")
    session.note("as approved")
    place.write("state/commune.yaml", COMMUNE)
    session("mailstate apply --yes --concurrency 1 plan.json")
    session.note("again, with nothing left to do")
    place.sandbox.publish_dns("commune.example")
    session("mailstate apply --yes --concurrency 1 plan.json")
    session("mailstate apply --yes --concurrency 1 plan.json")


def confirmations(session):
    session.place.write("state/commune.yaml", SECONDARY)
    session.place.sandbox.publish_dns("commune.example")
    session("mailstate apply --yes --concurrency 1")
    session("mailstate apply --yes --concurrency 1 --no-notify")
    session("mailstate apply --yes --concurrency 1")


SCENARIOS = [
    the_whole_way,
    updates_and_strangers,
    internal_checks,
    one_record_missing,
    failures,
    explanations,
    explanations_of_trouble,
    wrong_usage,
    wrong_settings,
    wrong_files,
    wrong_places,
    a_dimail_that_fails,
    saved_plans,
    confirmations,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_session_reads_as_it_should(place, scenario):
    """
    Every word of it, standard output and errors, and the exit codes.
    """
    session = Session(place)
    scenario(session)
    actual = re.sub(r"\n+\Z", "\n", "".join(session.lines))
    path = GOLDEN / f"{scenario.__name__}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(actual, "utf-8")
    expected = path.read_text("utf-8")

    assert expected == actual
    assert "Traceback" not in actual


def test_each_golden_file_has_its_scenario():
    """
    None is left behind.
    """
    assert {scenario.__name__ for scenario in SCENARIOS} == {path.stem for path in GOLDEN.iterdir()}
