"""A sandbox that lives on by itself."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from mailstate.sandbox import Sandbox, SandboxError, process


@pytest.fixture
def place(tmp_path):
    directory = tmp_path / "deep" / "place"
    yield directory
    process.stop(directory)


def test_a_started_sandbox_runs_until_it_is_stopped(place):
    """
    Starting twice gives the same one; stopping tells whether there was one.
    """
    assert process.status(place) is None
    running = process.start(place)
    assert running == process.start(place) == process.status(place)
    assert (
        200
        == httpx.get(f"{running.url}/users/", auth=(running.username, running.password)).status_code
    )
    assert "2026" == running.profile
    assert running.password not in repr(running)
    assert process.stop(place)
    assert not process.stop(place)
    assert process.status(place) is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.url)


def test_only_the_owner_may_read_the_credentials(place):
    """
    The file that tells how to get in is readable by its owner alone.
    """
    running = process.start(place)
    file = place / "sandbox.json"
    told = json.loads(file.read_text())
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert {"url", "pid", "profile", "username", "password", "smtp_url"} == set(told)
    assert running.pid == told["pid"]


def test_what_it_holds_survives_a_stop(place):
    """
    After stop and start the state and the credentials are the same; a reset empties it.
    """
    first = process.start(place)
    process.publish_dns(place, "a.example")
    process.stop(place)
    second = process.start(place)
    assert first.password == second.password
    assert httpx.get(f"{second.url}/_sandbox/dns").json()
    process.reset(place)
    assert [] == httpx.get(f"{second.url}/_sandbox/dns").json()


def test_a_stopped_one_can_be_reset_and_start_as_something_else(place):
    """
    A store belongs to its profile until it is reset.
    """
    process.start(place)
    process.stop(place)
    with pytest.raises(SandboxError, match="profile 2026, not 2024") as refusal:
        process.start(place, profile="2024")
    assert "reset" in refusal.value.hint
    process.reset(place)
    assert "2024" == process.start(place, profile="2024").profile


def test_a_dead_one_is_replaced(place):
    """
    What a killed sandbox left behind is no obstacle.
    """
    first = process.start(place)
    os.kill(first.pid, signal.SIGKILL)
    process._until(lambda: process.status(place) is None, 5)
    second = process.start(place)
    assert second.pid != first.pid
    assert first.password == second.password


def test_a_seed_is_loaded(place, tmp_path):
    """
    A seed file makes a dimail with a past, again at each reset.
    """
    seed = tmp_path / "seed.json"
    seed.write_text('{"domains": [{"name": "a.example", "state": "ok"}]}')
    running = process.start(place, seed_file=seed, profile="2024-check", cost="none")
    process.reset(place)
    [domain] = httpx.get(f"{running.url}/_sandbox/status").json()["domains"]
    assert ("a.example", "ok") == (domain["name"], domain["state"])


def test_two_starts_at_once_give_one_sandbox(place):
    """
    Whoever comes second gets the first one's.
    """
    got = []
    threads = [threading.Thread(target=lambda: got.append(process.start(place))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == len(set(got))
    assert 3 == len(got)


def test_what_prevents_a_start_is_told(place, tmp_path):
    """
    A bad profile, seed, port or place is a message with a remedy, and nothing runs.
    """
    (tmp_path / "file").write_text("")
    with Sandbox() as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        for where, wrong, message in (
            (place, {"profile": "1999"}, "no profile"),
            (place, {"seed_file": tmp_path / "none.json"}, "none.json"),
            (place, {"port": port}, "not free"),
            (tmp_path / "file", {}, "exists"),
        ):
            with pytest.raises(SandboxError, match=message) as refusal:
                process.start(where, **wrong)
            assert refusal.value.hint
            assert process.status(where) is None


def test_nothing_is_asked_of_a_sandbox_that_does_not_run(place):
    """
    Publishing takes a running one.
    """
    with pytest.raises(SandboxError, match="no sandbox runs") as refusal:
        process.publish_dns(place, "a.example")
    assert "start" in refusal.value.hint


def test_a_place_that_tells_nonsense_is_passed_over(place):
    """
    While the lock is held but the file is unreadable, no sandbox is reported.
    """
    place.mkdir(parents=True)
    lock = process.hold(place) or 0
    try:
        (place / "sandbox.json").write_text("{")
        assert process.status(place) is None
    finally:
        os.close(lock)


def test_one_that_does_not_answer_is_told(place):
    """
    A server that has gone or refuses is an error with a remedy.
    """
    place.mkdir(parents=True)
    lock = process.hold(place) or 0
    try:
        with Sandbox() as sandbox:
            running = process.Running(
                url=sandbox.url, pid=1, profile="2026", username="u", password="p"
            )
            process.write_place(place, running)
            with pytest.raises(SandboxError, match="answers 400"):
                process._ask(place, "clock", {})
        with pytest.raises(SandboxError, match="does not answer"):
            process.reset(place)
    finally:
        (place / "sandbox.json").unlink()
        os.close(lock)


def test_in_the_foreground_it_says_where_it_serves(place):
    """
    Without a pipe to announce itself on, it stays with its terminal and ends on a signal.
    """
    place.mkdir(parents=True)
    command = [sys.executable, "-m", "mailstate.sandbox", str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        said = child.stdout.readline() if child.stdout else ""
        second = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        child.send_signal(signal.SIGINT)
    assert said.startswith("serving 2026 at http://127.0.0.1:")
    assert (0, 1) == (child.returncode, second.returncode)
    assert process.status(place) is None


def wait_until_stopped(pid):
    """Come back when all threads of a process have come to know that it is stopped."""
    ends = time.monotonic() + 20
    threads = Path(f"/proc/{pid}/task")
    while any(
        one.read_text("utf-8").rpartition(")")[2].split()[0] != "T"
        for one in threads.glob("*/stat")
    ):
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_one_that_does_not_heed_is_killed(place, monkeypatch):
    """
    A sandbox that cannot end by itself is ended.
    """
    monkeypatch.setattr(process, "_STOP_TIMEOUT", 0.2)
    monkeypatch.setattr(process, "_ANSWER_TIMEOUT", 0.2)
    running = process.start(place)
    os.kill(running.pid, signal.SIGSTOP)
    wait_until_stopped(running.pid)
    with pytest.raises(SandboxError, match="does not answer"):
        process.reset(place)
    assert process.stop(place)
    assert process.status(place) is None


def test_a_place_held_by_something_else_is_told(place, monkeypatch):
    """
    Who holds the lock without saying where it serves is no sandbox to return.
    """
    monkeypatch.setattr(process, "_STOP_TIMEOUT", 0.1)
    place.mkdir(parents=True)
    lock = process.hold(place) or 0
    try:
        with pytest.raises(SandboxError, match="did not last"):
            process.start(place)
    finally:
        os.close(lock)
