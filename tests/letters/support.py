"""Values, a clock without waiting, and a postman that goes to a server on loopback."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from traceback import TracebackException
from typing import Any, TypeVar

import pytest

from mailstate.letters.addresses import mail_address
from mailstate.letters.compose import LoginLink, Stamp
from mailstate.letters.errors import MailServerError, UndeliveredError
from mailstate.letters.letterhead import Letterhead, read_letterhead
from mailstate.letters.postman import Postman
from mailstate.letters.server import read_mail_server
from mailstate.letters.templates import Language
from mailstate.model.resources import DomainName, Mailbox
from mailstate.model.secret import Secret

T = TypeVar("T")

D = DomainName("commune.example")
TO = Address(username="jean", domain="perso.example")
STAMP = Stamp(date=datetime(2026, 9, 1, 8, 30, tzinfo=UTC), token="0123456789abcdef")
LINK = LoginLink(code=Secret("canary-code"), expires_in=3600, max_uses=3)
PASSWORD = Secret("canary-password")

JEAN = Mailbox(
    domain=D,
    local_part="jean.dupont",
    first_name="Jean",
    last_name="Dupont",
    display_name="Jean Dupont",
    active=True,
    secondary_email="jean@perso.example",
)


def head(language: Language = Language.FR, **settings: Any) -> Letterhead:
    return read_letterhead(
        sender="Messagerie <noreply@commune.example>", language=language, **settings
    )


def letter(to: str = "jean@perso.example", text: str = "Bonjour\n") -> EmailMessage:
    """A letter of no interest."""
    message = EmailMessage()
    message["From"] = "noreply@commune.example"
    address = mail_address(to)
    assert address
    message["To"] = address
    message.set_content(text)
    return message


class Waits:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def clock(self) -> float:
        return self.now


class Impatient(socket.socket):
    """A socket for which all time is short."""

    def settimeout(self, value: float | None, /) -> None:
        super().settimeout(None if value is None else 0.05)


def impatient(port: int) -> Callable[[tuple[str, int], float], socket.socket]:
    """Dials *port* and waits for nothing."""

    def dial(_address: tuple[str, int], _timeout: float) -> socket.socket:
        sock = Impatient(socket.AF_INET, socket.SOCK_STREAM)
        sock.connect(("127.0.0.1", port))
        return sock

    return dial


def dial_to(port: int) -> Callable[[tuple[str, int], float], socket.socket]:
    """Dials *port* here, whatever the name: so that a server may be called mail.example."""
    return lambda _address, timeout: socket.create_connection(("127.0.0.1", port), timeout)


def narrow(port: int) -> Callable[[tuple[str, int], float], socket.socket]:
    """Dials *port* with next to no room for what is not read yet."""

    def dial(_address: tuple[str, int], timeout: float) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", port), timeout)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return sock

    return dial


def postman(
    url: str,
    waits: Waits | None = None,
    *,
    ca_file: Path | None = None,
    dial: Callable[[tuple[str, int], float], socket.socket] = socket.create_connection,
    sender: Address | None = None,
) -> Postman:
    """A postman that goes to *url*, and whose waits cost nothing."""
    waits = waits or Waits()
    return Postman(
        read_mail_server(Secret(url), ca_file=ca_file),
        sender=sender or Address(username="noreply", domain="commune.example"),
        sleep=waits.sleep,
        clock=waits.clock,
        dial=dial,
    )


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def sending(to_send: Postman, *messages: EmailMessage) -> None:
    """Send *messages* one after the other, and take leave."""

    async def send() -> None:
        async with to_send:
            for message in messages:
                await to_send.send(message)

    run(send())


def parsed(message: EmailMessage) -> EmailMessage:
    """What a mail program makes of *message*."""
    read = message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    assert not list(read.defects)
    return read


def text_of(message: EmailMessage) -> str:
    return str(part(message, "plain").get_content()).replace("\r\n", "\n")


def html_of(message: EmailMessage) -> str:
    return str(part(message, "html").get_content()).replace("\r\n", "\n")


def part(message: EmailMessage, kind: str) -> EmailMessage:
    body = message.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return body


_VOID = {"br", "meta"}


class Page(HTMLParser):
    """An HTML page taken apart; `faults` says where its tags are not balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style" and data.strip():
            self.texts.append(data)


def everything_about(error: BaseException) -> str:
    """All that a log could show of *error*: its texts, its chain, and the values in its frames."""
    told = [repr(error), str(error), repr(vars(error))]
    told += TracebackException.from_exception(error, capture_locals=True).format()
    told += (everything_about(cause) for cause in (error.__cause__, error.__context__) if cause)
    return "\n".join(told)


def undelivered(to_send, *messages):
    """Give the error of sending *messages*."""
    with pytest.raises(UndeliveredError) as caught:
        sending(to_send, *messages)
    return caught.value


def refused_check(to_check):
    """Give the error of checking the mail server."""

    async def check():
        async with to_check:
            await to_check.check()

    with pytest.raises(MailServerError) as caught:
        run(check())
    return caught.value


def url(server, *, scheme="smtp", user=""):
    return f"{scheme}://{user}127.0.0.1:{server.port}"
