"""Failures on order: which calls they strike, and what they do to them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Lock
from typing import Literal, NamedTuple, Protocol, get_args

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import SandboxError

Kind = Literal[
    "500_before",
    "500_half",
    "500_after",
    "reset_before",
    "reset_after",
    "cut",
    "slow_before",
    "slow_after",
    "429",
    "502",
    "503",
    "504",
    "token_expired",
    "answer",
]
KINDS = get_args(Kind)
CONNECTION = "sandbox.connection"
HALFWAY = "sandbox.halfway"
CONTROL = "/_sandbox/"
_REMEMBERED = 100_000
_GATEWAY = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_PHRASES = {
    "502": "502 Bad Gateway",
    "503": "503 Service Unavailable",
    "504": "504 Gateway Time-out",
}


class Connection(Protocol):
    """What a fault may do to the TCP connection of its call."""

    def close_after_answer(self) -> None:
        """Close, unannounced, once the answer is sent."""

    def cut(self) -> None:
        """Close after what is written so far."""

    def reset(self) -> None:
        """Break off at once."""


class Request(NamedTuple):
    """A request the server got; without a status if it was left without an answer."""

    method: str
    path: str
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    A failure that strikes calls of *method* on *path*.

    In *path*, `*` stands for one segment and `**` for anything; after `re:` it is a regular
    expression. It strikes *times* calls (None: every one) from the *nth* that fits.
    *delay* is for the slow kinds; *retry_after* (seconds, with *as_date* told as a date) for
    429 and 503; *status*, *body* and *content_type* for `answer`, *status* for `token_expired`.
    With *effect*, the call is carried out before 429, 502 to 504, `token_expired` or `answer`.
    """

    method: str = "*"
    path: str = "**"
    kind: Kind
    times: int | None = 1
    nth: int = 1
    delay: float = 1.0
    retry_after: int | None = None
    as_date: bool = False
    status: int | None = None
    body: str = ""
    content_type: str = "application/json"
    effect: bool = False

    def __post_init__(self) -> None:
        """Refuse what would never strike."""
        if self.kind not in KINDS:
            raise SandboxError(
                f"there is no fault `{self.kind}`", hint=f"choose one of {', '.join(KINDS)}"
            )
        try:
            self.pattern()
        except re.error as error:
            raise SandboxError(
                f"`{self.path}` is no regular expression: {error}", hint="correct the path"
            ) from error

    def pattern(self) -> re.Pattern[str]:
        """Return the expression that a whole path must fit."""
        if self.path.startswith("re:"):
            return re.compile(self.path.removeprefix("re:"))
        pieces = re.split(r"(\*\*|\*)", self.path)
        return re.compile("".join({"*": "[^/]+", "**": ".*"}.get(p, re.escape(p)) for p in pieces))

    def response(self) -> Response:
        """Return what the client gets in place of the server's answer."""
        headers: dict[str, str] = {}
        if self.retry_after is not None:
            when = datetime.now(UTC) + timedelta(seconds=self.retry_after)
            headers["Retry-After"] = (
                format_datetime(when, usegmt=True) if self.as_date else str(self.retry_after)
            )
        if self.kind in ("500_before", "500_after"):
            return PlainTextResponse("Internal Server Error", 500)
        if self.kind == "429":
            body = '{"detail":"Too Many Requests"}'
            return Response(body, 429, headers, "application/json")
        if self.kind in _PHRASES:
            body = _GATEWAY.format(_PHRASES[self.kind])
            return Response(body, int(self.kind), headers, "text/html")
        if self.kind == "token_expired":
            body = '{"detail":"Permission denied"}'
            return Response(body, self.status or 403, headers, "application/json")
        return Response(self.body, self.status or 200, headers, self.content_type)


@dataclass(slots=True)
class _Rule:
    fault: Fault
    pattern: re.Pattern[str]
    met: int = 0

    def fits(self, method: str, path: str) -> bool:
        wanted = self.fault.method.upper()
        return wanted in ("*", method) and self.pattern.fullmatch(path) is not None

    def strikes(self) -> bool:
        times = self.fault.times
        return self.met >= self.fault.nth - 1 and (
            times is None or self.met < self.fault.nth - 1 + times
        )


@dataclass(slots=True)
class Faults:
    """
    The failures on order.

    A call meets one at most, the oldest that strikes. The others keep their strikes for later
    calls, but count it towards their *nth*.
    """

    _rules: list[_Rule] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault) -> None:
        """Order *fault*."""
        with self._lock:
            self._rules.append(_Rule(fault, fault.pattern()))

    def all(self) -> list[Fault]:
        """Return what was ordered and not cleared, spent or not."""
        with self._lock:
            return [rule.fault for rule in self._rules]

    def clear(self) -> None:
        """Cancel every order."""
        with self._lock:
            self._rules.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes this call."""
        struck: Fault | None = None
        with self._lock:
            for rule in self._rules:
                if not rule.fits(method, path):
                    continue
                if not rule.strikes():
                    rule.met += 1
                elif struck is None:
                    rule.met += 1
                    struck = rule.fault
        return struck


@dataclass(slots=True)
class FaultyApp:
    """The API with its failures, noting every request in *requests*."""

    app: ASGIApp
    faults: Faults
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail it as ordered."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        # The whole request is there before anything befalls it, and a client that gives up
        # afterwards stops nothing, as with the real server.
        read = await _whole(receive)
        if read is None:
            return
        # A server that stops cancels what is under way, which is then simply over.
        with contextlib.suppress(asyncio.CancelledError):
            await self._serve(scope, read, send)

    async def _serve(self, scope: Scope, read: Receive, send: Send) -> None:
        fault = self.faults.strike(scope["method"], scope["path"])
        connection: Connection = scope["state"][CONNECTION]

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message["status"])
                if message["status"] == 500:  # noqa: PLR2004  the one that ends connections
                    connection.close_after_answer()
            await send(message)

        if fault is None:
            await self.app(scope, read, noted)
        else:
            await self._fail(fault, scope, read, noted)

    def _note(self, scope: Scope, status: int | None) -> None:
        self.requests.append(Request(scope["method"], scope["path"], status))

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"][CONNECTION]
        match fault.kind:
            case "reset_before":
                self._note(scope, None)
                connection.reset()
            case "reset_after":
                await self._answered(scope, receive)
                self._note(scope, None)
                connection.reset()
            case "cut":
                start, body = await self._answered(scope, receive)
                await send(start)
                half = {"type": "http.response.body", "body": body[: len(body) // 2]}
                await send(half | {"more_body": True})
                connection.cut()
            case "slow_before":
                await asyncio.sleep(fault.delay)
                await self.app(scope, receive, send)
            case "slow_after":
                start, body = await self._answered(scope, receive)
                await asyncio.sleep(fault.delay)
                await send(start)
                await send({"type": "http.response.body", "body": body})
            case "500_half":
                scope["state"][HALFWAY] = True
                await self.app(scope, receive, send)
            case _:
                if fault.effect or fault.kind == "500_after":
                    await self._answered(scope, receive)
                await fault.response()(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        """Carry the call out and return the answer instead of sending it."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


async def _whole(receive: Receive) -> Receive | None:
    """Read the request to its end, and return it for reading again; None if it was broken off."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break

    async def again() -> Message:
        return {"type": "http.request", "body": body}

    return again
