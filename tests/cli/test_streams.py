"""Standard streams that are closed, full, ASCII, or no longer read."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import COMMAND, COMMUNE, Ran


def shell(place, line):
    """Run a line of shell in which `mailstate` is the real command."""
    function = f'mailstate() {{ {" ".join(COMMAND)} "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", function + line],
        cwd=place.folder,
        env=place.environment(),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "line",
    [
        "mailstate plan | true",
        "mailstate --help | true",
    ],
)
def test_a_reader_that_is_gone_makes_no_noise(place, line):
    """
    No traceback, no complaint of Python while it exits.
    """
    ran = shell(place, line)

    assert "" == ran.err
    assert ran.code in {0, 5}


def test_an_apply_goes_on_when_its_reader_goes(place):
    """
    Half a run would be worse than half an output: it ends as if it had been read.
    """
    place.sandbox.publish_dns("commune.example")
    ran = shell(place, "mailstate apply --yes --report report.json | head -n 2 >&2")
    report = json.loads(place.read("report.json"))

    assert 0 == ran.code
    assert "Plan for" in ran.err
    assert "Traceback" not in ran.err
    assert {"planned": 9, "applied": 9}.items() <= report["summary"].items()


def test_nobody_need_hear_a_warning(place):
    """
    An apply for whose standard error there is no reader does all of it.
    """
    place.sandbox.publish_dns("commune.example")
    many = "".join(
        f"      - {{local_part: a{number}, first_name: A{number}, last_name: Roux,"
        " secondary_email: all@home.example}\n"
        for number in range(11)
    )
    place.write("state/commune.yaml", COMMUNE.replace("    aliases:", f"{many}    aliases:"))
    assert "warning: " in place.run("plan").err

    reader, writer = os.pipe()
    os.close(reader)
    ran = place.run("apply", "--yes", "--no-notify", stderr=writer)
    os.close(writer)

    assert 0 == ran.code
    assert "20 changes planned: 20 applied" in ran.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", ["plan", "schema"])
def test_a_full_disk_is_told(place, command):
    """
    As an error, not as a traceback.
    """
    ran = shell(place, f"mailstate {command} > /dev/full")

    message = "error: standard output cannot be written: No space left on device\n"
    assert (3, message) == (ran.code, ran.err)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("where", ["--journal /dev/full", "> /dev/full"])
def test_an_apply_does_not_begin_where_it_could_not_tell(place, where):
    """
    Neither in its journal nor on its output.
    """
    ran = shell(place, f"mailstate apply --yes {where}")

    assert (3, []) == (ran.code, place.sandbox.effects())
    assert "error: " in ran.err
    assert "cannot be written: No space left on device" in ran.err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("mailstate validate >&-", 0),
        ("mailstate validate 2>&-", 0),
        ("mailstate apply <&-", 2),
        ("mailstate apply --yes <&- >&- 2>&-", 0),
    ],
)
def test_streams_may_be_closed(place, line, code):
    """
    As some schedulers start their jobs.
    """
    ran = shell(place, line)

    assert code == ran.code
    assert "Traceback" not in ran.err


def test_names_are_shown_where_the_terminal_knows_ascii_alone(place):
    """
    As escapes, rather than not at all.
    """
    ran = place.run("plan", env={"PYTHONIOENCODING": "ascii"})

    assert (0, "") == (ran.code, ran.err)
    assert r'"Zo\xe9 L' in ran.out


def test_no_warning_of_python_is_hidden(place):
    """
    Whole runs in development mode, with every warning an error.
    """
    strict = ("-X", "dev", "-W", "error")
    for arguments in (["validate"], ["plan"], ["apply", "--yes"]):
        done = subprocess.run(
            [COMMAND[0], *strict, *COMMAND[1:], *arguments],
            cwd=place.folder,
            env=place.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

        # asyncio, in this mode, tells of steps that took long: on a busy machine, any.
        said = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]

        assert (0, []) == (done.returncode, said)


def test_a_plan_may_come_through_a_pipe(place):
    """
    And go into one: what is no regular file is written to, never replaced.
    """
    ran = shell(place, "mailstate apply --yes <(mailstate plan --format json)")

    assert (0, "") == (ran.code, ran.err)

    ran = shell(place, "mailstate plan --out /dev/stdout")

    assert 0 == ran.code
    assert ran.out.startswith("{\n")
    assert Path("/dev/stdout").is_symlink() or not os.path.lexists("/dev/stdout")


def test_a_run_whose_journal_fills_the_disk_ends_in_order(place):
    """
    What is under way is finished, nothing more is begun, and the report accounts for everything.
    """
    limit = 2_000
    line = '{"at": "2026-01-01T00:00:00.000+00:00", "event": "finished", "interrupted": false}\n'
    place.write("journal.jsonl", line * ((limit * 1_024 - 1_500) // len(line)))

    ran = shell(
        place,
        f"ulimit -f {limit}; mailstate apply --yes --no-notify --concurrency 1"
        " --journal journal.jsonl --report report.json",
    )

    assert 3 == ran.code
    assert "the journal journal.jsonl cannot be written: File too large" in ran.err
    counts = json.loads(place.read("report.json"))["summary"]
    assert counts["planned"] == counts["applied"] + counts["not_begun"] + counts["held"]
    ours = [one for one in place.sandbox.effects() if one.detail != "given to the creator"]
    assert counts["applied"] == len(ours)
    assert 0 < counts["not_begun"]
