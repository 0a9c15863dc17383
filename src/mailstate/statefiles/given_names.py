"""Names for what dimail knows no name of: handles of people, and holders of mailboxes."""

import re
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from mailstate.model.resources import DomainName, Mailbox, UserId, user_id
from mailstate.statefiles.names import folded, uuid_fault

_LENGTHS = (8, 12, 16, 20, 24, 28, 32)
_BETWEEN = re.compile(r"[._-]+")


def is_person(name: str) -> bool:
    """Whether the dimail user *name* is called by a uuid, as people are."""
    return uuid_fault(name) is None


class Handles:
    """
    The handle of each uuid: what the files say, else `user-` and as many of its digits as needed.

    Needed is what tells it from all *known* users, so that the order of imports means nothing.
    """

    def __init__(self, written: dict[UserId, str], known: Iterable[str]) -> None:
        self._handles = dict(written)
        self._taken = set(written.values())
        digits = {UUID(name).hex for name in known if is_person(name)}
        self._sharing = Counter(one[:length] for one in digits for length in _LENGTHS)
        self.new: dict[UserId, str] = {}

    def of(self, uuid: str) -> str:
        """The handle of *uuid*; if it is a new one, its uuid is in `new` then."""
        user = user_id(uuid)
        if user not in self._handles:
            digits = UUID(uuid).hex
            free = (
                handle
                for length in _LENGTHS
                if (handle := f"user-{digits[:length]}") not in self._taken
                and self._sharing[digits[:length]] <= 1
            )
            handle = next(free, f"person-{digits}")
            self._handles[user] = handle
            self._taken.add(handle)
            self.new[user] = uuid
        return self._handles[user]


def made_up(mailbox: Mailbox) -> tuple[str, str]:
    """A first and last name for *mailbox*, from its address: `jean.dupont` is Jean Dupont."""
    name = mailbox.local_part.lower()
    first, *others = [part for part in _BETWEEN.split(name) if part] or [name]
    return _title(first), " ".join(map(_title, others)) or str(mailbox.domain)


def made_up_plainly(mailbox: Mailbox) -> tuple[str, str]:
    """The same where somebody else has that name: nobody has the whole address."""
    return mailbox.local_part.lower(), str(mailbox.domain)


def _title(word: str) -> str:
    return word[:1].upper() + word[1:]


class TakenNames:
    """Which full and display names are taken in which OX context (the two rules of that name)."""

    def __init__(self) -> None:
        self._full: set[tuple[str, str]] = set()
        self._display: set[tuple[str, str]] = set()

    def clash(self, context: str | None, full: str, display: str) -> str | None:
        """The rule that *full* and *display* would break in *context*."""
        if context is None:
            return None
        if (context, folded(full)) in self._full:
            return "full-name-not-unique"
        if (context, folded(display)) in self._display:
            return "display-name-not-unique"
        return None

    def take(self, context: str | None, full: str, display: str) -> None:
        """From now on the two are taken."""
        if context is not None:
            self._full.add((context, folded(full)))
            self._display.add((context, folded(display)))


def domain_context(domain: DomainName, features: Iterable[str], context: str | None) -> str | None:
    """The OX context in which the names on *domain* are unique; None without webmail."""
    return (context or str(domain)) if "webmail" in features else None
