"""The command on a terminal: the question, colour and the progress bar."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.support import SECONDARY, Terminal

ESCAPE = "\x1b["


def test_the_whole_plan_is_shown_before_the_question_and_yes_carries_it_out(place):
    """
    With colours, and a bar that is gone at the end.
    """
    place.sandbox.publish_dns("commune.example")
    terminal = Terminal(place, "apply", "--journal", "journal.jsonl")
    terminal.expect("[y/N]: ")
    asked = terminal.screen

    assert "zoe@commune.example" in asked
    assert "Make 6 changes, and the 3 held ones whose domains turn out enabled?" in asked
    assert f"{ESCAPE}32m+ user/" in asked
    assert [] == place.sandbox.effects()

    terminal.type("y\n")

    assert terminal.end() == 0
    after = terminal.screen.removeprefix(asked)
    assert "9/9" in after
    assert "a second" in after
    assert f"{ESCAPE}32menabled  {ESCAPE}0m domain/commune.example" in after
    assert "9 changes planned: 9 applied" in after
    assert "Traceback" not in after


@pytest.mark.parametrize("answer", ["n\n", "\n", "N\n", "what\nno\n"], ids=repr)
def test_any_other_answer_changes_nothing(place, answer):
    """
    Also none at all.
    """
    terminal = Terminal(place, "apply")
    terminal.expect("[y/N]: ")
    terminal.type(answer)

    assert terminal.end() == 5
    assert terminal.screen.endswith("not confirmed: nothing was changed\n")
    assert [] == place.sandbox.effects()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_ctrl_c_at_the_question_ends_the_run(place, number):
    """
    Though asyncio would rather keep it to itself.
    """
    terminal = Terminal(place, "apply")
    terminal.expect("[y/N]: ")
    time.sleep(0.5)  # between showing its prompt and reading, Python is deaf for a moment
    terminal.process.send_signal(number)

    assert terminal.end() == 5
    assert terminal.screen.endswith("not confirmed: nothing was changed\n")
    assert [] == place.sandbox.effects()


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["explain", "domain/a.example"]])
def test_ctrl_c_while_dimail_is_read_says_so_and_no_more(place, command):
    """
    In time, though the server takes its time.
    """
    place.sandbox.add_fault(kind="slow_after", path="/users/", delay=5)
    with place.start(*command) as process:
        while not any(request.path == "/domains/" for request in place.sandbox.requests()):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    changed = b": nothing was changed" if command[0] == "apply" else b""
    assert (5, b"", b"\ninterrupted" + changed + b"\n") == (process.returncode, out, err)


def test_ctrl_c_while_the_journal_is_begun_ends_the_run_in_order(place):
    """
    On a slow disk its first line takes a while. What the journal tells as begun has its end there.
    """
    interrupted_at_the_first_line = (
        "import os, runpy, signal; sync, os.fsync = os.fsync, lambda file: ("
        "setattr(os, 'fsync', sync), signal.raise_signal(signal.SIGINT), sync(file)); "
        "runpy.run_module('mailstate', run_name='__main__')"
    )
    files = ("--journal", "journal.jsonl", "--report", "report.json")
    done = subprocess.run(
        [sys.executable, "-c", interrupted_at_the_first_line, "apply", "--yes", *files],
        cwd=place.folder,
        env=place.environment(),
        capture_output=True,
        check=False,
    )
    journal = [json.loads(line) for line in place.read("journal.jsonl").splitlines()]
    report = json.loads(place.read("report.json"))

    assert 5 == done.returncode
    assert b"\ninterrupted: finishing the calls under way\n" == done.stderr
    assert report["interrupted"]
    assert 0 < report["summary"]["not_begun"]
    begun, ended = (
        [line["address"] for line in journal if line["event"] == event]
        for event in ("begun", "ended")
    )
    assert sorted(begun) == sorted(ended)
    assert ("finished", True) == (journal[-1]["event"], journal[-1]["interrupted"])


def test_with_json_the_question_stays_out_of_standard_output(place):
    """
    The plan and the question go to standard error, the report alone to standard output.
    """
    terminal = Terminal(place, "apply", "--format", "json", stdout=subprocess.PIPE)
    terminal.expect("[y/N]: ")

    assert "+ domain/commune.example" in terminal.screen

    terminal.type("y\n")
    report = json.loads(terminal.process.stdout.read())

    assert terminal.end() == 0
    assert {"planned": 9, "applied": 6, "held": 3}.items() <= report["summary"].items()


def test_nothing_to_do_is_not_asked_about(settled):
    """
    A question without a choice is none.
    """
    terminal = Terminal(settled, "apply")

    assert terminal.end() == 0
    assert "y/N" not in terminal.screen
    assert "Nothing was to be done" in terminal.screen


def test_mailboxes_that_need_a_letter_are_refused_before_the_question(place):
    """
    Nobody confirms what would be refused then.
    """
    place.write("state/commune.yaml", SECONDARY)
    terminal = Terminal(place, "apply")

    assert terminal.end() == 3
    assert "y/N" not in terminal.screen
    assert f"{ESCAPE}31merror:{ESCAPE}0m 1 mailbox has a secondary address" in terminal.screen


def test_what_failed_is_written_above_the_bar(place):
    """
    So that it is seen at once, and again in the report.
    """
    place.sandbox.add_fault(kind="answer", method="POST", path="/domains/", status=422)
    terminal = Terminal(place, "apply", "--yes")

    assert terminal.end() == 1
    assert 2 == terminal.screen.count("POST /domains/: dimail answered 422")


@pytest.mark.parametrize("command", [["plan"], ["validate"], ["explain", "domain/commune.example"]])
def test_colour_can_be_switched_off(place, command):
    """
    NO_COLOR is heard, and the text is the same without it.
    """
    coloured, plain = Terminal(place, *command), Terminal(place, *command, env={"NO_COLOR": "1"})

    assert (0, 0) == (coloured.end(), plain.end())
    assert ESCAPE in coloured.screen
    assert ESCAPE not in plain.screen
    assert re.sub(r"\x1b\[\d*m", "", coloured.screen) == plain.screen


@pytest.mark.parametrize(
    ("env", "is_coloured"),
    [({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
    ids=["a dumb terminal", "an empty NO_COLOR"],
)
def test_colour_is_for_those_who_can_and_want(place, env, is_coloured):
    """
    A dumb terminal knows none; NO_COLOR counts if it is not empty, as no-color.org says.
    """
    terminal = Terminal(place, "validate", env=env)

    assert terminal.end() == 0
    assert is_coloured is (ESCAPE in terminal.screen)


def test_in_a_pipe_there_are_plain_lines(place):
    """
    One for each change that has ended: what CI shows.
    """
    out = place.run("apply", "--yes").out

    assert ESCAPE not in out
    assert "\r" not in out
    assert 6 == len(re.findall(r"^applied   \+ \w+/", out, re.MULTILINE))


def deaf_to_hang_ups():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("hears", "number"),
    [({}, None), ({}, signal.SIGHUP), ({"preexec_fn": deaf_to_hang_ups}, signal.SIGHUP)],
    ids=["a lost line", "a hang-up", "a hang-up under nohup"],
)
def test_a_terminal_that_goes_away_costs_nothing(place, hears, number):
    """
    Without a signal the run goes on to its end; told of it, it ends in order. It reports.
    """
    place.sandbox.publish_dns("commune.example")
    place.sandbox.add_fault(kind="slow_after", method="POST", path="/domains/", delay=1.0)
    terminal = Terminal(place, "apply", "--yes", "--report", "report.json", **hears)
    terminal.expect("0/9")
    place.wait_for("domain")
    if number:
        terminal.process.send_signal(number)
    terminal.close()
    code = terminal.code()
    report = json.loads(place.read("report.json"))
    is_told = bool(number) and not hears

    assert (5 if is_told else 0) == code
    assert is_told is report["interrupted"]
    done = {one["address"] for one in report["outcomes"] if one["outcome"] == "applied"}
    assert "domain/commune.example" in done
    assert is_told is (len(done) < 9)
    assert 0 == report["summary"]["failed"]
