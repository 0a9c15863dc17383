"""What receives mail: dovecot's mailboxes and postfix's aliases."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .api_tables import fit
from .database import Database, Limits
from .errors import Crashed


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    """A mailbox of dovecot; a functional one is meant to have no webmail account."""

    domain: str
    local_part: str
    password: str = ""
    active: str = "yes"
    functional: bool = False

    @property
    def email(self) -> str:
        """The address."""
        return f"{self.local_part}@{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasRow:
    """One destination of one alias."""

    domain: str
    user_name: str
    destination: str
    allow_to_send: bool = False


class MailTables:
    """Mailboxes and aliases; neither knows the API's domains."""

    def __init__(self, database: Database, limits: Limits | None) -> None:
        """Work on *database*, refusing what does not fit *limits* if there are any."""
        self._database = database
        self._limits = limits

    def mailboxes(self, domain: str) -> list[MailRow]:
        """Return the mailboxes of *domain*."""
        return [
            _mailbox(row)
            for row in self._database.rows(f"{_MAILBOXES} WHERE domain = ? ORDER BY id", domain)
        ]

    def mailbox(self, domain: str, local_part: str) -> MailRow | None:
        """Return one mailbox."""
        rows = self._database.rows(
            f"{_MAILBOXES} WHERE domain = ? AND local_part = ?", domain, local_part
        )
        return _mailbox(rows[0]) if rows else None

    def insert_mailbox(self, mailbox: MailRow) -> None:
        """Write *mailbox*; one that exists already is an error the server does not catch."""
        if self._limits:
            fit(mailbox.local_part, self._limits.local_part)
            fit(mailbox.domain, self._limits.dovecot_domain)
        try:
            self._database.change(
                "INSERT INTO dovecot_mailboxes (domain, local_part, password, active, functional)"
                " VALUES (?, ?, ?, ?, ?)",
                mailbox.domain,
                mailbox.local_part,
                mailbox.password,
                mailbox.active,
                mailbox.functional,
            )
        except sqlite3.IntegrityError as error:
            raise Crashed(f"dovecot: {error}") from error

    def update_mailbox(self, mailbox: MailRow) -> None:
        """Write what may change of *mailbox*."""
        self._database.change(
            "UPDATE dovecot_mailboxes SET password = ?, active = ?, functional = ?"
            " WHERE domain = ? AND local_part = ?",
            mailbox.password,
            mailbox.active,
            mailbox.functional,
            mailbox.domain,
            mailbox.local_part,
        )

    def delete_mailbox(self, domain: str, local_part: str) -> bool:
        """Delete one mailbox."""
        return (
            self._database.change(
                "DELETE FROM dovecot_mailboxes WHERE domain = ? AND local_part = ?",
                domain,
                local_part,
            )
            > 0
        )

    def aliases(self, domain: str, user_name: str | None = None) -> list[AliasRow]:
        """Return the aliases of *domain*, of one name if asked."""
        if user_name is None:
            rows = self._database.rows(f"{_ALIASES} WHERE domain = ? ORDER BY id", domain)
        else:
            rows = self._database.rows(
                f"{_ALIASES} WHERE domain = ? AND user_name = ? ORDER BY id", domain, user_name
            )
        return [_alias(row) for row in rows]

    def insert_alias(self, alias: AliasRow) -> bool:
        """Write *alias* and say whether it was new."""
        if self._limits:
            fit(alias.user_name, self._limits.alias)
            fit(alias.domain, self._limits.alias)
            fit(alias.destination, self._limits.alias)
        return (
            self._database.change(
                "INSERT OR IGNORE INTO postfix_aliases"
                " (domain, user_name, destination, allow_to_send) VALUES (?, ?, ?, ?)",
                alias.domain,
                alias.user_name,
                alias.destination,
                alias.allow_to_send,
            )
            > 0
        )

    def delete_alias(self, alias: AliasRow) -> bool:
        """Delete one destination of an alias."""
        return (
            self._database.change(
                "DELETE FROM postfix_aliases"
                " WHERE domain = ? AND user_name = ? AND destination = ?",
                alias.domain,
                alias.user_name,
                alias.destination,
            )
            > 0
        )


_MAILBOXES = "SELECT domain, local_part, password, active, functional FROM dovecot_mailboxes"
_ALIASES = "SELECT domain, user_name, destination, allow_to_send FROM postfix_aliases"


def _mailbox(row: Sequence[Any]) -> MailRow:
    return MailRow(
        domain=row[0],
        local_part=row[1],
        password=row[2],
        active=row[3],
        functional=bool(row[4]),
    )


def _alias(row: Sequence[Any]) -> AliasRow:
    return AliasRow(domain=row[0], user_name=row[1], destination=row[2], allow_to_send=bool(row[3]))
