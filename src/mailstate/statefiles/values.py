"""The rules of single values, field by field: each fault is told where the value is written."""

from collections.abc import Callable, Iterator, Mapping

from mailstate.errors import Problem
from mailstate.statefiles.declared import Declared, DomainEntry, Entry
from mailstate.statefiles.marks import Document, Mark, place
from mailstate.statefiles.names import (
    Fault,
    destination,
    domain_name,
    email_address,
    handle_fault,
    local_part_fault,
    text_fault,
    uuid_fault,
)
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.text import shown

_Judge = Callable[[str], Fault | None]


def _domain_fault(text: str) -> Fault | None:
    name = domain_name(text)
    return name if isinstance(name, Fault) else None


def _email_fault(text: str) -> Fault | None:
    address = email_address(text)
    return address if isinstance(address, Fault) else None


def _destination_fault(text: str) -> Fault | None:
    address = destination(text)
    return address if isinstance(address, Fault) else None


def _role_fault(text: str) -> Fault | None:
    if text == "owner":
        return Fault("owner-in-accesses", "`owner` is no role for `accesses`")
    return None


_USER: Mapping[str, _Judge] = {"name": handle_fault, "uuid": uuid_fault, "email": _email_fault}
_DOMAIN: Mapping[str, _Judge] = {
    "name": _domain_fault,
    "context": text_fault,
    "support_email": _email_fault,
}
_ACCESS: Mapping[str, _Judge] = {"user": handle_fault, "role": _role_fault}
_MAILBOX: Mapping[str, _Judge] = {
    "local_part": local_part_fault,
    "first_name": text_fault,
    "last_name": text_fault,
    "display_name": text_fault,
    "secondary_email": _email_fault,
}
_ALIAS: Mapping[str, _Judge] = {"local_part": local_part_fault}


def check_values(declared: Declared, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """
    Every fault of a single value in *declared*.

    The marks of what is told are added to `faulty` of its document in *documents* (by file).
    """
    for user in declared.users:
        yield from _check(user, _USER, documents[user.file].faulty)
    for domain in declared.domains:
        yield from _check_domain(domain, documents[domain.file].faulty)


def _check_domain(domain: DomainEntry, faulty: set[Mark]) -> Iterator[Problem]:
    yield from _check(domain, _DOMAIN, faulty)
    yield from _check_texts(domain, "owners", handle_fault, faulty)
    for access in domain.entries("accesses"):
        yield from _check(access, _ACCESS, faulty)
    for mailbox in domain.mailboxes:
        yield from _check(mailbox, _MAILBOX, faulty)
    for alias in domain.aliases:
        yield from _check(alias, _ALIAS, faulty)
        yield from _check_texts(alias, "destinations", _destination_fault, faulty)


def _check(entry: Entry, judges: Mapping[str, _Judge], faulty: set[Mark]) -> Iterator[Problem]:
    for field, value in entry.node.items():
        judge = judges.get(field)
        if judge is None or not isinstance(value, str):
            continue
        fault = judge(value)
        if fault is not None:
            yield from _tell(entry.file, entry.node.value_mark(field), fault, faulty, field)


def _check_texts(entry: Entry, field: str, judge: _Judge, faulty: set[Mark]) -> Iterator[Problem]:
    for text, mark in entry.texts(field):
        fault = judge(text)
        if fault is not None:
            yield from _tell(entry.file, mark, fault, faulty, field)


def _tell(file: str, mark: Mark, fault: Fault, faulty: set[Mark], field: str) -> Iterator[Problem]:
    if mark not in faulty:
        faulty.add(mark)
        message = f"`{shown(field)}`: {fault.message}"
        yield problem(fault.rule, place(file, mark), message, fault.hint)
