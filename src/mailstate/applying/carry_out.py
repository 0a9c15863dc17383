"""
One change, carried out at most once, whatever the network does.

A call whose fate is doubtful (lost answer, 500, 409) is never sent again, nor given up, before
the object was read back, twice: at once, and again after a pause, for an effect that comes late.
Found as wanted: done. Found otherwise: failed. Absent: sent again, a few times.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from mailstate.applying.mail_api import Found, MailApi, Welcome
from mailstate.applying.outcome import Applied, Failed
from mailstate.errors import BusyCallError, ConflictCallError, DoubtfulCallError, RemoteError
from mailstate.model.resources import Access, Alias, Domain, Mailbox
from mailstate.model.secret import Secret
from mailstate.planning.diff import domain_fields, mailbox_fields
from mailstate.planning.plan import Action, Change

Pause = Callable[[float], Awaitable[bool]]
"""Waits some seconds; false if the run is to stop instead."""

_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_LONGEST_BUSY = 60.0
_UNDONE = {
    Action.CREATE: "not there",
    Action.UPDATE: "not as asked",
    Action.DELETE: "there",
}
_RUN_AGAIN = "run it again: it looks first"
_NAME_HINT = (
    "dimail also answers 500 when the display name is taken in the OX context: look for the name "
    "among the mailboxes of the domains that share it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """
    Carries out single changes over *api*; *pause* is how it waits between tries.

    Without *welcome*, nobody is told of a new mailbox.
    """

    api: MailApi
    pause: Pause
    welcome: Welcome | None = None

    async def carry_out(self, change: Change) -> Applied | Failed:
        """Do *change*, and say what became of it. Raises nothing that a server can cause."""
        doubt: RemoteError | None = None
        attempt = 0
        while True:
            attempt += 1
            trouble: RemoteError
            try:
                password = await self._send(change)
            except DoubtfulCallError as error:
                is_others = doubt is None and isinstance(error, ConflictCallError)
                doubt = trouble = error
                if outcome := await self._read_back(change, error, is_others=is_others):
                    return outcome
            except BusyCallError as error:
                trouble = error
            except RemoteError as error:
                return Failed(change=change, message=error.message, hint=error.hint)
            else:
                return await self._finish(change, Applied(change=change), password)
            if attempt < _ATTEMPTS or doubt:
                if not await self.pause(_patience(trouble, attempt)):
                    return _interrupted(change, doubt)
                if doubt and (outcome := await self._read_back(change, doubt)):
                    return outcome
            if attempt == _ATTEMPTS:
                return _given_up(change, trouble, is_in_doubt=doubt is not None)

    async def _send(self, change: Change) -> Secret | None:
        """Send the one call of *change*; of a new mailbox, give the password."""
        match change:
            case Change(action=Action.CREATE, after=after) if after is not None:
                return await self.api.create(after)
            case Change(action=Action.UPDATE, before=Mailbox() as before, after=Mailbox() as after):
                await self.api.update(before, after, change.fields)
            case Change(action=Action.DELETE, before=Access() | Alias() | Mailbox() as before):
                await self.api.delete(before)
            case _:
                message = f"no call for {change.action} of {change.key}"
                raise AssertionError(message)
        return None

    async def _read_back(
        self, change: Change, doubt: RemoteError, *, is_others: bool = False
    ) -> Applied | Failed | None:
        """
        What *change* came to, as far as reading tells; None if it has had no effect.

        What was there before anything of ours could be *is_others*: whoever made the mailbox has
        welcomed its holder, and a second letter might undo the password of the first.
        """
        try:
            # Paths are compared with case: what is updated is asked for as dimail spells it.
            found = await self.api.find(change.before or change.resource)
        except RemoteError as error:
            message = (
                f"{doubt.message}; whether it was done could not be read back: {error.message}"
            )
            return Failed(change=change, message=message, hint=_RUN_AGAIN, is_unknown=True)
        if change.action is Action.DELETE:
            note = f"found gone after: {doubt.message}"
            return None if found else Applied(change=change, note=note)
        if found is None:
            if change.action is Action.CREATE:
                return None
            return Failed(change=change, message=f"{doubt.message}; it is gone", hint=_RUN_AGAIN)
        if found.half_made:
            message = f"{doubt.message}; dimail has made half of it (status `broken`)"
            hint = "have the operator of dimail remove or repair it, then run it again"
            return Failed(change=change, message=message, hint=hint)
        differing = _differing(found, change)
        if change.action is Action.UPDATE:
            if set(differing) & set(change.fields):
                return None
            return Applied(change=change, note=f"found done after: {doubt.message}")
        if set(differing) - _SETTLED_AFTERWARDS:
            message = f"{doubt.message}; it exists, but with other {_names(differing)}"
            return Failed(change=change, message=message, hint="plan again and see what differs")
        if is_others:
            return await self._settle(change, Applied(change=change, note="was there already"))
        is_mailbox = isinstance(change.after, Mailbox)
        note = f"found done after: {doubt.message}"
        applied = Applied(change=change, note=note, password_lost=is_mailbox)
        return await self._finish(change, applied, None)

    async def _finish(
        self, change: Change, applied: Applied, password: Secret | None
    ) -> Applied | Failed:
        """
        Do what belongs to a change once it is made: a new mailbox's letter, then its details.

        The letter comes first: the password is here now and never again.
        """
        letter = None
        if (
            change.action is Action.CREATE
            and isinstance(change.after, Mailbox)
            and self.welcome is not None
        ):
            letter = await self.welcome.welcome(change.after, password)
        outcome = await self._settle(change, applied)
        return replace(outcome, letter=letter)

    async def _settle(self, change: Change, applied: Applied) -> Applied | Failed:
        """
        Set what a creation cannot: a display name of its own form, and `active: false`.

        A 2xx does not prove that a field took effect (contract §2), and a 2024 server stores a
        display name of its own making (§7): where one was asked for, it is read back.
        """
        wanted = change.after
        if change.action is not Action.CREATE or not isinstance(wanted, Mailbox):
            return applied
        if wanted.active is not False and wanted.display_name == _usual_name(wanted):
            return applied
        try:
            found = await self.api.find(wanted)
        except RemoteError as error:
            return _half_way(change, error.message)
        if found is None or not isinstance(found.resource, Mailbox):
            return _half_way(change, "it could not be found afterwards")
        fields = mailbox_fields(found.resource, wanted)
        if not fields:
            return applied
        update = Change(
            action=Action.UPDATE,
            before=found.resource,
            after=wanted,
            fields=fields,
            place=change.place,
        )
        outcome = await self.carry_out(update)
        if isinstance(outcome, Failed):
            return _half_way(change, outcome.message)
        return applied


_SETTLED_AFTERWARDS = {"display_name", "active"}


def _differing(found: Found, change: Change) -> tuple[str, ...]:
    match found.resource, change.after:
        case Mailbox() as live, Mailbox() as desired:
            return mailbox_fields(live, desired)
        case Domain() as live, Domain() as desired:
            return domain_fields(live, desired)
        case _:
            return ()


def _usual_name(mailbox: Mailbox) -> str:
    return f"{mailbox.first_name} {mailbox.last_name}"


def _names(fields: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in fields)


def _half_way(change: Change, message: str) -> Failed:
    return Failed(
        change=change,
        message=f"created, but not yet as asked: {message}",
        hint="run it again: the rest is planned as an update",
    )


def _interrupted(change: Change, doubt: RemoteError | None) -> Failed:
    if doubt is None:
        return Failed(change=change, message="interrupted before it was done", hint=_RUN_AGAIN)
    message = f"interrupted while it was not known whether it was done: {doubt.message}"
    return Failed(change=change, message=message, hint=_RUN_AGAIN, is_unknown=True)


def _patience(trouble: RemoteError, attempt: int) -> float:
    """How long to wait after *attempt*: ever longer, and as long as a busy server asks for."""
    wait = _FIRST_PAUSE * 2.0 ** (attempt - 1)
    if isinstance(trouble, BusyCallError):
        return min(max(wait, trouble.retry_after), _LONGEST_BUSY)
    return wait


def _given_up(change: Change, trouble: RemoteError, *, is_in_doubt: bool) -> Failed:
    message = (
        f"tried {_ATTEMPTS} times, and it is still {_UNDONE[change.action]}: {trouble.message}"
    )
    hint = _NAME_HINT if is_in_doubt and isinstance(change.after, Mailbox) else _RUN_AGAIN
    return Failed(change=change, message=message, hint=hint)
