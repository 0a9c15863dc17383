"""The letters that came in by SMTP, and which recipients are refused."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from fnmatch import fnmatchcase
from typing import Any, Self

from .database import Database
from .errors import SandboxError


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """
    A letter as the mail server took it: the envelope, and what was sent in it, byte for byte.

    The text and the headers come from anybody. `text`, `html` and `header` read what can be read
    of them, whatever it is, with plain newlines; `message` is for who trusts the sender.
    """

    number: int
    sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.raw, policy=default)

    @property
    def text(self) -> str | None:
        """The part in plain text; None if there is none."""
        return _readable(lambda: _part(self.message, "plain"))

    @property
    def html(self) -> str | None:
        """The part in HTML; None if there is none."""
        return _readable(lambda: _part(self.message, "html"))

    def header(self, name: str) -> str:
        """Return the header called *name*, empty if there is none."""
        # The body is of no interest here, and may be long.
        head, _, _ = self.raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        head += b"\n\n"
        return _readable(lambda: str(message_from_bytes(head, policy=default)[name] or "")) or ""

    def summary(self) -> dict[str, Any]:
        """Return what is worth reading of it, for JSON."""
        return {
            "number": self.number,
            "sender": self.sender,
            "recipients": list(self.recipients),
            "subject": self.header("Subject"),
            "text": self.text,
            "html": self.html,
        }

    def packed(self) -> dict[str, Any]:
        """Return all of it, for JSON; `unpacked` takes it back."""
        return {
            "number": self.number,
            "sender": self.sender,
            "recipients": list(self.recipients),
            "raw": b64encode(self.raw).decode(),
        }

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Self:
        """Return the letter that was *packed*."""
        return cls(
            number=packed["number"],
            sender=packed["sender"],
            recipients=tuple(packed["recipients"]),
            raw=b64decode(packed["raw"]),
        )


class Outbox:
    """The letters that were taken, oldest first, counted from one; they go no further."""

    def __init__(self, database: Database) -> None:
        """Keep them in *database*."""
        self._database = database

    def add(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Keep one more letter."""
        self._database.change(
            "INSERT INTO outbox (sender, recipients, raw) VALUES (?, ?, ?)",
            _storable(sender),
            json.dumps([_storable(recipient) for recipient in recipients]),
            raw,
        )

    def all(self, number: int | None = None) -> list[Letter]:
        """Return every letter, or the one of that *number*."""
        return [
            Letter(number=row[0], sender=row[1], recipients=tuple(json.loads(row[2])), raw=row[3])
            for row in self._database.rows(
                "SELECT number, sender, recipients, raw FROM outbox"
                " WHERE ?1 IS NULL OR number = ?1 ORDER BY number",
                number,
            )
        ]

    def clear(self) -> int:
        """Throw the letters away and return how many there were; the next is number one."""
        return self._database.change("DELETE FROM outbox")


@dataclass(slots=True)
class _Refusal:
    pattern: str
    code: int
    left: int | None


@dataclass(slots=True)
class Refusals:
    """The recipients that the mail server does not take, as long as it is told so."""

    _all: list[_Refusal] = field(default_factory=list)

    def add(self, pattern: str, code: int, times: int | None) -> None:
        """Refuse the recipients that fit *pattern*."""
        if not re.fullmatch("[45][0-9]{2}", str(code)):
            raise SandboxError(
                f"a mail server refuses nobody with {code}",
                hint="choose a code from 400 to 499 for `later`, from 500 to 599 for `never`",
            )
        self._all.append(_Refusal(pattern.lower(), code, times))

    def clear(self) -> None:
        """Take every recipient again."""
        self._all.clear()

    def answer(self, recipient: str) -> str | None:
        """Return what *recipient* is refused with, None if it is not."""
        for refusal in self._all:
            if refusal.left != 0 and fnmatchcase(recipient.lower(), refusal.pattern):
                if refusal.left is not None:
                    refusal.left -= 1
                return f"{refusal.code} {refusal.code // 100}.1.1 refused, as the sandbox was told"
        return None


def _part(message: EmailMessage, subtype: str) -> str | None:
    part = message.get_body((subtype,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except LookupError:  # a character set that does not exist
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else None


def _readable(read: Callable[[], str | None]) -> str | None:
    try:
        found = read()
    except Exception:  # noqa: BLE001  on a bent message, the standard library raises anything
        return "(cannot be read)"
    return None if found is None else _storable(found.replace("\r\n", "\n"))


def _storable(text: str) -> str:
    """Return *text* with what was no UTF-8, and so has no place in any, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
