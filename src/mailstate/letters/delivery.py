"""What became of one letter, without a word of what it holds."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from mailstate.errors import MailstateError
from mailstate.letters.compose import Stamp
from mailstate.letters.errors import Fate, UndeliveredError


class Way(StrEnum):
    """What a letter brought."""

    LINK = "login-link"
    PASSWORD = "password"  # noqa: S105 - the name of a way
    RESET = "reset-password"
    """A new password, since the first one was not there to be sent."""

    NEWS = "news"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The mail server has taken the letter."""

    to: str
    way: Way


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """There was no letter to send, and `reason` says why; nothing is wrong."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """Not delivered, or not known to be (`is_unknown`)."""

    to: str
    reason: str
    hint: str = ""
    is_unknown: bool = False


Delivery = Delivered | NotSent | Undelivered

NewStamp = Callable[[], Stamp]


def new_stamp() -> Stamp:
    """A stamp with the time of now, and a token that tells nothing."""
    return Stamp(date=datetime.now(UTC), token=secrets.token_hex(16))


def undelivered(to: str, error: MailstateError) -> Undelivered:
    """What *error* made of the letter to *to*."""
    is_unknown = isinstance(error, UndeliveredError) and error.fate is Fate.UNKNOWN
    return Undelivered(to=to, reason=error.message, hint=error.hint, is_unknown=is_unknown)
