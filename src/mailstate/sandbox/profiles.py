"""The server versions the sandbox can be, and how each of them behaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from .errors import SandboxError

Cost = Literal["none", "real"]
Spelling = Literal["active", "imap_active"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    One version of the server.

    `2026` is known only from its clients. Where nothing is known of it, the sandbox takes
    the likeliest: a missing Bearer header is 401, a mailbox on an unknown domain is 404, a
    domain is checked only when asked, its context is readable everywhere, and `perms` and
    `delivery` may be left out of a body.
    """

    name: str
    checks: bool
    background_check: bool
    modern: bool

    @property
    def missing_bearer_status(self) -> int:
        """The status of a call without a Bearer header."""
        return 401 if self.modern else 403

    @property
    def alias_created_status(self) -> int:
        """The status of a new alias."""
        return 201 if self.modern else 200

    @property
    def user_name_width(self) -> int:
        """How long the name of an API user may be in MariaDB; a uuid fits in 2026."""
        return 255 if self.modern else 32

    @property
    def alias_width(self) -> int:
        """How long an alias and its destination may be in MariaDB."""
        return 256 if self.checks and not self.modern else 500


_ALL: Final = (
    Profile(name="2024", checks=False, background_check=False, modern=False),
    Profile(name="2024-check", checks=True, background_check=True, modern=False),
    Profile(name="2026", checks=True, background_check=False, modern=True),
)
PROFILES: Final = tuple(profile.name for profile in _ALL)


def profile_named(name: str) -> Profile:
    """Return the profile called *name*."""
    for profile in _ALL:
        if profile.name == name:
            return profile
    raise SandboxError(f"there is no profile `{name}`", hint=f"choose one of {', '.join(PROFILES)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this one server is set up."""

    profile: Profile
    cost: Cost = "none"
    token_lifetime: float = 47 * 60
    strict_lengths: bool = False
    ox_unique: bool = False
    background_check: bool = False
    v2_spelling: Spelling = "active"
