"""
The journal of an apply: what was begun, and what became of it.

JSON lines, only ever appended to, and written through to the disk before the run goes on: after a
kill it tells done, unknown (begun and not ended) and not begun. No secret ever reaches it.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from mailstate.applying.outcome import Outcome, word_for
from mailstate.errors import SettingsError
from mailstate.model.resources import DomainName
from mailstate.planning.plan import Change, Hold, Plan
from mailstate.reporting.plan_json import Context, plan_document


class Journal:
    """Writes down what an applier does; an `Observer`. Raises `SettingsError` if it cannot."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._fault(error) from None

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def planned(self, plan: Plan, context: Context) -> None:
        """The run begins: all that may come, so that what never does is known too."""
        document = plan_document(plan, context)
        addresses = [entry["address"] for entry in (*document["changes"], *document["held"])]
        self._write(
            "run",
            target=context.target,
            tool_version=document["tool_version"],
            plan_digest=document["digest"],
            planned=addresses,
        )

    def begun(self, change: Change) -> None:
        self._write("begun", address=change.key, action=change.action.value)

    def ended(self, outcome: Outcome) -> None:
        self._write("ended", address=outcome.change.key, outcome=word_for(outcome))

    def looked(self, domain: DomainName, hold: Hold | None) -> None:
        self._write("looked", domain=domain, hold=hold.reason.value if hold else None)

    def finished(self, *, interrupted: bool) -> None:
        """The run ended by itself."""
        self._write("finished", interrupted=interrupted)

    def _write(self, event: str, **values: object) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "event": event, **values}) + "\n"
        try:
            os.write(self._file, line.encode("ascii"))
            os.fsync(self._file)
        except OSError as error:
            raise self._fault(error) from None

    def _fault(self, error: OSError) -> SettingsError:
        message = f"the journal {self._path} cannot be written: {error.strerror}"
        return SettingsError(message, hint="nothing more is begun without a journal")
