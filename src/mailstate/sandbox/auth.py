"""Who calls, and what they may do."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta

import jwt

from .api_tables import PERMS, User
from .call import Call
from .errors import Refused
from .passwords import matches

_ALGORITHM = "HS256"
# Who everybody is while there are no users.
NOBODY = User(name="FAKE", uuid="", password="", is_admin=True)
USER_PERMS = ("create_users", "manage_users")


def basic_user(call: Call) -> User:
    """Return the user that the Basic header proves; anyone while there are no users."""
    name, password = _basic_credentials(call)
    if call.store.api.is_empty():
        return NOBODY
    user = call.store.api.user(name)
    if user is None or not matches(password, user.password):
        raise denied()
    return user


def basic_admin(call: Call, *perms: str) -> User:
    """
    Return the admin that the Basic header proves.

    In 2026 a user with any of *perms* does as well. Nothing is known of which of them open
    which call: reading users, domains and allows takes any, writing users `create_users` or
    `manage_users`, writing allows `manage_users`, creating domains `new_domain`.
    """
    user = basic_user(call)
    if user.is_admin or (call.profile.modern and set(perms) & set(user.perms)):
        return user
    raise denied()


def basic_reader(call: Call) -> User:
    """Return the admin, or in 2026 any user with a permission, that the Basic header proves."""
    return basic_admin(call, *PERMS)


def basic_checker(call: Call, domain: str) -> User:
    """Return who may look at the checks of *domain*: a reader, or in 2026 who is allowed on it."""
    user = basic_user(call)
    if user.is_admin or (
        call.profile.modern and (user.perms or call.store.api.is_allowed(user.name, domain))
    ):
        return user
    raise denied()


def token_user(call: Call) -> User:
    """Return the user whom the Bearer token names."""
    scheme, _, token = (call.authorization or "").partition(" ")
    if not scheme or not token:
        raise _no_bearer(call, "Not authenticated")
    if scheme.lower() != "bearer":
        raise _no_bearer(
            call,
            "Not authenticated" if call.profile.modern else "Invalid authentication credentials",
        )
    try:
        claims = jwt.decode(
            token,
            call.store.secret,
            algorithms=[_ALGORITHM],
            options={"verify_exp": False, "require": ["sub", "exp"]},
        )
    except jwt.PyJWTError as error:
        raise denied() from error
    user = call.store.api.user(claims["sub"])
    if user is None or claims["exp"] <= call.dimail.clock.now().timestamp():
        raise denied()
    return user


def new_token(call: Call, name: str) -> str:
    """Return a token for the user called *name*."""
    ends = call.dimail.clock.now() + timedelta(seconds=call.dimail.settings.token_lifetime)
    return jwt.encode({"sub": name, "exp": ends}, call.store.secret, algorithm=_ALGORITHM)


def may_manage(call: Call, user: User, domain: str) -> bool:
    """Say whether *user* may do anything on the mailboxes and aliases of *domain*."""
    return user.is_admin or call.store.api.is_allowed(user.name, domain)


def denied() -> Refused:
    """Return the refusal that tells nothing more."""
    return Refused(403, "Permission denied")


def _no_bearer(call: Call, detail: str) -> Refused:
    status = call.profile.missing_bearer_status
    return Refused(status, detail, {"WWW-Authenticate": "Bearer"} if call.profile.modern else None)


def _basic_credentials(call: Call) -> tuple[str, str]:
    challenge = {"WWW-Authenticate": "Basic"}
    scheme, _, encoded = (call.authorization or "").partition(" ")
    if scheme.lower() != "basic":
        raise Refused(401, "Not authenticated", challenge)
    try:
        decoded = base64.b64decode(encoded).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise Refused(401, "Invalid authentication credentials", challenge) from error
    name, colon, password = decoded.partition(":")
    if not colon:
        raise Refused(401, "Invalid authentication credentials", challenge)
    return name, password
