"""Routes beside the API through which a running sandbox is arranged and looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .checks import INTERNAL
from .effects import Effect
from .errors import SandboxError
from .faults import Fault, Faults
from .faults import Request as Noted
from .outbox import Letter
from .store import Store


class Operations(Protocol):
    """What the control routes can do; the Python class offers the same."""

    store: Store
    faults: Faults

    def reset(self) -> None:
        """Start afresh."""

    def summary(self) -> dict[str, Any]:
        """Return what there is, counted."""

    def effects(self) -> list[Effect]:
        """Return what was done."""

    def requests(self) -> list[Noted]:
        """Return what was asked."""

    def outbox(self, number: int | None = None) -> list[Letter]:
        """Return the letters that came in."""

    def clear_outbox(self) -> int:
        """Throw the letters away."""

    def publish_dns(self, domain: str) -> None:
        """Publish all that a domain needs."""

    def set_internal(self, domain: str, name: str, *, ok: bool, fixable: bool = True) -> None:
        """Make an internal check pass or fail."""

    def advance_clock(self, seconds: float) -> None:
        """Move the server's clock."""

    def expire_tokens(self) -> None:
        """Let every token end."""


def routes(sandbox: Operations) -> list[Route]:
    """Return the control routes of *sandbox*."""

    def publish(asked: dict[str, Any]) -> object:
        sandbox.publish_dns(asked["domain"])
        return {"domain": asked["domain"]}

    def set_record(asked: dict[str, Any]) -> object:
        sandbox.store.dns.add(asked["name"], asked["type"], asked["value"])
        return asked

    def remove_record(asked: dict[str, Any]) -> object:
        found = sandbox.store.dns.remove(asked["name"], asked.get("type"), asked.get("value"))
        return {"removed": found}

    def set_internal(asked: dict[str, Any]) -> object:
        if asked["check"] not in INTERNAL:
            raise SandboxError(
                f"there is no internal check `{asked['check']}`",
                hint=f"choose one of {', '.join(INTERNAL)}",
            )
        sandbox.set_internal(
            asked["domain"],
            asked["check"],
            ok=bool(asked["ok"]),
            fixable=bool(asked.get("fixable", True)),
        )
        return asked

    def add_fault(asked: dict[str, Any]) -> object:
        fault = Fault(**asked)
        sandbox.faults.add(fault)
        return asdict(fault)

    def clear_faults(_: dict[str, Any]) -> object:
        sandbox.faults.clear()
        return {}

    def reset(_: dict[str, Any]) -> object:
        sandbox.reset()
        return {}

    def advance(asked: dict[str, Any]) -> object:
        sandbox.advance_clock(float(asked["seconds"]))
        return asked

    def expire(_: dict[str, Any]) -> object:
        sandbox.expire_tokens()
        return {}

    return [
        _get("status", sandbox.summary),
        _get("effects", lambda: [asdict(effect) for effect in sandbox.effects()]),
        _get("requests", lambda: [noted._asdict() for noted in sandbox.requests()]),
        _get("dns", lambda: [asdict(record) for record in sandbox.store.dns.records()]),
        _get("faults", lambda: [asdict(fault) for fault in sandbox.faults.all()]),
        _do("POST", "publish-dns", publish),
        _do("POST", "dns", set_record),
        _do("DELETE", "dns", remove_record),
        _do("POST", "internal", set_internal),
        _do("POST", "faults", add_fault),
        _do("DELETE", "faults", clear_faults),
        *_outbox_routes(sandbox),
        _do("POST", "reset", reset),
        _do("POST", "clock", advance),
        _do("POST", "expire-tokens", expire),
    ]


def _outbox_routes(sandbox: Operations) -> list[Route]:
    def outbox(asked: Mapping[str, str]) -> object:
        letters = sandbox.outbox(int(asked["number"]) if "number" in asked else None)
        return [letter.packed() if "raw" in asked else letter.summary() for letter in letters]

    def clear_outbox(_: dict[str, Any]) -> object:
        return {"removed": sandbox.clear_outbox()}

    return [_look("outbox", outbox), _do("DELETE", "outbox", clear_outbox)]


def _get(name: str, tell: Callable[[], object]) -> Route:
    return _look(name, lambda _: tell())


def _look(name: str, tell: Callable[[Mapping[str, str]], object]) -> Route:
    async def handle(request: Request) -> Response:
        return _answered(lambda: tell(request.query_params))

    return Route(f"/_sandbox/{name}", handle, methods=["GET"])


def _do(method: str, name: str, do: Callable[[dict[str, Any]], object]) -> Route:
    async def handle(request: Request) -> Response:
        raw = await request.body()
        return _answered(lambda: do(json.loads(raw or b"{}")))

    return Route(f"/_sandbox/{name}", handle, methods=[method])


def _answered(do: Callable[[], object]) -> Response:
    try:
        return JSONResponse(do())
    except SandboxError as error:
        return JSONResponse({"detail": error.message, "hint": error.hint}, 400)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        return JSONResponse({"detail": problem, "hint": "see the control routes"}, 400)
