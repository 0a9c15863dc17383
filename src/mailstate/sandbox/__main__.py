"""The process behind `mailstate sandbox start`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import SandboxError
from .process import PLACE, STORE, Running, hold, write_place
from .profiles import PROFILES
from .sandbox import Sandbox


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; with `--ready-fd`, detached, and saying there when it serves."""
    parser = argparse.ArgumentParser(prog="python -m mailstate.sandbox", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--profile", choices=PROFILES, default="2026")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cost", choices=("none", "real"), default="none")
    parser.add_argument("--seed-file", type=Path)
    parser.add_argument("--ready-fd", type=int)
    asked = parser.parse_args(arguments)
    if asked.ready_fd is not None and os.fork():
        os._exit(0)
    try:
        return _serve(asked)
    except SandboxError as error:
        _tell(asked.ready_fd, {"message": error.message, "hint": error.hint})
        _line(f"error: {error.message}\nhint:  {error.hint}\n")
        return 1


def _serve(asked: argparse.Namespace) -> int:
    directory: Path = asked.directory
    # The letters in the outbox hold passwords, and the directory may be open to others.
    os.umask(0o077)
    lock = hold(directory)
    if lock is None:
        # To whoever waits, another sandbox in the same place is as good.
        _tell(asked.ready_fd, None)
        return 1
    (directory / PLACE).unlink(missing_ok=True)
    # The thread that serves inherits the mask: signals wait for this one.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with Sandbox(
        profile=asked.profile,
        path=directory / STORE,
        port=asked.port,
        cost=asked.cost,
        seed_file=asked.seed_file,
    ) as sandbox:
        write_place(
            directory,
            Running(
                url=sandbox.url,
                pid=os.getpid(),
                profile=sandbox.profile,
                username=sandbox.username,
                password=sandbox.password,
                smtp_url=sandbox.smtp_url,
            ),
        )
        _line(f"serving {sandbox.profile} at {sandbox.url}\n")
        _tell(asked.ready_fd, None)
        signal.sigwait(ends)
        (directory / PLACE).unlink(missing_ok=True)
    os.close(lock)
    return 0


def _tell(pipe: int | None, refusal: dict[str, str] | None) -> None:
    if pipe is not None:
        os.write(pipe, f"{json.dumps(refusal)}\n".encode())
        os.close(pipe)


def _line(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
