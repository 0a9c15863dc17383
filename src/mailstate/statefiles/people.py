"""The rules of people: who is declared, and who may do what."""

from collections.abc import Iterator

from mailstate.errors import Place, Problem
from mailstate.model.resources import user_id
from mailstate.statefiles.declared import Declared, DomainEntry
from mailstate.statefiles.marks import place
from mailstate.statefiles.names import handle_fault, uuid_fault
from mailstate.statefiles.near import Guesses, near
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.text import shown


def check_people(declared: Declared) -> Iterator[Problem]:
    """Every fault of users, owners and accesses that shows across entries."""
    yield from _twice(declared)
    handles = {handle for user in declared.users if (handle := user.text("name")) is not None}
    guesses = Guesses(handles)
    for domain in declared.domains:
        yield from _roles(domain)
        if declared.has_all_users:
            yield from _unknown_handles(domain, handles, guesses)


def _twice(declared: Declared) -> Iterator[Problem]:
    handles: dict[str, Place] = {}
    uuids: dict[str, Place] = {}
    for user in declared.users:
        handle = user.text("name")
        if handle is not None:
            at = user.place("name")
            first = handles.setdefault(handle, at)
            if first is not at:
                message = f"the handle `{shown(handle)}` is declared twice: first at {first}"
                yield problem("handle-declared-twice", at, message)
        uuid = user.text("uuid")
        if uuid is not None and uuid_fault(uuid) is None:
            at = user.place("uuid")
            first = uuids.setdefault(user_id(uuid), at)
            if first is not at:
                message = f"the uuid `{uuid}` is declared twice: first at {first}"
                yield problem("uuid-declared-twice", at, message)


def _roles(domain: DomainEntry) -> Iterator[Problem]:
    owners = domain.texts("owners")
    is_missing = (
        "owners" not in domain.node
        and not domain.node.has_odd_keys
        and not near("owners", domain.unknown_fields)
    )
    if is_missing or domain.node.get("owners") == []:
        message = f"{_called(domain)} has no owner"
        yield problem("domain-without-owner", domain.place("owners"), message)
    seen: dict[str, tuple[str, Place]] = {}
    roles = [(handle, "owner", place(domain.file, mark)) for handle, mark in owners]
    for access in domain.entries("accesses"):
        user, role = access.text("user"), access.text("role")
        if user is not None and role is not None:
            roles.append((user, role, access.place("user")))
    for handle, role, at in roles:
        first_role, first = seen.setdefault(handle, (role, at))
        if first is at:
            continue
        if first_role == role:
            message = f"`{shown(handle)}` is listed twice as {role}: first at {first}"
            yield problem("access-declared-twice", at, message)
        else:
            message = f"`{shown(handle)}` is {shown(role)} here and {shown(first_role)} at {first}"
            yield problem("user-with-two-roles", at, message)


def _unknown_handles(domain: DomainEntry, handles: set[str], guesses: Guesses) -> Iterator[Problem]:
    named = [(handle, place(domain.file, mark)) for handle, mark in domain.texts("owners")]
    for access in domain.entries("accesses"):
        user = access.text("user")
        if user is not None:
            named.append((user, access.place("user")))
    for handle, at in named:
        if handle not in handles and handle_fault(handle) is None:
            guess = guesses.for_word(handle)
            yield problem("unknown-handle", at, f"no file declares the user `{handle}`{guess}")


def _called(domain: DomainEntry) -> str:
    name = domain.text("name")
    return "the domain" if name is None else f"`{shown(name)}`"
