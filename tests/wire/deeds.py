"""What the fault proxy can do to a request: values, and the request they are decided on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    One request that reached the proxy whole.

    *number* is its place in the order of arrival, *nth* the same among those of its method and
    path (the path with its query, as sent); both begin with 1.
    """

    number: int
    method: str
    path: str
    body: bytes
    nth: int


@dataclass(frozen=True, slots=True)
class Pass:
    """
    Forward, and give the answer back byte by byte; what breaks there breaks here.

    With *close* the connection is closed after it, unannounced.
    """

    close: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection in place of forwarding: no effect."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection in order in place of forwarding: no effect."""


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Forward, wait for the effect, and reset the connection in place of the answer."""


@dataclass(frozen=True, slots=True)
class Instead:
    """
    Answer this; with *effect* only once the request was forwarded and carried out.

    With *close* the connection is closed after it, unannounced, as dimail does after a 500.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    effect: bool = False
    close: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """
    Forward, and end the connection when part of the answer is written.

    *keep* is the part of the body that still arrives, framed by its length or as a chunk, or
    that of the head. An answer without a body is cut in its head.
    """

    keep: float = 0.5
    framing: Literal["length", "chunked", "head"] = "length"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Forward, and answer what *function* makes of status, headers and body."""

    function: Callable[[int, Headers, bytes], tuple[int, Headers, bytes]]


@dataclass(frozen=True, slots=True)
class Slow:
    """Forward after *before* seconds, and give the answer back *after* seconds later."""

    before: float = 0.0
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Late:
    """Silence, until the client gives up; the request is forwarded after *seconds* all the same."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Withhold:
    """Silence, until the client gives up; the request is forwarded by `Proxy.release`."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Forward what is withheld, and only then this; its own answer is given back."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Silence, until the client gives up; the request is never forwarded."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Write *data* in place of an answer, whatever it is, and end the connection."""

    data: bytes
    effect: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """
    Do *deed*, and call these in the proxy's thread on the way.

    *before* comes before forwarding, *after* once the effect is there and nothing is answered,
    *answered* when the answer is written out. Where nothing is forwarded, *before* and *after*
    follow one another.
    """

    deed: "Deed"
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    answered: Callable[[], object] | None = None


Silent = Late | Withhold | Silence
Spoken = Pass | Overtaken | Reset | Close | LoseAnswer | Instead | Cut | Rewrite | Slow | Raw
Deed = Silent | Spoken | Hook
Decide = Callable[[Asked], Deed]


def has_effect(deed: Spoken) -> bool:
    """Whether the request is forwarded."""
    match deed:
        case Reset() | Close():
            return False
        case Instead(effect=effect) | Raw(effect=effect):
            return effect
        case _:
            return True
