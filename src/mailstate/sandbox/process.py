"""A sandbox that lives on by itself, tied to a directory."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import SandboxError
from .outbox import Letter
from .profiles import Cost, profile_named
from .seed import load_seed

PLACE = "sandbox.json"
STORE = "sandbox.sqlite"
LOG = "sandbox.log"
LOCK = "sandbox.lock"
_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 5.0
_ANSWER_TIMEOUT = 30.0
_PAUSE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A sandbox that runs: where, as what, and how to get in."""

    url: str
    pid: int
    profile: str
    username: str
    password: str = field(repr=False)
    smtp_url: str | None = None
    """Where it takes letters; None if an older mailstate started it, which takes none."""


def start(
    directory: Path,
    *,
    profile: str = "2026",
    port: int = 0,
    cost: Cost = "none",
    seed_file: Path | None = None,
) -> Running:
    """
    Return the sandbox of *directory*, started if it does not run yet.

    It outlives the caller and the terminal. What it holds is kept in the directory, also
    while it is stopped; *seed_file* is loaded when there is nothing yet, and at each reset.
    """
    running = status(directory)
    if running:
        return running
    profile_named(profile)
    if seed_file:
        load_seed(seed_file)
    _make(directory)
    arguments = [f"--profile={profile}", f"--port={port}", f"--cost={cost}"]
    if seed_file:
        arguments.append(f"--seed-file={seed_file.absolute()}")
    refusal = _spawn(directory, arguments)
    if refusal:
        raise SandboxError(
            refusal.get("message", "the sandbox did not start"),
            hint=refusal.get("hint", f"look at {directory / LOG}"),
        )
    # Somebody else may be starting it at the same time: theirs is as good.
    _until(lambda: status(directory) is not None, _STOP_TIMEOUT)
    running = status(directory)
    if running is None:
        raise SandboxError("the sandbox did not last", hint=f"look at {directory / LOG}")
    return running


def stop(directory: Path) -> bool:
    """Stop the sandbox of *directory*, which keeps what it holds; say whether it ran."""
    running = status(directory)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    if not _until(lambda: not _is_held(directory), _STOP_TIMEOUT):
        os.kill(running.pid, signal.SIGKILL)
        _until(lambda: not _is_held(directory), _STOP_TIMEOUT)
    (directory / PLACE).unlink(missing_ok=True)
    return True


def status(directory: Path) -> Running | None:
    """Return the sandbox of *directory* if it runs; what a dead one left behind is passed over."""
    if not _is_held(directory):
        return None
    try:
        return Running(**json.loads((directory / PLACE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def reset(directory: Path) -> None:
    """Take the sandbox of *directory* back to its beginning, whether it runs or not."""
    if status(directory):
        _ask(directory, "reset", {})
        return
    for suffix in ("", "-wal", "-shm"):
        (directory / f"{STORE}{suffix}").unlink(missing_ok=True)


def publish_dns(directory: Path, domain: str) -> None:
    """Publish every DNS record that *domain* needs in the running sandbox of *directory*."""
    _ask(directory, "publish-dns", {"domain": domain})


def outbox(directory: Path, number: int | None = None) -> list[Letter]:
    """Return the letters in the running sandbox of *directory*, or the one of that *number*."""
    running = status(directory)
    if running and running.smtp_url is None:
        raise SandboxError(
            f"the sandbox at {running.url} has no outbox: an older mailstate has started it",
            hint="stop and start it",
        )
    wanted = "" if number is None else f"&number={number}"
    answer = _ask(directory, f"outbox?raw=1{wanted}")
    return [Letter.unpacked(packed) for packed in json.loads(answer)]


def write_place(directory: Path, running: Running) -> None:
    """Write down how to reach *running*, for its owner's eyes only."""
    told = {name: getattr(running, name) for name in Running.__slots__}
    new = directory / f"{PLACE}.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(told, file, indent=2)
    new.replace(directory / PLACE)


def hold(directory: Path) -> int | None:
    """Take the lock that says a sandbox runs in *directory*; None if another has it."""
    lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    # `status` of somebody else may touch the lock for a moment.
    if _until(lambda: _locked(lock, fcntl.LOCK_EX), 1.0):
        return lock
    os.close(lock)
    return None


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxError(
            f"{directory}: {error.strerror}", hint="choose a directory that can be made"
        ) from error


def _spawn(directory: Path, arguments: list[str]) -> dict[str, str] | None:
    """Start the process and return why it does not serve, or None if it does."""
    reading, writing = os.pipe()
    try:
        with (directory / LOG).open("ab") as log:
            # It forks at once, so that no dead child of the caller is left behind.
            subprocess.run(  # noqa: S603  our own module
                [
                    sys.executable,
                    "-m",
                    __package__,
                    str(directory.absolute()),
                    f"--ready-fd={writing}",
                    *arguments,
                ],
                check=False,
                pass_fds=(writing,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_without_secrets(os.environ),
                start_new_session=True,
            )
    finally:
        os.close(writing)
    with os.fdopen(reading) as pipe:
        readable, _, _ = select.select([pipe], [], [], _START_TIMEOUT)
        told: dict[str, str] | None = json.loads((pipe.readline() if readable else "") or "{}")
        return told if told != {} else {"message": "the sandbox ended without a word"}


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the sandbox needs of *environment*: it outlives whoever knows the passwords."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("MAILSTATE_") and not name.lower().endswith("_proxy")
    }


def _is_held(directory: Path) -> bool:
    try:
        lock = os.open(directory / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _locked(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _until(holds: Callable[[], bool], timeout: float) -> bool:
    ends = time.monotonic() + timeout
    while not holds():
        if time.monotonic() >= ends:
            return False
        time.sleep(_PAUSE)
    return True


def _ask(directory: Path, operation: str, asked: dict[str, str] | None = None) -> bytes:
    """Return the answer to an *operation*: something to do if anything is *asked*, else to see."""
    running = status(directory)
    if running is None:
        raise SandboxError(f"no sandbox runs in {directory}", hint="start it first")
    connection = http.client.HTTPConnection(
        running.url.removeprefix("http://"), timeout=_ANSWER_TIMEOUT
    )
    try:
        method, body = ("GET", None) if asked is None else ("POST", json.dumps(asked))
        connection.request(method, f"/_sandbox/{operation}", body)
        response = connection.getresponse()
        answer = response.read()
    except OSError as error:
        raise SandboxError(
            f"the sandbox at {running.url} does not answer: {error}", hint="stop and start it"
        ) from error
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise SandboxError(
            f"the sandbox answers {response.status} to {operation}: {answer.decode()[:200]}",
            hint=f"look at {directory / LOG}",
        )
    return answer
