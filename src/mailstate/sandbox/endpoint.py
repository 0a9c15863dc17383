"""A row of the table of the API: one call, and all that can be answered to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Literal

from starlette.responses import Response

from .bodies import Fields
from .call import Call
from .profiles import Profile

OLD: Final = ("2024", "2024-check")
CHECKING: Final = ("2024-check", "2026")
MODERN: Final = ("2026",)

Auth = Literal["basic", "token"]
Handler = Callable[[Call], Response]
Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    A method and path of the API, the handler behind it, and the profiles that have it.

    *answers* says of each status which shape is answered: `User`, `[User]` for a list, nothing
    for no body. *refusals* has the texts of errors, beyond those that belong to the kind of
    *auth* or to a *body*; `*` stands for anything. *crashes* if 500 is known of it, as plain text.
    """

    method: str
    path: str
    handler: Handler
    profiles: tuple[str, ...] = ()
    _: KW_ONLY
    auth: Auth
    answers: Mapping[int, str]
    refusals: Mapping[int, Texts] = field(default_factory=dict)
    query: tuple[str, ...] = ()
    body: Callable[[Profile], Fields] | None = None
    needs_body: bool = True
    crashes: bool = False

    def is_in(self, profile: Profile) -> bool:
        """Say whether *profile* has it."""
        return not self.profiles or profile.name in self.profiles
