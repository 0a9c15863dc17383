"""
What differs on each domain, found out while its answers are at hand, and known from then on.

A difference follows from the two sides alone, and is found out once in a run. Where both have
digests and a memory outlives the run, not even that, as long as neither side changes. What such a
memory gives back is what was put there, or it is compared again.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from hashlib import sha256
from operator import attrgetter, is_
from typing import Any

from mailstate.dimail.content import Memory
from mailstate.errors import Place
from mailstate.model.packed import Packed
from mailstate.model.resources import Alias, DomainName, Key, Mailbox
from mailstate.model.state import DesiredDomain, LiveDomain
from mailstate.planning.difference import Difference, MailboxPair, MissingAlias, difference

MOST = 16
"""Where more differs on a domain it is compared again: to keep all that would take longer."""

_sides = attrgetter("mailboxes", "aliases", "places")
_live_sides = attrgetter("mailboxes", "aliases", "half_made")


class Comparisons:
    """Gives what `difference` gives. May be asked again and again for the same domains."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._memory = memory
        self._known: dict[DomainName, tuple[DesiredDomain, LiveDomain, Difference]] = {}

    def __call__(self, desired: DesiredDomain, live: LiveDomain | None) -> Difference:
        if live is None:
            return difference(desired, live)
        known = self._known.get(desired.domain.name)
        if known is not None and _are_those(desired, live, *known[:2]):
            return known[2]
        found = self._found(desired, live)
        self._known[desired.domain.name] = desired, live, found
        return found

    def _found(self, desired: DesiredDomain, live: LiveDomain) -> Difference:
        name = None if self._memory is None else _name(desired, live)
        if self._memory is None or name is None:
            return difference(desired, live)
        known = from_value(self._memory.get(name))
        if known is None:
            known = difference(desired, live)
            if sum(map(len, value := to_value(known))) <= MOST:
                self._memory.put(name, value)
        return known


def _are_those(
    desired: DesiredDomain, live: LiveDomain, before: DesiredDomain, live_before: LiveDomain
) -> bool:
    """Whether what differs between the one two is what differs between the other two."""
    return (desired is before or all(map(is_, _sides(desired), _sides(before)))) and (
        live is live_before or all(map(is_, _live_sides(live), _live_sides(live_before)))
    )


def _name(desired: DesiredDomain, live: LiveDomain) -> bytes | None:
    """A name for the two sides: all that a difference follows from; None where there is none."""
    parts = (desired.mailboxes, desired.aliases, desired.places, live.mailboxes, live.aliases)
    digests = [part.digest if isinstance(part, Packed) else b"" for part in parts]
    if not all(digests):
        return None
    half_made = json.dumps(sorted(live.half_made)).encode() if live.half_made else b""
    return sha256(b"".join((*digests, half_made))).digest()


_FIELDS = tuple(field.name for field in fields(Mailbox))
_row = attrgetter(*_FIELDS)
_alias_row = attrgetter("domain", "local_part", "destination")


def to_value(found: Difference) -> Sequence[Sequence[object]]:
    """*found*, as JSON has it; the more differs, the longer it is in all."""
    return (
        [
            (pair.before and _row(pair.before), _row(pair.after), _position(pair.place))
            for pair in found.mailboxes
        ],
        found.off,
        list(map(_row, found.extra_mailboxes)),
        [
            (_alias_row(missing.alias), _position(missing.place), missing.in_the_way)
            for missing in found.aliases
        ],
        list(map(_alias_row, found.extra_aliases)),
    )


_SAME = Difference()
_NOTHING = [list(column) for column in to_value(_SAME)]


def from_value(value: Any) -> Difference | None:  # noqa: ANN401 - JSON
    """The difference that *value* was made from; None if it was made from none."""
    if value == _NOTHING:
        return _SAME
    try:
        pairs, off, extra_mailboxes, aliases, extra_aliases = value
        return Difference(
            mailboxes=tuple(
                MailboxPair(
                    before=None if before is None else _mailbox(before),
                    after=_mailbox(after),
                    place=_place(place),
                )
                for before, after, place in pairs
            ),
            off=tuple(map(Key, off)),
            extra_mailboxes=tuple(map(_mailbox, extra_mailboxes)),
            aliases=tuple(
                MissingAlias(alias=_alias(*alias), place=_place(place), in_the_way=in_the_way)
                for alias, place, in_the_way in aliases
            ),
            extra_aliases=tuple(_alias(*row) for row in extra_aliases),
        )
    except (ValueError, TypeError):
        return None


def _position(place: Place | None) -> tuple[str, int, int] | None:
    return None if place is None else (place.file, place.line, place.column)


def _place(position: Sequence[Any] | None) -> Place | None:
    return None if position is None else Place(*position)


def _mailbox(row: Sequence[Any]) -> Mailbox:
    return Mailbox(**dict(zip(_FIELDS, row, strict=True)))


def _alias(domain: DomainName, local_part: str, destination: str) -> Alias:
    return Alias(domain=domain, local_part=local_part, destination=destination)
