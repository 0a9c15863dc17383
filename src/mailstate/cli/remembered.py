"""
What earlier plans have found out of one set of domains: many small texts in one row of a cache.

Each text stands under a digest of all that it follows from. What a run does not ask for is left
out of what the next one finds.
"""

import json
from typing import Protocol


class Row(Protocol):
    """Where rows are kept."""

    def get(self, name: bytes) -> bytes | None:
        """What was put there under *name*; None if it is not known."""

    def put(self, name: bytes, value: bytes) -> None:
        """Let *value* be known under *name*."""


MOST_BYTES = 4_000
"""What is longer is found out again; a domain of which everything is missing has such texts."""


class Remembered:
    """The texts in the row *name*; what is asked for and what is new goes back at the end."""

    def __init__(self, rows: Row, name: bytes) -> None:
        self._rows = rows
        self._name = name
        self._before = _texts(rows.get(name))
        self._now: dict[str, str] = {}

    def get(self, key: bytes) -> bytes | None:
        """What was put under *key*, if it is still known."""
        text = self._before.get(digest := key.hex())
        if text is None:
            return None
        self._now[digest] = text
        return text.encode()

    def put(self, key: bytes, value: bytes) -> None:
        """Keep *value*, an ASCII text, under *key*."""
        if len(value) <= MOST_BYTES:
            self._now[key.hex()] = value.decode("ascii")

    def keep(self) -> None:
        """Put back what this run knows, if that is anything else than before."""
        if self._now != self._before:
            self._rows.put(self._name, json.dumps(self._now).encode())


def _texts(row: bytes | None) -> dict[str, str]:
    """What *row* was made from; nothing if it was not made here."""
    try:
        texts = json.loads(row or b"{}")
    except ValueError:
        return {}
    is_ours = isinstance(texts, dict) and set(map(type, texts.values())) <= {str}
    return texts if is_ours else {}
