"""One call as the routes see it, and the table they are listed in."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response

from .errors import Crashed, Refused
from .profiles import Profile, Settings
from .store import Store


@dataclass(slots=True)
class Clock:
    """The server's idea of now, which tests may move."""

    offset: float = 0.0

    def now(self) -> datetime:
        """Return the time with the offset."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)


@dataclass(frozen=True, slots=True)
class Dimail:
    """The server behind the calls."""

    settings: Settings
    store: Store
    random: random.Random
    clock: Clock = field(default_factory=Clock)

    @property
    def profile(self) -> Profile:
        """The version it is."""
        return self.settings.profile


class Missing:
    """There is no body."""


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that has been read."""

    dimail: Dimail
    path: Mapping[str, str]
    query: Mapping[str, str]
    authorization: str | None
    body: object = MISSING
    stops_halfway: bool = False

    @property
    def store(self) -> Store:
        """What the server holds."""
        return self.dimail.store

    @property
    def profile(self) -> Profile:
        """The version the server is."""
        return self.dimail.profile

    def halfway(self) -> None:
        """Fail here, between two stores, if the call was told to."""
        if self.stops_halfway:
            raise Crashed("told to fail between two stores")


def answer(content: object, status: int = 200, then: BackgroundTask | None = None) -> Response:
    """Return *content* as JSON, doing *then* once it is sent."""
    return JSONResponse(content, status, background=then)


def nothing() -> Response:
    """Return the answer of a deletion."""
    return Response(status_code=204)


def parse_body(raw: bytes, content_type: str | None) -> object:
    """Return the JSON of a request, raw bytes if it is no JSON by its own account."""
    if not raw:
        return MISSING
    kind = (content_type or "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        return raw
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        problem: dict[str, Any] = {
            "type": "json_invalid",
            "loc": ["body", error.pos],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.msg},
        }
        raise Refused(422, [problem]) from error
    # No text, numbers beyond counting, depths beyond telling.
    except (ValueError, RecursionError) as error:
        raise Refused(400, "There was an error parsing the body") from error
