"""The SQLite file or memory behind the sandbox, and its tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from .errors import SandboxError

# Three stores that only the server's own order of writing keeps in step, as in production:
# api_* (users, domains, rights), dovecot_* with postfix_* (what receives mail), ox_* (the webmail).
_TABLES = {
    "api_users": (
        "id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, uuid TEXT NOT NULL,"
        " password TEXT NOT NULL, is_admin INTEGER NOT NULL, perms TEXT NOT NULL"
    ),
    "api_domains": (
        "id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, features TEXT NOT NULL,"
        " mailbox_domain TEXT, webmail_domain TEXT, imap_domains TEXT, smtp_domains TEXT,"
        " delivery TEXT NOT NULL, state TEXT NOT NULL, checks TEXT NOT NULL"
    ),
    "api_allows": (
        "id INTEGER PRIMARY KEY, user TEXT NOT NULL, domain TEXT NOT NULL, UNIQUE (user, domain)"
    ),
    "dovecot_mailboxes": (
        "id INTEGER PRIMARY KEY, domain TEXT NOT NULL, local_part TEXT NOT NULL,"
        " password TEXT NOT NULL, active TEXT NOT NULL, functional INTEGER NOT NULL,"
        " UNIQUE (domain, local_part)"
    ),
    "postfix_aliases": (
        "id INTEGER PRIMARY KEY, domain TEXT NOT NULL, user_name TEXT NOT NULL,"
        " destination TEXT NOT NULL, allow_to_send INTEGER NOT NULL,"
        " UNIQUE (domain, user_name, destination)"
    ),
    "ox_contexts": "id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL",
    "ox_domains": "id INTEGER PRIMARY KEY, domain TEXT UNIQUE NOT NULL, context TEXT NOT NULL",
    "ox_users": (
        "id INTEGER PRIMARY KEY, context TEXT NOT NULL, email TEXT NOT NULL,"
        " given_name TEXT NOT NULL, sur_name TEXT NOT NULL, display_name TEXT NOT NULL,"
        " display_key TEXT NOT NULL, UNIQUE (context, email)"
    ),
    "dns_records": (
        "id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL,"
        " UNIQUE (name, type, value)"
    ),
    "internal_checks": (
        "id INTEGER PRIMARY KEY, domain TEXT NOT NULL, name TEXT NOT NULL, ok INTEGER NOT NULL,"
        " fixable INTEGER NOT NULL, code TEXT NOT NULL, UNIQUE (domain, name)"
    ),
    "outbox": (
        "number INTEGER PRIMARY KEY, sender TEXT NOT NULL, recipients TEXT NOT NULL,"
        " raw BLOB NOT NULL"
    ),
    "effects": (
        "number INTEGER PRIMARY KEY, action TEXT NOT NULL, kind TEXT NOT NULL,"
        " object TEXT NOT NULL, actor TEXT NOT NULL, domain_state TEXT, detail TEXT NOT NULL"
    ),
}
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS ox_users_display ON ox_users (context, display_key)",
    "CREATE INDEX IF NOT EXISTS api_allows_domain ON api_allows (domain)",
)


class Database:
    """
    One connection that all threads share, one statement at a time.

    Every statement is committed on its own, so that a failure between two writes leaves
    the first one behind, as on the server. `lock` may be held over several statements.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file at *path*, or a database in memory, and make the missing tables."""
        self.lock = RLock()
        try:
            self._connection = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise _unusable(path, error) from error

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Carry out *statement* and return what it yields."""
        with self.lock:
            return self._connection.execute(statement, values).fetchall()

    def change(self, statement: str, *values: object) -> int:
        """Carry out *statement* and return how many rows it touched."""
        with self.lock:
            return self._connection.execute(statement, values).rowcount

    def remember(self, key: str, value: str) -> str:
        """Return what is kept under *key*, which is *value* if there was nothing yet."""
        self.change("INSERT OR IGNORE INTO meta VALUES (?, ?)", key, value)
        [(kept,)] = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return str(kept)

    def keep(self, key: str, value: str) -> None:
        """Keep *value* under *key*, in place of what was there."""
        self.change("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

    def clear(self) -> None:
        """Empty every table but the remembered values."""
        with self.lock:
            for table in _TABLES:
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  our own names

    def close(self) -> None:
        """Close the connection."""
        with self.lock:
            self._connection.close()

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        for table, columns in _TABLES.items():
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        self._connection.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value)")
        for index in _INDEXES:
            self._connection.execute(index)


def _unusable(path: Path | None, error: sqlite3.Error) -> SandboxError:
    return SandboxError(f"{path}: {error}", hint="choose another path, or remove the file")


@dataclass(frozen=True, slots=True)
class Limits:
    """The widths of MariaDB's columns, and how it takes what does not fit."""

    user_name: int
    alias: int
    domain: int = 200
    dovecot_domain: int = 128
    local_part: int = 128


def dump(value: Sequence[str] | None) -> str | None:
    """Return a list as text for a column, None staying None."""
    return None if value is None else json.dumps(list(value))


def load(value: str | None) -> tuple[str, ...] | None:
    """Return what `dump` was given."""
    return None if value is None else tuple(json.loads(value))
