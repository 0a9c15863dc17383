"""The API and its control routes as one ASGI application."""

from __future__ import annotations

import logging
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from . import routes_aliases, routes_domains, routes_mailboxes, routes_modern, routes_users
from .bodies import Problem
from .call import Call, Dimail, parse_body
from .endpoint import Endpoint
from .errors import Crashed, Refused
from .faults import HALFWAY
from .openapi import document
from .profiles import Profile

_log = logging.getLogger(__name__)
_ENDPOINTS = (
    routes_users.ENDPOINTS
    + routes_domains.ENDPOINTS
    + routes_mailboxes.ENDPOINTS
    + routes_modern.ENDPOINTS
    + routes_aliases.ENDPOINTS
)


def endpoints(profile: Profile) -> list[Endpoint]:
    """Return the calls that *profile* has."""
    return [endpoint for endpoint in _ENDPOINTS if endpoint.is_in(profile)]


def application(dimail: Dimail, control: list[BaseRoute]) -> Starlette:
    """Return the API of *dimail* with the *control* routes beside it."""
    known = endpoints(dimail.profile)
    routes: list[BaseRoute] = [_route(dimail, endpoint) for endpoint in known]

    async def openapi(_: Request) -> Response:
        return JSONResponse(document(dimail.profile, known))

    async def docs(_: Request) -> Response:
        return HTMLResponse("<title>dimail</title><p>See <a href=/openapi.json>the API</a>.</p>")

    return Starlette(
        routes=[*routes, Route("/openapi.json", openapi), Route("/docs", docs), *control],
        exception_handlers={HTTPException: _http_error},
    )


def _route(dimail: Dimail, endpoint: Endpoint) -> Route:
    async def handle(request: Request) -> Response:
        raw = await request.body()
        try:
            body = parse_body(raw, request.headers.get("content-type"))
            # One call after the other, as in the server: its code blocks the event loop.
            with dimail.store.database.lock:
                return endpoint.handler(
                    Call(
                        dimail=dimail,
                        path=request.path_params,
                        query=request.query_params,
                        authorization=request.headers.get("authorization"),
                        body=body,
                        stops_halfway=request.scope["state"].get(HALFWAY, False),
                    )
                )
        except Refused as refused:
            return _refusal(refused)
        except Crashed as crash:
            _log.info("500 on %s %s: %s", request.method, request.url.path, crash)
            return PlainTextResponse("Internal Server Error", 500)

    route = Route(endpoint.path, handle, methods=[endpoint.method])
    # FastAPI answers no HEAD.
    route.methods = {endpoint.method}
    return route


def _refusal(refused: Refused) -> Response:
    try:
        return JSONResponse({"detail": refused.detail}, refused.status, headers=refused.headers)
    except (ValueError, RecursionError):
        # What was sent is shown in the answer, and JSON can carry neither all that Python reads
        # as JSON (NaN, half of a character) nor any depth of it.
        problems = [{**problem, "input": None} for problem in cast("list[Problem]", refused.detail)]
        return JSONResponse({"detail": problems}, refused.status, headers=refused.headers)


async def _http_error(_: Request, error: Exception) -> Response:
    # Starlette passes only what the table above says, but its types do not tell.
    http = cast("HTTPException", error)
    return JSONResponse({"detail": http.detail}, http.status_code, headers=http.headers)
