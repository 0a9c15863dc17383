"""The accounts of a dimail, for its first set-up: any login in turn, and no token."""

from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from mailstate.dimail import calls, wire
from mailstate.dimail.caller import Caller
from mailstate.dimail.client import understood
from mailstate.dimail.connections import Connections, MakeLine
from mailstate.dimail.node import parse
from mailstate.dimail.pace import Clock, SystemClock
from mailstate.dimail.patience import Patience
from mailstate.dimail.wire import Account
from mailstate.model.secret import Secret

_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Accounts:
    """
    One dimail, whoever asks it. To be used as a context manager, by one event loop.

    Raises `SettingsError` as `DimailClient` does for a URL or a CA file that cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        ca_file: Path | None = None,
        patience: Patience | None = None,
        line: MakeLine | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._connections = Connections(
            url, ca_file=ca_file, line=line, patience=patience or Patience()
        )
        self._clock = clock or SystemClock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connections.aclose()

    def clerk(self, username: str, password: Secret) -> "Clerk":
        """Who asks as *username*; both texts are empty for nobody in particular."""
        caller = Caller(self._connections, username, password, concurrency=1, clock=self._clock)
        return Clerk(caller)


class Clerk:
    """
    One account, and what it may do with the others.

    Fits `mailstate.applying.bootstrap.Clerk`, whose docstrings bind it. Raises as `DimailClient`.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def accounts(self) -> tuple[Account, ...] | None:
        """All accounts, none at all in an empty dimail; None if dimail refuses this one."""
        call = calls.users()
        answer = await self._caller.read(call, bearing=_REFUSALS)
        if answer.status in _REFUSALS:
            return None
        return wire.accounts(parse(call, answer.body))

    async def is_accepted(self) -> bool:
        """Whether name and password are right, whatever the rights are."""
        answer = await self._caller.read(calls.token(), bearing=_REFUSALS)
        return answer.status not in _REFUSALS

    async def create_account(
        self, name: str, password: Secret, *, is_admin: bool, perms: tuple[str, ...]
    ) -> None:
        """Create the account *name*; a server that knows no perms passes over them."""
        call = calls.create_account(name, password, is_admin=is_admin, perms=perms)
        answer = await self._caller.write(call, promised={HTTPStatus.CREATED})
        with understood((call, answer)) as node:
            made = wire.account(node)
            if (made.name, made.is_admin) != (name, is_admin):
                raise node.malformed("is not what was asked for")

    async def make_admin(self, name: str) -> None:
        """Give the account *name* every right."""
        call = calls.make_admin(name)
        answer = await self._caller.write(call, promised={HTTPStatus.OK})
        with understood((call, answer)) as node:
            if not wire.account(node).is_admin:
                raise node.malformed("is not what was asked for", "is_admin")
