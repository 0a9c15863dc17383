"""Aliases and the mailboxes that they lead to: what waits, or cannot be, since a mailbox does."""

from collections.abc import Collection, Iterable, Iterator

from mailstate.model.resources import Alias, Key, Mailbox, mailbox_key
from mailstate.planning.plan import Action, Blocked, Change, Held, Hold, Reason


def hold_with_mailboxes(
    changes: Iterable[Change], held: Iterable[Held]
) -> tuple[list[Change], list[Held]]:
    """Hold what leads to a mailbox that is held on another domain: its mail would bounce."""
    waiting: dict[Key, Hold] = {
        entry.change.key: entry.hold for entry in held if entry.change.action is Action.CREATE
    }
    going, also_held = [], []
    for change in changes:
        match change.resource:
            case Alias(destination=destination) if hold := waiting.get(mailbox_key(destination)):
                also_held.append(Held(change=change, hold=hold))
            case _:
                going.append(change)
    return going, also_held


def awaited(held: Iterable[Held], blocked: Iterable[Blocked]) -> Collection[str]:
    """The addresses of aliases that are wanted, and not made in this plan."""
    waiting = (*(entry.change for entry in held), *(entry.change for entry in blocked))
    return {one.after.address.lower() for one in waiting if isinstance(one.after, Alias)}


def leading_nowhere(
    changes: Iterable[Change], held: Iterable[Held], stopped: Iterable[Blocked]
) -> Iterator[Blocked]:
    """Aliases to a mailbox that is not created, since it is in conflict or refused."""
    missing = {
        mailbox.key: mailbox.address
        for entry in stopped
        if isinstance(mailbox := entry.change.after, Mailbox)
        and entry.change.action is Action.CREATE
    }
    for change in (*changes, *(entry.change for entry in held)):
        match change.resource:
            case Alias(destination=destination) if address := missing.get(mailbox_key(destination)):
                detail = (
                    f"{address}, to which it leads, is in conflict or refused: its mail would "
                    "bounce; mend that first"
                )
                yield Blocked(change=change, reason=Reason.DESTINATION_BLOCKED, detail=detail)
            case _:
                pass
