"""The rules of mailboxes: one holder for each address, one name for each holder of a context."""

from collections.abc import Iterator

from mailstate.errors import Problem
from mailstate.statefiles.declared import Declared, DomainEntry, Entry
from mailstate.statefiles.names import Fault, email_address, folded
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.text import shown

MAX_SHARED = 10
"""How many mailboxes one secondary address may serve before it is worth a warning (design §11)."""


def check_mailboxes(declared: Declared) -> Iterator[Problem]:
    """Every fault of mailboxes that shows across their fields, or across entries and files."""
    addresses: dict[str, Entry] = {}
    contexts: dict[str, _Context] = {}
    shared: dict[str, list[Entry]] = {}
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
            first = addresses.setdefault(address, mailbox)
            if first is not mailbox:
                message = (
                    f"the mailbox `{shown(address)}` is declared twice: first at"
                    f" {first.place('local_part')}"
                )
                yield problem("mailbox-declared-twice", mailbox.place("local_part"), message)
            elif context is not None:
                if context not in contexts:
                    contexts[context] = _Context(context)
                yield from contexts[context].check(mailbox, local_part.lower(), address)
            yield from _secondary(domain, mailbox, address, shared)
    yield from _shared(shared)


class _Context:
    """What is taken within one OX context, and by which mailbox and address."""

    __slots__ = ("_display_names", "_full_names", "_local_parts", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._local_parts: dict[str, _Holder] = {}
        self._full_names: dict[str, _Holder] = {}
        self._display_names: dict[str, _Holder] = {}

    def check(self, mailbox: Entry, local_part: str, address: str) -> Iterator[Problem]:
        """Each name of *mailbox* that another of the context has."""
        holder = (mailbox, address)
        first, other = self._local_parts.setdefault(local_part, holder)
        if first is not mailbox:
            message = (
                f"`{shown(address)}` and `{shown(other)}` (at {first.place('local_part')}) share"
                f" the context `{shown(self._name)}`"
            )
            yield problem("local-part-in-context", mailbox.place("local_part"), message)
        first_name, last_name = mailbox.text("first_name"), mailbox.text("last_name")
        if first_name is None or last_name is None:
            return
        full_name = folded(f"{first_name} {last_name}")
        display_name = _display_name(mailbox)
        same_name, _ = self._full_names.setdefault(full_name, holder)
        same_display, _ = self._display_names.setdefault(folded(display_name), holder)
        if same_name is not mailbox:
            message = self._taken("the first and last name", self._full_names[full_name])
            at = mailbox.place("first_name")
            yield problem("full-name-not-unique", at, f"`{shown(_full_name(mailbox))}` {message}")
        # Where the full names are the same, a display name that follows from them is no news.
        is_news = same_display is not same_name or "display_name" in mailbox.node
        if same_display is not mailbox and is_news:
            message = self._taken("the display name", self._display_names[folded(display_name)])
            field = "display_name" if "display_name" in mailbox.node else "first_name"
            at = mailbox.place(field)
            yield problem("display-name-not-unique", at, f"`{shown(display_name)}` {message}")

    def _taken(self, what: str, holder: "_Holder") -> str:
        first, address = holder
        at = first.place("first_name")
        return f"is {what} of `{shown(address)}` too, at {at}, in the context `{shown(self._name)}`"


_Holder = tuple[Entry, str]


def _full_name(mailbox: Entry) -> str:
    return f"{mailbox.text('first_name')} {mailbox.text('last_name')}"


def _display_name(mailbox: Entry) -> str:
    written = mailbox.text("display_name")
    return _full_name(mailbox) if written is None else written


def _secondary(
    domain: DomainEntry, mailbox: Entry, address: str, shared: dict[str, list[Entry]]
) -> Iterator[Problem]:
    written = mailbox.text("secondary_email")
    if written is None:
        return
    secondary = email_address(written)
    if isinstance(secondary, Fault):
        return
    secondary = secondary.lower()
    shared.setdefault(secondary, []).append(mailbox)
    if secondary == address:
        at = mailbox.place("secondary_email")
        message = f"`{shown(written)}` is the mailbox itself"
        yield problem("secondary-email-is-mailbox", at, message)
    elif domain.name is not None and secondary.endswith(f"@{domain.name}"):
        at = mailbox.place("secondary_email")
        message = f"`{shown(written)}` lies on the mailbox's own domain"
        yield problem("secondary-email-on-domain", at, message)


def _shared(shared: dict[str, list[Entry]]) -> Iterator[Problem]:
    for address, mailboxes in shared.items():
        if len(mailboxes) > MAX_SHARED:
            first, eleventh = (mailboxes[i].place("secondary_email") for i in (0, MAX_SHARED))
            message = (
                f"`{shown(address)}` is the secondary address of {len(mailboxes)} mailboxes, the"
                f" first at {first}"
            )
            yield problem("secondary-email-shared", eleventh, message)
