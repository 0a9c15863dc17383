"""
Letters that earlier runs owe: the journal tells to whom, the end of an apply sends them.

A letter is no change of the plan, so that an approved plan has no say in it. With `auto` the way
in is a login link wherever the server has them, and leaves a password alone that its holder may
have; only where it must be a password, a new one is set.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from mailstate.applying.mail_api import Found, Welcome
from mailstate.applying.outcome import LateLetter, Letter, Report
from mailstate.cli.memory import Memory
from mailstate.cli.post import is_letter_due
from mailstate.cli.session import Session
from mailstate.errors import RemoteError
from mailstate.model.resources import Key, Mailbox
from mailstate.model.state import DesiredState

Find = Callable[[Mailbox], Awaitable[Found | None]]
"""Reads a mailbox back; None if dimail does not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """
    The mailboxes for whose holders earlier runs owe a letter, on the domains of this run.

    `there` are those that dimail has, whole: to them it can be sent. The others may be made by
    this run, or turn up.
    """

    mailboxes: tuple[Mailbox, ...] = ()
    there: frozenset[Key] = field(default_factory=frozenset)


def owed(memory: Memory, run: Session) -> Owed:
    """What *memory* says is due, as far as the files still declare it with an active holder."""
    declared = _declared(run.desired)
    mailboxes = tuple(declared[key] for key in memory.unwelcomed if key in declared)
    there = (
        mailbox.key
        for mailbox in mailboxes
        if (live := run.live.domains.get(mailbox.domain))
        and mailbox.key in live.mailboxes
        and mailbox.key not in live.half_made
    )
    return Owed(mailboxes=mailboxes, there=frozenset(there))


def _declared(desired: DesiredState) -> Mapping[Key, Mailbox]:
    return {
        key: mailbox
        for domain in desired.domains.values()
        if not domain.disabled
        for key, mailbox in domain.mailboxes.items()
        if is_letter_due(mailbox)
    }


async def pay(
    owed: Owed,
    report: Report,
    *,
    find: Find,
    welcome: Welcome,
    stop: asyncio.Event,
    tell: Callable[[LateLetter], None],
) -> tuple[LateLetter, ...]:
    """
    Send what is *owed* and was not sent in the run of *report*; *tell* hears of each letter.

    A mailbox that dimail does not have as a whole, or not active, stays owed. Once *stop* is set
    no other letter is begun.
    """
    welcomed = {key for key, _ in report.letters()}
    letters: list[LateLetter] = []
    # One after the other: of several that are under way, a kill might let none arrive.
    for mailbox in owed.mailboxes:
        if stop.is_set():
            break
        if mailbox.key in welcomed:
            continue
        letter = await _letter(mailbox, find, welcome)
        if letter is not None:
            letters.append(LateLetter(key=mailbox.key, letter=letter))
            tell(letters[-1])
    return tuple(letters)


async def _letter(mailbox: Mailbox, find: Find, welcome: Welcome) -> Letter | None:
    try:
        found = await find(mailbox)
    except RemoteError as error:
        to = mailbox.secondary_email or ""
        return Letter(to=to, is_delivered=False, detail=error.message, hint=error.hint)
    if found is None or found.half_made or not isinstance(found.resource, Mailbox):
        return None
    if found.resource.active is False:
        return None
    return await welcome.welcome(mailbox, None)
