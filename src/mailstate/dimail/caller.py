"""Sending calls: login, pace, repeats, and what an answer means for the one who asked."""

import asyncio
import base64
import math
from collections.abc import Collection
from http import HTTPStatus
from typing import assert_never

from mailstate.dimail import calls
from mailstate.dimail.calls import Auth, Call, Repeat
from mailstate.dimail.connections import Answer, Connections, Fate, Trouble
from mailstate.dimail.login import Token, read_token
from mailstate.dimail.node import known_detail
from mailstate.dimail.pace import LONGEST_PAUSE, Clock, Gate, Pace
from mailstate.errors import (
    BusyCallError,
    ConflictCallError,
    DoubtfulCallError,
    LostAnswerError,
    RefusedCallError,
    RemoteError,
)
from mailstate.model.secret import Secret

# Plain numbers: to get at those of `HTTPStatus` takes longer than to compare with them.
_OK = int(HTTPStatus.OK)
_TOO_MANY = int(HTTPStatus.TOO_MANY_REQUESTS)
_CRASHED = int(HTTPStatus.INTERNAL_SERVER_ERROR)
_UNAVAILABLE = int(HTTPStatus.SERVICE_UNAVAILABLE)
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
# A proxy in front of dimail gave up waiting; dimail itself may go on.
_GIVEN_UP = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
_TRIES = 3
_FIRST_PAUSE = 0.5

_LOGIN_HINT = (
    "check MAILSTATE_USERNAME and MAILSTATE_PASSWORD; dimail does not tell a wrong password from "
    "an account that is no administrator and lacks the right (new_domain, create_users, "
    "manage_users)"
)
_NETWORK_HINT = "check the URL and the network, or try again later"
_TRUST_HINT = "name the authority that signed it with the setting for the CA file"


class Caller:
    """
    Sends calls to one dimail, as one account, at a bearable pace.

    Reads are repeated and raise `RefusedCallError` or `BusyCallError` in the end; writes are sent
    once and may raise `DoubtfulCallError` too. No error text holds anything of a body.
    """

    def __init__(
        self,
        connections: Connections,
        username: str,
        password: Secret,
        *,
        concurrency: int,
        clock: Clock,
    ) -> None:
        self._connections = connections
        self._username = username
        self._password = password
        self._clock = clock
        self.pace = Pace(concurrency)
        self._gate = Gate(self.pace, clock)
        self._token: Token | None = None
        self._refused: RefusedCallError | None = None
        self._logging_in = asyncio.Lock()

    async def read(self, call: Call, *, bearing: Collection[int] = ()) -> Answer:
        """The answer to *call*: 200, or one of the statuses that the caller is *bearing*."""
        tries = 1
        while True:
            outcome = await self._send(call)
            if isinstance(outcome, Answer) and (outcome.status == _OK or outcome.status in bearing):
                return outcome
            if not _is_worth_repeating(call, outcome, tries):
                raise failure(call, outcome)
            await self._clock.sleep(
                min(LONGEST_PAUSE, max(_FIRST_PAUSE * 2 ** (tries - 1), _retry_after(outcome)))
            )
            tries += 1

    async def write(self, call: Call, *, promised: Collection[int]) -> Answer:
        """Send *call* once, and give the answer if its status is one of those *promised*."""
        outcome = await self._send(call)
        if isinstance(outcome, Answer):
            if outcome.status in promised:
                return outcome
            if outcome.status in {
                HTTPStatus.REQUEST_TIMEOUT,
                HTTPStatus.CONFLICT,
            } or not (400 <= outcome.status < 500):  # noqa: PLR2004 - client errors
                raise _doubt(outcome.status)(_story(call, outcome), hint=_hint(call, outcome))
        elif outcome.fate in {Fate.TIMED_OUT, Fate.LOST}:
            raise LostAnswerError(_story(call, outcome), hint=_NETWORK_HINT)
        raise failure(call, outcome)

    async def _send(self, call: Call) -> Answer | Trouble:
        refused_at = math.inf
        token = None
        if call.kind.auth is Auth.TOKEN:
            token = self._good_token(None) or await self._current_token()
        while True:
            started, under_way, keeps_door = await self._gate.enter()
            try:
                if token is not None:
                    # While this call waited for its turn, others may have fetched the next one.
                    token = self._token or token
                authorization = self._basic() if token is None else token.authorization.reveal()
                outcome = await self._connections.send(call, authorization)
            finally:
                self._gate.leave(keeps_door=keeps_door)
            now = self._clock.monotonic()
            self._learn(call, outcome, started=started, now=now, under_way=under_way)
            if token is None or not _is_refusal(outcome) or now < token.cleared_until:
                return outcome
            # A token that was fetched after this call was refused has not ended since.
            if token.fetched_at >= refused_at:
                token.clear(now)
                return outcome
            # A refused call had no effect, so that even a POST may be sent again.
            refused_at = min(refused_at, now)
            token = await self._current_token(instead_of=token)

    def _learn(
        self, call: Call, outcome: Answer | Trouble, *, started: float, now: float, under_way: int
    ) -> None:
        """What came of *call* says something of the pace."""
        if isinstance(outcome, Trouble) or outcome.status == _UNAVAILABLE:
            self.pace.trouble(started=started, now=now, retry_after=_retry_after(outcome))
        elif outcome.status == _TOO_MANY:
            self.pace.refused(
                started=started, now=now, under_way=under_way, retry_after=_retry_after(outcome)
            )
        else:
            self.pace.accepted(started=started, under_way=under_way)
            if outcome.status < _CRASHED:
                self.pace.good()
                if call.kind.is_gauge:
                    self.pace.took(call.kind.like, started=started, now=now)

    def _basic(self) -> str:
        pair = f"{self._username}:{self._password.reveal()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def _good_token(self, instead_of: Token | None) -> Token | None:
        token = self._token
        if token is None or token is instead_of or self._clock.monotonic() >= token.renew_at:
            return None
        return token

    async def _current_token(self, *, instead_of: Token | None = None) -> Token:
        """The token in use, fetched by one call however many wait for it."""
        if (token := self._good_token(instead_of)) is not None:
            return token
        async with self._logging_in:
            if (token := self._good_token(instead_of)) is not None:
                return token
            if self._refused is not None:
                raise RefusedCallError(self._refused.message, hint=self._refused.hint)
            call = calls.token()
            answer = await self.read(call, bearing=_REFUSALS)
            if answer.status in _REFUSALS:
                # Each try costs the server a slow hash, and would be refused again.
                self._refused = RefusedCallError(_story(call, answer), hint=_LOGIN_HINT)
                raise self._refused
            self._token = read_token(
                call,
                answer,
                username=self._username,
                now=self._clock.monotonic(),
                wall=self._clock.wall(),
            )
            return self._token


def _is_refusal(outcome: Answer | Trouble) -> bool:
    """Whether a new token may help: 401 and 403 mean either an ended one or missing rights."""
    return (
        isinstance(outcome, Answer)
        and outcome.status in _REFUSALS
        and known_detail(outcome.body) != "Not authorized."
    )


def _doubt(status: int) -> type[DoubtfulCallError]:
    if status == HTTPStatus.CONFLICT:
        return ConflictCallError
    return LostAnswerError if status in _GIVEN_UP else DoubtfulCallError


def _is_worth_repeating(call: Call, outcome: Answer | Trouble, tries: int) -> bool:
    match call.kind.repeat:
        case Repeat.NEVER:
            return False
        case Repeat.ONCE_IF_CUT:
            return (
                tries == 1
                and isinstance(outcome, Trouble)
                and outcome.fate in {Fate.NOT_SENT, Fate.LOST}
            )
        case Repeat.READ:
            return tries < _TRIES and (
                outcome.fate is not Fate.UNTRUSTED
                if isinstance(outcome, Trouble)
                else outcome.status == _TOO_MANY or outcome.status >= _CRASHED
            )
    assert_never(call.kind.repeat)


def _retry_after(outcome: Answer | Trouble) -> float:
    return (outcome.retry_after or 0.0) if isinstance(outcome, Answer) else 0.0


def failure(call: Call, outcome: Answer | Trouble) -> RemoteError:
    """The error for a call that certainly had no effect, or for any read."""
    story = _story(call, outcome)
    if isinstance(outcome, Trouble):
        if outcome.fate is Fate.UNTRUSTED:
            return RefusedCallError(story, hint=_TRUST_HINT)
        return BusyCallError(story, hint=_NETWORK_HINT)
    hint = _hint(call, outcome)
    if outcome.status == _TOO_MANY or outcome.status >= _CRASHED:
        patience = min(LONGEST_PAUSE, outcome.retry_after or 1.0)
        return BusyCallError(story, hint=hint, retry_after=patience)
    return RefusedCallError(story, hint=hint)


def _story(call: Call, outcome: Answer | Trouble) -> str:
    if isinstance(outcome, Trouble):
        return f"{call}: {outcome.words}"
    detail = known_detail(outcome.body)
    return f"{call}: dimail answered {outcome.status}{f' ({detail})' if detail else ''}"


def _hint(call: Call, answer: Answer) -> str:
    status = answer.status
    if status in _REFUSALS:
        if call.kind.auth is Auth.BASIC:
            return _LOGIN_HINT
        return "the account in use has no access to this domain"
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        return "a redirect to another place is not followed: check the URL"
    if status >= _CRASHED:
        return call.kind.hint_on_500 or "try again later, or ask the operator of dimail"
    return ""
