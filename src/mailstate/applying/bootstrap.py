"""
The first set-up of a dimail: its administrator, then the account that mailstate runs as.

While a dimail has no user it takes anybody for an administrator. Its first user ends that, and
one without rights would lock everybody out. Every step is found done by reading, so that a run
that broke off anywhere is taken up by the next, and of two at once the slower one finds out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mailstate.errors import BusyCallError, RefusedCallError, RemoteError
from mailstate.model.secret import Secret

PERMS = ("new_domain", "create_users", "manage_users")
"""What the service account needs: domains, users, and their accesses."""

_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_RUN_AGAIN = "run it again: it looks first, and goes on where this run ended"


class Account(Protocol):
    """A user of dimail and its rights. `perms` is None where the server knows none."""

    @property
    def name(self) -> str:
        """What it logs in as."""

    @property
    def is_admin(self) -> bool:
        """Whether it may do everything."""

    @property
    def perms(self) -> frozenset[str] | None:
        """What it may do besides."""


class Clerk(Protocol):
    """Somebody who asks dimail for accounts; `mailstate.dimail` gives it, tests bring others."""

    async def accounts(self) -> Sequence[Account] | None:
        """All accounts, none at all in an empty dimail; None if dimail refuses this one."""

    async def is_accepted(self) -> bool:
        """Whether name and password are right, whatever the rights are."""

    async def create_account(
        self, name: str, password: Secret, *, is_admin: bool, perms: tuple[str, ...]
    ) -> None:
        """Create the account *name*; a server that knows no perms passes over them."""

    async def make_admin(self, name: str) -> None:
        """Give the account *name* every right."""


class Credential(Protocol):
    """The name and the password of an account, wherever they come from."""

    @property
    def name(self) -> str:
        """What it logs in as."""

    def known(self) -> Secret | None:
        """The password, if there is one already."""

    def made(self) -> Secret:
        """The password; a new one is first put where no crash can lose it."""


class Step(StrEnum):
    """What there is to do; in this order."""

    ADMIN = "create the administrator"
    SERVICE = "create the service account"
    RIGHTS = "make the service account an administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """
    What dimail has: nobody at all (`is_empty`), or the service account, or somebody else.

    `knows_perms` is false for a server whose accounts are administrators or nothing.
    """

    account: Account | None = None
    is_empty: bool = False
    knows_perms: bool = False

    @property
    def lacking(self) -> tuple[str, ...]:
        """The rights that the service account lacks."""
        if self.account is None or self.account.is_admin:
            return ()
        if not self.knows_perms:
            return ("is_admin",)
        perms = self.account.perms or frozenset()
        return tuple(perm for perm in PERMS if perm not in perms)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is to be done; nothing for rights that no call can give."""
        if self.is_empty:
            return (Step.ADMIN, Step.SERVICE)
        if self.account is None:
            return (Step.SERVICE,)
        return (Step.RIGHTS,) if self.lacking and not self.knows_perms else ()


class Bootstrap:
    """
    Sets one dimail up, with *connect* to ask it as anybody.

    *tell* hears of each step once it is known to be done. Raises `RemoteError` for all that
    dimail says or does not say.
    """

    def __init__(
        self,
        connect: Callable[[str, Secret], Clerk],
        *,
        admin: Credential,
        service: Credential,
        tell: Callable[[Step, Sight], None],
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._connect = connect
        self._admin = admin
        self._service = service
        self._tell = tell
        self._sleep = sleep or asyncio.sleep
        self._nobody = connect("", Secret(""))

    async def look(self) -> Sight:
        """What there is, without changing anything."""
        if await self._is_empty():
            return Sight(is_empty=True)
        clerk = await self._known_admin()
        sight = await self._sight(clerk)
        password = self._service.known()
        if sight.account is not None and password is not None:
            await self._prove(password)
        return sight

    async def carry_out(self) -> Sight:
        """Do what is to be done; gives what there is then."""
        clerk = await (self._create_admin() if await self._is_empty() else self._known_admin())
        sight = await self._sight(clerk)
        if sight.account is None:
            sight = await self._create_service(clerk, sight)
        if sight.account is not None and Step.RIGHTS in sight.steps:
            sight = await self._promote(clerk, sight.account.name)
        return sight

    async def _is_empty(self) -> bool:
        accounts = await self._nobody.accounts()
        return accounts is not None and not accounts

    async def _known_admin(self) -> Clerk:
        password = self._admin.known()
        if password is None:
            raise RefusedCallError(
                "this dimail has users already: only its administrator can set up the rest",
                hint="give its name in MAILSTATE_ADMIN_USERNAME, and its password in "
                "MAILSTATE_ADMIN_PASSWORD or in the file of --admin-password-file",
            )
        clerk = self._connect(self._admin.name, password)
        if await clerk.accounts() is None:
            raise RefusedCallError(
                f"this dimail has users already, and refuses `{self._admin.name}` "
                "as their administrator",
                hint="check the name and the password of the administrator; a file that was "
                "written for another dimail, or by a run that came second, is of no use",
            )
        return clerk

    async def _sight(self, clerk: Clerk) -> Sight:
        accounts = await clerk.accounts()
        if accounts is None:
            raise RefusedCallError(
                f"dimail refuses `{self._admin.name}`, which it has just accepted", hint=_RUN_AGAIN
            )
        return Sight(
            account=_named(self._service.name, accounts),
            knows_perms=any(account.perms is not None for account in accounts),
        )

    async def _create_admin(self) -> Clerk:
        """The administrator, created; proved to be ours by logging in."""
        name, password = self._admin.name, self._admin.made()
        clerk = self._connect(name, password)

        async def send() -> None:
            await self._nobody.create_account(name, password, is_admin=True, perms=())

        async def is_done() -> bool:
            accounts = await clerk.accounts()
            if accounts is None:
                raise RefusedCallError(
                    "somebody else has set this dimail up at the same time: it has a first "
                    f"user now, and refuses our `{name}`",
                    hint="ask whoever it was; a password that was made in this run is of no "
                    "use: take its file away",
                )
            own = _named(name, accounts)
            if accounts and (own is None or not own.is_admin):
                raise RefusedCallError(
                    f"dimail has users now, but `{name}` is no administrator among them",
                    hint="ask the operator of dimail to make it one in its database",
                )
            return bool(accounts)

        await self._insist(send, is_done)
        self._tell(Step.ADMIN, Sight())
        return clerk

    async def _create_service(self, clerk: Clerk, sight: Sight) -> Sight:
        """The service account, created with the rights that this dimail can give."""
        password = self._service.made()
        is_admin = not sight.knows_perms

        async def send() -> None:
            await clerk.create_account(self._service.name, password, is_admin=is_admin, perms=PERMS)

        async def is_done() -> bool:
            nonlocal sight
            sight = await self._sight(clerk)
            return sight.account is not None

        await self._insist(send, is_done)
        await self._prove(password)
        self._tell(Step.SERVICE, sight)
        return sight

    async def _promote(self, clerk: Clerk, name: str) -> Sight:
        """The service account under the *name* that dimail has for it, made an administrator."""
        sight = Sight()

        async def send() -> None:
            await clerk.make_admin(name)

        async def is_done() -> bool:
            nonlocal sight
            sight = await self._sight(clerk)
            return not sight.lacking

        await self._insist(send, is_done)
        self._tell(Step.RIGHTS, sight)
        return sight

    async def _prove(self, password: Secret) -> None:
        """Raise `RefusedCallError` if the service account has another *password*."""
        if not await self._connect(self._service.name, password).is_accepted():
            raise RefusedCallError(
                f"`{self._service.name}` exists, with another password than the one given here",
                hint="give the right one, or choose another account with MAILSTATE_USERNAME; a "
                "password that was made in this run is of no use: take its file away",
            )

    async def _insist(
        self, send: Callable[[], Awaitable[None]], is_done: Callable[[], Awaitable[bool]]
    ) -> None:
        """Send until it is found done: no answer to a write, and no lack of one, is a proof."""
        trouble: RemoteError | None = None
        for attempt in range(_ATTEMPTS):
            if attempt:
                wait = _FIRST_PAUSE * 2 ** (attempt - 1)
                if isinstance(trouble, BusyCallError):
                    wait = min(max(wait, trouble.retry_after), _LONGEST_PAUSE)
                await self._sleep(wait)
            trouble = await _tried(send)
            try:
                if await is_done():
                    return
            except BusyCallError as error:
                before = f"{trouble.message}; " if trouble else ""
                message = f"{before}what came of it could not be read back: {error.message}"
                raise RemoteError(message, hint=_RUN_AGAIN) from None
            if isinstance(trouble, RefusedCallError):
                raise trouble
        last = trouble.message if trouble else "dimail says that it is done, and it is not"
        raise RemoteError(f"tried {_ATTEMPTS} times: {last}", hint=_RUN_AGAIN)


async def _tried(send: Callable[[], Awaitable[None]]) -> RemoteError | None:
    try:
        await send()
    except RemoteError as error:
        return error
    return None


def _named(name: str, accounts: Sequence[Account]) -> Account | None:
    """The account *name*: MariaDB compares user names without case (contract §2)."""
    for exactly in (True, False):
        for account in accounts:
            if account.name == name or (not exactly and account.name.lower() == name.lower()):
                return account
    return None
