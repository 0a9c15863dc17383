"""Mappings that are kept small, and unpacked while somebody looks at them."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")

MOST_OPEN = 64
"""How many may be unpacked at once; a domain with fifty mailboxes weighs 50 kB then."""


class Packed(Mapping[_K, _V]):
    """
    What *unpack* gives, asked for again whenever it was put away meanwhile.

    *unpack* must give equal items in the same order each time, *count* of them if that is told.
    `digest` names the items: two that have the same one, and not the empty one, are equal. A
    hundred thousand mailboxes so weigh what their texts weigh, as long as only a few domains are
    looked at together. *at_hand* is what *unpack* would give, where it is known just now.
    """

    __slots__ = ("_count", "_open", "_unpack", "digest")

    def __init__(
        self,
        unpack: Callable[[], Mapping[_K, _V]],
        *,
        count: int | None = None,
        digest: bytes = b"",
        at_hand: Mapping[_K, _V] | None = None,
    ) -> None:
        self._unpack = unpack
        self._count = count
        self._open: Mapping[_K, _V] | None = None
        self.digest = digest
        if at_hand is not None:
            self._keep(at_hand)

    def content(self) -> Mapping[_K, _V]:
        """What *unpack* gave, to be looked at now and not kept."""
        return self._keep(self._unpack()) if self._open is None else self._open

    def _keep(self, content: Mapping[_K, _V]) -> Mapping[_K, _V]:
        self._open = content
        _OPEN.append(self)
        if len(_OPEN) > MOST_OPEN:
            _OPEN.popleft().put_away()
        return content

    def put_away(self) -> None:
        """Keep the packed form alone; the next look unpacks it again."""
        self._open = None

    def __getitem__(self, key: _K) -> _V:
        return self.content()[key]

    def __iter__(self) -> Iterator[_K]:
        return iter(self.content())

    def __len__(self) -> int:
        return len(self.content()) if self._count is None else self._count

    def __contains__(self, key: object) -> bool:
        return key in self.content()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.content())!r})"


_OPEN: deque[Packed[Any, Any]] = deque()
