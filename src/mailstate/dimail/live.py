"""
Reading a whole live state: completely, or not at all.

A list that fails, is cut off or makes no sense raises `RemoteError` naming the call; it never
becomes an empty one, from which a plan would conclude that everything is to be created.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from mailstate.dimail.client import DimailClient
from mailstate.dimail.content import Memory
from mailstate.dimail.wire import ApiUser
from mailstate.errors import RemoteError
from mailstate.model.resources import Access, DomainName, Key, User, user_id
from mailstate.model.state import DesiredState, DomainState, LiveDomain, LiveState

_Known = TypeVar("_Known", User, Access)

_TO_CHECK = frozenset({DomainState.NEW, DomainState.BROKEN, DomainState.OTHER})


async def read_live(
    client: DimailClient,
    desired: DesiredState,
    *,
    needs_check: Callable[[LiveDomain], bool],
    seen: Callable[[LiveDomain], object] = lambda _: None,
    memory: Memory | None = None,
) -> LiveState:
    """
    What dimail has of the domains in *desired*, with all its users.

    A domain whose state is not ok is checked if *needs_check* says so of what was read until then;
    a check that fails is told in its `check_error`. *seen* is shown each domain while its content
    is at hand. What *memory* knows to be sound is not read again. Same live state, same value, in
    the same order. Raises `RemoteError` if anything else cannot be read, or if users or domains are
    certainly not all told (design §3, §11).

    Costs one call for the token, three for the lists, and two for each domain that exists; one
    more for a webmail domain of which a mailbox is missing, and one for each check.
    """
    # First, so that whatever they name was there before the other lists were asked for.
    accesses = await client.accesses()
    async with _crew() as crew:
        all_users = crew.create_task(client.users())
        all_domains = crew.create_task(client.domains())
    users, domains = all_users.result(), all_domains.result()
    account = _account(client.username, users)
    accesses = [access for access in accesses if access.domain in desired.domains]
    _miss_nothing(accesses, users, domains)
    declared = {name: domains[name] for name in sorted(desired.domains) if name in domains}
    own = client.username.lower()
    managed = {access.domain for access in accesses if access.user.lower() == own}

    async def read(live: LiveDomain) -> LiveDomain:
        name = live.domain.name
        live = await client.reader.with_content(
            live,
            wanted=desired.domains[name].mailboxes,
            entitled=account.is_admin or name in managed,
            memory=memory,
        )
        seen(live)
        if live.state in _TO_CHECK and needs_check(live):
            return await client.reader.checked(live)
        return live

    # A few workers, since two thousand tasks would only stand in line for the same few turns.
    left = iter(declared.values())
    found: dict[DomainName, LiveDomain] = {}

    async def work() -> None:
        for live in left:
            found[live.domain.name] = await read(live)

    async with _crew() as crew:
        for _ in range(client.concurrency):
            crew.create_task(work())
    if desired.domains and not declared:
        await client.reader.ask_for_v2(min(desired.domains))

    spellings = {ident: person.user.name for ident, person in desired.people.items()}

    def preference(name: str) -> tuple[bool, bool, str]:
        """Of two spellings of one uuid: that of the files, else the hyphened one."""
        ident = user_id(name)
        return name != spellings.get(ident), name != ident, name

    return LiveState(
        users=_one_of_each(
            [user.user for user in users], preference=lambda user: preference(user.name)
        ),
        accesses=_one_of_each(accesses, preference=lambda access: preference(access.user)),
        domains={name: found[name] for name in declared},
        tells_active=client.reader.tells_active,
    )


def _account(username: str, users: Iterable[ApiUser]) -> ApiUser:
    """The account in use; a list without it is not the whole list."""
    for exactly in (True, False):
        for user in users:
            name = user.user.name
            # MariaDB compares user names without case (contract §2, case).
            if name == username or (not exactly and name.lower() == username.lower()):
                return user
    raise RemoteError(
        "GET /users/: the account in use is not in the list, which so cannot be complete",
        hint="if this dimail is empty, set it up with `mailstate bootstrap`",
    )


def _miss_nothing(
    accesses: Iterable[Access], users: Iterable[ApiUser], domains: Collection[DomainName]
) -> None:
    """Raise if *users* or *domains* lack any of *accesses*, which need both (contract §6)."""
    names = {user.user.name.lower() for user in users}
    for access in accesses:
        if access.user.lower() not in names:
            call = "GET /users/"
        elif access.domain not in domains:
            call = "GET /domains/"
        else:
            continue
        raise RemoteError(
            f"{call}: the list lacks what `GET /allows/` tells of {access.domain}, and so cannot "
            "be complete",
            hint="try again; if it stays so, ask the operator of dimail",
        )


def _one_of_each(
    resources: Collection[_Known], *, preference: Callable[[_Known], tuple[bool, bool, str]]
) -> dict[Key, _Known]:
    """Those of *resources*, in order of their keys; of several with one key, the preferred one."""
    chosen = {resource.key: resource for resource in resources}
    if len(chosen) < len(resources):
        least_preferred_first = sorted(resources, key=preference, reverse=True)
        chosen = {resource.key: resource for resource in least_preferred_first}
    return {key: chosen[key] for key in sorted(chosen)}


@asynccontextmanager
async def _crew() -> AsyncIterator[asyncio.TaskGroup]:
    """Tasks that all stop at the first error, which is raised as it is."""
    try:
        async with asyncio.TaskGroup() as crew:
            yield crew
    except BaseExceptionGroup as group:
        error = group.exceptions[0]
    else:
        return
    raise error
