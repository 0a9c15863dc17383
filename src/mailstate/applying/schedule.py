"""Which of many things may start now: a graph of needs, without time and without I/O."""

import heapq
from collections.abc import Iterable, Mapping

from mailstate.model.resources import Key


class Schedule:
    """
    Hands out the keys of *needs* as soon as what they need has succeeded, first come first.

    *needs* maps each key to what it needs; needed keys that are no keys of the mapping count as
    there already. Keys must be closed once, when it is known what became of them.
    """

    def __init__(self, needs: Mapping[Key, Iterable[Key]]) -> None:
        self._rank = {key: rank for rank, key in enumerate(needs)}
        self._open = {key: {one for one in wanted if one in needs} for key, wanted in needs.items()}
        self._dependents: dict[Key, list[Key]] = {}
        for key, wanted in self._open.items():
            for one in wanted:
                self._dependents.setdefault(one, []).append(key)
        self._ready = [(self._rank[key], key) for key, wanted in self._open.items() if not wanted]
        heapq.heapify(self._ready)

    def pop_ready(self) -> Key | None:
        """The first key that may start, once; None if there is none at the moment."""
        return heapq.heappop(self._ready)[1] if self._ready else None

    def succeed(self, key: Key) -> None:
        """*key* is done: what waited for nothing else becomes ready."""
        for dependent in self._dependents.pop(key, ()):
            wanted = self._open.get(dependent)
            if wanted is not None:
                wanted.discard(key)
                if not wanted:
                    heapq.heappush(self._ready, (self._rank[dependent], dependent))

    def fail(self, key: Key) -> list[Key]:
        """*key* is not done: gives all that needs it, near or far, and will never be ready."""
        fallen: list[Key] = []
        causes = [key]
        while causes:
            for dependent in self._dependents.pop(causes.pop(), ()):
                if self._open.pop(dependent, None) is not None:
                    fallen.append(dependent)
                    causes.append(dependent)
        return sorted(fallen, key=self._rank.__getitem__)
