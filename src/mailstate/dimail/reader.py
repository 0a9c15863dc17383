"""
Reading one domain: its checks, its mailboxes, its aliases, on whichever version of dimail.

What a server has is found out by asking, once: an unknown route is a 404 with `Not Found`, while
an unknown object has a text of its own (contract §2).
"""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from http import HTTPStatus

from mailstate.dimail import calls, content, wire
from mailstate.dimail.caller import Caller, failure
from mailstate.dimail.calls import Call
from mailstate.dimail.connections import Answer
from mailstate.dimail.content import Memory, Told
from mailstate.dimail.expected import Hopes
from mailstate.dimail.node import known_detail, parse
from mailstate.errors import RefusedCallError, RemoteError
from mailstate.model.resources import DomainName, Key
from mailstate.model.state import DomainState, LiveDomain

_OK = int(HTTPStatus.OK)
_BEARING = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class DomainReader:
    """Reads domains, and remembers what the server has turned out to have."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._has_v2: bool | None = None
        self._asking_for_v2 = asyncio.Lock()
        self._has_fix = True
        self._has_told_active = False
        self._hopes = Hopes()

    @property
    def tells_active(self) -> bool:
        """Whether the server has told of active and inactive mailboxes, or has the API for it."""
        return bool(self._has_v2) or self._has_told_active

    async def ask_for_v2(self, domain: DomainName) -> None:
        """Find out whether the server has the second API; *domain* need not exist."""
        await self._v2_list(domain)

    async def domain(self, name: DomainName) -> LiveDomain:
        """The domain *name* without checks and content. Raises RemoteError if there is none."""
        call = calls.domain(name)
        answer = await self._caller.read(call, bearing={HTTPStatus.UNAUTHORIZED})
        if answer.status == HTTPStatus.OK:
            return _one(call, answer, name)
        # No access to it: the list is slower, and open to those who may make domains.
        call = calls.domains()
        answer = await self._caller.read(call)
        told = wire.domains(parse(call, answer.body)).get(name)
        if told is None:
            raise RefusedCallError(f"{call}: dimail has no domain {name}")
        return told

    async def checked(self, live: LiveDomain) -> LiveDomain:
        """*live* with what its checks say now, or with the reason why they say nothing."""
        name = live.domain.name
        call = calls.check(name)
        try:
            return _superseded(live, _checked(call, await self._caller.read(call), name))
        except RemoteError as error:
            return replace(live, check_error=error.message)

    async def repaired(self, name: DomainName) -> LiveDomain:
        """
        The domain *name*, checked, and repaired if only internal checks fail (contract §11).

        The state is untold where the server has no checks.
        """
        call = calls.check(name)
        try:
            answer = await self._caller.read(call, bearing={HTTPStatus.NOT_FOUND})
            if _is_no_route(answer):
                return await self.domain(name)
            checked = _checked(call, answer, name)
        except RemoteError as error:
            return replace(await self.domain(name), check_error=error.message)
        if checked.state is DomainState.OK or not checked.failing:
            return checked
        if self._has_fix and all(check.internal for check in checked.failing):
            return await self._fixed(checked)
        return checked

    async def _fixed(self, live: LiveDomain) -> LiveDomain:
        name = live.domain.name
        call = calls.fix(name)
        try:
            answer = await self._caller.read(call, bearing={HTTPStatus.NOT_FOUND})
            if _is_no_route(answer):
                self._has_fix = False
                return live
            return _superseded(live, _checked(call, answer, name))
        except RemoteError:
            return live  # the checks have been told; that no repair came of it changes nothing

    async def with_content(
        self,
        live: LiveDomain,
        *,
        wanted: Collection[Key] | None,
        entitled: bool,
        memory: Memory | None = None,
    ) -> LiveDomain:
        """
        *live* with its mailboxes and aliases.

        The list of the second API does not tell half-made mailboxes. The first API is asked for
        them if one of those *wanted* may be half-made, or, if *wanted* is None, in any case.
        Without access the domain is not `readable`; if the account is *entitled*, that is an
        error. Lists that *memory* knows as sound are not read again.
        """
        domain = live.domain.name
        try:
            found = await self._mailboxes(live, wanted, memory)
        except _NoAccessError as error:
            if entitled:
                raise error.failure from None
            return replace(live, readable=False)
        self._has_told_active = self._has_told_active or found.tells_active
        body = _body(call := calls.aliases(domain), await self._caller.read(call))
        return LiveDomain(  # of each domain: `replace` takes three times as long
            domain=live.domain,
            state=live.state,
            failing=live.failing,
            check_error=live.check_error,
            mailboxes=found.mailboxes,
            half_made=found.half_made,
            aliases=content.aliases(body, domain, memory),
        )

    async def _mailboxes(
        self, live: LiveDomain, wanted: Collection[Key] | None, memory: Memory | None
    ) -> content.Mailboxes:
        domain, webmail = live.domain.name, "webmail" in live.domain.features
        asked = () if wanted is None else wanted
        answer = None if self._has_v2 is False else await self._v2_list(domain)
        if answer is None:
            told = Told(domain=domain, webmail=webmail, first=await self._v1_list(domain))
            return content.mailboxes(told, asked, self._hopes, memory)
        second = _body(calls.mailboxes_v2(domain), answer)
        told = Told(domain=domain, webmail=webmail, second=second)
        found = content.mailboxes(told, asked, self._hopes, memory)
        if not webmail or (wanted is not None and not found.may_hide):
            return found
        both = told._replace(first=await self._v1_list(domain))
        return content.mailboxes(both, asked, self._hopes, memory, second=found.listed)

    async def _v1_list(self, domain: DomainName) -> bytes:
        call = calls.mailboxes(domain)
        return _body(call, await self._caller.read(call, bearing=_BEARING))

    async def _v2_list(self, domain: DomainName) -> Answer | None:
        """The answer of the second API; None if the server has none."""
        if self._has_v2 is None:
            async with self._asking_for_v2:
                if self._has_v2 is None:
                    call = calls.mailboxes_v2(domain)
                    answer = await self._caller.read(call, bearing=_BEARING)
                    self._has_v2 = not _is_no_route(answer)
                    return answer if self._has_v2 else None
        if not self._has_v2:
            return None
        return await self._caller.read(calls.mailboxes_v2(domain), bearing=_BEARING)


class _NoAccessError(Exception):
    """The account in use may not read the mailboxes of a domain; *failure* tells it."""

    def __init__(self, failure: RemoteError) -> None:
        super().__init__(failure.message)
        self.failure = failure


def _body(call: Call, answer: Answer) -> bytes:
    if answer.status == _OK:
        return answer.body
    if answer.status == HTTPStatus.FORBIDDEN:
        raise _NoAccessError(failure(call, answer))
    raise failure(call, answer)


def _is_no_route(answer: Answer) -> bool:
    return answer.status == HTTPStatus.NOT_FOUND and known_detail(answer.body) == "Not Found"


def _one(call: Call, answer: Answer, name: DomainName) -> LiveDomain:
    node = parse(call, answer.body)
    live = wire.domain(node)
    if live.domain.name != name:
        raise node.malformed("is another domain", "name")
    return live


def _checked(call: Call, answer: Answer, name: DomainName) -> LiveDomain:
    if answer.status != HTTPStatus.OK:
        raise failure(call, answer)
    live = _one(call, answer, name)
    node = parse(call, answer.body)
    if live.state is DomainState.UNTOLD:
        raise node.malformed("is not a text", "state")
    return replace(live, failing=wire.failing_checks(node))


def _superseded(before: LiveDomain, now: LiveDomain) -> LiveDomain:
    """*before* with what *now* tells; what it does not tell stays."""
    return replace(
        before,
        domain=replace(
            now.domain,
            context=now.domain.context or before.domain.context,
            delivery=now.domain.delivery or before.domain.delivery,
        ),
        state=now.state,
        failing=now.failing,
    )
