"""Each exit code is reached by the real command."""

import json
import signal

import pytest

from mailstate.errors import ExitCode
from tests.cli.support import COMMUNE, DISABLED, SECONDARY, Terminal

SLOW = {"kind": "slow_after", "method": "POST", "path": "/domains/*/mailboxes/*"}


def as_asked(place):
    return place.run("apply", "--yes")


def a_change_fails(place):
    place.sandbox.publish_dns("commune.example")
    place.sandbox.add_fault(
        kind="answer", method="POST", path="/domains/*/aliases/", status=422, times=None
    )
    return place.run("apply", "--yes")


def what_needs_it_fails(place):
    place.sandbox.add_fault(kind="answer", method="POST", path="/domains/", status=422)
    return place.run("apply", "--yes", "--fail-fast")


def unknown_option(place):
    return place.run("plan", "--colour")


def unknown_command(place):
    return place.run("plna")


def no_command(place):
    return place.run()


def no_terminal(place):
    return place.run("apply")


def two_servers(place):
    return place.run("plan", "--sandbox", "--url", place.sandbox.url)


def unknown_address(place):
    return place.run("explain", "mailbox/nobody@commune.example")


def bad_files(place):
    place.write("state/commune.yaml", COMMUNE.replace("owners", "ownres"))
    return place.run("plan")


def bad_files_validated(place):
    place.write("state/commune.yaml", COMMUNE.replace("owners", "ownres"))
    return place.run("validate")


def bad_settings(place):
    place.write("mailstate.toml", 'urll = "x"\n')
    return place.run("plan")


def silent_mailboxes(place):
    place.write("state/commune.yaml", SECONDARY)
    return place.run("apply", "--yes")


def no_plan_file(place):
    return place.run("apply", "--yes", "nowhere.json")


def tampered_plan_file(place):
    assert place.call("plan", "--out", "plan.json").code == 0
    place.write("plan.json", place.read("plan.json").replace("Ada Martin", "Eve Martin"))
    return place.run("apply", "--yes", "plan.json")


def no_password(place):
    return place.run("plan", env={"MAILSTATE_PASSWORD": ""})


def nobody_there(place):
    return place.run("plan", "--url", "http://127.0.0.1:1")


def wrong_password(place):
    return place.run("plan", env={"MAILSTATE_PASSWORD": "wrong"})


def a_list_cut_off(place):
    place.sandbox.add_fault(kind="cut", path="/users/", times=None)
    return place.run("plan")


def no_sandbox(place):
    return place.run("sandbox", "status")


def ctrl_c(place):
    return interrupted(place, signal.SIGINT)


def terminated(place):
    return interrupted(place, signal.SIGTERM)


def interrupted(place, number):
    place.sandbox.publish_dns("commune.example")
    place.sandbox.add_fault(**SLOW, delay=1.0, times=None)
    options = ("--concurrency", "1", "--report", "report.json", "--journal", "journal.jsonl")
    with place.start("apply", "--yes", *options, text=True) as process:
        place.wait_for("mailbox")
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    report = json.loads(place.read("report.json"))
    journal = [json.loads(line) for line in place.read("journal.jsonl").splitlines()]

    assert err == "\ninterrupted: finishing the calls under way\n"
    assert "\nInterrupted: " in out
    assert report["interrupted"] is True
    assert {
        "mailbox/ada@commune.example": "applied",
        "mailbox/zoe@commune.example": "not_begun",
        "alias/contact@commune.example/ada@commune.example": "not_begun",
    } == {
        entry["address"]: entry["outcome"]
        for entry in report["outcomes"]
        if entry["kind"] in {"mailbox", "alias"}
    }
    assert [journal[-1]["event"], journal[-1]["interrupted"]] == ["finished", True]
    assert [effect.object for effect in place.sandbox.effects() if effect.kind == "mailbox"] == [
        "ada@commune.example"
    ]
    return process


def answered_no(place):
    terminal = Terminal(place, "apply")
    terminal.expect("[y/N]: ")
    terminal.type("n\n")
    return terminal.end()


def changes_to_make(place):
    return place.run("plan", "--detailed-exitcode")


def only_held(place):
    assert place.call("apply", "--yes").code == 0
    return place.run("plan", "--detailed-exitcode")


def only_a_conflict(place):
    place.sandbox.publish_dns("commune.example")
    assert place.call("apply", "--yes").code == 0
    place.write("state/commune.yaml", COMMUNE.replace("owners", "delivery: relay\n    owners"))
    return place.run("plan", "--detailed-exitcode")


def refused(place):
    place.write("state/closed.yaml", DISABLED)
    return place.run("apply", "--yes")


def refused_in_plan(place):
    place.write("state/closed.yaml", DISABLED)
    return place.run("plan", "--detailed-exitcode")


def more_than_approved(place):
    assert place.call("plan", "--out", "plan.json").code == 0
    more = "      - {local_part: max, first_name: Max, last_name: Petit}\n    aliases:\n"
    place.write("state/commune.yaml", COMMUNE.replace("    aliases:\n", more))
    return place.run("apply", "--yes", "plan.json")


SCENARIOS = {
    ExitCode.OK: [as_asked],
    ExitCode.CHANGE_FAILED: [a_change_fails, what_needs_it_fails],
    ExitCode.USAGE: [
        unknown_option,
        unknown_command,
        no_command,
        no_terminal,
        two_servers,
        unknown_address,
    ],
    ExitCode.INVALID: [
        bad_files,
        bad_files_validated,
        bad_settings,
        silent_mailboxes,
        no_plan_file,
        tampered_plan_file,
        no_password,
    ],
    ExitCode.REMOTE: [nobody_there, wrong_password, a_list_cut_off, no_sandbox],
    ExitCode.INTERRUPTED: [ctrl_c, terminated, answered_no],
    ExitCode.CHANGES: [changes_to_make],
    ExitCode.WAITING: [only_held, only_a_conflict],
    ExitCode.REFUSED: [refused, refused_in_plan],
    ExitCode.STALE_PLAN: [more_than_approved],
}
"""What leads to which code; each scenario gives the command that it ran, or its code."""


@pytest.mark.parametrize(
    ("code", "scenario"),
    [(code, scenario) for code, scenarios in SCENARIOS.items() for scenario in scenarios],
    ids=lambda value: value.__name__ if callable(value) else str(int(value)),
)
def test_the_command_ends_with_its_code(place, code, scenario):
    """
    As the table of `ExitCode` promises, and never with a traceback.
    """
    ran = scenario(place)
    ended = ran if isinstance(ran, int) else getattr(ran, "code", None)

    assert code == (ran.returncode if ended is None else ended)
    assert "Traceback" not in str(getattr(ran, "err", ""))


def test_each_code_is_reached():
    """
    A new code needs a scenario here.
    """
    assert set(SCENARIOS) == set(ExitCode)
