"""The proxy before the server, which remembers what passes that tests want to know."""

import json
import time
from typing import Any
from urllib.parse import unquote

from mailstate.sandbox import Sandbox
from mailstate.sandbox.store import Store
from tests.wire.deeds import Hook, Silent
from tests.wire.exchange import Answer, Request
from tests.wire.proxy import Proxy

_NOTICE = 0.002
_PATIENCE = 0.5
"""Seconds after which a client might have given up and looked, finding nothing yet."""


class Ear(Proxy):
    """
    The proxy, with what it has heard: of passwords, codes and tokens, and of needless creations.

    `needless` are the objects that were asked for though the server had them, and might have been
    found there: not those whose first request was `late`.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox.url)
        self.heard: list[dict[str, Any]] = []
        self.needless: list[str] = []
        self.late: set[str] = set()
        self._store = sandbox.store

    async def _forward_late(self, deed: Silent, request: Request, hooks: list[Hook]) -> None:
        self.late.add(_object_of(request))
        await super()._forward_late(deed, request, hooks)

    async def _forward(self, request: Request) -> Answer:
        wanted = _object_of(request)
        if is_there(self._store, wanted) and wanted not in self.late:
            self.needless.append(wanted)
        began = time.monotonic()
        answer = await super()._forward(request)
        if time.monotonic() - began > _PATIENCE:
            self.late.add(wanted)
        for body in (request.body, answer.body):
            found = _told(body)
            if not found.keys().isdisjoint(("password", "code", "access_token")):
                self.heard.append(found)
        return answer

    def settle(self) -> None:
        """Come back when all is carried out that clients have asked who are gone now."""
        super().settle()
        while self._connections:
            time.sleep(_NOTICE)
            super().settle()


def _object_of(request: Request) -> str:
    """What *request* asks to be created, as plans call it; nothing if it creates nothing."""
    method, path = request.head.method.decode(), unquote(request.head.target.decode())
    if method != "POST":
        return ""
    body = _told(request.body)
    match path.strip("/").split("/"):
        case ["users"]:
            return f"user/{body['name']}"
        case ["domains"]:
            return f"domain/{body['name']}"
        case ["allows"]:
            return f"access/{body['domain']}/{body['user']}"
        case ["domains", domain, "mailboxes", local_part]:
            return f"mailbox/{local_part}@{domain}"
        case ["domains", domain, "aliases"]:
            return f"alias/{body['user_name']}@{domain}/{body['destination']}"
        case _:
            return ""


def is_there(store: Store, address: str) -> bool:
    """Whether the server has what *address* names."""
    kind, _, rest = address.partition("/")
    match kind:
        case "user":
            return store.api.user(rest) is not None
        case "domain":
            return store.api.domain(rest) is not None
        case "access":
            domain, _, user = rest.partition("/")
            return bool(store.api.allows(user=user, domain=domain))
        case "mailbox":
            local_part, _, domain = rest.rpartition("@")
            return store.mail.mailbox(domain, local_part) is not None
        case "alias":
            at, _, destination = rest.partition("/")
            local_part, _, domain = at.rpartition("@")
            rows = store.mail.aliases(domain, local_part)
            return any(row.destination == destination for row in rows)
        case _:
            return False


def _told(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
