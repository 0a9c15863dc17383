"""The real command in a folder of its own, against a sandbox that the test holds in its hands."""

import contextlib
import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from mailstate.cli import run
from mailstate.sandbox import Sandbox

COMMAND = (sys.executable, "-m", "mailstate")

ALICE = "5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e"
BOB = "6f1d3a7f-4d2c-4a1b-8e4f-2a3b4c5d6e7f"
CLEO = "7a2e4b80-5e3d-4b2c-9f50-3b4c5d6e7f80"

USERS = f"""\
users:
  - name: alice.martin
    uuid: {ALICE}
  - name: bob.durand
    uuid: {BOB}
  - name: cleo.petit
    uuid: {CLEO}
"""

COMMUNE = """\
domains:
  - name: commune.example
    owners: [alice.martin]
    accesses:
      - {user: bob.durand, role: administrator}
      - {user: cleo.petit, role: viewer}
    mailboxes:
      - {local_part: ada, first_name: Ada, last_name: Martin}
      - {local_part: zoe, first_name: Zoé, last_name: L'Été}
    aliases:
      - {local_part: contact, destinations: [ada@commune.example]}
"""

SECONDARY = """\
domains:
  - name: commune.example
    owners: [alice.martin]
    mailboxes:
      - {local_part: ada, first_name: Ada, last_name: Martin, secondary_email: ada@perso.example}
"""

DISABLED = """\
domains:
  - name: closed.example
    disabled: true
    owners: [alice.martin]
    mailboxes:
      - {local_part: eve, first_name: Ève, last_name: Roux}
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What standard output is, which must be JSON and nothing else."""
        return json.loads(self.out)


class Place:
    """A folder with state files and settings, and the environment that leads to its dimail."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.settings = {
            "MAILSTATE_URL": sandbox.url,
            "MAILSTATE_USERNAME": sandbox.username,
            "MAILSTATE_PASSWORD": sandbox.password,
        }
        self.write("state/users.yaml", USERS)
        self.write("state/commune.yaml", COMMUNE)

    def write(self, name: str, text: str | bytes) -> Path:
        """Have a file called *name*."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def environment(self, env: dict[str, str] | None = None) -> dict[str, str]:
        return {**os.environ, **self.settings, **(env or {})}

    def start(self, *arguments: str, env: dict[str, str] | None = None, **more: Any) -> Any:
        """The real command, started."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(env),
            **{**pipes, **more},
        )

    def run(self, *arguments: str, **more: Any) -> Ran:
        """The real command, from its start to its end."""
        with self.start(*arguments, **more) as process:
            out, err = process.communicate(timeout=50)
        return Ran(process.returncode, (out or b"").decode(), (err or b"").decode())

    def call(self, *arguments: str, env: dict[str, str] | None = None) -> Ran:
        """The same within this process, where only the result counts."""
        out, err = io.StringIO(), io.StringIO()
        before = signal.getsignal(signal.SIGTERM)
        try:
            with (
                contextlib.chdir(self.folder),
                mock.patch.dict(os.environ, {**self.settings, **(env or {})}),
                mock.patch.object(sys, "stdin", io.StringIO()),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                code = run(arguments)
        finally:
            signal.signal(signal.SIGTERM, before)
        return Ran(code, out.getvalue(), err.getvalue())

    def plain(self, text: str) -> str:
        """*text* without what is different in each run."""
        return text.replace(self.sandbox.url, "http://DIMAIL")

    def wait_for(self, kind: str) -> None:
        """Come back when dimail has made something of *kind*."""
        ends = time.monotonic() + 20
        while not any(effect.kind == kind for effect in self.sandbox.effects()):
            assert time.monotonic() < ends, f"no {kind} was made"
            time.sleep(0.02)


class Terminal:
    """A command in a pseudo-terminal, which a test reads and types into."""

    def __init__(
        self, place: Place, *arguments: str, env: dict[str, str] | None = None, **streams: Any
    ) -> None:
        self._master, slave = pty.openpty()
        here = {"stdin": slave, "stdout": slave, "stderr": slave, **streams}
        dumb = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
        self.process = place.start(*arguments, env={**dumb, **(env or {})}, **here)
        os.close(slave)
        self.screen = ""

    def expect(self, text: str) -> None:
        """Read on until *text* has been shown."""
        ends = time.monotonic() + 20
        while text not in self.screen:
            assert time.monotonic() < ends, f"{text!r} was not shown: {self.screen}"
            assert self._read(), f"{text!r} was not shown: {self.screen}"

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close(self) -> None:
        """Be gone: whatever is shown from now on is an error to the command."""
        os.close(self._master)

    def end(self) -> int:
        """Read to the end, and give the exit code."""
        while self._read():
            pass
        self.close()
        return self.code()

    def code(self) -> int:
        """The exit code, once the command has ended."""
        code: int = self.process.wait(timeout=20)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 20)
        try:
            piece = os.read(self._master, 65536) if ready else b""
        except OSError:
            return False  # Linux's way of telling the end
        self.screen += piece.decode(errors="replace").replace("\r\n", "\n")
        return bool(piece)
