"""
What differs between files and dimail in the mailboxes and aliases of one domain.

A value as small as what differs, made by one walk over the two sides, and all that `plan` needs of
them. It is the same whatever else is live or wanted, so that who has the same two sides again may
have the same difference again.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from mailstate.errors import Place
from mailstate.model.packed import Packed
from mailstate.model.resources import Alias, Key, Mailbox, alias_key, mailbox_key
from mailstate.model.rows import lacking, those, unlike
from mailstate.model.state import DesiredDomain, LiveDomain
from mailstate.planning.diff import mailbox_fields


class MailboxPair(NamedTuple):
    """A mailbox that is not in dimail as the files want it, and what is there instead, if any."""

    before: Mailbox | None
    after: Mailbox
    place: Place | None


class MissingAlias(NamedTuple):
    """An alias that dimail lacks; `in_the_way` if it would take the mail of a mailbox there."""

    alias: Alias
    place: Place | None
    in_the_way: bool


class Difference(NamedTuple):
    """
    Everything on a domain that is not in dimail as in the files, and the other way round.

    `mailboxes` has the half-made ones too. `off` are those that are as they should be, which is
    not active: that is worth nothing where a server cannot switch one off. `extra_mailboxes` and
    `extra_aliases` are in no file. All are in the order of the side that they are taken from.
    """

    mailboxes: tuple[MailboxPair, ...] = ()
    off: tuple[Key, ...] = ()
    extra_mailboxes: tuple[Mailbox, ...] = ()
    aliases: tuple[MissingAlias, ...] = ()
    extra_aliases: tuple[Alias, ...] = ()


Compare = Callable[[DesiredDomain, LiveDomain | None], Difference]
"""Whatever gives what `difference` gives."""


def difference(desired: DesiredDomain, live: LiveDomain | None) -> Difference:
    """What differs on the domain *desired*, of which dimail has *live*, or nothing."""
    if live is None:
        return Difference(
            mailboxes=tuple(
                MailboxPair(before=None, after=mailbox, place=desired.places.get(key))
                for key, mailbox in desired.mailboxes.items()
            ),
            aliases=tuple(
                MissingAlias(alias=alias, place=desired.places.get(key), in_the_way=False)
                for key, alias in desired.aliases.items()
            ),
        )
    wanted, there = _content(desired.mailboxes), _content(live.mailboxes)
    aliases, aliases_there = _content(desired.aliases), _content(live.aliases)
    pairs = tuple(_pairs(desired, live))
    told = {pair.after.key for pair in pairs}
    return Difference(
        mailboxes=pairs,
        off=tuple(key for key in those(wanted, active=False) if key not in told),
        extra_mailboxes=tuple(there[key] for key in lacking(there, wanted)),
        aliases=tuple(
            MissingAlias(
                alias=alias,
                place=desired.places.get(key),
                in_the_way=_is_in_the_way(alias, desired, live),
            )
            for key, alias in aliases.items()
            if key not in aliases_there
        ),
        extra_aliases=tuple(alias for key, alias in aliases_there.items() if key not in aliases),
    )


_T = TypeVar("_T")


def _content(resources: Mapping[Key, _T]) -> Mapping[Key, _T]:
    """*resources* themselves, unpacked once for many looks, if there is anything in them."""
    if not isinstance(resources, Packed):
        return resources
    return resources.content() if len(resources) else {}


def _pairs(desired: DesiredDomain, live: LiveDomain) -> Iterator[MailboxPair]:
    """What `Difference.mailboxes` has."""
    suspects = unlike(desired.mailboxes, live.mailboxes)
    if live.half_made:
        also = {*suspects, *live.half_made}
        suspects = [key for key in desired.mailboxes if key in also]
    for key in suspects:
        before, after = live.mailboxes.get(key), desired.mailboxes[key]
        if before is None or key in live.half_made or mailbox_fields(before, after):
            yield MailboxPair(before=before, after=after, place=desired.places.get(key))


def _is_in_the_way(alias: Alias, desired: DesiredDomain, live: LiveDomain) -> bool:
    """Whether *alias* would take the mail of a live mailbox that no file knows of."""
    key = mailbox_key(alias.address)
    if key in desired.mailboxes or key not in live.mailboxes:
        return False
    copy = alias_key(alias.address, alias.address)
    return copy not in desired.aliases
