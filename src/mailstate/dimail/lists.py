"""
Whole lists of mailboxes and aliases, read in one go.

A second way to what `mailstate.dimail.wire` finds out item by item, and several times as quick: it
takes lists in which everything is as usual. Whatever else is in a list, however harmless, is left
to the first way, which knows what it means, or tells what is wrong with it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, NamedTuple

from mailstate.dimail import wire
from mailstate.dimail.node import Node
from mailstate.model.columns import from_columns
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Key,
    Mailbox,
    User,
    mailbox_key,
)
from mailstate.model.rows import Columns, MailboxRows, Row, lacking, those
from mailstate.model.state import DomainState, LiveDomain

_Row = tuple[str, str, str | None, str | None, str | None, object]
"""Address, status, first name, last name, display name, and what is told of `active`."""

_UNTOLD = object()

_TEXT = {str}
_FLAG = {bool}
_TEXT_OR_NONE = {str, type(None)}

# What shows that an item is not of the usual form.
_UNUSUAL = (KeyError, TypeError, AttributeError)


class Listed(NamedTuple):
    """
    The mailboxes of a domain, sorted by key.

    `torn` are those that dimail has in one store only, for no good reason but that they may be
    switched off. `tells_active` is whether it says of any that it is on or off, or neither.
    """

    mailboxes: Mapping[Key, Mailbox]
    torn: frozenset[Key] = frozenset()
    tells_active: bool = True

    @property
    def half_made(self) -> frozenset[Key]:
        """Those that exist in one store only, through a creation that failed half-way."""
        return frozenset(key for key in self.torn if self.mailboxes[key].active is not False)

    def may_hide(self, wanted: Collection[Key]) -> bool:
        """
        Whether one of those *wanted* may be half-made: it is not in the list, or not in use.

        The contract does not tell which of the two the second API chooses (§8, §15).
        """
        untold = set(those(self.mailboxes, active=None))
        return bool(lacking(wanted, self.mailboxes)) or not untold.isdisjoint(wanted)


def first_list(answer: Node, domain: DomainName, *, webmail: bool) -> Listed:
    """The list of the first API (§7), read as `wire.mailboxes` reads it."""
    listed = first_items(answer.value, domain, webmail=webmail)
    return listed or _listed(wire.mailboxes(answer, domain, webmail=webmail))


def second_list(answer: Node, domain: DomainName, *, webmail: bool) -> Listed:
    """The list of the second API (§8), read as `wire.mailboxes_v2` reads it."""
    listed = second_items(answer.value, domain, webmail=webmail)
    return listed or _listed(wire.mailboxes_v2(answer, domain, webmail=webmail))


def merged(second: Listed, first: Listed) -> Listed:
    """What both APIs tell: that a mailbox is broken by the first, all else by the second."""
    return Listed(
        mailboxes=together(second.mailboxes, first.mailboxes),
        torn=first.torn,
        tells_active=first.tells_active,
    )


def together(one: Mapping[Key, Mailbox], other: Mapping[Key, Mailbox]) -> Mapping[Key, Mailbox]:
    """The mailboxes of *one*, and those that only *other* has, sorted by key."""
    if isinstance(one, MailboxRows) and isinstance(other, MailboxRows):
        if not one or not other:
            return one or other
        rows = {row[0]: row for columns in (other.columns, one.columns) for row in columns.rows()}
        return _in_order(one.domain, rows.values())
    boxes = {**other, **one}
    return {key: boxes[key] for key in sorted(boxes)}


def _in_order(domain: DomainName, rows: Iterable[Row]) -> MailboxRows:
    """The mailboxes of *domain* in *rows*, sorted by key."""
    return MailboxRows.of(domain, sorted(rows, key=lambda row: f"{row[0]}@{domain}"))


def alias_list(answer: Node, domain: DomainName) -> Mapping[Key, Alias]:
    """The aliases of *domain* by their keys (§10), read as `wire.aliases` reads them."""
    try:
        found = _aliases(answer.value, domain)
    except _UNUSUAL:
        found = None
    if found is None:
        found = {alias.key: alias for alias in wire.aliases(answer, domain)}
    return found


def user_list(answer: Node) -> Sequence[wire.ApiUser]:
    """All users (§4), read as `wire.api_users` reads them."""
    try:
        items = _list(answer.value)
        names, are_admins = ([item[key] for item in items] for key in ("name", "is_admin"))
    except _UNUSUAL:
        return wire.api_users(answer)
    if not (set(map(type, names)) <= _TEXT and set(map(type, are_admins)) <= _FLAG):
        return wire.api_users(answer)
    return list(map(wire.ApiUser, from_columns(User, len(items), (names,)), are_admins))


def access_list(answer: Node) -> Sequence[Access]:
    """All allows (§6), read as `wire.accesses` reads them."""
    try:
        items = _list(answer.value)
        users, domains = ([item[key] for item in items] for key in ("user", "domain"))
    except _UNUSUAL:
        return wire.accesses(answer)
    if not {*map(type, users), *map(type, domains)} <= _TEXT:
        return wire.accesses(answer)
    return from_columns(Access, len(items), (domains, users))


def domain_list(answer: Node) -> dict[DomainName, LiveDomain]:
    """All domains (§5.1), read as `wire.domains` reads them."""
    try:
        found = _domains(answer.value)
    except _UNUSUAL:
        found = None
    return wire.domains(answer) if found is None else found


def _listed(boxes: Collection[wire.ApiMailbox]) -> Listed:
    return Listed(
        mailboxes={box.mailbox.key: box.mailbox for box in boxes},
        torn=frozenset(box.mailbox.key for box in boxes if box.torn),
        tells_active=any(box.tells_active for box in boxes),
    )


def first_items(items: Any, domain: DomainName, *, webmail: bool) -> Listed | None:  # noqa: ANN401 - JSON
    """What *items* of a list of the first API say; None if anything is unusual."""
    try:
        rows = [
            (
                item["email"],
                item["status"],
                item["givenName"],
                item["surName"],
                item["displayName"],
                item.get("active", _UNTOLD),
            )
            for item in _list(items)
        ]
        return _listed_rows(rows, domain, webmail=webmail, shows_context=webmail)
    except _UNUSUAL:
        return None


def second_items(items: Any, domain: DomainName, *, webmail: bool) -> Listed | None:  # noqa: ANN401 - JSON
    """What *items* of a list of the second API say; None if anything is unusual."""
    try:
        rows = [_second_row(item, webmail=webmail) for item in _list(items)]
        return _listed_rows(rows, domain, webmail=webmail, shows_context=False)
    except _UNUSUAL:
        return None


def _second_row(item: Any, *, webmail: bool) -> _Row:  # noqa: ANN401 - JSON
    """What an item of the second API says. Raises one of `_UNUSUAL`."""
    if "givenName" in item:
        raise KeyError
    active = item["active"] if "active" in item else item.get("imap_active")
    extras = item["extras"]
    ox = extras["ox"] if extras is not None and webmail else None
    names = (None,) * 3 if ox is None else (ox["given_name"], ox["sur_name"], ox["display_name"])
    return (item["email"], "ok", *names, active)


def _list(items: object) -> list[Any]:
    """*items*, if they are a list. Raises `TypeError`."""
    if not isinstance(items, list):
        raise TypeError
    return items


def _listed_rows(
    rows: list[_Row], domain: DomainName, *, webmail: bool, shows_context: bool
) -> Listed | None:
    end = f"@{domain}"
    own = [row for row in rows if row[0].endswith(end)]
    if len(own) < len(rows):
        for row in rows:
            if not row[0].endswith(end) and not _is_passed_over(row, domain, shows_context):
                return None
    technical = f"{wire.TECHNICAL}{end}"
    own = [row for row in own if row[0] != technical]
    own.sort(key=itemgetter(0))
    emails, statuses, *names, told = zip(*own, strict=True) if own else repeat((), 6)
    all_emails = "\n".join(emails)
    if len(set(emails)) < len(emails) or all_emails != all_emails.lower():
        return None
    if webmail and not set(map(type, statuses)) <= _TEXT:
        return None
    if not all(set(map(type, column)) <= _TEXT_OR_NONE for column in names):
        return None
    nothing = [None] * len(own)
    firsts, lasts, displays = (
        [name or None for name in column] if webmail else nothing for column in names
    )
    columns = Columns(
        local_parts=[email[: -len(end)] for email in emails],
        first_names=firsts,
        last_names=lasts,
        display_names=displays,
        active=[None if one is _UNTOLD else _active(one) for one in told],
        secondary_emails=nothing,
    )
    torn = (email for email, status in zip(emails, statuses, strict=True) if status == "broken")
    return Listed(
        mailboxes=MailboxRows(domain, columns),
        torn=frozenset(map(mailbox_key, torn) if webmail else ()),
        tells_active=any(one is not _UNTOLD for one in told),
    )


def _is_passed_over(row: _Row, domain: DomainName, shows_context: bool) -> bool:  # noqa: FBT001
    """Whether *row*, which is not of *domain*, is of the same context, or technical."""
    email, status, *_ = row
    local_part, at, told = email.rpartition("@")
    if local_part.lower() == wire.TECHNICAL:
        return True
    # In the list of a webmail domain those of its context are broken.
    is_other = bool(at) and told.lower() != domain.lower()
    return shows_context and is_other and status == "broken"


def _active(told: object) -> bool | None:
    """What *told* means. Raises `TypeError` if it is neither a text nor a boolean nor null."""
    if isinstance(told, str):
        return wire.ACTIVE.get(told)
    if told is None or isinstance(told, bool):
        return told
    raise TypeError


def _domains(items: Any) -> dict[DomainName, LiveDomain] | None:  # noqa: ANN401 - JSON
    rows = [
        (
            item["name"],
            frozenset(_list(item["features"])),
            item.get("context_name"),
            item.get("delivery"),
            item.get("state"),
        )
        for item in _list(items)
    ]
    rows.sort(key=itemgetter(0))
    names, features, *texts = zip(*rows, strict=True) if rows else ((),) * 5
    if not {*map(type, names), *map(type, chain.from_iterable(features))} <= _TEXT:
        return None
    if len(set(names)) < len(names) or any(
        not set(map(type, column)) <= _TEXT_OR_NONE for column in texts
    ):
        return None
    contexts, deliveries, states = ([_TOLD_NOTHING.get(told, told) for told in c] for c in texts)
    made = from_columns(Domain, len(rows), (names, features, contexts, deliveries))
    known = (wire.STATES.get(state, DomainState.OTHER) for state in states)
    live = [
        LiveDomain(domain=domain, state=state) for domain, state in zip(made, known, strict=True)
    ]
    return dict(zip(names, live, strict=True))


_TOLD_NOTHING = {"": None, "null": None}


def _aliases(items: Any, domain: DomainName) -> Mapping[Key, Alias] | None:  # noqa: ANN401 - JSON
    found: dict[Key, tuple[str, str]] = {}
    for item in _list(items):
        local_part, told, destination = item["username"], item["domain"], item["destination"]
        if told != domain:
            return None
        found[Key(f"alias/{local_part}@{domain}/{destination}")] = local_part, destination
    keys = sorted(found)
    local_parts, destinations = (
        zip(*(found[key] for key in keys), strict=True) if keys else ((), ())
    )
    texts = {*map(type, local_parts), *map(type, destinations)}
    if len(found) < len(items) or not texts <= _TEXT or any(key != key.lower() for key in keys):
        return None
    made = from_columns(Alias, len(keys), (repeat(domain), local_parts, destinations))
    return dict(zip(keys, made, strict=True))
