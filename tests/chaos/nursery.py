"""
A process that has the command loaded, and forks one run of it after the other.

A run is a process of its own, with descriptors, folder and environment of its own, that may be
killed like any other; it only begins in milliseconds. Time goes faster in it by the factor given:
pauses and time-outs shrink, and nothing of mailstate knows.

Reads one run a line from standard input (JSON), and writes its pid and then how it ended.
"""

import gc
import importlib
import json
import os
import resource
import selectors
import sys
import threading  # noqa: F401  it keeps the time that it was imported with
import time
from pathlib import Path

EARLY = (
    "mailstate.cli.apply",
    "mailstate.cli.notify",
    "mailstate.cli.plan",
    # What these import when they need it.
    "anyio._backends._asyncio",
    "httpcore",
    "importlib.resources.readers",
    "jsonschema",
)


def quicken(factor):
    """Have *factor* seconds go by in one, for clocks and for whoever waits in an event loop."""
    monotonic = time.monotonic

    class Hasty(selectors.DefaultSelector):
        def select(self, timeout=None):
            return super().select(timeout and timeout / factor)

    setattr(time, "monotonic", lambda: monotonic() * factor)  # noqa: B010  mypy knows better
    setattr(selectors, "DefaultSelector", Hasty)  # noqa: B010


def serve():
    """Fork a run for each line that comes; true in the run, false at the end."""
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            begin(order)
            return True
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    return False


def begin(order):
    """Become the run that *order* describes."""
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number, name in ((1, order["out"]), (2, order["err"])):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    if order["file_size"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_size"],) * 2)
    sys.argv = ["mailstate", *order["arguments"]]


def load():
    """Import what runs import, so that they find it there."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "src"))
    main = importlib.import_module("mailstate.__main__").main
    for name in EARLY:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    return main


if __name__ == "__main__":
    quicken(float(sys.argv[1]))
    command = load()
    if serve():
        command()
