"""
The desired state, gathered from parcels: what each domain is, and the lines of what lives on it.

The lines stay as they are, and those that are looked at are taken apart. All of it is a text too,
from which who asks the same files for the same state again has it sooner than from their parcels.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from itertools import accumulate, chain, islice, pairwise, repeat
from typing import Any, NamedTuple

from mailstate.errors import Place
from mailstate.model.columns import from_columns
from mailstate.model.packed import Packed
from mailstate.model.resources import (
    Alias,
    Domain,
    DomainName,
    Key,
    Mailbox,
    Role,
    User,
    UserId,
    access_key,
    domain_key,
    user_id,
)
from mailstate.model.rows import Columns, MailboxRows, place
from mailstate.model.state import DesiredDomain, DesiredState, Person
from mailstate.statefiles.parcel import (
    DomainParcel,
    FileFacts,
    Line,
    PlaceColumns,
    alias_columns,
    mailbox_columns,
    place_columns,
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_DIGEST = 32


class _Role(NamedTuple):
    """A role, and where it is written."""

    who: UserId
    role: str
    line: int
    column: int


class _Person(NamedTuple):
    """A person, and where its name is written."""

    who: UserId
    handle: str
    uuid: str
    email: str | None
    file: str
    line: int
    column: int


class _Domain(NamedTuple):
    """
    A domain without what lives on it, and where its name is written.

    `digests` are those of its mailboxes, aliases and places, one after the other.
    """

    name: DomainName
    features: Sequence[str]
    context: str | None
    delivery: str
    disabled: bool
    support_email: str | None
    file: str
    line: int
    column: int
    roles: Sequence[_Role]
    mailbox_count: int
    alias_count: int
    digests: str


class Gathered(NamedTuple):
    """All of a desired state; of each domain, `lines` has mailboxes, aliases and places."""

    people: Sequence[Sequence[object]]
    domains: Sequence[Sequence[object]]
    lines: Sequence[Line]

    def text(self) -> bytes:
        """All of it as a text."""
        lengths = [*map(len, self.lines)]
        head = _encode((self.people, self.domains, lengths)).encode("utf-8", "surrogatepass")
        return b"".join((head, b"\n", *self.lines))

    def state(self) -> DesiredState:
        """The desired state."""
        people = zip(*self.people, strict=True) if self.people else repeat((), 7)
        who, handles, uuids, emails, *at = people
        count = len(self.people)
        users, places = from_columns(User, count, (uuids,)), from_columns(Place, count, at)
        known = from_columns(Person, count, (handles, users, emails, places))
        return DesiredState(
            people=dict(zip(who, known, strict=True)), domains=_desired(self.domains, self.lines)
        )


def gathered(files: Mapping[str, FileFacts]) -> Gathered:
    """What sound *files* declare; sorted, for the order means nothing."""
    people = sorted(
        _Person(
            user_id(user.uuid), user.handle, user.uuid, user.email, file, user.line, user.column
        )
        for file, facts in files.items()
        for user in facts.users
    )
    users = {person.handle: person.who for person in people}
    domains = sorted(
        (domain.facts.name, file, domain)
        for file, facts in files.items()
        for domain in facts.domains
    )
    return Gathered(
        people=people,
        domains=[_domain(domain, file, users) for _, file, domain in domains],
        lines=[line for *_, domain in domains for line in domain[1:]],
    )


def from_text(text: bytes) -> Gathered:
    """That which *text* was made from; its lines are views of it."""
    start = text.index(b"\n") + 1
    people, domains, lengths = json.loads(text[:start])
    ends = accumulate(lengths, initial=start)
    view = memoryview(text)
    lines = [view[start:end] for start, end in pairwise(ends)]
    return Gathered(people=people, domains=domains, lines=lines)


def _domain(parcel: DomainParcel, file: str, users: Mapping[str, UserId]) -> _Domain:
    """What *parcel* of *file* tells of a domain; *users* has who each handle is."""
    facts = parcel.facts
    roles = sorted(
        _Role(users[handle], role, line, column) for handle, role, line, column in facts.roles
    )
    of_domain = facts.name.encode() + b"\n"
    mailboxes = sha256(of_domain + parcel.mailbox_line).digest()
    aliases = sha256(of_domain + parcel.alias_line).digest()
    own = _encode((file, facts.line, facts.column, roles)).encode("utf-8", "surrogatepass")
    places = sha256(mailboxes + aliases + own + parcel.place_line).digest()
    return _Domain(
        facts.name,
        facts.features,
        facts.context,
        facts.delivery,
        facts.disabled,
        facts.support_email,
        file,
        facts.line,
        facts.column,
        roles,
        facts.mailbox_count,
        facts.alias_count,
        (mailboxes + aliases + places).hex(),
    )


_ROLES = {role.value: role for role in Role}


def _desired(
    rows: Iterable[Iterable[Any]], lines: Iterable[Line]
) -> dict[DomainName, DesiredDomain]:
    """The domains that *rows*, each a `_Domain`, tell of; *lines* has three of each."""
    told = [_Domain(*row) for row in rows]
    three = [iter(lines)] * 3
    packed = [_packed(*each) for each in zip(told, *three, strict=True)]
    domains = from_columns(
        Domain,
        len(told),
        (
            [each.name for each in told],
            [frozenset(each.features) for each in told],
            [each.context for each in told],
            [each.delivery for each in told],
        ),
    )
    mailboxes, aliases, places = zip(*packed, strict=True) if packed else ((), (), ())
    desired = from_columns(
        DesiredDomain,
        len(told),
        (
            domains,
            [{who: _ROLES[role] for who, role, _, _ in each.roles} for each in told],
            mailboxes,
            aliases,
            [each.disabled for each in told],
            [each.support_email for each in told],
            places,
        ),
    )
    return {each.name: domain for each, domain in zip(told, desired, strict=True)}


def _packed(
    told: _Domain, mailbox_line: Line, alias_line: Line, place_line: Line
) -> tuple[Packed[Key, Mailbox], Packed[Key, Alias], Packed[Key, Place]]:
    """The mailboxes and aliases of a domain, and where all of it is written."""
    digests = bytes.fromhex(told.digests)
    mailboxes = Packed(
        partial(_mailboxes, told.name, mailbox_line),
        count=told.mailbox_count,
        digest=digests[:_DIGEST],
    )
    aliases = Packed(
        partial(_aliases, told.name, alias_line),
        count=told.alias_count,
        digest=digests[_DIGEST : 2 * _DIGEST],
    )
    places = Packed(
        partial(_places, told, place_line, mailboxes, aliases),
        count=1 + len(told.roles) + told.mailbox_count + told.alias_count,
        digest=digests[2 * _DIGEST :],
    )
    return mailboxes, aliases, places


def _mailboxes(name: DomainName, line: Line) -> MailboxRows:
    told = mailbox_columns(line)
    columns = Columns(
        local_parts=told.local_parts,
        first_names=told.first_names,
        last_names=told.last_names,
        display_names=told.display_names or told.full_names(),
        active=[not off for off in told.off] or [True] * len(told.local_parts),
        secondary_emails=[address or None for address in told.secondary_emails]
        or [None] * len(told.local_parts),
    )
    return MailboxRows(name, columns)


def _aliases(name: DomainName, line: Line) -> dict[Key, Alias]:
    columns = alias_columns(line)
    made = from_columns(Alias, len(columns.local_parts), (repeat(name), *columns))
    pairs = zip(*columns, strict=True)
    keys = [Key(f"alias/{local_part}@{name}/{destination}") for local_part, destination in pairs]
    return dict(zip(keys, made, strict=True))


class _Places(Mapping[Key, Place]):
    """
    Places in *file*, each made when it is asked for: of most nobody ever wants to know.

    *columns* has those of *mailboxes*, and *others* all that are left.
    """

    __slots__ = ("_columns", "_file", "_mailboxes", "_others")

    def __init__(
        self,
        file: str,
        mailboxes: Mapping[Key, Mailbox],
        columns: PlaceColumns,
        others: Mapping[Key, tuple[int, int]],
    ) -> None:
        self._file = file
        self._mailboxes = mailboxes
        self._columns = columns
        self._others = others

    def __getitem__(self, key: Key) -> Place:
        if at := self._others.get(key):
            return Place(self._file, *at)
        row = place(self._mailboxes, key)
        return Place(self._file, self._columns.lines[row], self._columns.columns[row])

    def __iter__(self) -> Iterator[Key]:
        # Sorted as keys are: access, alias, domain, mailbox.
        return chain(self._others, self._mailboxes)

    def __len__(self) -> int:
        return len(self._others) + len(self._mailboxes)


def _places(
    told: _Domain, line: Line, mailboxes: Mapping[Key, Mailbox], aliases: Iterable[Key]
) -> _Places:
    """Where all of the domain is written."""
    columns = place_columns(line)
    at = zip(*columns, strict=True)
    others = {access_key(told.name, who): (row, column) for who, _, row, column in told.roles}
    if told.alias_count:
        others.update(zip(aliases, islice(at, told.mailbox_count, None), strict=True))
    others[domain_key(told.name)] = told.line, told.column
    return _Places(told.file, mailboxes, columns, others)
