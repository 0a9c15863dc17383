"""
What is not known of one change, and what can be said of it: no I/O, no time.

An object that is read back after a try in doubt is found as wanted, otherwise than wanted, absent
(or as it was), or in between: half of it is there, or a field is not told. In between, the server
may be at work on it, for us or for somebody else.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mailstate.applying.mail_api import Found
from mailstate.applying.outcome import Applied, Failed
from mailstate.errors import (
    ConflictCallError,
    DoubtfulCallError,
    LostAnswerError,
    RefusedCallError,
    RemoteError,
)
from mailstate.model.resources import Domain, Mailbox
from mailstate.planning.diff import domain_fields, mailbox_fields
from mailstate.planning.plan import Action, Change

HALF_MADE = "dimail has half of it (status `broken`)"
RUN_AGAIN = "run it again: it looks first"
_NAME_HINT = (
    "dimail also answers 500 when the display name is taken in the OX context: look for the name "
    "among the mailboxes of the domains that share it"
)
_UNDONE = {
    Action.CREATE: "not there",
    Action.UPDATE: "not as asked",
    Action.DELETE: "there",
}
_SETTLED_AFTERWARDS = {"display_name", "active"}


@dataclass(slots=True, kw_only=True)
class Doubt:
    """
    The tries of one change so far; `error` is the last that left open what became of it.

    `is_ours` says whether one of them may have done what is found: a 409 tells that somebody else
    has. `is_open` says whether one may still do it, later. `between` is what to say if it stays as
    it was last seen, where that was in between.
    """

    change: Change
    error: DoubtfulCallError | None = None
    tries: int = 0
    is_ours: bool = False
    is_open: bool = False
    between: Failed | None = None

    def take_in(self, error: RemoteError) -> None:
        """Another try ended in *error*."""
        self.tries += 1
        if isinstance(error, DoubtfulCallError):
            self.error = error
            self.is_ours = self.is_ours or not isinstance(error, ConflictCallError)
            self.is_open = self.is_open or isinstance(error, LostAnswerError)

    def judge(self, found: Found | None) -> Applied | Failed | None:
        """What came of the change, now that it is *found* so; None while that may change."""
        self.between = None
        if found is not None and found.half_made:
            hint = "have the operator of dimail remove or repair it, then run it again"
            self.between = self._failed(HALF_MADE, hint=hint, is_unknown=self.is_open)
            return None
        match self.change.action:
            case Action.CREATE:
                return self._created(found)
            case Action.UPDATE:
                return self._updated(found)
            case Action.DELETE:
                return self._applied("gone") if found is None else None

    def unread(self, trouble: RemoteError) -> Failed | None:
        """What came of the change, since it cannot be read; None while that may change."""
        message = f"whether it was done could not be read back: {trouble.message}"
        unread = self._failed(message, is_unknown=True)
        if isinstance(trouble, RefusedCallError):
            return unread
        self.between = unread
        return None

    def interrupted(self) -> Failed:
        """The end of a change whose next try is not to be."""
        if self.error is None:
            message = "the run was stopped before it was done"
            return Failed(change=self.change, message=message, hint=RUN_AGAIN)
        message = (
            f"the run was stopped while it was not known whether it was done: {self.error.message}"
        )
        return Failed(change=self.change, message=message, hint=RUN_AGAIN, is_unknown=True)

    def refused(self, trouble: RemoteError) -> Failed:
        """The end of a change that the server will not have."""
        return Failed(
            change=self.change,
            message=trouble.message,
            hint=trouble.hint,
            is_unknown=self.is_open,
        )

    def given_up(self, trouble: RemoteError) -> Failed:
        """The end of a change that did not come to be, however often it was tried and read."""
        if self.between is not None:
            return self.between
        tries = "once" if self.tries == 1 else f"{self.tries} times"
        undone = _UNDONE[self.change.action]
        is_about_names = type(trouble) is DoubtfulCallError and isinstance(
            self.change.after, Mailbox
        )
        return Failed(
            change=self.change,
            message=f"tried {tries}, and it is still {undone}: {trouble.message}",
            hint=_NAME_HINT if is_about_names else RUN_AGAIN,
            is_unknown=self.is_open,
        )

    def _created(self, found: Found | None) -> Applied | Failed | None:
        if found is None:
            self.is_ours = self.is_open  # a 500 that has left nothing has done nothing
            return None
        differing = set(_differing(found, self.change)) - _SETTLED_AFTERWARDS
        if differing:
            return self._failed(
                f"it exists, but with other {_names(differing)}",
                hint="plan again and see what differs",
            )
        if not self.is_ours:
            return Applied(change=self.change, note="was there already")
        return self._applied("done", password_lost=isinstance(self.change.after, Mailbox))

    def _updated(self, found: Found | None) -> Applied | Failed | None:
        if found is None:
            return self._failed("it is gone")
        if set(_differing(found, self.change)) & set(self.change.fields):
            return None
        if untold := _untold(found, self.change):
            message = f"dimail does not tell its {_names(untold)} any more"
            self.between = self._failed(message, is_unknown=True)
            return None
        return self._applied("done")

    def _applied(self, word: str, *, password_lost: bool = False) -> Applied:
        note = f"found {word} after: {self._told}"
        return Applied(change=self.change, note=note, password_lost=password_lost)

    def _failed(self, what: str, *, hint: str = RUN_AGAIN, is_unknown: bool = False) -> Failed:
        message = f"{self._told}; {what}"
        return Failed(change=self.change, message=message, hint=hint, is_unknown=is_unknown)

    @property
    def _told(self) -> str:
        return self.error.message if self.error else ""


def _differing(found: Found, change: Change) -> tuple[str, ...]:
    match found.resource, change.after:
        case Mailbox() as live, Mailbox() as desired:
            return mailbox_fields(live, desired)
        case Domain() as live, Domain() as desired:
            return domain_fields(live, desired)
        case _:
            return ()


def _untold(found: Found, change: Change) -> tuple[str, ...]:
    """
    The fields of an update that dimail told before, and does not tell now.

    What is switched off loses its names by that.
    """
    is_closing = isinstance(change.after, Mailbox) and change.after.active is False
    return tuple(
        name
        for name in change.fields
        if getattr(found.resource, name) is None
        and getattr(change.before, name) is not None
        and not (is_closing and name != "active")
    )


def _names(fields: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(fields))
