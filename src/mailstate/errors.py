"""
What stops a run, how it is told, and with which exit code.

    MailstateError
    ├── UsageError           2   the command line asks for something that cannot be
    ├── FilesError           3   the state files have problems, all of them listed
    ├── SettingsError        3   mailstate.toml, the environment or a plan file is wrong
    ├── RemoteError          4   dimail not reached, refused us, or answered nonsense
    │   ├── RefusedCallError     nothing happened, and asking again would not help
    │   ├── BusyCallError        nothing happened; ask again later
    │   └── DoubtfulCallError    it may have happened: read back before asking again
    │       ├── ConflictCallError    it exists already: this very call had no effect
    │       └── LostAnswerError      no answer came: the effect may even come later
    ├── InterruptedRunError  5   the user or the system asked us to stop
    └── StalePlanError      13   the saved plan is not what would be done now

A failure of one change is no error but an outcome (`mailstate.applying`): the rest goes on.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple, Self


class ExitCode(IntEnum):
    """Every exit code of every command; the documentation's table is made from this one."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "as asked"
    CHANGE_FAILED = 1, "some change failed"
    USAGE = 2, "the command line is wrong, or there is no terminal to ask on and no --yes"
    INVALID = 3, "invalid files or settings"
    REMOTE = (
        4,
        "dimail not reached, refused the credentials, or answered so that no plan is possible",
    )
    INTERRUPTED = 5, "interrupted; what was under way was finished and reported"
    CHANGES = 10, "with --detailed-exitcode: changes to make; with fmt --check: files to format"
    WAITING = (
        11,
        "with --detailed-exitcode: nothing to do now, but something is held or in conflict",
    )
    REFUSED = 12, "a guard refused a change; the others were carried out"
    STALE_PLAN = 13, "the saved plan no longer holds"


class Severity(StrEnum):
    """An error stops the run; a warning is shown (and is an error with `--strict`)."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something is written: file as the user would type it, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One fault of one file: which rule, where, what is wrong, what to do."""

    place: Place
    rule: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR


class MailstateError(Exception):
    """Stops the run: `message` says what is wrong, `hint` what to do about it."""

    exit_code: ExitCode

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(MailstateError):
    """The command line asks for something that cannot be."""

    exit_code = ExitCode.USAGE


class FilesError(MailstateError):
    """The state files have problems; `problems` holds them all, warnings included."""

    exit_code = ExitCode.INVALID

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        errors = sum(problem.severity is Severity.ERROR for problem in problems)
        super().__init__(
            f"the state files have {errors} error{'' if errors == 1 else 's'}",
            hint="correct the places above, then run it again",
        )
        self.problems = problems


class SettingsError(MailstateError):
    """mailstate.toml, the environment or a plan file is wrong."""

    exit_code = ExitCode.INVALID


class RemoteError(MailstateError):
    """dimail was not reached, refused us, or answered so that no plan is possible."""

    exit_code = ExitCode.REMOTE


class RefusedCallError(RemoteError):
    """The call had no effect, and the same call would be refused again."""


class BusyCallError(RemoteError):
    """The call had no effect; the server asks for `retry_after` seconds of patience."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class DoubtfulCallError(RemoteError):
    """The call may or may not have had its effect; only reading back can tell."""


class ConflictCallError(DoubtfulCallError):
    """The server answers that it exists already: made by somebody else, or by an earlier try."""


class LostAnswerError(DoubtfulCallError):
    """The server has not answered, and may still be at work: the effect may come at any time."""


class InterruptedRunError(MailstateError):
    """The user or the system asked us to stop."""

    exit_code = ExitCode.INTERRUPTED


class StalePlanError(MailstateError):
    """The saved plan is not what would be done now."""

    exit_code = ExitCode.STALE_PLAN
