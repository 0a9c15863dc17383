"""`mailstate sandbox`: a dimail of one's own, tied to the folder."""

import json
import os
import signal
import time

import pytest

from tests.cli.support import Place

NOTHING = {"MAILSTATE_URL": "", "MAILSTATE_USERNAME": "", "MAILSTATE_PASSWORD": ""}


@pytest.fixture
def alone(tmp_path, dimail):
    """A folder without any dimail named; a sandbox that a test leaves running is ended."""
    place = Place(tmp_path, dimail)
    place.settings = NOTHING
    yield place
    place.call("sandbox", "stop")


def url(place):
    return json.loads(place.read(".mailstate/sandbox/sandbox.json"))["url"]


def test_the_way_of_the_readme(alone):
    """
    Start, plan, apply, publish, apply, status, reset, stop: by the real command.
    """
    ran = alone.run("plan", "--sandbox")
    where = url(alone)

    assert 0 == ran.code
    assert f"started a sandbox at {where}; `mailstate sandbox stop` ends it\n" == ran.err
    assert f"Plan for {where}: 6 to create; 3 held\n" in ran.out
    assert f"The sandbox runs at {where}, as dimail of profile 2026 (process " in (
        alone.call("sandbox", "status").out
    )
    assert (
        f"The sandbox runs already at {where}, as dimail of profile 2026\n"
        == alone.call("sandbox", "start", "--profile", "2026").out
    )
    assert 0 == alone.call("apply", "--sandbox", "--yes").code
    assert 11 == alone.call("plan", "--sandbox", "--detailed-exitcode").code

    ran = alone.call("sandbox", "publish-dns", "commune.example", "hôtel.example")

    assert (0, "") == (ran.code, ran.err)
    assert "The sandbox's DNS has all records of xn--htel-vqa.example now\n" in ran.out
    assert 0 == alone.call("apply", "--sandbox", "--yes").code
    assert 0 == alone.call("plan", "--sandbox", "--detailed-exitcode").code
    assert "The sandbox is stopped\n" == alone.run("sandbox", "stop").out
    assert "No sandbox was running\n" == alone.call("sandbox", "stop").out
    assert (4, "No sandbox is running\n") == (
        alone.call("sandbox", "status").code,
        alone.call("sandbox", "status").out,
    )

    # What it holds is kept until it is taken back.
    assert 0 == alone.call("plan", "--sandbox", "--detailed-exitcode").code
    assert "The sandbox is as at its beginning\n" == alone.call("sandbox", "reset").out
    assert 10 == alone.call("plan", "--sandbox", "--detailed-exitcode").code


def test_another_profile_is_not_passed_over_in_silence(alone):
    """
    What runs stays what it is; stopped and taken back, it may become another.
    """
    seed = alone.write("seed.json", '{"domains": [{"name": "old.example"}]}')

    assert 0 == alone.call("sandbox", "start", "--profile", "2024-check").code
    assert 0 == alone.call("sandbox", "start").code
    for other in (["--profile", "2024"], ["--seed", str(seed)]):
        ran = alone.call("sandbox", "start", *other)
        assert 2 == ran.code
        assert "error: a sandbox of profile 2024-check runs already" in ran.err

    assert 0 == alone.call("sandbox", "stop").code
    ran = alone.call("sandbox", "start", "--profile", "2024")
    assert 4 == ran.code
    assert "holds a sandbox of profile 2024-check, not 2024" in ran.err
    assert 0 == alone.call("sandbox", "reset").code
    assert 0 == alone.call("sandbox", "start", "--profile", "2024", "--seed", str(seed)).code


def test_a_killed_sandbox_is_no_riddle(alone):
    """
    It is seen to be gone, and started again with what it held.
    """
    alone.call("apply", "--sandbox", "--yes")
    os.kill(json.loads(alone.read(".mailstate/sandbox/sandbox.json"))["pid"], signal.SIGKILL)
    while alone.call("sandbox", "status").code == 0:
        time.sleep(0.02)  # it is still dying

    assert 11 == alone.call("plan", "--sandbox", "--detailed-exitcode").code


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["publish-dns", "a.example"], 4, "no sandbox runs in .mailstate/sandbox"),
        (["publish-dns", "a b"], 2, "the domain `a b` "),
        (["publish-dns", ""], 2, "the domain is empty"),
        (["publish-dns"], 2, "missing argument 'DOMAIN...'"),
        (["start", "--seed", "nowhere.json"], 4, "nowhere.json: No such file or directory"),
        (["start", "--seed", "bad.json"], 4, "users: must be a list"),
        (["start", "--profile", "1999"], 2, "'1999' is not one of '2024'"),
        (["start", "--port", "99999"], 2, "99999 is not in the range"),
    ],
)
def test_what_cannot_be_is_told(alone, arguments, code, said):
    """
    With what to do about it.
    """
    alone.write("bad.json", '{"users": 3}')
    ran = alone.call("sandbox", *arguments)

    assert code == ran.code
    assert said in ran.err
    assert "\nhint:  " in ran.err


@pytest.mark.parametrize("command", ["start", "reset", "stop"])
@pytest.mark.parametrize("obstacle", [".mailstate", ".mailstate/sandbox/sandbox.log/x"])
def test_a_folder_in_the_way_is_told(alone, obstacle, command):
    """
    Whatever lies where the sandbox wants to live.
    """
    alone.write(obstacle, "")
    ran = alone.call("sandbox", command)

    assert ran.code in {0, 4}
    assert ran.code == 0 or "hint:  " in ran.err
