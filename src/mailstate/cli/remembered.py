"""
What earlier plans have found out of one set of domains: many small values in one row of a cache.

Each stands under a digest of all that it follows from. What a run does not ask for is left
out of what the next one finds.
"""

import json
from typing import Any, Protocol


class Row(Protocol):
    """Where rows are kept."""

    def get(self, name: bytes) -> bytes | None:
        """What was put there under *name*; None if it is not known."""

    def put(self, name: bytes, value: bytes) -> None:
        """Let *value* be known under *name*."""


class Remembered:
    """The values in the row *name*; what is asked for and what is new goes back at the end."""

    def __init__(self, rows: Row, name: bytes) -> None:
        self._rows = rows
        self._name = name
        self._before = _values(rows.get(name))
        self._now: dict[str, object] = {}

    def get(self, key: bytes) -> Any:  # noqa: ANN401 - JSON
        """What was put under *key*, if it is still known; else None."""
        value = self._before.get(digest := key.hex())
        if value is not None:
            self._now[digest] = value
        return value

    def put(self, key: bytes, value: object) -> None:
        """Keep *value*, as JSON has them, under *key*."""
        self._now[key.hex()] = value

    def keep(self) -> None:
        """Put back what this run knows, if that is anything else than before."""
        if self._now != self._before:
            self._rows.put(self._name, _encode(self._now).encode())


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def _values(row: bytes | None) -> dict[str, object]:
    """What *row* was made from; nothing if it was not made here."""
    try:
        values = json.loads(row or b"{}")
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
