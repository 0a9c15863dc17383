"""Open-Xchange: contexts, the domains mapped into them, and the accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .database import Database
from .errors import Crashed

ADMIN = "oxadmin"


@dataclass(frozen=True, slots=True, kw_only=True)
class OxUser:
    """A webmail account with the three names only Open-Xchange stores."""

    email: str
    given_name: str
    sur_name: str
    display_name: str


class OxTables:
    """
    The webmail cluster.

    With *unique*, a display name is taken once per context, compared without case; with
    *bare_names* too, so is the local part, which old servers use as the account's name.
    """

    def __init__(self, database: Database, *, unique: bool, bare_names: bool) -> None:
        """Work on *database*."""
        self._database = database
        self._unique = unique
        self._bare_names = bare_names

    def context_of(self, domain: str) -> str | None:
        """Return the context *domain* is mapped into."""
        rows = self._database.rows("SELECT context FROM ox_domains WHERE domain = ?", domain)
        return str(rows[0][0]) if rows else None

    def map_domain(self, domain: str, context: str) -> None:
        """Map *domain* into *context*, which is made with its administrator if it is new."""
        if self._database.change("INSERT OR IGNORE INTO ox_contexts (name) VALUES (?)", context):
            admin = OxUser(
                email=f"{ADMIN}@{domain}",
                given_name="Admin",
                sur_name="Context",
                display_name="Context Admin",
            )
            self._insert(context, admin)
        self._database.change(
            "INSERT OR IGNORE INTO ox_domains (domain, context) VALUES (?, ?)", domain, context
        )

    def unmap_domain(self, domain: str) -> None:
        """Forget where *domain* was mapped."""
        self._database.change("DELETE FROM ox_domains WHERE domain = ?", domain)

    def users(self, context: str) -> list[OxUser]:
        """Return every account of *context*."""
        return [
            _user(row)
            for row in self._database.rows(f"{_USERS} WHERE context = ? ORDER BY id", context)
        ]

    def user(self, context: str, email: str) -> OxUser | None:
        """Return the account of *email*."""
        rows = self._database.rows(f"{_USERS} WHERE context = ? AND email = ?", context, email)
        return _user(rows[0]) if rows else None

    def create(self, context: str, user: OxUser) -> None:
        """Make an account; a taken name is an error the server does not catch."""
        if self.user(context, user.email):
            raise Crashed(f"ox: {user.email} exists")
        local_part = user.email.partition("@")[0]
        if (
            self._unique
            and self._bare_names
            and any(other.email.partition("@")[0] == local_part for other in self.users(context))
        ):
            raise Crashed(f"ox: user name {local_part} is taken")
        self._refuse_taken_display_name(context, user)
        self._insert(context, user)

    def update(self, context: str, user: OxUser) -> None:
        """Write the names of *user*; a taken display name is an error as in `create`."""
        self._refuse_taken_display_name(context, user)
        self._database.change(
            "UPDATE ox_users SET given_name = ?, sur_name = ?, display_name = ?, display_key = ?"
            " WHERE context = ? AND email = ?",
            user.given_name,
            user.sur_name,
            user.display_name,
            user.display_name.casefold(),
            context,
            user.email,
        )

    def delete(self, context: str, email: str) -> bool:
        """Delete the account of *email*."""
        return (
            self._database.change(
                "DELETE FROM ox_users WHERE context = ? AND email = ?", context, email
            )
            > 0
        )

    def _refuse_taken_display_name(self, context: str, user: OxUser) -> None:
        if self._unique and self._database.rows(
            "SELECT 1 FROM ox_users WHERE context = ? AND display_key = ? AND email <> ?",
            context,
            user.display_name.casefold(),
            user.email,
        ):
            raise Crashed(f"ox: display name of {user.email} is taken")

    def _insert(self, context: str, user: OxUser) -> None:
        self._database.change(
            "INSERT INTO ox_users"
            " (context, email, given_name, sur_name, display_name, display_key)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            context,
            user.email,
            user.given_name,
            user.sur_name,
            user.display_name,
            user.display_name.casefold(),
        )


_USERS = "SELECT email, given_name, sur_name, display_name FROM ox_users"


def _user(row: Sequence[Any]) -> OxUser:
    return OxUser(email=row[0], given_name=row[1], sur_name=row[2], display_name=row[3])
