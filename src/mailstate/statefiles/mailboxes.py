"""The rules of mailboxes: one holder for each address, one name for each holder of a context."""

from collections.abc import Iterator

from mailstate.errors import Place, Problem
from mailstate.statefiles.declared import Declared, DomainEntry, Entry
from mailstate.statefiles.names import Fault, email_address, folded
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.text import shown

MAX_SHARED = 10
"""How many mailboxes one secondary address may serve before it is worth a warning (design §11)."""

_Seen = dict[str, tuple[str, Place]]


def check_mailboxes(declared: Declared) -> Iterator[Problem]:
    """Every fault of mailboxes that shows across their fields, or across entries and files."""
    addresses: dict[str, Place] = {}
    contexts: dict[str, _Context] = {}
    shared: dict[str, list[Place]] = {}
    for domain in declared.domains:
        name = domain.name or domain.text("name")
        if name is None:
            continue
        context = domain.context
        for mailbox in domain.mailboxes:
            local_part = mailbox.text("local_part")
            if local_part is None:
                continue
            address = f"{local_part.lower()}@{name}"
            at = mailbox.place("local_part")
            first = addresses.setdefault(address, at)
            if first is not at:
                message = f"the mailbox `{shown(address)}` is declared twice: first at {first}"
                yield problem("mailbox-declared-twice", at, message)
            elif context is not None:
                names = contexts.setdefault(context, _Context(context))
                yield from names.check(mailbox, address, at)
            yield from _secondary(domain, mailbox, address, shared)
    yield from _shared(shared)


class _Context:
    """What is taken within one OX context."""

    __slots__ = ("_display_names", "_full_names", "_local_parts", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._local_parts: _Seen = {}
        self._full_names: dict[str, tuple[str, Place, str]] = {}
        self._display_names: _Seen = {}

    def check(self, mailbox: Entry, address: str, at: Place) -> Iterator[Problem]:
        """Each name of *mailbox* that another of the context has."""
        local_part = address.partition("@")[0]
        other, first = self._local_parts.setdefault(local_part, (address, at))
        if other != address:
            message = (
                f"`{shown(address)}` and `{shown(other)}` (at {first}) share the context"
                f" `{shown(self._name)}`"
            )
            yield problem("local-part-in-context", at, message)
        yield from self._check_names(mailbox, address)

    def _check_names(self, mailbox: Entry, address: str) -> Iterator[Problem]:
        first_name, last_name = mailbox.text("first_name"), mailbox.text("last_name")
        if first_name is None or last_name is None:
            return
        full_name = f"{first_name} {last_name}"
        display_name = mailbox.text("display_name")
        named = "first_name" if display_name is None else "display_name"
        written = full_name if display_name is None else display_name
        folded_name = folded(written)
        at = mailbox.place("first_name")
        other, first, other_name = self._full_names.setdefault(
            folded(full_name), (address, at, folded_name)
        )
        display_at = mailbox.place(named)
        display_other, display_first = self._display_names.setdefault(
            folded_name, (address, display_at)
        )
        context = f"in the context `{shown(self._name)}`"
        if other != address:
            message = (
                f"`{shown(full_name)}` is the first and last name of `{shown(other)}` too, at"
                f" {first}, {context}"
            )
            yield problem("full-name-not-unique", at, message)
        if display_other != address and (other == address or other_name != folded_name):
            message = (
                f"`{shown(written)}` is the display name of `{shown(display_other)}` too, at"
                f" {display_first}, {context}"
            )
            yield problem("display-name-not-unique", display_at, message)


def _secondary(
    domain: DomainEntry, mailbox: Entry, address: str, shared: dict[str, list[Place]]
) -> Iterator[Problem]:
    written = mailbox.text("secondary_email")
    if written is None:
        return
    secondary = email_address(written)
    if isinstance(secondary, Fault):
        return
    at = mailbox.place("secondary_email")
    secondary = secondary.lower()
    shared.setdefault(secondary, []).append(at)
    if secondary == address:
        message = f"`{shown(written)}` is the mailbox itself"
        yield problem("secondary-email-is-mailbox", at, message)
    elif domain.name is not None and secondary.endswith(f"@{domain.name}"):
        message = f"`{shown(written)}` lies on the mailbox's own domain"
        yield problem("secondary-email-on-domain", at, message)


def _shared(shared: dict[str, list[Place]]) -> Iterator[Problem]:
    for address, places in shared.items():
        if len(places) > MAX_SHARED:
            message = (
                f"`{shown(address)}` is the secondary address of {len(places)} mailboxes, the"
                f" first at {places[0]}"
            )
            yield problem("secondary-email-shared", places[MAX_SHARED], message)
