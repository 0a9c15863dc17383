"""Letters that earlier runs of a journal owe: `apply` finds them there, and sends them."""

import json
import signal
import time

import pytest

from mailstate.errors import ExitCode
from tests.cli.support import Terminal
from tests.letters.servers import Inbox
from tests.people.support import (
    NOTIFY,
    D,
    a_domain,
    box,
    events,
    killed_after_begun,
    outcomes,
)

JOURNAL = ("--journal", "journal.jsonl")
STILL_DUE = "1 letter of an earlier run is still due\n"


@pytest.fixture
def owing(place):
    """One mailbox, whose run was killed before its letter was on its way."""
    place.enable(a_domain(D, box("ada")))
    killed_after_begun(place, "ada")
    place.forget()
    return place


def late(report):
    """To whom the letters went that earlier runs owed, and whether they came there."""
    return {
        entry["address"].removeprefix("mailbox/"): entry["delivered"]
        for entry in report["late_letters"]
    }


def test_a_letter_that_a_killed_run_owes(owing):
    """
    Sent by the next apply that keeps the journal, though its plan is empty; and once.
    """
    report = owing.apply(*JOURNAL)

    assert 0 == report["summary"]["planned"]
    assert {f"ada@{D}": True} == late(report)
    assert ["ada@perso.example"] == owing.welcomed()
    assert [("notified", f"mailbox/ada@{D}", owing.sandbox.url, "delivered")] == [
        (line["event"], line["address"], line["target"], line["letter"])
        for line in events(owing)
        if line["event"] == "notified"
    ]

    again = owing.apply(*JOURNAL)

    assert [] == again["late_letters"]
    assert 1 == len(owing.letters())


def test_what_apply_says_of_it(owing):
    """
    Before it begins, while it goes on, and at the end.
    """
    ran = owing.call("apply", "--yes", *JOURNAL)

    assert ExitCode.OK == ran.code
    assert (
        "note: the last run with this journal was killed, or is under way: "
        "0 done, 1 unknown, 0 not begun\n"
    ) == ran.err
    assert STILL_DUE in ran.out
    assert f"sent      mailbox/ada@{D}  to ada@perso.example: login-link\n" in ran.out
    assert ran.out.endswith("Nothing was to be done\nLetters of earlier runs: 1 sent\n")


def test_the_question_before_it(owing):
    """
    A letter is work too: it is asked about, and nothing is sent if the answer is no.
    """
    terminal = Terminal(owing, "apply", *JOURNAL)
    terminal.expect("[y/N]: ")
    asked = terminal.screen
    terminal.type("n\n")

    assert ExitCode.INTERRUPTED == terminal.end()
    assert f"{STILL_DUE}\nSend the 1 letter that earlier runs owe? [y/N]: " in asked
    assert [] == owing.welcomed()


def test_the_question_with_other_work(owing):
    """
    Changes and letters in one.
    """
    owing.declare(a_domain(D, box("ada"), box("bob")))
    terminal = Terminal(owing, "apply", *JOURNAL)
    terminal.expect("[y/N]: ")
    asked = terminal.screen
    terminal.type("y\n")

    assert ExitCode.OK == terminal.end()
    assert "Make 1 change, and send the 1 letter that earlier runs owe? [y/N]: " in asked
    assert ["ada@perso.example", "bob@perso.example"] == owing.welcomed()


@pytest.mark.parametrize("unwanted", ["--no-notify", "mode"])
def test_where_no_letters_are_wanted(owing, unwanted):
    """
    None is sent, and it stays owed.
    """
    if unwanted == "mode":
        owing.set(notify=f'{NOTIFY}mode = "none"\n')
    options = ["--no-notify"] if unwanted == "--no-notify" else []

    assert [] == owing.apply(*JOURNAL, *options)["late_letters"]
    assert [] == owing.welcomed()
    assert [False] == [line["letters"] for line in events(owing) if "letters" in line]

    owing.set()

    assert {f"ada@{D}": True} == late(owing.apply(*JOURNAL))


def test_a_run_that_writes_no_letters_owes_none(place):
    """
    Whoever creates with --no-notify sees to it another way, also where the run is killed.
    """
    place.enable(a_domain(D, box("ada")))
    killed_after_begun(place, "ada", letters=False)

    assert [] == place.apply(*JOURNAL)["late_letters"]


def test_a_journal_of_another_dimail(place):
    """
    Nobody here has made the mailbox; what is due there stays due there.
    """
    place.enable(a_domain(D, box("ada")))
    killed_after_begun(place, "ada", target="https://dimail.example")
    place.forget()
    ran = place.call("apply", "--yes", *JOURNAL)

    assert (ExitCode.OK, "") == (ran.code, ran.err)
    assert [] == place.welcomed()


@pytest.mark.parametrize(
    "declared",
    [
        a_domain(D),
        a_domain(D, box("ada", secondary=None)),
        a_domain(D, box("ada", active=False)),
        a_domain(D, box("ada"), disabled=True),
    ],
    ids=["in_no_file", "no_secondary_address", "inactive", "disabled_domain"],
)
def test_to_whom_nothing_is_due_any_more(owing, declared):
    """
    The files say so.
    """
    owing.declare(declared)
    ran = owing.call("apply", "--yes", *JOURNAL)

    assert ExitCode.OK == ran.code
    assert "still due" not in ran.out
    assert [] == owing.welcomed()


def test_whose_mailbox_somebody_else_has_switched_off(place):
    """
    No way in leads there; it stays due until the mailbox is switched on.
    """
    place.enable(a_domain(D, box("ada", active=False)))
    killed_after_begun(place, "ada")
    place.declare(a_domain(D, box("ada")))
    place.forget()
    path = f"/domains/{D}/mailboxes/ada"
    place.sandbox.add_fault(kind="answer", method="PATCH", path=path, status=422)

    assert [] == place.apply(*JOURNAL, code=ExitCode.CHANGE_FAILED)["late_letters"]
    assert [] == place.welcomed()
    assert {f"ada@{D}": True} == late(place.apply(*JOURNAL))


def test_a_domain_that_is_not_looked_at(owing):
    """
    It waits for a run that is about its domain.
    """
    owing.enable(a_domain("other.example"))

    assert [] == owing.apply(*JOURNAL, "--only", "other.example")["late_letters"]
    assert {f"ada@{D}": True} == late(owing.apply(*JOURNAL, "--only", D))


def test_what_dimail_has_only_half_of(owing):
    """
    There is no way in to that, and what to do about it is told as a conflict.
    """
    owing.enable(a_domain(D, box("ada"), box("zoe")))
    killed_after_begun(owing, "bob")
    owing.declare(a_domain(D, box("ada"), box("bob"), box("zoe")))
    path = f"/domains/{D}/mailboxes/bob"
    owing.sandbox.add_fault(kind="500_half", method="POST", path=path)
    owing.forget()

    assert {"bob": "failed"} == outcomes(owing.apply(*JOURNAL, code=ExitCode.CHANGE_FAILED))
    ran = owing.call("apply", "--yes", *JOURNAL)

    assert ExitCode.OK == ran.code
    assert "still due" not in ran.out
    assert [] == owing.welcomed()


def test_what_was_never_made_is_made_and_gets_the_letter_of_a_new_mailbox(place):
    """
    One letter, with the first way in.
    """
    place.enable(a_domain())
    killed_after_begun(place, "ada")
    place.declare(a_domain(D, box("ada")))
    place.forget()
    ran = place.call("apply", "--yes", *JOURNAL)

    assert ExitCode.OK == ran.code
    assert "1 change planned: 1 applied\n" in ran.out
    assert "earlier" not in ran.out
    assert ["ada@perso.example"] == place.welcomed()
    assert [] == place.apply(*JOURNAL)["late_letters"]


def test_what_a_killed_run_has_made_at_the_last_moment(owing):
    """
    The plan had not seen it yet, and dimail says that it exists: the letter is still ours to send.
    """
    for path in (f"/v2/domains/{D}/mailboxes/", f"/domains/{D}/mailboxes/"):
        owing.sandbox.add_fault(kind="answer", method="GET", path=path, body="[]", status=200)
    report = owing.apply(*JOURNAL)

    assert ["was there already"] == [entry["detail"] for entry in report["outcomes"]]
    assert {f"ada@{D}": True} == late(report)
    assert ["ada@perso.example"] == owing.welcomed()


def test_a_letter_that_is_not_delivered_again(owing, inbox):
    """
    Exit code 1, counted and told; it stays due.
    """
    with Inbox(refused={"ada@perso.example": "550 no such user here"}) as refusing:
        url = f"smtp://127.0.0.1:{refusing.port}"
        report = owing.apply(*JOURNAL, code=ExitCode.CHANGE_FAILED, env={"MAILSTATE_SMTP_URL": url})
        ran = owing.call("apply", "--yes", *JOURNAL, env={"MAILSTATE_SMTP_URL": url})

    assert {f"ada@{D}": False} == late(report)
    assert 1 == report["summary"]["undelivered"]
    assert ExitCode.CHANGE_FAILED == ran.code
    assert "Letters of earlier runs: 1 not sent\n" in ran.out
    assert (
        "Made, but the confirmation did not go out: `mailstate notify`\n"
        f"  mailbox/ada@{D}  to ada@perso.example\n"
    ) in ran.out
    assert {f"ada@{D}": True} == late(owing.apply(*JOURNAL))


def test_a_mailbox_that_cannot_be_read_again(owing):
    """
    Not sent, and told why.
    """
    path = f"/domains/{D}/mailboxes/ada"
    owing.sandbox.add_fault(kind="500_before", method="GET", path=path, times=None)
    report = owing.apply(*JOURNAL, code=ExitCode.CHANGE_FAILED)

    [letter] = report["late_letters"]
    assert f"GET {path}: dimail answered 500" == letter["detail"]
    assert [] == owing.welcomed()


@pytest.mark.parametrize(("url", "code"), [("", ExitCode.INVALID), ("1", ExitCode.REMOTE)])
def test_the_mail_server_is_tried_before_anything_is_made(owing, url, code):
    """
    No mail server is exit code 3, one that is down is 4: also where only an old letter needs it.
    """
    owing.declare(a_domain(D, box("ada"), box("bob", secondary=None)))
    env = {"MAILSTATE_SMTP_URL": url and f"smtp://127.0.0.1:{url}"}
    ran = owing.call("apply", "--yes", *JOURNAL, env=env)

    assert code == ran.code
    assert [] == owing.sent()
    if not url:
        assert (
            "error: 1 letter of an earlier run is still due, and no mail server is configured\n"
            "hint:  set MAILSTATE_SMTP_URL; or --no-notify leaves them for later\n"
        ) in ran.err


def test_an_approved_plan_has_no_say_in_letters(owing):
    """
    A letter is no change of the plan.
    """
    assert ExitCode.OK == owing.call("plan", "--out", "plan.json").code

    assert {f"ada@{D}": True} == late(owing.apply("plan.json", *JOURNAL))


def test_a_password_is_set_only_where_it_must_be(owing, secrets_made):
    """
    The mode `password` has no other way; a link leaves alone what the holder may have by now.
    """
    owing.apply(*JOURNAL)

    assert [] == secrets_made
    assert [("POST", f"/domains/{D}/mailboxes/ada/code")] == owing.sent()

    killed_after_begun(owing, "ada")
    owing.set(notify=f'{NOTIFY}mode = "password"\n')
    owing.forget()
    owing.apply(*JOURNAL)

    assert secrets_made == owing.keys()


@pytest.mark.parametrize("is_fast", [True, False])
def test_after_the_first_failure_with_fail_fast(owing, is_fast):
    """
    Nothing more is begun, letters neither; without it they are sent all the same.
    """
    owing.declare(a_domain(D, box("ada"), box("bob", secondary=None)))
    path = f"/domains/{D}/mailboxes/bob"
    owing.sandbox.add_fault(kind="answer", method="POST", path=path, status=422)
    options = ["--fail-fast"] if is_fast else []
    report = owing.apply(*JOURNAL, *options, code=ExitCode.CHANGE_FAILED)

    assert ({} if is_fast else {f"ada@{D}": True}) == late(report)


@pytest.mark.parametrize(
    ("slow", "welcomed"),
    [("ada/code", ["ada@perso.example"]), ("zoe", [])],
    ids=["while_a_letter_is_under_way", "before_the_letters"],
)
def test_a_run_that_is_interrupted(place, slow, welcomed):
    """
    The letter under way is finished, the others are not begun: exit code 5, and they stay due.
    """
    place.enable(a_domain(D, box("ada"), box("bob")))
    killed_after_begun(place, "ada", "bob")
    if slow == "zoe":
        place.declare(a_domain(D, box("ada"), box("bob"), box("zoe", secondary=None)))
    place.forget()
    path = f"/domains/{D}/mailboxes/{slow}"
    place.sandbox.add_fault(kind="slow_before", method="POST", path=path, delay=2.0)
    options = ("--concurrency", "1", "--format", "json")

    def is_begun():
        if slow == "zoe":
            return f"mailbox/zoe@{D}" in {line.get("address") for line in events(place)}
        return ("GET", f"/domains/{D}/mailboxes/ada") in place.asked()

    with place.start("apply", "--yes", *JOURNAL, *options) as process:
        ends = time.monotonic() + 20
        while not is_begun():
            assert time.monotonic() < ends, "it was not begun"
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)

    assert ExitCode.INTERRUPTED == process.returncode
    assert welcomed == place.welcomed()
    assert json.loads(out)["interrupted"]
    assert len(welcomed) == len(json.loads(out)["late_letters"])
