"""Aliases: pairs of a name and a destination."""

from __future__ import annotations

from starlette.responses import Response

from .api_tables import User
from .auth import denied, may_manage, token_user
from .bodies import Field, Fields, boolean, read, text
from .call import Call, answer, nothing
from .endpoint import MODERN, OLD, Endpoint
from .errors import Crashed, Refused
from .mail_tables import AliasRow
from .profiles import Profile


def _new_alias(profile: Profile) -> Fields:
    asked = {"user_name": Field(text), "destination": Field(text)}
    sending = {"allow_to_send": Field(boolean, required=False, default=False)}
    return asked | (sending if profile.modern else {})


def _list_aliases(call: Call) -> Response:
    _manager(call)
    domain = call.path["domain"]
    name, destination = call.query.get("user_name", ""), call.query.get("destination", "")
    if destination and not name:
        raise Refused(412, "It is forbiden to only provide the destination in a request")
    found = call.store.mail.aliases(domain, name or None)
    if destination:
        found = [alias for alias in found if alias.destination == destination]
        if not found:
            raise Refused(404, "Alias not found")
    return answer([_view(call, alias) for alias in found])


def _create_alias(call: Call) -> Response:
    user = token_user(call)
    asked = read(call, _new_alias(call.profile))
    domain = call.path["domain"]
    if not may_manage(call, user, domain):
        raise denied()
    alias = AliasRow(domain=domain, **asked)
    if not call.store.mail.insert_alias(alias):
        raise Refused(409, "Alias already exists")
    _log(call, "create", alias, user)
    return answer(_view(call, alias), call.profile.alias_created_status)


def _delete_alias(call: Call) -> Response:
    user = _manager(call)
    alias = AliasRow(
        domain=call.path["domain"],
        user_name=call.path["user_name"],
        destination=call.path["destination"],
    )
    if not call.store.mail.delete_alias(alias):
        raise Refused(404, "Not found")
    _log(call, "delete", alias, user)
    return nothing()


def _delete_all(call: Call) -> Response:
    user = _manager(call)
    aliases = call.store.mail.aliases(call.path["domain"], call.path["user_name"])
    if not aliases:
        raise Refused(404, "Not found")
    for alias in aliases:
        call.store.mail.delete_alias(alias)
        _log(call, "delete", alias, user)
    return nothing()


def _manager(call: Call) -> User:
    user = token_user(call)
    if not may_manage(call, user, call.path["domain"]):
        raise denied()
    return user


def _log(call: Call, action: str, alias: AliasRow, user: User) -> None:
    call.store.effects.log(
        "create" if action == "create" else "delete",
        "alias",
        f"{alias.user_name}@{alias.domain}/{alias.destination}",
        actor=user.name,
        domain=alias.domain,
    )


def _view(call: Call, alias: AliasRow) -> dict[str, object]:
    # A name with an @ is stored without a murmur and can never be shown again.
    if "@" in alias.user_name:
        raise Crashed(f"{alias.user_name} is no local part")
    view: dict[str, object] = {
        "username": alias.user_name,
        "domain": alias.domain,
        "destination": alias.destination,
    }
    return view | {"allow_to_send": alias.allow_to_send} if call.profile.modern else view


_PATH = "/domains/{domain}/aliases/"
_GONE = {404: ("Not found",)}
_TWICE = {409: ("Alias already exists",)}
ENDPOINTS = (
    Endpoint(
        "GET",
        _PATH,
        _list_aliases,
        auth="token",
        query=("user_name", "destination"),
        answers={200: "[Alias]"},
        refusals={
            404: ("Alias not found",),
            412: ("It is forbiden to only provide the destination in a request",),
        },
        crashes=True,
    ),
    Endpoint(
        "POST",
        _PATH,
        _create_alias,
        OLD,
        auth="token",
        body=_new_alias,
        answers={200: "Alias"},
        refusals=_TWICE,
        crashes=True,
    ),
    Endpoint(
        "POST",
        _PATH,
        _create_alias,
        MODERN,
        auth="token",
        body=_new_alias,
        answers={201: "Alias"},
        refusals=_TWICE,
        crashes=True,
    ),
    Endpoint(
        "DELETE",
        f"{_PATH}{{user_name}}/all",
        _delete_all,
        auth="token",
        answers={204: ""},
        refusals=_GONE,
    ),
    Endpoint(
        "DELETE",
        f"{_PATH}{{user_name}}/{{destination}}",
        _delete_alias,
        auth="token",
        answers={204: ""},
        refusals=_GONE,
    ),
)
