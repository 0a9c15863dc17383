"""
Several applies of the real command at once, against one dimail.

Each has planned before any of them writes: they wait at their question until all have come there,
and dimail answers late, so that each finds in the middle of its run what the others make. Whoever
makes a mailbox writes to its holder. A server of 2024 answers 500 to who came second, and does not
tell who came first: the second one then says that no way in could be had, which is true of it.
"""

import json
import os
import pty
import time
from collections import Counter
from contextlib import ExitStack, suppress

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES
from mailstate.sandbox.passwords import matches
from tests.cli.support import Place

DOMAIN = "commune.example"
NAMES = {"ada": "Roux", "bob": "Blanc", "cy": "Noir", "dee": "Vert"}
RACES = [
    pytest.param(profile, [[*NAMES]] * (3 if profile == "2026" else 2), id=f"{profile}-same files")
    for profile in PROFILES
] + [
    pytest.param(profile, [["ada", "bob", "cy"], ["bob", "cy", "dee"]], id=f"{profile}-overlap")
    for profile in PROFILES
]


def declare(place, names, administrator):
    """Have the files of one commune with the mailboxes of *names*."""
    domain = {
        "name": DOMAIN,
        "owners": ["alice.martin"],
        "accesses": [{"user": administrator, "role": "administrator"}],
        "mailboxes": [
            {
                "local_part": name,
                "first_name": name.title(),
                "last_name": NAMES[name],
                # Of a form of its own for some, which takes a second call on old servers.
                **({"display_name": f"{NAMES[name]}, {name.title()}"} if "e" in name else {}),
                "secondary_email": f"{name}@home.test",
            }
            for name in names
        ],
        "aliases": [{"local_part": "info", "destinations": [f"{name}@{DOMAIN}" for name in names]}],
    }
    place.write("state/commune.yaml", json.dumps({"domains": [domain]}))
    settings = '[notify]\nmode = "password"\nsender = "mail@dimail.test"\nlanguage = "en"\n'
    is_blind = place.sandbox.profile == "2024"
    place.write("mailstate.toml", ("assume_enabled = true\n" if is_blind else "") + settings)


class Racer:
    """An apply that has been started, and waits for its answer."""

    def __init__(self, place, stack):
        self.place = place
        self.said = place.folder / "said.txt"
        self.master, slave = pty.openpty()
        stack.callback(os.close, self.master)
        stream = stack.enter_context(self.said.open("wb"))
        self.process = place.start(
            *("apply", "--report", "report.json", "--journal", "journal.jsonl"),
            stdin=slave,
            stdout=stream,
            stderr=stream,
            env={"MAILSTATE_SMTP_URL": place.sandbox.smtp_url},
        )
        stack.callback(self.stop)
        os.close(slave)

    def stop(self):
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def wait_for_question(self):
        ends = time.monotonic() + 40
        while "[y/N]" not in self.said.read_text("utf-8"):
            assert self.process.poll() is None, self.said.read_text("utf-8")
            assert time.monotonic() < ends, self.said.read_text("utf-8")
            time.sleep(0.02)

    def say_yes(self):
        os.write(self.master, b"yes\n")

    def end(self):
        """Give the exit code, and the report."""
        code = self.process.wait(timeout=50)
        return code, json.loads(self.place.read("report.json"))


def run_together(places):
    """Apply in all *places* at once, and give how each ended, with its report."""
    with ExitStack() as stack:
        racers = [Racer(place, stack) for place in places]
        for racer in racers:
            racer.wait_for_question()
        for racer in racers:
            racer.say_yes()
        return [racer.end() for racer in racers]


def opens(letter, mailbox):
    """Whether a word of *letter* is the password that *mailbox* has now."""
    return any(matches(word, mailbox.password) for word in letter.text.split())


@pytest.mark.timeout(150)
@pytest.mark.parametrize(("profile", "wanted"), RACES)
def test_applies_at_once_make_everything_once_and_write_once_to_each_holder(
    sandboxes, tmp_path, profile, wanted
):
    """
    Each ends well, or says of which mailbox it does not know the way in; then nothing is left.
    """
    sandbox = sandboxes[profile]
    sandbox.reset()
    sandbox.publish_dns(DOMAIN)
    places = [Place(tmp_path / str(number), sandbox) for number in range(len(wanted))]
    for place, names, other in zip(
        places, wanted, ("bob.durand", "cleo.petit", "bob.durand"), strict=False
    ):
        declare(place, names, other)
    sandbox.add_fault(kind="slow_after", method="POST", times=None, delay=0.15)
    sandbox.add_fault(kind="slow_before", method="PATCH", times=None, delay=0.1)
    ended = run_together(places)
    sandbox.clear_faults()

    effects = sandbox.effects()
    made = Counter((one.kind, one.object) for one in effects if one.action == "create")
    assert {1} == {*made.values()}
    assert not [one for one in effects if one.action == "delete" or one.detail == "password"]
    everybody = {name for names in wanted for name in names}
    assert {("mailbox", f"{name}@{DOMAIN}") for name in everybody} <= made.keys()
    # They did meet: what all of them had planned was refused to all but one.
    assert [one for one in sandbox.requests() if one.method == "POST" and one.status in {409, 500}]

    letters = {letter.recipients: letter for letter in sandbox.outbox()}
    assert {(f"{name}@home.test",) for name in everybody} == letters.keys()
    assert len(everybody) == len(sandbox.outbox())
    for name in everybody:
        letter = letters[(f"{name}@home.test",)]
        assert opens(letter, sandbox.store.mail.mailbox(DOMAIN, name))

    for code, report in ended:
        unsure = [
            one for one in report["outcomes"] if one["letter"] and not one["letter"]["delivered"]
        ]
        assert (ExitCode.CHANGE_FAILED if unsure else ExitCode.OK) == code
        for one in report["outcomes"]:
            # What another run was in the middle of is left to it, and to the next plan.
            is_left = one["outcome"] == "held" and "plan again" in one["detail"]
            assert one["outcome"] == "applied" or is_left, one
        assert not unsure or profile != "2026"
        for one in unsure:
            assert "neither a login link nor a password" in one["letter"]["detail"]
            assert "500" in one["detail"]
    for place in places:
        again = place.call("plan", "--detailed-exitcode")
        assert ExitCode.OK == again.code, again.out


def test_a_journal_is_kept_by_one_run_at_a_time(sandboxes, tmp_path):
    """
    To a second run, letters that are on their way are letters that a killed run owes.
    """
    sandbox = sandboxes["2026"]
    sandbox.reset()
    sandbox.publish_dns(DOMAIN)
    place = Place(tmp_path, sandbox)
    declare(place, ("ada",), "bob.durand")
    place.settings["MAILSTATE_SMTP_URL"] = sandbox.smtp_url
    path = f"/domains/{DOMAIN}/mailboxes/ada"
    sandbox.add_fault(kind="slow_after", method="POST", path=path, delay=4)
    with place.start("apply", "--yes", "--journal", "journal.jsonl") as first:
        place.wait_for("mailbox")
        others = [
            place.call(*command, "--journal", "journal.jsonl")
            for command in (("apply", "--yes"), ("notify",))
        ]
        is_under_way = first.poll() is None
        first.communicate(timeout=50)
    sandbox.clear_faults()
    after = place.call("notify", "--journal", "journal.jsonl")

    assert is_under_way
    for other in others:
        assert ExitCode.INVALID == other.code
        assert "error: the journal journal.jsonl is kept by another run at this moment" in other.err
    assert [ExitCode.OK] * 2 == [first.returncode, after.code]
    (letter,) = sandbox.outbox()
    assert opens(letter, sandbox.store.mail.mailbox(DOMAIN, "ada"))
