"""What can go wrong with letters: the mail server as a whole, or one letter."""

from enum import StrEnum

from mailstate.errors import ExitCode, MailstateError, RemoteError


class Fate(StrEnum):
    """What is known of a letter that was not confirmed."""

    REFUSED = "refused"
    """For good: the same letter would be refused again."""

    POSTPONED = "postponed"
    """The mail server had no time for it, at each of several tries."""

    NOT_SENT = "not_sent"
    """It never reached the mail server as a whole: sending it again is safe."""

    UNKNOWN = "unknown"
    """It did, but no answer came: it may have been delivered, and is not sent a second time."""


class MailServerError(RemoteError):
    """The mail server was not reached, cannot be trusted, or refuses to take letters from us."""


class UndeliveredError(MailstateError):
    """One letter that was not delivered, or not known to be; `fate` says which."""

    exit_code = ExitCode.CHANGE_FAILED

    def __init__(self, message: str, *, fate: Fate, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.fate = fate
