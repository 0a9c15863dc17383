"""
Connections to one dimail, and what came of a call: an answer, or trouble on the way.

What happened is told by values, without a word of what was sent or answered.
"""

import asyncio
import json
import logging
import os
import ssl
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from mailstate.dimail.address import Address
from mailstate.dimail.answer import Answer
from mailstate.dimail.calls import Call
from mailstate.dimail.direct import Direct
from mailstate.dimail.line import NO_URL, Fate, Line, Trouble
from mailstate.dimail.packing import unpacked
from mailstate.dimail.patience import Patience
from mailstate.dimail.trust import trusting
from mailstate.model.secret import wordless

__all__ = ["Answer", "Connections", "Fate", "MakeLine", "Trouble"]

MakeLine = Callable[[Address, ssl.SSLContext | None], Line]
"""A line to a server; with a context, through TLS."""

_CRASHED = int(HTTPStatus.INTERNAL_SERVER_ERROR)
_REDIRECTED = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_REDIRECTS = 2

_log = logging.getLogger("mailstate.dimail")


class Connections:
    """
    A last-in, first-out store of connections to one server, one request at a time on each.

    After a 500 the server closes the connection without saying so (contract §2): that one, and
    any that met trouble, is thrown away.

    Proxies are taken from the environment as usual (`HTTPS_PROXY`, `NO_PROXY`); a server on
    loopback is always spoken to directly.
    """

    def __init__(
        self, url: str, *, ca_file: Path | None, line: MakeLine | None, patience: Patience
    ) -> None:
        self._address = Address.parse(url)
        self._patience = patience
        self._context = None if self._address.scheme == "http" else trusting(ca_file)
        self._make_line = line or _fit_for(self._address)
        self._idle: list[Line] = [self._connect()]

    @property
    def url(self) -> str:
        """Where the server is, without a slash at the end."""
        return self._address.url

    def _connect(self) -> Line:
        return self._make_line(self._address, self._context)

    async def send(self, call: Call, authorization: str) -> Answer | Trouble:
        """Send *call* once, and give what came of it."""
        line = self._idle.pop() if self._idle else self._connect()
        loop = asyncio.get_running_loop()
        seconds = self._patience.slow if call.kind.is_slow else self._patience.quick
        # One bound for all of it: a server that sends a byte now and then would keep time-outs
        # of single steps happy for ever.
        deadline = loop.time() + seconds
        outcome: Answer | Trouble | RuntimeError | None = None
        try:
            outcome = await self._asked(line, call, authorization, deadline)
        except TimeoutError:
            outcome = Trouble(fate=Fate.TIMED_OUT, words=f"no answer within {seconds:g} s")
        except Exception as error:  # noqa: BLE001 - a bug, of a library or ours
            outcome = wordless(error)
        finally:
            if isinstance(outcome, Answer) and outcome.status < _CRASHED:
                self._idle.append(line)
            else:
                await line.aclose()
        if isinstance(outcome, RuntimeError):
            raise outcome
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "%s: %s in %d ms",
                call,
                outcome.status if isinstance(outcome, Answer) else outcome.words,
                (loop.time() - deadline + seconds) * 1000,
            )
        return outcome

    async def _asked(
        self, line: Line, call: Call, authorization: str, deadline: float
    ) -> Answer | Trouble:
        """What the server says, after at most a few redirects."""
        target = self._address.path + call.target
        body = None if call.body is None else json.dumps(call.body).encode()
        left = _REDIRECTS
        while True:
            answer = await line.ask(call.kind.method, target, authorization, body, deadline)
            if isinstance(answer, Trouble):
                return answer
            if answer.status not in _REDIRECTED or not left:
                return unpacked(answer)
            location = answer.header(b"location")
            try:
                further = location and self._address.redirected(target, location)
            except ValueError:
                return NO_URL
            if not further:
                return unpacked(answer)
            target = further
            left -= 1

    async def aclose(self) -> None:
        """Close all connections."""
        while self._idle:
            await self._idle.pop().aclose()


def _fit_for(address: Address) -> MakeLine:
    """A direct line, unless there may be a proxy in the way."""
    if address.is_local or not _has_proxies():
        return Direct
    from mailstate.dimail.proxied import Proxied  # noqa: PLC0415 - httpx takes long to load

    return Proxied


def _has_proxies() -> bool:
    """Whether the environment may name a proxy; on some systems it is more than variables."""
    if sys.platform in {"darwin", "win32"}:
        return True
    names = {"http_proxy", "https_proxy", "all_proxy"}
    return any(value and name.lower() in names for name, value in os.environ.items())
