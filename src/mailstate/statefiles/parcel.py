"""
What one sound file declares, packed small: lines, the first of which says what is where.

The first line is JSON: the users, the domains, and what rules across files need to know. Then come
three lines for each domain: its mailboxes, its aliases, and their places. These are columns, sorted
as the desired state sorts them, between the separators that ASCII has for this, which no value can
hold. None knows the name of its file: equal contents give equal parcels, wherever they lie.
"""

import json
from array import array
from collections.abc import Iterable
from itertools import chain, starmap
from typing import Any, NamedTuple, TypeAlias

from mailstate.model.resources import DomainName

Parcel: TypeAlias = bytes
Line: TypeAlias = bytes | memoryview

_BETWEEN_COLUMNS = "\x1e"
_BETWEEN_VALUES = "\x1f"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


class UserFacts(NamedTuple):
    """A user, and where its name is written."""

    handle: str
    uuid: str
    email: str | None
    line: int
    column: int


class RoleFacts(NamedTuple):
    """Somebody's role, and where it is written."""

    handle: str
    role: str
    line: int
    column: int


class DomainFacts(NamedTuple):
    """
    A domain without what lives on it, and where its name is written.

    `leads_to` has the other domains that its aliases lead to.
    """

    name: DomainName
    features: list[str]
    context: str | None
    delivery: str
    disabled: bool
    support_email: str | None
    line: int
    column: int
    roles: list[RoleFacts]
    mailbox_count: int
    alias_count: int
    leads_to: list[str]


class MailboxColumns(NamedTuple):
    """
    The mailboxes of a domain.

    The last three are empty where all have the default; else a secondary address that is none is
    empty, and so is `off` for those that are active.
    """

    local_parts: list[str]
    first_names: list[str]
    last_names: list[str]
    display_names: list[str]
    secondary_emails: list[str]
    off: list[str]

    def full_names(self) -> list[str]:
        """First and last name of each."""
        return list(map(" ".join, zip(self.first_names, self.last_names, strict=True)))


class AliasColumns(NamedTuple):
    """The aliases of a domain, each with one destination."""

    local_parts: list[str]
    destinations: list[str]


class PlaceColumns(NamedTuple):
    """Lines and columns of mailboxes, then of aliases."""

    lines: list[int]
    columns: list[int]


class DomainColumns(NamedTuple):
    """What lives on a domain."""

    mailboxes: MailboxColumns
    aliases: AliasColumns
    places: PlaceColumns


class DomainParcel(NamedTuple):
    """One domain of a parcel: what it is, and the lines of what lives on it."""

    facts: DomainFacts
    mailbox_line: Line
    alias_line: Line
    place_line: Line

    def mailboxes(self) -> MailboxColumns:
        """What its mailboxes are."""
        return mailbox_columns(self.mailbox_line)

    def aliases(self) -> AliasColumns:
        """What its aliases are."""
        return alias_columns(self.alias_line)


class FileFacts(NamedTuple):
    """What a parcel says; `secondary` has a number of four bytes for each secondary address."""

    users: list[UserFacts]
    domains: list[DomainParcel]
    secondary: bytes


def domain_parcel(facts: DomainFacts, columns: DomainColumns) -> DomainParcel:
    """The domain that is *facts*, with *columns*, all of them sorted."""
    mailboxes, aliases, places = columns
    same = places.columns[:1] if len(set(places.columns)) == 1 else places.columns
    lines = _line(mailboxes), _line(aliases), _BETWEEN_COLUMNS.join(map(_hex, (places.lines, same)))
    return DomainParcel(facts, *map(str.encode, lines))


def pack(facts: FileFacts) -> Parcel:
    """The parcel that says *facts*."""
    domains = [domain.facts for domain in facts.domains]
    head = _encode((facts.users, domains, facts.secondary.hex())).encode()
    return b"\n".join((head, *chain.from_iterable(domain[1:] for domain in facts.domains)))


def unpack(parcel: Parcel) -> FileFacts:
    """What *parcel* says, as far as its first line goes."""
    head, *lines = parcel.split(b"\n")
    (users, domains, secondary), _ = _decode(head.decode())
    rest = iter(lines)
    return FileFacts(
        users=[UserFacts(*user) for user in users],
        domains=[
            DomainParcel(_domain_facts(domain), next(rest), next(rest), next(rest))
            for domain in domains
        ],
        secondary=bytes.fromhex(secondary),
    )


_ROLES = DomainFacts._fields.index("roles")


def _domain_facts(row: list[Any]) -> DomainFacts:
    row[_ROLES] = [*starmap(RoleFacts, row[_ROLES])]
    return DomainFacts(*row)


def mailbox_columns(line: Line) -> MailboxColumns:
    """The mailboxes in *line*."""
    return MailboxColumns(*_columns(line))


def alias_columns(line: Line) -> AliasColumns:
    """The aliases in *line*."""
    return AliasColumns(*_columns(line))


def place_columns(line: Line) -> PlaceColumns:
    """The places in *line*."""
    lines, columns = map(_numbers, str(line, "utf-8").split(_BETWEEN_COLUMNS))
    return PlaceColumns(lines, columns if len(columns) == len(lines) else columns * len(lines))


def _line(columns: Iterable[Iterable[str]]) -> str:
    return _BETWEEN_COLUMNS.join(map(_BETWEEN_VALUES.join, columns))


def _columns(line: Line) -> list[list[str]]:
    columns = str(line, "utf-8").split(_BETWEEN_COLUMNS)
    return [column.split(_BETWEEN_VALUES) if column else [] for column in columns]


def _hex(numbers: Iterable[int]) -> str:
    return array("I", numbers).tobytes().hex()


def _numbers(text: str) -> list[int]:
    return array("I", bytes.fromhex(text)).tolist()
