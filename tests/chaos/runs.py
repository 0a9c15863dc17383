"""Runs of the real command that can be killed, each in a process of its own."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.uncounted import uncounted

_NURSERY = Path(__file__).with_name("nursery.py")
_LONGEST = 45.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended (a negative code is a signal), and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def json(self) -> Any:
        """What standard output is, which must be JSON and nothing else."""
        return json.loads(self.out)


class Nursery:
    """
    Runs of the command, one at a time, by a process that has it loaded.

    Time goes by *haste* times faster in them. `hit` may be called from any thread while `run`
    waits in another.
    """

    def __init__(self, *, haste: float) -> None:
        # Coverage of killed processes is worth nothing, and slows the others down.
        environment = uncounted(os.environ)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-X", "faulthandler", str(_NURSERY), str(haste)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._pid = 0
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=_LONGEST)
        self._process.stdout.close()

    def run(
        self,
        folder: Path,
        environment: Mapping[str, str],
        arguments: Sequence[str],
        *,
        file_size: int | None = None,
    ) -> Ran:
        """Run `mailstate` with *arguments* in *folder*, to its end, whatever that is."""
        out, err = folder / "stdout", folder / "stderr"
        order = {
            "arguments": arguments,
            "folder": str(folder),
            "environment": environment,
            "out": str(out),
            "err": str(err),
            "file_size": file_size,
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        self._pid = int(self._line())
        try:
            code = int(self._line())
        finally:
            self._pid = 0
        return Ran(code, out.read_text("utf-8"), err.read_text("utf-8"))

    def hit(self, number: int) -> None:
        """Send a signal to the run that is under way; if it kills, come back when it is dead."""
        pid = self._pid
        if not pid:
            return
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                signal.pidfd_send_signal(handle, number)
                if number == signal.SIGKILL:
                    select.select([handle], [], [], _LONGEST)
            finally:
                os.close(handle)

    def _line(self) -> str:
        assert self._process.stdout
        while b"\n" not in self._read:
            ready, _, _ = select.select([self._process.stdout], [], [], _LONGEST)
            if not ready:
                self.hit(signal.SIGKILL)
                raise AssertionError("the run does not end")
            more = os.read(self._process.stdout.fileno(), 4096)
            assert more, "the nursery is gone"
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()
