"""The rules of aliases: each leads somewhere, and none back to itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mailstate.errors import Place, Problem
from mailstate.statefiles.declared import Declared, DomainEntry, Entry
from mailstate.statefiles.marks import place
from mailstate.statefiles.names import Fault, destination
from mailstate.statefiles.near import Guesses
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.text import shown

_SHOWN_STEPS = 6


@dataclass(slots=True)
class _Addresses:
    """Every address that is declared; `incomplete` domains may have more than is known."""

    mailboxes: set[str] = field(default_factory=set)
    aliases: dict[str, dict[str, Place]] = field(default_factory=dict)
    by_domain: dict[str, set[str]] = field(default_factory=dict)
    incomplete: set[str] = field(default_factory=set)
    guesses: dict[str, Guesses] = field(default_factory=dict)


def check_aliases(declared: Declared) -> Iterator[Problem]:
    """Every fault of aliases that shows across entries and files."""
    known = _Addresses()
    for domain in declared.domains:
        _note(domain, known)
    first_places: dict[str, Place] = {}
    for domain in declared.domains:
        for alias in domain.aliases:
            yield from _check(domain, alias, known, first_places)
    yield from _loops(known)


def _note(domain: DomainEntry, known: _Addresses) -> None:
    name = domain.name
    if name is None:
        return
    here = known.by_domain.setdefault(name, set())
    if not domain.is_complete:
        known.incomplete.add(name)
    for mailbox in domain.mailboxes:
        local_part = mailbox.text("local_part")
        if local_part is not None:
            address = f"{local_part.lower()}@{name}"
            known.mailboxes.add(address)
            here.add(address)
    for alias in domain.aliases:
        local_part = alias.text("local_part")
        if local_part is not None:
            address = f"{local_part.lower()}@{name}"
            here.add(address)
            leads = known.aliases.setdefault(address, {})
            for text, mark in alias.texts("destinations"):
                target = destination(text)
                if isinstance(target, str):
                    leads.setdefault(target, place(alias.file, mark))


def _check(
    domain: DomainEntry, alias: Entry, known: _Addresses, first_places: dict[str, Place]
) -> Iterator[Problem]:
    local_part = alias.text("local_part")
    name = domain.name or domain.text("name")
    address = None
    if local_part is not None and name is not None:
        address = f"{local_part.lower()}@{name}"
        at = alias.place("local_part")
        first = first_places.setdefault(address, at)
        if first is not at:
            message = f"the alias `{shown(address)}` is declared twice: first at {first}"
            yield problem("alias-declared-twice", at, message)
    seen: dict[str, Place] = {}
    is_understood = True
    for text, mark in alias.texts("destinations"):
        target = destination(text)
        if isinstance(target, Fault):
            is_understood = False
            continue
        at = place(alias.file, mark)
        first = seen.setdefault(target, at)
        if first is not at:
            message = f"the destination `{shown(text)}` is listed twice: first at {first}"
            yield problem("destination-declared-twice", at, message)
        yield from _nowhere(text, target, at, known)
    if is_understood and seen and address in known.mailboxes and address not in seen:
        message = f"`{shown(address)}` is a mailbox, and not among the destinations of this alias"
        yield problem("alias-over-mailbox", alias.place("local_part"), message)


def _nowhere(text: str, target: str, at: Place, known: _Addresses) -> Iterator[Problem]:
    local_part, _, domain = target.partition("@")
    there = known.by_domain.get(domain)
    if there is None or target in there or domain in known.incomplete:
        return
    if domain not in known.guesses:
        known.guesses[domain] = Guesses(
            (address.partition("@")[0] for address in there), after=f"@{domain}"
        )
    guess = known.guesses[domain].for_word(local_part)
    message = f"`{shown(text)}` does not exist: `{domain}` declares no such address{guess}"
    yield problem("destination-nowhere", at, message)


def _loops(known: _Addresses) -> Iterator[Problem]:
    """One problem for each destination that closes a loop, whatever the order of the files."""
    leads = {
        address: sorted(
            target
            for target in targets
            # A mailbox's own address among the destinations keeps a copy: no loop.
            if target in known.aliases and (target != address or address not in known.mailboxes)
        )
        for address, targets in known.aliases.items()
    }
    for loop in loops(leads):
        at = known.aliases[loop[-1]][loop[0]]
        yield problem("alias-loop", at, f"an alias leads back to itself: {_way(loop)}")


def loops(leads: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """The addresses of each loop, where each address *leads* to others that are in it too."""
    done: set[str] = set()
    for start in sorted(leads):
        if start not in done:
            yield from _loops_from(start, leads, done)


def _loops_from(start: str, leads: Mapping[str, list[str]], done: set[str]) -> Iterator[list[str]]:
    """Depth first, without recursion: a chain of aliases may be as long as a file."""
    way = [start]
    on_way = {start: 0}
    ahead = [iter(leads[start])]
    while ahead:
        target = next(ahead[-1], None)
        if target is None:
            ahead.pop()
            gone = way.pop()
            del on_way[gone]
            done.add(gone)
        elif target in on_way:
            yield way[on_way[target] :]
        elif target not in done:
            on_way[target] = len(way)
            way.append(target)
            ahead.append(iter(leads[target]))


def _way(loop: list[str]) -> str:
    steps = [*loop, loop[0]]
    if len(steps) > _SHOWN_STEPS:
        steps = [*steps[: _SHOWN_STEPS - 2], "…", steps[-1]]
    return " → ".join(step if step == "…" else f"`{shown(step)}`" for step in steps)
