"""
The mailboxes of a domain as rows of plain values: a `Mailbox` is made when somebody looks at it.

Where two sides are rows, what is alike is found without making any: of a hundred thousand
mailboxes nearly all are as they should be, and nobody ever looks at them.
"""

from collections.abc import Iterable, Iterator, Mapping

from mailstate.model.packed import Packed
from mailstate.model.resources import DomainName, Key, Mailbox

Names = tuple[str | None, str | None, str | None]
"""First name, last name, display name."""

Row = tuple[Names, bool | None, str, str | None]
"""The names, whether it is active, the local part, the secondary address."""


class MailboxRows(Mapping[Key, Mailbox]):
    """The mailboxes of *domain* that are in *rows*, in that order."""

    __slots__ = ("domain", "rows")

    def __init__(self, domain: DomainName, rows: Mapping[Key, Row]) -> None:
        self.domain = domain
        self.rows = rows

    def __getitem__(self, key: Key) -> Mailbox:
        (first_name, last_name, display_name), active, local_part, secondary_email = self.rows[key]
        return Mailbox(
            domain=self.domain,
            local_part=local_part,
            first_name=first_name,
            last_name=last_name,
            display_name=display_name,
            active=active,
            secondary_email=secondary_email,
        )

    def __iter__(self) -> Iterator[Key]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, key: object) -> bool:
        return key in self.rows

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"


def unlike(wanted: Mapping[Key, Mailbox], there: Mapping[Key, Mailbox]) -> Iterable[Key]:
    """
    Keys of *wanted*, with all those that are missing *there* or may be told otherwise.

    What is left out has the same names there, letter by letter, and is active alike if that is
    told. Nothing is left out unless both are rows.
    """
    ours, theirs = _rows(wanted), _rows(there)
    if ours is None or theirs is None:
        return wanted
    return [
        key
        for key, row in ours.items()
        if (other := theirs.get(key)) is None
        or other[0] != row[0]
        or (other[1] is not row[1] and other[1] is not None)
    ]


def switched_off(mailboxes: Mapping[Key, Mailbox]) -> Iterable[Key]:
    """The keys of those that are not active."""
    rows = _rows(mailboxes)
    if rows is None:
        return [key for key, mailbox in mailboxes.items() if mailbox.active is False]
    return [key for key, row in rows.items() if row[1] is False]


def _rows(mailboxes: Mapping[Key, Mailbox]) -> Mapping[Key, Row] | None:
    if isinstance(mailboxes, Packed):
        mailboxes = mailboxes.content()
    return mailboxes.rows if isinstance(mailboxes, MailboxRows) else None
