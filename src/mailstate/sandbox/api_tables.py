"""The server's own database: users, domains and the rights between them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .database import Database, Limits, dump, load
from .errors import Crashed

PERMS = ("new_domain", "create_users", "manage_users")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who may call the API."""

    name: str
    uuid: str
    password: str
    is_admin: bool
    perms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A mail domain as its row has it; `state` is kept even where a profile does not show it."""

    name: str
    features: tuple[str, ...]
    mailbox_domain: str | None = None
    webmail_domain: str | None = None
    imap_domains: tuple[str, ...] | None = None
    smtp_domains: tuple[str, ...] | None = None
    delivery: str = "virtual"
    state: str = "new"
    checks: Mapping[str, Any] | None = None

    @property
    def has_webmail(self) -> bool:
        """Whether its mailboxes are also accounts of Open-Xchange."""
        return "webmail" in self.features


def fit(value: str, width: int) -> str:
    """Return *value* if a MariaDB column of ASCII text takes it."""
    if len(value) > width or not value.isascii():
        raise Crashed(f"a column takes at most {width} ASCII characters")
    return value


class ApiTables:
    """Users, domains and allows, in the order in which they were written."""

    def __init__(self, database: Database, limits: Limits | None) -> None:
        """Work on *database*, refusing what does not fit *limits* if there are any."""
        self._database = database
        self._limits = limits

    def users(self) -> list[User]:
        """Return every user."""
        return [_user(row) for row in self._database.rows(f"{_USERS} ORDER BY id")]

    def user(self, name: str) -> User | None:
        """Return the user called *name*."""
        rows = self._database.rows(f"{_USERS} WHERE name = ?", name)
        return _user(rows[0]) if rows else None

    def is_empty(self) -> bool:
        """Say whether there is no user at all, which opens the server to anyone."""
        return not self._database.rows("SELECT 1 FROM api_users LIMIT 1")

    def insert_user(
        self, name: str, password: str, *, is_admin: bool, perms: Iterable[str] = ()
    ) -> User:
        """Write a user whose *password* is already hashed."""
        if self._limits:
            fit(name, self._limits.user_name)
        user = User(
            name=name,
            uuid=str(uuid.uuid4()),
            password=password,
            is_admin=is_admin,
            perms=tuple(perms),
        )
        self._database.change(
            "INSERT INTO api_users (name, uuid, password, is_admin, perms) VALUES (?, ?, ?, ?, ?)",
            user.name,
            user.uuid,
            user.password,
            user.is_admin,
            json.dumps(user.perms),
        )
        return user

    def update_user(self, user: User) -> None:
        """Write what may change of *user*."""
        self._database.change(
            "UPDATE api_users SET password = ?, is_admin = ?, perms = ? WHERE name = ?",
            user.password,
            user.is_admin,
            json.dumps(user.perms),
            user.name,
        )

    def delete_user(self, name: str) -> bool:
        """Delete the user called *name* and their allows."""
        self._database.change("DELETE FROM api_allows WHERE user = ?", name)
        return self._database.change("DELETE FROM api_users WHERE name = ?", name) > 0

    def domains(self) -> list[Domain]:
        """Return every domain."""
        return [_domain(row) for row in self._database.rows(f"{_DOMAINS} ORDER BY id")]

    def domain(self, name: str) -> Domain | None:
        """Return the domain called *name*."""
        rows = self._database.rows(f"{_DOMAINS} WHERE name = ?", name)
        return _domain(rows[0]) if rows else None

    def insert_domain(self, domain: Domain) -> None:
        """Write *domain*."""
        if self._limits:
            fit(domain.name, self._limits.domain)
        self._database.change(
            "INSERT INTO api_domains (name, features, mailbox_domain, webmail_domain,"
            " imap_domains, smtp_domains, delivery, state, checks)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            domain.name,
            dump(domain.features),
            domain.mailbox_domain,
            domain.webmail_domain,
            dump(domain.imap_domains),
            dump(domain.smtp_domains),
            domain.delivery,
            domain.state,
            json.dumps(domain.checks),
        )

    def update_state(self, name: str, state: str, checks: Mapping[str, Any]) -> None:
        """Write the outcome of a check."""
        self._database.change(
            "UPDATE api_domains SET state = ?, checks = ? WHERE name = ?",
            state,
            json.dumps(checks),
            name,
        )

    def delete_domain(self, name: str) -> bool:
        """Delete the domain called *name* and the allows on it."""
        self._database.change("DELETE FROM api_allows WHERE domain = ?", name)
        return self._database.change("DELETE FROM api_domains WHERE name = ?", name) > 0

    def allows(self, *, user: str = "", domain: str = "") -> list[tuple[str, str]]:
        """Return the (user, domain) pairs, of one user or domain if asked."""
        wanted = [(column, value) for column, value in _filters(user, domain) if value]
        where = "".join(f" AND {column} = ?" for column, _ in wanted)
        return [
            (str(row[0]), str(row[1]))
            for row in self._database.rows(
                f"SELECT user, domain FROM api_allows WHERE 1{where} ORDER BY id",  # noqa: S608
                *(value for _, value in wanted),
            )
        ]

    def is_allowed(self, user: str, domain: str) -> bool:
        """Say whether *user* holds an allow on *domain*."""
        return bool(
            self._database.rows(
                "SELECT 1 FROM api_allows WHERE user = ? AND domain = ?", user, domain
            )
        )

    def insert_allow(self, user: str, domain: str) -> None:
        """Write an allow."""
        self._database.change("INSERT INTO api_allows (user, domain) VALUES (?, ?)", user, domain)

    def delete_allow(self, user: str, domain: str) -> bool:
        """Delete an allow."""
        return (
            self._database.change(
                "DELETE FROM api_allows WHERE user = ? AND domain = ?", user, domain
            )
            > 0
        )


_USERS = "SELECT name, uuid, password, is_admin, perms FROM api_users"
_DOMAINS = (
    "SELECT name, features, mailbox_domain, webmail_domain, imap_domains, smtp_domains,"
    " delivery, state, checks FROM api_domains"
)


def _filters(user: str, domain: str) -> Iterable[tuple[str, str]]:
    return (("user", user), ("domain", domain))


def _user(row: Sequence[Any]) -> User:
    return User(
        name=row[0],
        uuid=row[1],
        password=row[2],
        is_admin=bool(row[3]),
        perms=tuple(json.loads(row[4])),
    )


def _domain(row: Sequence[Any]) -> Domain:
    return Domain(
        name=row[0],
        features=load(row[1]) or (),
        mailbox_domain=row[2],
        webmail_domain=row[3],
        imap_domains=load(row[4]),
        smtp_domains=load(row[5]),
        delivery=row[6],
        state=row[7],
        checks=json.loads(row[8]),
    )
