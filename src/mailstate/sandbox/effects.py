"""What the server really did, in order: the witness of tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .database import Database

Action = Literal["create", "update", "delete"]
Kind = Literal["user", "domain", "allow", "mailbox", "alias"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """
    One change of what the server holds, answered or not.

    `object` is a user's name, a domain, `domain/user`, an address, or `address/destination`.
    `domain_state` is the state of the domain concerned when it happened, None where there is no
    domain or the profile has no states. `detail` names changed fields or how far it got.
    """

    number: int
    action: Action
    kind: Kind
    object: str
    actor: str
    domain_state: str | None
    detail: str


class Effects:
    """An append-only log; arranging states through the store leaves no trace in it."""

    def __init__(self, database: Database, *, has_states: bool) -> None:
        """Work on *database*; without states on domains, none are logged."""
        self._database = database
        self._has_states = has_states

    def log(
        self,
        action: Action,
        kind: Kind,
        object_: str,
        *,
        actor: str,
        domain: str | None = None,
        detail: str = "",
    ) -> None:
        """Append one effect."""
        states = self._database.rows("SELECT state FROM api_domains WHERE name = ?", domain)
        state = states[0][0] if states and self._has_states else None
        self._database.change(
            "INSERT INTO effects (action, kind, object, actor, domain_state, detail)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            action,
            kind,
            object_,
            actor,
            state,
            detail,
        )

    def all(self) -> list[Effect]:
        """Return every effect, oldest first."""
        return [
            Effect(
                number=number,
                action=action,
                kind=kind,
                object=object_,
                actor=actor,
                domain_state=state,
                detail=detail,
            )
            for number, action, kind, object_, actor, state, detail in self._database.rows(
                "SELECT number, action, kind, object, actor, domain_state, detail"
                " FROM effects ORDER BY number"
            )
        ]

    def count(self) -> int:
        """Return how many effects there are."""
        [(count,)] = self._database.rows("SELECT COUNT(*) FROM effects")
        return int(count)
