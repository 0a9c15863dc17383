"""
The full reading: all documents at once, every rule, and each problem in its words.

It takes five times as long as `quick`, and holds everything it has read: it is for files that
there is something to tell of, and the measure of what is right.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from mailstate.errors import Place, Problem, Severity
from mailstate.model.resources import (
    Access,
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
from mailstate.model.state import DesiredDomain, DesiredState, Person
from mailstate.statefiles.aliases import check_aliases
from mailstate.statefiles.declared import Declared, DomainEntry, Entry, declared
from mailstate.statefiles.documents import read_document
from mailstate.statefiles.domains import check_domains
from mailstate.statefiles.mailboxes import check_mailboxes
from mailstate.statefiles.marks import MAX_PROBLEMS, Document, place
from mailstate.statefiles.names import Fault, destination, email_address, nfc
from mailstate.statefiles.people import check_people
from mailstate.statefiles.reading import Reading, in_order
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.schema import domain_fields, misshapen
from mailstate.statefiles.values import check_values

_K = TypeVar("_K", bound=str)
_V = TypeVar("_V")


def full_reading(sources: Iterable[tuple[str, bytes]], file_problems: Iterable[Problem]) -> Reading:
    """
    What *sources* say, pairs of a file's name and its content, with every problem.

    *file_problems* are those of files that could not be read: what they may declare is unknown.
    """
    unread = list(file_problems)
    documents = [read_document(file, data) for file, data in sorted(sources)]
    found = declared(documents, domain_fields(), all_read=not unread)
    problems = [*unread, *islice(_problems(documents, found), MAX_PROBLEMS + 1)]
    if len(problems) > MAX_PROBLEMS:
        del problems[MAX_PROBLEMS:]
        message = f"more than {MAX_PROBLEMS:,} problems; the others are not told"
        problems.append(problem("file/too-many-problems", problems[-1].place, message))
    is_valid = all(told.severity is not Severity.ERROR for told in problems)
    return Reading(
        desired=_desired(found) if is_valid else None,
        problems=in_order(problems),
        files=tuple(document.file for document in documents),
    )


def _problems(documents: Sequence[Document], found: Declared) -> Iterator[Problem]:
    """Every problem, what is told first being of more use than what follows from it."""
    for document in documents:
        yield from document.problems
    yield from check_values(found, {document.file: document for document in documents})
    for document in documents:
        yield from misshapen(document)
    yield from check_people(found)
    yield from check_domains(found)
    yield from check_mailboxes(found)
    yield from check_aliases(found)


def _desired(found: Declared) -> DesiredState:
    """The desired state of what has passed every rule; sorted, for the order means nothing."""
    uuids: dict[str, str] = {}
    people: dict[UserId, Person] = {}
    for entry in found.users:
        person = _person(entry)
        uuids[person.handle] = person.user.name
        people[user_id(person.user.name)] = person
    domains = {}
    for domain in found.domains:
        wanted = _domain(domain, uuids)
        domains[wanted.domain.name] = wanted
    return DesiredState(people=_sorted(people), domains=_sorted(domains))


def _person(entry: Entry) -> Person:
    return Person(
        handle=_text(entry, "name"),
        user=User(name=_text(entry, "uuid")),
        email=_email(entry, "email"),
        place=entry.place("name"),
    )


def _domain(entry: DomainEntry, uuids: Mapping[str, str]) -> DesiredDomain:
    name = entry.name
    assert name is not None  # noqa: S101 - a domain without a name has not passed
    places: dict[Key, Place] = {domain_key(name): entry.place("name")}
    roles = _roles(entry, name, uuids, places)
    mailboxes: dict[Key, Mailbox] = {}
    for found in entry.mailboxes:
        mailbox = _mailbox(found, name)
        mailboxes[mailbox.key] = mailbox
        places[mailbox.key] = found.place("local_part")
    aliases: dict[Key, Alias] = {}
    for found in entry.aliases:
        local_part = _text(found, "local_part")
        for text, mark in found.texts("destinations"):
            alias = Alias(domain=name, local_part=local_part, destination=_sound(destination(text)))
            aliases[alias.key] = alias
            places[alias.key] = place(found.file, mark)
    return DesiredDomain(
        domain=Domain(
            name=name,
            features=entry.features,
            context=entry.context,
            delivery=entry.text("delivery") or "virtual",
        ),
        roles=_sorted(roles),
        mailboxes=_sorted(mailboxes),
        aliases=_sorted(aliases),
        disabled=entry.node.get("disabled", False) is True,
        support_email=_email(entry, "support_email"),
        places=_sorted(places),
    )


def _roles(
    entry: DomainEntry, name: DomainName, uuids: Mapping[str, str], places: dict[Key, Place]
) -> dict[UserId, Role]:
    held = [(handle, Role.OWNER, place(entry.file, mark)) for handle, mark in entry.texts("owners")]
    held += [
        (_text(access, "user"), Role(_text(access, "role")), access.place("user"))
        for access in entry.entries("accesses")
    ]
    roles: dict[UserId, Role] = {}
    for handle, role, at in held:
        access = Access(domain=name, user=uuids[handle])
        roles[user_id(access.user)] = role
        places[access_key(name, access.user)] = at
    return roles


def _mailbox(entry: Entry, domain: DomainName) -> Mailbox:
    first_name, last_name = nfc(_text(entry, "first_name")), nfc(_text(entry, "last_name"))
    display_name = entry.text("display_name")
    return Mailbox(
        domain=domain,
        local_part=_text(entry, "local_part"),
        first_name=first_name,
        last_name=last_name,
        display_name=f"{first_name} {last_name}" if display_name is None else nfc(display_name),
        active=entry.node.get("active", True) is True,
        secondary_email=_email(entry, "secondary_email"),
    )


def _text(entry: Entry, field: str) -> str:
    text = entry.text(field)
    assert text is not None  # noqa: S101 - the schema requires it
    return text


def _email(entry: Entry, field: str) -> str | None:
    text = entry.text(field)
    return None if text is None else _sound(email_address(text))


def _sound(address: str | Fault) -> str:
    assert isinstance(address, str)  # noqa: S101 - a faulty address has not passed
    return address


def _sorted(values: Mapping[_K, _V]) -> dict[_K, _V]:
    return {key: values[key] for key in sorted(values)}
