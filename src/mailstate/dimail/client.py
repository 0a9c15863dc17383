"""One dimail, spoken to as one account: what the rest of mailstate sees of HTTP."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self, assert_never

from mailstate.dimail import calls, lists, wire
from mailstate.dimail.caller import Caller, failure
from mailstate.dimail.calls import Call
from mailstate.dimail.connections import Answer, Connections, MakeLine
from mailstate.dimail.node import MalformedAnswerError, Node, known_detail, parse
from mailstate.dimail.pace import Clock, SystemClock
from mailstate.dimail.patience import Patience
from mailstate.dimail.reader import DomainReader
from mailstate.dimail.wire import LoginCode
from mailstate.errors import DoubtfulCallError, RefusedCallError, SettingsError
from mailstate.model.resources import Access, Alias, Domain, DomainName, Mailbox, Resource, User
from mailstate.model.secret import Secret
from mailstate.model.state import DnsRecord, DomainState, Found, LiveDomain

_CREATED = frozenset({HTTPStatus.CREATED})
_MADE = _CREATED | {HTTPStatus.OK}
_DONE = frozenset({HTTPStatus.OK})
# Not 200: a gateway may say that with a page of its own, and there is no body to tell by.
_GONE = frozenset({HTTPStatus.NO_CONTENT})

# What a 404 says where the thing to delete, or what it lives on, is not there (contract §6 to §10).
_GONE_ALREADY = frozenset(
    {
        "Not found",
        "User not found",
        "Domain not found",
        "Mailbox not found",
        "Queried user does not have permissions for this domain.",
    }
)
# Such a mailbox is there, in one of the two stores.
_HALF_GONE = frozenset({"Domain not found in open-xchange", "Mailbox not found in open-xchange"})
_NO_ROUTE = "Not Found"


class DimailClient:
    """
    A dimail-api of any version, from August 2024 to 2026.

    Fits `mailstate.applying.mail_api.MailApi`, whose docstrings bind it. Reads are repeated and
    raise `RefusedCallError` or `BusyCallError` in the end (both are `RemoteError`). Writes are
    sent once; one exception holds: a 401 or 403 has no effect, and is tried again with a new
    token. To be used as a context manager, by one event loop.

    Raises `SettingsError` if the URL is neither https nor on loopback, holds credentials, or if
    user name, CA file, proxy or concurrency cannot be used.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: Secret,
        *,
        concurrency: int = 4,
        ca_file: Path | None = None,
        patience: Patience | None = None,
        line: MakeLine | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not username or ":" in username:
            raise SettingsError(
                "the user name for dimail is empty or holds a colon",
                hint="check MAILSTATE_USERNAME",
            )
        if concurrency < 1:
            raise SettingsError(
                "the number of calls at once must be at least 1", hint="4 is a good number"
            )
        self.username = username
        self.concurrency = concurrency
        self._connections = Connections(
            url, ca_file=ca_file, line=line, patience=patience or Patience()
        )
        self._caller = Caller(
            self._connections,
            username,
            password,
            concurrency=concurrency,
            clock=clock or SystemClock(),
        )
        self.reader = DomainReader(self._caller)

    def __repr__(self) -> str:
        return f"DimailClient({self.url!r}, {self.username!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connections.aclose()

    @property
    def url(self) -> str:
        """Where the server is, without credentials and without a slash at the end."""
        return self._connections.url

    async def users(self) -> Sequence[wire.ApiUser]:
        """All users, in the server's order (contract §4)."""
        return lists.user_list(await self._list(calls.users()))

    async def domains(self) -> dict[DomainName, LiveDomain]:
        """All domains by name, in order, without their content (contract §5.1)."""
        return lists.domain_list(await self._list(calls.domains()))

    async def accesses(self) -> Sequence[Access]:
        """All accesses, in the server's order (contract §6)."""
        return lists.access_list(await self._list(calls.accesses()))

    async def create(self, resource: Resource) -> Secret | None:
        """
        Create *resource*; of a mailbox, give the password that dimail tells this once.

        Raises `RefusedCallError`, `BusyCallError`, or `DoubtfulCallError`: also for a 409, since
        what exists may be other than what was asked (contract §13).
        """
        match resource:
            case User():
                with understood(await self._write(calls.create_user(resource))) as answer:
                    _same(answer, "name", wire.user(answer).name, resource.name)
            case Domain():
                with understood(await self._write(calls.create_domain(resource))) as answer:
                    _same(answer, "name", answer.text("name"), resource.name)
            case Access():
                with understood(await self._write(calls.create_access(resource))) as answer:
                    _same(answer, "user", wire.access(answer).user, resource.user)
                    _same(answer, "domain", wire.access(answer).domain, resource.domain)
            case Mailbox():
                with understood(await self._write(calls.create_mailbox(resource))) as answer:
                    return wire.password(answer, resource)
            case Alias():
                # What 2024 answers with 200 is a 201 later; the body is nowhere told (§10).
                with understood(
                    await self._write(calls.create_alias(resource), promised=_MADE)
                ) as answer:
                    answer.fields()
            case _:
                assert_never(resource)
        return None

    async def update(self, before: Mailbox, after: Mailbox, fields: tuple[str, ...]) -> None:
        """
        Change *fields* of the mailbox that dimail has as *before* to the values in *after*.

        Raises as `create` does. An answer that tells other values than those sent is doubtful:
        servers ignore fields they do not know, and answer 200 (contract §2).
        """
        call = calls.update_mailbox(before, after, fields)
        with understood(await self._write(call, promised=_DONE)) as answer:
            now = wire.mailbox(answer, before.domain, webmail=True).mailbox
            for field in fields:
                told, wanted = getattr(now, field), getattr(after, field)
                if told is not None and told != wanted:
                    raise answer.malformed("is not what was asked for", field)

    async def delete(self, resource: Access | Alias | Mailbox) -> None:
        """
        Delete *resource*, under the spelling that dimail has for it; gone already is gone.

        Raises as `create` does, `DoubtfulCallError` also for a 404 that may mean anything. Users
        and domains are never deleted. A half-made mailbox that is in Open-Xchange alone counts
        as gone: to this call it looks the same (contract §7).
        """
        match resource:
            case Access():
                call = calls.delete_access(resource)
            case Mailbox():
                call = calls.delete_mailbox(resource)
            case Alias():
                call = calls.delete_alias(resource)
            case _:
                assert_never(resource)
        _, answer = await self._write(call, promised=_GONE | {HTTPStatus.NOT_FOUND})
        if answer.status in _GONE:
            return
        trouble, detail = failure(call, answer), known_detail(answer.body)
        if detail in _HALF_GONE:
            hint = "it exists by half: have the operator of dimail remove or repair it"
            raise RefusedCallError(trouble.message, hint=hint)
        if detail == _NO_ROUTE:
            raise trouble
        if detail not in _GONE_ALREADY:
            raise DoubtfulCallError(trouble.message, hint=trouble.hint)

    async def login_code(
        self, mailbox: Mailbox, *, seconds: int = 3600, uses: int = 3
    ) -> LoginCode | None:
        """
        A new code for the webmail of *mailbox*; None where the server has no such call.

        Raises as `create` does; `RefusedCallError` for a mailbox without webmail.
        """
        exchange = await self._verb(calls.login_code(mailbox, seconds=seconds, uses=uses))
        if exchange is None:
            return None
        with understood(exchange) as answer:
            return wire.login_code(answer, mailbox, seconds=seconds, uses=uses)

    async def reset_password(self, mailbox: Mailbox) -> Secret | None:
        """
        Give *mailbox* a new password, told this once; None where the server has no such call.

        Raises as `create` does: after `DoubtfulCallError` the old one may work or not.
        """
        exchange = await self._verb(calls.reset_password(mailbox))
        if exchange is None:
            return None
        with understood(exchange) as answer:
            return wire.password(answer, mailbox)

    async def _verb(self, call: Call) -> tuple[Call, Answer] | None:
        """What came of a call that only newer servers have; None from the others."""
        _, answer = await self._write(call, promised=_MADE | {HTTPStatus.NOT_FOUND})
        if answer.status != HTTPStatus.NOT_FOUND:
            return call, answer
        if known_detail(answer.body) == _NO_ROUTE:
            return None
        raise failure(call, answer)

    async def find(self, resource: Resource) -> Found | None:
        """
        Read back the one thing that has the key of *resource*; None if dimail has none.

        Raises `RefusedCallError` or `BusyCallError` if it cannot be told.
        """
        match resource:
            case User():
                call = calls.user(resource.name)
                answer = await self._one(call, absent={"User not found"})
                return None if answer is None else Found(resource=wire.user(answer))
            case Domain():
                live = (await self.domains()).get(resource.name)
                return None if live is None else Found(resource=live.domain)
            case Access():
                found = wire.accesses(await self._list(calls.access(resource)))
                return _with_key(found, resource)
            case Mailbox():
                return await self._find_mailbox(resource)
            case Alias():
                answer = await self._one(calls.alias(resource), absent={"Alias not found"})
                if answer is None:
                    return None
                return _with_key(wire.aliases(answer, resource.domain), resource)
        assert_never(resource)

    async def _find_mailbox(self, mailbox: Mailbox) -> Found | None:
        call = calls.mailbox(mailbox.domain, mailbox.local_part)
        answer = await self._one(call, absent={"Mailbox not found", "Domain not found"})
        if answer is None:
            return None
        # Without webmail no mailbox is ever broken, and the names are null (§7).
        box = wire.mailbox(answer, mailbox.domain, webmail=True)
        if box.mailbox.key != mailbox.key:
            raise answer.malformed("is another address", "email")
        return Found(resource=box.mailbox, half_made=box.half_made)

    async def look(self, domain: DomainName) -> LiveDomain:
        """
        Have *domain* checked, repaired where only internal checks fail, and read anew.

        Mailboxes and aliases are read only if the domain turns out enabled, or its state untold.
        A check that fails is no error: it is told in `check_error`. Raises as `find` does.
        """
        live = await self.reader.repaired(domain)
        if live.state not in {DomainState.OK, DomainState.UNTOLD}:
            return live
        return await self.reader.with_content(live, wanted=None, entitled=False)

    async def spec(self, domain: DomainName) -> tuple[DnsRecord, ...] | None:
        """
        The DNS records that *domain* must publish; None where the server does not tell them.

        Raises as `find` does.
        """
        answer = await self._one(calls.spec(domain), absent={"Not Found"})
        return None if answer is None else wire.dns_records(answer)

    async def _list(self, call: Call) -> Node:
        return parse(call, (await self._caller.read(call)).body)

    async def _one(self, call: Call, *, absent: Collection[str]) -> Node | None:
        """The answer to *call*, or None for a 404 with one of the texts that mean *absent*."""
        answer = await self._caller.read(call, bearing={HTTPStatus.NOT_FOUND})
        if answer.status == HTTPStatus.OK:
            return parse(call, answer.body)
        if known_detail(answer.body) in absent:
            return None
        raise failure(call, answer)

    async def _write(
        self, call: Call, *, promised: Collection[int] = _CREATED
    ) -> tuple[Call, Answer]:
        return call, await self._caller.write(call, promised=promised)


@contextmanager
def understood(exchange: tuple[Call, Answer]) -> Iterator[Node]:
    """The answer to a write: if it makes no sense, what it did is in doubt."""
    call, answer = exchange
    try:
        yield parse(call, answer.body)
    except MalformedAnswerError as error:
        doubt = DoubtfulCallError(error.message, hint=error.hint)
    else:
        return
    raise doubt


def _same(answer: Node, key: str, told: str, sent: str) -> None:
    if told != sent:
        raise answer.malformed("is not what was sent", key)


def _with_key(found: Iterable[Resource], wanted: Resource) -> Found | None:
    return next((Found(resource=one) for one in found if one.key == wanted.key), None)
