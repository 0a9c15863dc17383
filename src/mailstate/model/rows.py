"""
The mailboxes of a domain as columns of plain values: a `Mailbox` is made when somebody looks at it.

Where two sides are columns, what is alike is found without making any: of a hundred thousand
mailboxes nearly all are as they should be, and nobody ever looks at them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

from mailstate.model.packed import Packed
from mailstate.model.resources import DomainName, Key, Mailbox, mailbox_key

Row = tuple[str, str | None, str | None, str | None, bool | None, str | None]
"""One mailbox: a value of each of the columns, in their order."""


class Columns(NamedTuple):
    """The fields of mailboxes: lists, since none is ever equal to a tuple, and of one length."""

    local_parts: Sequence[str]
    first_names: Sequence[str | None]
    last_names: Sequence[str | None]
    display_names: Sequence[str | None]
    active: Sequence[bool | None]
    secondary_emails: Sequence[str | None]

    def rows(self) -> Iterator[Row]:
        """One row for each mailbox."""
        return zip(*self, strict=True)


class MailboxRows(Mapping[Key, Mailbox]):
    """The mailboxes of *domain* that are in *columns*, in that order; each has another key."""

    __slots__ = ("_at", "columns", "domain")

    def __init__(self, domain: DomainName, columns: Columns) -> None:
        self.domain = domain
        self.columns = columns
        self._at: dict[str, int] | None = None

    @classmethod
    def of(cls, domain: DomainName, rows: Collection[Row]) -> "MailboxRows":
        """The mailboxes of *domain* in *rows*, in that order."""
        columns = map(list, zip(*rows, strict=True) if rows else repeat((), len(Columns._fields)))
        return cls(domain, Columns(*columns))

    def place(self, key: Key) -> int:
        """At which place of the columns *key* is. Raises `KeyError`."""
        if self._at is None:
            lower = map(str.lower, self.columns.local_parts)
            self._at = {local_part: at for at, local_part in enumerate(lower)}
        start, end = "mailbox/", f"@{self.domain}"
        if not (key.startswith(start) and key.endswith(end)):
            raise KeyError(key)
        return self._at[key[len(start) : -len(end)]]

    def __getitem__(self, key: Key) -> Mailbox:
        at, columns = self.place(key), self.columns
        return Mailbox(
            domain=self.domain,
            local_part=columns.local_parts[at],
            first_name=columns.first_names[at],
            last_name=columns.last_names[at],
            display_name=columns.display_names[at],
            active=columns.active[at],
            secondary_email=columns.secondary_emails[at],
        )

    def __iter__(self) -> Iterator[Key]:
        return map(self._key, self.columns.local_parts)

    def _key(self, local_part: str) -> Key:
        return mailbox_key(f"{local_part}@{self.domain}")

    def __len__(self) -> int:
        return len(self.columns.local_parts)

    def __contains__(self, key: object) -> bool:
        try:
            self.place(Key(str(key)))
        except KeyError:
            return False
        return True

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"

    def without(self, others: "MailboxRows") -> list[Key]:
        """The keys of those *others* of the same domain that are not among these."""
        if self.columns.local_parts == others.columns.local_parts:
            return []
        known = set(map(str.lower, self.columns.local_parts))
        local_parts = others.columns.local_parts
        return [self._key(one) for one in local_parts if one.lower() not in known]

    def unlike(self, there: "MailboxRows") -> list[Key]:
        """The keys of those that are not the same *there*, or may be told otherwise."""
        *ours, active, _ = self.columns
        *theirs, told, _ = there.columns
        if ours == theirs and told in (active, [None] * len(told)):
            return []
        known = dict(zip(zip(*theirs, strict=True), told, strict=True))
        return [
            self._key(row[0])
            for row, one in zip(zip(*ours, strict=True), active, strict=True)
            if (other := known.get(row, row)) is not None and other is not one
        ]


def unlike(wanted: Mapping[Key, Mailbox], there: Mapping[Key, Mailbox]) -> Iterable[Key]:
    """
    Keys of *wanted*, with all those that are missing *there* or may be told otherwise.

    What is left out has the same names there, letter by letter, and is active alike if that is
    told. Nothing is left out unless both are rows.
    """
    ours, theirs = in_rows(wanted), in_rows(there)
    if ours is None or theirs is None or ours.domain != theirs.domain:
        return wanted
    return ours.unlike(theirs)


def lacking(one: Collection[Key], other: Collection[Key]) -> Collection[Key]:
    """The keys of *one* that *other* does not have."""
    ours, theirs = in_rows(one), in_rows(other)
    if ours is None or theirs is None or ours.domain != theirs.domain:
        return [key for key in one if key not in other]
    return theirs.without(ours)


def those(mailboxes: Mapping[Key, Mailbox], *, active: bool | None) -> Iterable[Key]:
    """The keys of those that are *active*, or not, or of which neither is told."""
    rows = in_rows(mailboxes)
    if rows is None:
        return [key for key, mailbox in mailboxes.items() if mailbox.active is active]
    if active not in rows.columns.active:
        return ()
    return [key for key, one in zip(rows, rows.columns.active, strict=True) if one is active]


def place(mailboxes: Mapping[Key, Mailbox], key: Key) -> int:
    """At which place of *mailboxes* that of *key* is. Raises `KeyError`."""
    rows = in_rows(mailboxes)
    if rows is None:
        return {other: at for at, other in enumerate(mailboxes)}[key]
    return rows.place(key)


def in_rows(mailboxes: object) -> MailboxRows | None:
    """*mailboxes* as rows, unpacked where they are packed; None if they are none."""
    if isinstance(mailboxes, Packed):
        mailboxes = mailboxes.content()
    return mailboxes if isinstance(mailboxes, MailboxRows) else None
