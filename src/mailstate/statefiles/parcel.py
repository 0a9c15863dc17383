"""
What one sound file declares, packed small: lines, the first of which says what is where.

The first line is JSON: the users, the domains, and what rules across files need to know. Then come
three lines for each domain: its mailboxes, its aliases, and their places. These are columns, sorted
as the desired state sorts them, between the separators that ASCII has for this, which no value can
hold. None knows the name of its file: equal contents give equal parcels, wherever they lie. A state
keeps the lines as they are and takes apart those that are looked at.
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import repeat
from typing import NamedTuple, TypeAlias

from mailstate.errors import Place
from mailstate.model.columns import from_columns
from mailstate.model.packed import Packed
from mailstate.model.resources import (
    Alias,
    Domain,
    DomainName,
    Key,
    Role,
    User,
    UserId,
    access_key,
    domain_key,
)
from mailstate.model.rows import MailboxRows
from mailstate.model.state import DesiredDomain, Person

Parcel: TypeAlias = bytes
Line: TypeAlias = bytes

_BETWEEN_COLUMNS = "\x1e"
_BETWEEN_VALUES = "\x1f"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


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
        return MailboxColumns(*_columns(self.mailbox_line))

    def aliases(self) -> AliasColumns:
        """What its aliases are."""
        return AliasColumns(*_columns(self.alias_line))

    def places(self) -> PlaceColumns:
        """Where they are written."""
        lines, columns = map(_numbers, self.place_line.decode().split(_BETWEEN_COLUMNS))
        return PlaceColumns(lines, columns if len(columns) == len(lines) else columns * len(lines))


class FileFacts(NamedTuple):
    """What a parcel says; `secondary` has a number of four bytes for each secondary address."""

    users: list[UserFacts]
    domains: list[DomainParcel]
    secondary: bytes


def pack(
    users: Iterable[UserFacts],
    domains: Sequence[tuple[DomainFacts, DomainColumns]],
    secondary: bytes,
) -> Parcel:
    """The parcel of a file; all columns are sorted."""
    lines = [_encode((list(users), [facts for facts, _ in domains], secondary.hex()))]
    for _, columns in domains:
        lines += _line(columns.mailboxes), _line(columns.aliases)
        of_places = columns.places.columns
        same = of_places[:1] if len(set(of_places)) == 1 else of_places
        lines.append(_BETWEEN_COLUMNS.join((_hex(columns.places.lines), _hex(same))))
    return "\n".join(lines).encode()


def unpack(parcel: Parcel) -> FileFacts:
    """What *parcel* says, as far as its first line goes."""
    head, *lines = parcel.split(b"\n")
    users, domains, secondary = json.loads(head)
    rest = iter(lines)
    return FileFacts(
        users=[UserFacts(*user) for user in users],
        domains=[
            DomainParcel(DomainFacts(*domain), next(rest), next(rest), next(rest))
            for domain in domains
        ],
        secondary=bytes.fromhex(secondary),
    )


def _line(columns: Iterable[Iterable[str]]) -> str:
    return _BETWEEN_COLUMNS.join(map(_BETWEEN_VALUES.join, columns))


def _columns(line: Line) -> list[list[str]]:
    columns = line.decode().split(_BETWEEN_COLUMNS)
    return [column.split(_BETWEEN_VALUES) if column else [] for column in columns]


def _hex(numbers: Iterable[int]) -> str:
    return array("I", numbers).tobytes().hex()


def _numbers(text: str) -> list[int]:
    return array("I", bytes.fromhex(text)).tolist()


def person(facts: UserFacts, file: str) -> Person:
    """The person that *facts* of *file* tell of."""
    return Person(
        handle=facts.handle,
        user=User(name=facts.uuid),
        email=facts.email,
        place=Place(file, facts.line, facts.column),
    )


def desired_domain(
    parcel: DomainParcel, file: str, users: Mapping[str, tuple[str, UserId]]
) -> DesiredDomain:
    """The domain that *parcel* of *file* tells of; *users* has the uuid of each handle."""
    facts = parcel.facts
    name = facts.name
    roles = sorted(((*users[role[0]], RoleFacts(*role)) for role in facts.roles), key=_by_id)
    of_domain = name.encode() + b"\n"
    mailboxes = Packed(
        lambda: _mailboxes(parcel),
        count=facts.mailbox_count,
        digest=sha256(of_domain + parcel.mailbox_line).digest(),
    )
    aliases = Packed(
        lambda: _aliases(parcel),
        count=facts.alias_count,
        digest=sha256(of_domain + parcel.alias_line).digest(),
    )
    own = _encode((file, facts.line, facts.column, roles)).encode("utf-8", "surrogatepass")
    return DesiredDomain(
        domain=Domain(
            name=name,
            features=frozenset(facts.features),
            context=facts.context,
            delivery=facts.delivery,
        ),
        roles={who: Role(role.role) for _, who, role in roles},
        mailboxes=mailboxes,
        aliases=aliases,
        disabled=facts.disabled,
        support_email=facts.support_email,
        places=Packed(
            lambda: _places(parcel, file, roles, (mailboxes, aliases)),
            count=1 + len(roles) + facts.mailbox_count + facts.alias_count,
            digest=sha256(mailboxes.digest + aliases.digest + own + parcel.place_line).digest(),
        ),
    )


def _by_id(role: tuple[str, UserId, RoleFacts]) -> UserId:
    return role[1]


def _mailboxes(parcel: DomainParcel) -> MailboxRows:
    name, columns = parcel.facts.name, parcel.mailboxes()
    names = zip(
        columns.first_names,
        columns.last_names,
        columns.display_names or columns.full_names(),
        strict=True,
    )
    rows = zip(
        names,
        [not off for off in columns.off] or repeat(True),  # noqa: FBT003 - a column of them
        columns.local_parts,
        [address or None for address in columns.secondary_emails] or repeat(None),
        strict=False,
    )
    return MailboxRows(name, dict(zip(_mailbox_keys(name, columns), rows, strict=True)))


def _aliases(parcel: DomainParcel) -> dict[Key, Alias]:
    name, columns = parcel.facts.name, parcel.aliases()
    made = from_columns(Alias, len(columns.local_parts), (repeat(name), *columns))
    return dict(zip(_alias_keys(name, columns), made, strict=True))


class _Places(Mapping[Key, Place]):
    """Places in *file*, each made when it is asked for: of most nobody ever wants to know."""

    __slots__ = ("_at", "_file")

    def __init__(self, file: str, at: Mapping[Key, tuple[int, int]]) -> None:
        self._file = file
        self._at = at

    def __getitem__(self, key: Key) -> Place:
        return Place(self._file, *self._at[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


def _places(
    parcel: DomainParcel,
    file: str,
    roles: Sequence[tuple[str, UserId, RoleFacts]],
    resources: tuple[Iterable[Key], Iterable[Key]],
) -> _Places:
    """Where all of the domain is written; *resources* are its mailboxes and its aliases."""
    facts = parcel.facts
    at = list(zip(*parcel.places(), strict=True))
    places = {access_key(facts.name, user): (role.line, role.column) for user, _, role in roles}
    mailboxes, aliases = resources
    # Sorted as keys are: access, alias, domain, mailbox.
    places.update(zip(aliases, at[facts.mailbox_count :], strict=True))
    places[domain_key(facts.name)] = facts.line, facts.column
    places.update(zip(mailboxes, at, strict=False))
    return _Places(file, places)


def _mailbox_keys(domain: DomainName, columns: MailboxColumns) -> list[Key]:
    return [Key(f"mailbox/{local_part}@{domain}") for local_part in columns.local_parts]


def _alias_keys(domain: DomainName, columns: AliasColumns) -> list[Key]:
    pairs = zip(columns.local_parts, columns.destinations, strict=True)
    return [Key(f"alias/{local_part}@{domain}/{destination}") for local_part, destination in pairs]
