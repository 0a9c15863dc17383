"""
One change, carried out at most once, whatever the network does.

A call that was answered well, or refused, is done with. A busy server (no effect) is asked again.
All else is in doubt (no answer, a 500, a 409): the object is read back, at once and after the
pause, for an effect that comes late, before anything is sent again. It is found

- as wanted: done;
- otherwise than wanted: failed;
- absent, or as it was: sent again;
- in between, or it cannot be read: read again after each pause, and nothing is sent meanwhile.

After four rounds the last reading counts. A call that had no answer may have its effect even
later: what became of it is then unknown, whatever was read.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from mailstate.applying.doubt import HALF_MADE, RUN_AGAIN, Doubt
from mailstate.applying.mail_api import Found, MailApi, Welcome
from mailstate.applying.outcome import Applied, Failed
from mailstate.errors import BusyCallError, DoubtfulCallError, RemoteError
from mailstate.model.resources import Access, Alias, Mailbox
from mailstate.model.secret import Secret
from mailstate.planning.diff import mailbox_fields
from mailstate.planning.plan import Action, Change

Pause = Callable[[float], Awaitable[bool]]
"""Waits some seconds; false if the run is to stop instead."""

_ROUNDS = 4
_FIRST_PAUSE = 0.5
_LONGEST_BUSY = 60.0


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
        doubt = Doubt(change=change)
        trouble = RemoteError("")
        for number in range(1, _ROUNDS + 1):
            if doubt.between is None:
                try:
                    password = await self._send(change)
                except RemoteError as error:
                    trouble = error
                    doubt.take_in(error)
                else:
                    return await self._finish(Applied(change=change), password)
                if not isinstance(trouble, BusyCallError):
                    if outcome := await self._read_back(doubt):
                        return outcome
                    if not isinstance(trouble, DoubtfulCallError) and doubt.between is None:
                        return doubt.refused(trouble)
            if number < _ROUNDS or doubt.error:
                if not await self.pause(_patience(trouble, number)):
                    return doubt.interrupted()
                if outcome := await self._read_back(doubt):
                    return outcome
        return doubt.given_up(trouble)

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

    async def _read_back(self, doubt: Doubt) -> Applied | Failed | None:
        """
        What the change came to, as far as reading tells; None while that may change.

        Whoever else made a mailbox has welcomed its holder: a second letter might undo the
        password of the first.
        """
        if doubt.error is None:
            return None
        change = doubt.change
        try:
            # Paths are compared with case: what is updated is asked for as dimail spells it.
            found = await self.api.find(change.before or change.resource)
        except RemoteError as error:
            return doubt.unread(error)
        outcome = doubt.judge(found)
        if not isinstance(outcome, Applied):
            return outcome
        if doubt.is_ours:
            return await self._finish(outcome, None, found)
        return await self._settle(outcome, found)

    async def _finish(
        self, applied: Applied, password: Secret | None, found: Found | None = None
    ) -> Applied | Failed:
        """
        Do what belongs to a change once it is made: a new mailbox's letter, then its details.

        The letter comes first: the password is here now and never again.
        """
        change, letter = applied.change, None
        if (
            change.action is Action.CREATE
            and isinstance(change.after, Mailbox)
            and self.welcome is not None
        ):
            letter = await self.welcome.welcome(change.after, password)
        outcome = await self._settle(applied, found)
        return replace(outcome, letter=letter)

    async def _settle(self, applied: Applied, found: Found | None) -> Applied | Failed:
        """
        Set what a creation cannot: a display name of its own form, and `active: false`.

        A 2xx does not prove that a field took effect (contract §2), and a 2024 server stores a
        display name of its own making (§7): where one was asked for, it is read back, unless it
        was just *found*.
        """
        change, wanted = applied.change, applied.change.after
        if change.action is not Action.CREATE or not isinstance(wanted, Mailbox):
            return applied
        if found is None and wanted.active is not False and _has_usual_name(wanted):
            return applied
        live = await self._told(wanted, found)
        if not isinstance(live, Mailbox):
            return _half_way(change, live, hint=RUN_AGAIN, is_unknown=True)
        fields = mailbox_fields(live, wanted)
        if not fields:
            return applied
        update = Change(action=Action.UPDATE, before=live, after=wanted, fields=fields)
        outcome = await self.carry_out(update)
        if isinstance(outcome, Failed):
            hint = "run it again: the rest is planned as an update"
            return _half_way(change, outcome.message, hint=hint, is_unknown=outcome.is_unknown)
        return applied

    async def _told(self, wanted: Mailbox, found: Found | None) -> Mailbox | str:
        """The new mailbox, once dimail tells all of it that is asked; or why that is not seen."""
        live = _whole(found, wanted) if found else await self._seen(wanted)
        for number in range(1, _ROUNDS):
            if isinstance(live, Mailbox) or not await self.pause(_grown(number)):
                break
            live = await self._seen(wanted)
        return live

    async def _seen(self, wanted: Mailbox) -> Mailbox | str:
        try:
            return _whole(await self.api.find(wanted), wanted)
        except RemoteError as error:
            return error.message


def _whole(found: Found | None, wanted: Mailbox) -> Mailbox | str:
    """The mailbox that was *found*, or what is missing to say whether it is as *wanted*."""
    if found is None or not isinstance(found.resource, Mailbox):
        return "it could not be found afterwards"
    if found.half_made:
        return HALF_MADE
    if wanted.active is False and found.resource.active is None:
        return "dimail does not tell whether it is active"
    return found.resource


def _has_usual_name(mailbox: Mailbox) -> bool:
    return mailbox.display_name == f"{mailbox.first_name} {mailbox.last_name}"


def _half_way(change: Change, message: str, *, hint: str, is_unknown: bool) -> Failed:
    return Failed(
        change=change,
        message=f"made, but not yet as asked: {message}",
        hint=hint,
        is_unknown=is_unknown,
    )


def _grown(number: int) -> float:
    """The pause after round *number*: ever longer."""
    return _FIRST_PAUSE * 2.0 ** (number - 1)


def _patience(trouble: RemoteError, number: int) -> float:
    """How long to wait after round *number*: as long as a busy server asks for, within reason."""
    if isinstance(trouble, BusyCallError):
        return min(max(_grown(number), trouble.retry_after), _LONGEST_BUSY)
    return _grown(number)
