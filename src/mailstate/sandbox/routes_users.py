"""Users, their tokens, and their rights on domains."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from .api_tables import PERMS, User
from .auth import USER_PERMS, basic_admin, basic_reader, basic_user, denied, new_token
from .bodies import Field, Fields, boolean, list_of, one_of, optional, read, text
from .call import Call, answer, nothing
from .endpoint import MODERN, OLD, Endpoint
from .errors import Refused
from .profiles import Profile

_PERMS = list_of(one_of(*PERMS))


def _new_user(profile: Profile) -> Fields:
    perms = {"perms": Field(_PERMS, required=False, default=())} if profile.modern else {}
    return {"name": Field(text), "password": Field(text), "is_admin": Field(boolean), **perms}


def _user_changes(profile: Profile) -> Fields:
    perms = {"perms": optional(_PERMS)} if profile.modern else {}
    return {"password": optional(text), "is_admin": optional(boolean), **perms}


def _new_allow(_: Profile) -> Fields:
    return {"user": Field(text), "domain": Field(text)}


def _token(call: Call) -> Response:
    user = basic_user(call)
    name = call.query.get("username") if call.profile.modern else None
    if name is not None and name != user.name:
        # What a caller without the right gets is not known; the likeliest is a refusal.
        may_ask = user.is_admin or "manage_users" in user.perms
        if not may_ask or call.store.api.user(name) is None:
            raise denied()
    return answer({"access_token": new_token(call, name or user.name), "token_type": "bearer"})


def _list_users(call: Call) -> Response:
    basic_reader(call)
    return answer([_user_view(call, user) for user in call.store.api.users()])


def _get_user(call: Call) -> Response:
    basic_reader(call)
    user = call.store.api.user(call.path["name"])
    if user is None:
        raise Refused(404, "User not found")
    return answer(_user_view(call, user))


def _create_user(call: Call) -> Response:
    actor = basic_admin(call, *USER_PERMS)
    asked = read(call, _new_user(call.profile))
    if call.store.api.user(asked["name"]):
        raise Refused(409, "User already exists")
    user = call.store.api.insert_user(
        asked["name"],
        call.store.hashed(asked["password"]),
        is_admin=asked["is_admin"],
        perms=asked.get("perms", ()),
    )
    call.store.effects.log("create", "user", user.name, actor=actor.name)
    return answer(_user_view(call, user), 201)


def _update_user(call: Call) -> Response:
    actor = basic_admin(call, *USER_PERMS)
    asked = read(call, _user_changes(call.profile))
    user = call.store.api.user(call.path["name"])
    if user is None:
        raise Refused(404, "Not found")
    changes = {name: value for name, value in asked.items() if value is not None}
    if changes:
        password = changes.get("password")
        user = replace(
            user,
            password=user.password if password is None else call.store.hashed(password),
            is_admin=changes.get("is_admin", user.is_admin),
            perms=tuple(changes.get("perms", user.perms)),
        )
        call.store.api.update_user(user)
        call.store.effects.log(
            "update", "user", user.name, actor=actor.name, detail=", ".join(changes)
        )
    return answer(_user_view(call, user))


def _delete_user(call: Call) -> Response:
    actor = basic_admin(call, *USER_PERMS)
    name = call.path["name"]
    if not call.store.api.delete_user(name):
        raise Refused(404, "Not found")
    call.store.effects.log("delete", "user", name, actor=actor.name)
    return nothing()


def _user_view(call: Call, user: User) -> dict[str, object]:
    view: dict[str, object] = {"name": user.name, "is_admin": user.is_admin, "uuid": user.uuid}
    return view | {"perms": list(user.perms)} if call.profile.modern else view


def _list_allows(call: Call) -> Response:
    basic_reader(call)
    pairs = call.store.api.allows(
        user=call.query.get("username", ""), domain=call.query.get("domain", "")
    )
    return answer([{"user": user, "domain": domain} for user, domain in pairs])


def _create_allow(call: Call) -> Response:
    actor = basic_admin(call, "manage_users")
    asked = read(call, _new_allow(call.profile))
    user, domain = asked["user"], asked["domain"]
    _require_both(call, user, domain)
    if call.store.api.is_allowed(user, domain):
        raise Refused(409, "Domain already allowed for this user")
    call.store.api.insert_allow(user, domain)
    call.store.effects.log("create", "allow", f"{domain}/{user}", actor=actor.name, domain=domain)
    return answer({"user": user, "domain": domain}, 201)


def _delete_allow(call: Call) -> Response:
    actor = basic_admin(call, "manage_users")
    user, domain = call.path["user"], call.path["domain"]
    _require_both(call, user, domain)
    if not call.store.api.delete_allow(user, domain):
        raise Refused(404, "Queried user does not have permissions for this domain.")
    call.store.effects.log("delete", "allow", f"{domain}/{user}", actor=actor.name, domain=domain)
    return nothing()


def _require_both(call: Call, user: str, domain: str) -> None:
    if call.store.api.user(user) is None:
        raise Refused(404, "User not found")
    if call.store.api.domain(domain) is None:
        raise Refused(404, "Domain not found")


_NO_USER = "User not found"
_NO_DOMAIN = "Domain not found"
_NO_ALLOW = "Queried user does not have permissions for this domain."
ENDPOINTS = (
    Endpoint("GET", "/token/", _token, OLD, auth="basic", answers={200: "Token"}),
    Endpoint(
        "GET", "/token/", _token, MODERN, auth="basic", query=("username",), answers={200: "Token"}
    ),
    Endpoint("GET", "/users/", _list_users, auth="basic", answers={200: "[User]"}),
    Endpoint(
        "POST",
        "/users/",
        _create_user,
        auth="basic",
        body=_new_user,
        answers={201: "User"},
        refusals={409: ("User already exists",)},
        crashes=True,
    ),
    Endpoint(
        "GET",
        "/users/{name}",
        _get_user,
        auth="basic",
        answers={200: "User"},
        refusals={404: (_NO_USER,)},
    ),
    Endpoint(
        "PATCH",
        "/users/{name}",
        _update_user,
        auth="basic",
        body=_user_changes,
        answers={200: "User"},
        refusals={404: ("Not found",)},
    ),
    Endpoint(
        "DELETE",
        "/users/{name}",
        _delete_user,
        auth="basic",
        answers={204: ""},
        refusals={404: ("Not found",)},
    ),
    Endpoint(
        "GET",
        "/allows/",
        _list_allows,
        auth="basic",
        query=("username", "domain"),
        answers={200: "[Allow]"},
    ),
    Endpoint(
        "POST",
        "/allows/",
        _create_allow,
        auth="basic",
        body=_new_allow,
        answers={201: "Allow"},
        refusals={404: (_NO_USER, _NO_DOMAIN), 409: ("Domain already allowed for this user",)},
    ),
    Endpoint(
        "DELETE",
        "/allows/{domain}/{user}",
        _delete_allow,
        auth="basic",
        answers={204: ""},
        refusals={404: (_NO_USER, _NO_DOMAIN, _NO_ALLOW)},
    ),
)
