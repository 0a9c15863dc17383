"""
A line to one server: a request goes out, and an answer comes in, or trouble.

What `direct` and `proxied` have in common. What happened is told by values, without a word of
what was sent or answered.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from mailstate import __version__
from mailstate.dimail.answer import Answer

CONNECTING = 10.0
"""Seconds that making a connection may take."""

# Shorter than the five seconds after which uvicorn closes an idle connection: a request that
# crosses the close on its way would be lost, and a lost POST costs a read-back.
IDLE = 3.0
"""Seconds that a connection may be idle, and still be used again."""

LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; the list of 20 000 mailboxes has two million of them (contract §12)."""

PACKINGS = ("gzip", "deflate")
"""In which a body may come."""

HEADERS = {
    "User-Agent": f"mailstate/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": ", ".join(PACKINGS),
    "Connection": "keep-alive",
}
"""What every request has."""


class Fate(Enum):
    """What is known of a call that got no answer."""

    NOT_SENT = auto()
    UNTRUSTED = auto()
    """Not sent either: the server's certificate cannot be verified."""

    TIMED_OUT = auto()
    LOST = auto()
    """The connection broke, or carried something that is no HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """No answer: what is known of the call, in a value and in words."""

    fate: Fate
    words: str


NO_CONNECTION = Trouble(fate=Fate.NOT_SENT, words="no connection")
NOT_IN_TIME = Trouble(fate=Fate.NOT_SENT, words=f"no connection within {CONNECTING:g} s")
NOT_SENDABLE = Trouble(fate=Fate.NOT_SENT, words="the request cannot be written as HTTP")
UNTRUSTED = Trouble(fate=Fate.UNTRUSTED, words="the certificate of the server cannot be verified")
LOST = Trouble(fate=Fate.LOST, words="the connection was lost")
BROKEN = Trouble(fate=Fate.LOST, words="the answer broke off or is no HTTP")
NOT_PACKED = Trouble(fate=Fate.LOST, words="the answer cannot be unpacked")
NO_URL = Trouble(fate=Fate.LOST, words="the answer redirects to no URL")
TOO_LONG = Trouble(fate=Fate.LOST, words=f"the answer is longer than {LONGEST_ANSWER >> 20} MiB")


class Line(Protocol):
    """One connection at most, made when it is needed, with one request at a time on it."""

    async def ask(
        self, method: str, target: str, authorization: str, body: bytes | None, deadline: float
    ) -> Answer | Trouble:
        """
        What came of one request. It is sent once, whatever happens.

        Raises `TimeoutError` if that is not known at *deadline*, by the clock of the event loop.
        After that, and after trouble, there is nothing left but to close.
        """

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
