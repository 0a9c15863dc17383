"""The API as an OpenAPI document, made from the same table as its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .bodies import schema_of
from .endpoint import Endpoint
from .profiles import Profile
from .shapes import Schema, shapes

_BASIC_REALM: Final = {"WWW-Authenticate": {"required": True, "schema": {"const": "Basic"}}}
_BEARER_REALM: Final = {"WWW-Authenticate": {"schema": {"const": "Bearer"}}}
_LOCATION: Final = {"Location": {"required": True, "schema": {"type": "string"}}}
_NOBODY: Final = ("Not authenticated", "Invalid authentication credentials")
_DENIED: Final = ("Permission denied",)
_PROBLEMS: Final[Schema] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
            "msg": {"type": "string"},
        },
        "required": ["type", "loc", "msg", "input"],
    },
}


def document(profile: Profile, endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the description of *endpoints* as *profile* has them."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(profile, endpoint)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    redirected = {_other_slash(path): _redirection(path, calls) for path, calls in paths.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "dimail", "version": profile.name},
        "paths": paths | {path: calls for path, calls in redirected.items() if path not in paths},
        "components": {
            "schemas": shapes(profile),
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(profile: Profile, endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _name(endpoint),
        "security": [{endpoint.auth: []}],
        "parameters": _parameters(endpoint.path)
        + [{"name": name, "in": "query", "schema": {"type": "string"}} for name in endpoint.query],
        "responses": _responses(profile, endpoint),
    }
    if endpoint.body:
        schema = schema_of(endpoint.body(profile))
        if not endpoint.needs_body:
            schema = {"anyOf": [schema, {"type": "null"}]}
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": endpoint.needs_body, "content": content}
    return operation


def _name(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", endpoint.path)
    return "_".join((endpoint.method.lower(), *words))


def _parameters(path: str) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _responses(profile: Profile, endpoint: Endpoint) -> dict[str, Any]:
    responses = {str(status): _success(shape) for status, shape in endpoint.answers.items()}
    for status, (texts, headers) in _refusals(profile, endpoint).items():
        details = [_detail(text) for text in texts]
        if endpoint.body and status == 422:  # noqa: PLR2004  the one for bodies
            details.append(_PROBLEMS)
        schema = details[0] if len(details) == 1 else {"anyOf": details}
        responses[str(status)] = _error(schema, headers)
    if endpoint.crashes:
        text = {"text/plain": {"schema": {"const": "Internal Server Error"}}}
        responses["500"] = {"description": "Unhandled", "content": text}
    return dict(sorted(responses.items()))


def _refusals(
    profile: Profile, endpoint: Endpoint
) -> Mapping[int, tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Return the texts of every error of *endpoint*, and the headers that go with them."""
    known: list[tuple[int, tuple[str, ...], Mapping[str, Any]]]
    if endpoint.auth == "basic":
        known = [(401, _NOBODY, _BASIC_REALM), (403, _DENIED, {})]
    elif profile.modern:
        known = [(401, _NOBODY[:1], _BEARER_REALM), (403, _DENIED, {})]
    else:
        known = [(403, _NOBODY + _DENIED, {})]
    if endpoint.body:
        known += [(400, ("There was an error parsing the body",), {}), (422, (), {})]
    known += [(status, texts, {}) for status, texts in endpoint.refusals.items()]
    found: dict[int, tuple[tuple[str, ...], Mapping[str, Any]]] = {}
    for status, texts, headers in known:
        before, more = found.get(status, ((), {}))
        found[status] = (before + texts, {**more, **headers})
    return found


def _success(shape: str) -> dict[str, Any]:
    if not shape:
        return {"description": "Done"}
    reference = {"$ref": f"#/components/schemas/{shape.strip('[]')}"}
    schema = {"type": "array", "items": reference} if shape.startswith("[") else reference
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _detail(text: str) -> Schema:
    if not text.endswith("*"):
        return {"const": text}
    return {"type": "string", "pattern": f"^{re.escape(text.removesuffix('*'))}"}


def _error(detail: Schema, headers: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"detail": detail}, "required": ["detail"]}
    content = {"application/json": {"schema": schema}}
    return {"description": "Refused", "content": content} | (
        {"headers": headers} if headers else {}
    )


def _other_slash(path: str) -> str:
    return path.removesuffix("/") if path.endswith("/") else f"{path}/"


def _redirection(path: str, calls: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every call on the wrong form of *path* is answered."""
    moved = {"description": "The same path with the right slash", "headers": _LOCATION}
    return {
        method: {"parameters": _parameters(path), "responses": {"307": moved}} for method in calls
    }
