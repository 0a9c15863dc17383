"""
The journal of an apply: what was begun, and what became of it.

JSON lines, only ever appended to: after a kill it tells done, unknown (begun and not ended) and not
begun; `mailstate.cli.memory` reads it. No secret ever reaches it.

That a change is begun is on the disk before its call is sent. What became of it is written at
once, so that a kill loses nothing, and is on the disk before the next call is sent or the run
ends. After a power cut, what ended last may count as unknown, and its letter be sent a second time.

A disk may take its time. What is begun and ended while it does so waits for the next turn,
together: one writing through is enough for all lines before it, and meanwhile the calls under way
go on. A disk that was quick the last time is waited for on the spot.
"""

import asyncio
import fcntl
import json
import math
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mailstate import __version__
from mailstate.applying.outcome import Applied, Failed, Outcome, word_for
from mailstate.errors import SettingsError
from mailstate.model.resources import DomainName, Key
from mailstate.planning.plan import Change, Hold, Plan
from mailstate.reporting.plan_json import Context, plan_digest

_QUICK = 0.001
"""Seconds; to hand a disk over to a thread, and to be told, may well take as long."""


class Journal:
    """
    Writes down what an applier does; an `Observer`. One run at a time has the file.

    Raises `SettingsError` if it cannot; but where `on_fault` is set, that is called instead, so
    that a run can end in order, `fault` is kept, and nothing more is written.
    """

    def __init__(self, path: Path) -> None:
        self.on_fault: Callable[[], None] | None = None
        self.fault: SettingsError | None = None
        self._path = path
        self._written = 0
        self._kept = 0
        self._turn = asyncio.Lock()
        self._disk_takes = math.inf
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            if self._is_taken():
                self.close()
                raise SettingsError(
                    f"the journal {path} is kept by another run at this moment",
                    hint="try again when that run has ended",
                )
            size = os.fstat(self._file).st_size
            # A line that was torn by a kill or a full disk: ours must not become its end.
            self._is_torn = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"
        except OSError as error:
            raise self._fault(error) from None

    def _is_taken(self) -> bool:
        """
        Whether another run has the file; if not, it is ours until we close it or are killed.

        What a run has begun looks to another like what a killed one has left: its letters would
        be sent a second time, with passwords that undo those of the first.
        """
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            pass  # a file system without locks
        return False

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def planned(self, plan: Plan, context: Context, *, writes_letters: bool) -> None:
        """The run begins: all that may come, so that what never does is known too."""
        held = (entry.change for entry in plan.held)
        self._write(
            "run",
            target=context.target,
            tool_version=__version__,
            plan_digest=plan_digest(plan, context),
            planned=[change.key for change in (*plan.changes, *held)],
            letters=writes_letters,
        )

    def begun(self, change: Change) -> None:
        self._append("begun", address=change.key, action=change.action.value)

    def ended(self, outcome: Outcome) -> None:
        letter = outcome.letter if isinstance(outcome, Applied | Failed) else None
        self._append(
            "ended",
            address=outcome.change.key,
            outcome=word_for(outcome),
            letter=letter and ("delivered" if letter.is_delivered else "undelivered"),
            unknown=isinstance(outcome, Failed) and outcome.is_unknown,
        )

    def notified(self, address: Key, *, target: str, is_delivered: bool) -> None:
        """A confirmation was sent afterwards, or was tried to be, about a mailbox on *target*."""
        letter = "delivered" if is_delivered else "undelivered"
        self._write("notified", address=address, target=target, letter=letter)

    def settled(self, address: Key, *, target: str) -> None:
        """Nothing is due any more for *address* on *target*: its holder was let in another way."""
        self._write("notified", address=address, target=target, letter="settled")

    def told(self, domain: DomainName, standing: str) -> None:
        """The support address of *domain* has heard how it stands."""
        self._write("told", domain=domain, standing=standing)

    def looked(self, domain: DomainName, hold: Hold | None) -> None:
        self._write("looked", domain=domain, hold=hold.reason.value if hold else None)

    def finished(self, *, interrupted: bool) -> None:
        """The run ended by itself."""
        self._write("finished", interrupted=interrupted)

    async def kept(self) -> bool:
        """Wait until all that was written so far is on the disk; false if it cannot be."""
        wanted = self._written
        async with self._turn:
            if self._kept >= wanted or self.fault is not None:
                return self.fault is None
            if self._disk_takes < _QUICK:
                self._keep()
                return self.fault is None
            reached = self._written
            loop = asyncio.get_running_loop()
            # Not given up halfway: the file may not be closed meanwhile.
            keeping = loop.run_in_executor(None, self._write_through)
            try:
                await asyncio.shield(keeping)
            except asyncio.CancelledError:
                await asyncio.wait([keeping])
                raise
            except OSError as error:
                self._take(error)
            self._kept = reached
            return self.fault is None

    def _write(self, event: str, **values: object) -> None:
        """Write a line through to the disk at once."""
        self._append(event, **values)
        if self.fault is None:
            self._keep()

    def _keep(self) -> None:
        try:
            self._write_through()
        except OSError as error:
            self._take(error)
        self._kept = self._written

    def _write_through(self) -> None:
        started = time.perf_counter()
        os.fsync(self._file)
        self._disk_takes = time.perf_counter() - started

    def _append(self, event: str, **values: object) -> None:
        if self.fault is not None:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "event": event, **values}) + "\n"
        data = (b"\n" if self._is_torn else b"") + line.encode("ascii")
        self._is_torn = False
        self._written += 1
        try:
            while data:  # a disk that is nearly full takes a part, and refuses the next
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self._take(error)

    def _take(self, error: OSError) -> None:
        if self.on_fault is None:
            raise self._fault(error) from None
        self.fault = self._fault(error)
        self.on_fault()

    def _fault(self, error: OSError) -> SettingsError:
        message = f"the journal {self._path} cannot be written: {error.strerror}"
        return SettingsError(message, hint="nothing more is begun without a journal")
