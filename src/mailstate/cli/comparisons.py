"""
What differs on each domain, found out while its answers are at hand, and known from then on.

A difference follows from the two sides alone. Where both have digests, it is compared once in a
run; and with a memory that outlives the run, not even that, as long as neither side changes. What
such a memory gives back is what was put there, or it is compared again.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from hashlib import sha256
from operator import attrgetter
from typing import Any

from mailstate.dimail.content import Memory
from mailstate.errors import Place
from mailstate.model.packed import Packed
from mailstate.model.resources import Alias, Key, Mailbox
from mailstate.model.state import DesiredDomain, LiveDomain
from mailstate.planning.difference import Difference, MailboxPair, MissingAlias, difference


class Comparisons:
    """Gives what `difference` gives. May be asked again and again for the same domains."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._memory = memory
        self._known: dict[bytes, Difference] = {}

    def __call__(self, desired: DesiredDomain, live: LiveDomain | None) -> Difference:
        name = _name(desired, live) if live is not None else None
        if name is None:
            return difference(desired, live)
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._found(name, desired, live)
        return known

    def _found(self, name: bytes, desired: DesiredDomain, live: LiveDomain | None) -> Difference:
        if self._memory is None:
            return difference(desired, live)
        known = from_text(self._memory.get(name))
        if known is None:
            known = difference(desired, live)
            self._memory.put(name, to_text(known))
        return known


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


def to_text(found: Difference) -> bytes:
    """*found* as JSON."""
    columns = (
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
    return json.dumps(columns).encode()


_SAME = Difference()
_NOTHING = to_text(_SAME)


def from_text(text: bytes | None) -> Difference | None:
    """The difference that *text* was made from; None if it was made from none."""
    if text is None:
        return None
    if text == _NOTHING:
        return _SAME
    try:
        pairs, off, extra_mailboxes, aliases, extra_aliases = json.loads(text)
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
                MissingAlias(alias=_alias(alias), place=_place(place), in_the_way=in_the_way)
                for alias, place, in_the_way in aliases
            ),
            extra_aliases=tuple(map(_alias, extra_aliases)),
        )
    except (ValueError, TypeError):
        return None


def _position(place: Place | None) -> tuple[str, int, int] | None:
    return None if place is None else (place.file, place.line, place.column)


def _place(position: Sequence[Any] | None) -> Place | None:
    return None if position is None else Place(*position)


def _mailbox(row: Sequence[Any]) -> Mailbox:
    return Mailbox(**dict(zip(_FIELDS, row, strict=True)))


def _alias(row: Sequence[Any]) -> Alias:
    domain, local_part, destination = row
    return Alias(domain=domain, local_part=local_part, destination=destination)
