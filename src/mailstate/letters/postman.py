"""
Sends letters, one after the other over one connection, and tries again where that is safe.

A letter is sent again if it is known not to have been taken: the server put it off, or the
connection was lost before the last byte. If all of it was sent and no answer came, nobody knows,
and it is not sent twice.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from email.headerregistry import Address
from email.message import EmailMessage
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from mailstate.letters.conversation import Conversation, Dial, Parcel, Trouble
from mailstate.letters.errors import Fate, MailServerError, UndeliveredError
from mailstate.letters.server import MailServer
from mailstate.model.secret import wordless

PAUSES = (1.0, 5.0, 15.0)
"""Seconds between the tries for one letter."""

GIVEN_UP = 60.0
"""Seconds for which a mail server to which there was no way is not asked again."""

_log = logging.getLogger("mailstate.letters")
_T = TypeVar("_T")


class Postman:
    """
    The way to one mail server, for letters of one sender; an async context manager.

    Letters are handed over one at a time. While one waits for its next try, others go ahead.
    """

    def __init__(
        self,
        server: MailServer,
        *,
        sender: Address,
        sleep: Callable[[float], Awaitable[object]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        dial: Dial = socket.create_connection,
    ) -> None:
        self._server = server
        self._sender = sender.addr_spec
        self._sleep = sleep or asyncio.sleep
        self._clock = clock
        # Our name to the server is the sender's domain: that of the machine is nobody's business.
        self._conversation = Conversation(server, name=sender.domain, dial=dial)
        self._turn = asyncio.Lock()
        self._given_up: tuple[float, Trouble] | None = None
        self._is_reached = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Take leave of the mail server."""
        async with self._turn:
            await _to_the_end(self._conversation.say_goodbye)

    async def check(self) -> None:
        """
        Find out whether letters could be sent: connect, TLS, log in, offer our sender.

        Nothing is sent. Raises `MailServerError`.
        """
        async with self._turn:
            trouble = await _to_the_end(
                partial(self._go, partial(self._conversation.try_sender, self._sender))
            )
        if trouble is not None:
            raise MailServerError(
                f"the mail server {self._server} cannot be used: {trouble.words}",
                hint=trouble.hint or "ask its operator, with these words",
            )

    async def send(self, message: EmailMessage) -> None:
        """Hand *message* over to the mail server. Raises `UndeliveredError`."""
        parcel = _parcel(self._sender, message)
        trouble = await self._insist(parcel)
        if trouble is None:
            _log.debug("%s took a letter", self._server)
            return
        _log.debug("%s: %s (%s)", self._server, trouble.words, trouble.fate)
        raise UndeliveredError(
            f"mail server {self._server}: {trouble.words}", fate=trouble.fate, hint=trouble.hint
        )

    async def _insist(self, parcel: Parcel) -> Trouble | None:
        """Try until *parcel* is taken, or trying again is pointless or not safe."""
        deliver = partial(self._conversation.deliver, parcel)
        for pause in (*PAUSES, None):
            async with self._turn:
                if self._given_up is not None and self._clock() < self._given_up[0]:
                    return self._given_up[1]
                trouble = await _to_the_end(partial(self._go, deliver))
                if trouble is None:
                    return None
                if pause is None or trouble.fate in {Fate.REFUSED, Fate.UNKNOWN}:
                    if not self._is_reached:
                        self._given_up = (self._clock() + GIVEN_UP, trouble)
                    return trouble
            await self._sleep(pause)
        raise AssertionError  # pragma: no cover

    # What follows is blocking, and runs in a thread of its own: one at a time.

    def _go(self, step: Callable[[], Trouble | None]) -> Trouble | None:
        """Carry *step* out over a connection that is known to be alive."""
        was_open = self._conversation.is_open
        trouble = self._connect_and(step)
        if (
            was_open
            and trouble is not None
            and trouble.fate in {Fate.NOT_SENT, Fate.POSTPONED}
            and not self._conversation.is_open
        ):
            # The server had closed it meanwhile, or did so now: its own affair, not the letter's.
            trouble = self._connect_and(step)
        return trouble

    def _connect_and(self, step: Callable[[], Trouble | None]) -> Trouble | None:
        trouble = self._conversation.open()
        self._is_reached = trouble is None
        return trouble or step()


def _parcel(sender: str, message: EmailMessage) -> Parcel:
    (recipient,) = message["To"].addresses
    data = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    return Parcel(sender=sender, recipient=recipient.addr_spec, data=data)


async def _to_the_end(step: Callable[[], _T]) -> _T:
    """
    What the blocking *step* gives. Cancelled, it is waited for all the same.

    It has the connection to itself, and half a letter is none: time-outs keep it short.
    """
    running = asyncio.ensure_future(asyncio.to_thread(_wordlessly, step))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _wordlessly(step: Callable[[], _T]) -> _T:
    """What *step* gives; a bug in it, of smtplib or ours, does not quote what was sent."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - whatever it is
        bug = wordless(error)
    raise bug
