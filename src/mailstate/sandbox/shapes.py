"""What the API answers, as JSON Schema: exactly those keys, in each profile its own."""

from __future__ import annotations

from typing import Any

from .api_tables import PERMS
from .checks import EXTERNAL, INTERNAL
from .profiles import Profile
from .store import FEATURES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_BOOLEAN: Schema = {"type": "boolean"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_TEXTS_OR_NULL: Schema = {"type": ["array", "null"], "items": _TEXT}
_ACTIVE: Schema = {"enum": ["yes", "no", "wait", "unknown"]}


def shapes(profile: Profile) -> dict[str, Schema]:
    """Return the shapes of all bodies that *profile* answers, errors apart."""
    common = {
        "Token": _object(access_token=_TEXT, token_type={"const": "bearer"}),
        "User": _user(profile),
        "Allow": _object(user=_TEXT, domain=_TEXT),
        "Domain": _domain(profile),
        "Mailbox": _mailbox(profile),
        "NewMailbox": _new_mailbox(profile),
        "Alias": _alias(profile),
    }
    return common | (_MODERN if profile.modern else {})


def _object(_optional: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in _optional],
        "additionalProperties": False,
    }


def _user(profile: Profile) -> Schema:
    perms: dict[str, Schema] = {"perms": {"type": "array", "items": {"enum": list(PERMS)}}}
    return _object(
        name=_TEXT,
        is_admin=_BOOLEAN,
        uuid={"type": "string", "format": "uuid"},
        **(perms if profile.modern else {}),
    )


def _domain(profile: Profile) -> Schema:
    common = {
        "name": _TEXT,
        "features": {"type": "array", "items": {"enum": list(FEATURES)}},
        "mailbox_domain": _TEXT_OR_NULL,
        "webmail_domain": _TEXT_OR_NULL,
        "context_name": _TEXT_OR_NULL,
    }
    checked = {"state": {"enum": ["new", "ok", "broken"]}, "valid": _BOOLEAN}
    checks = EXTERNAL + INTERNAL if profile.modern else EXTERNAL
    checked |= {name: _check(profile) for name in checks}
    old = {"imap_domains": _TEXTS_OR_NULL, "smtp_domains": _TEXTS_OR_NULL}
    return _object(
        **common,
        **(checked if profile.checks else {}),
        **(_MODERN_DOMAIN if profile.modern else old),
    )


_MODERN_DOMAIN: dict[str, Schema] = {
    "imap_domain": _TEXT_OR_NULL,
    "smtp_domain": _TEXT_OR_NULL,
    "delivery": _TEXT,
    "active": _ACTIVE,
    "transport": {"type": "null"},
    "webmail": {"type": "null"},
    "mx_name": {"type": "null"},
    "public_alias": _BOOLEAN,
    "public_alias_rules": {"type": "null"},
}


def _check(profile: Profile) -> Schema:
    internal = {"internal": _BOOLEAN} if profile.modern else {}
    errors = {"type": "array", "items": _object(code=_TEXT, detail=_TEXT)}
    return _object(ok=_BOOLEAN, **internal, errors=errors)


def _mailbox(profile: Profile) -> Schema:
    common: dict[str, Schema] = {
        "type": {"const": "mailbox"},
        "status": {"enum": ["ok", "broken", "unknown"]},
        "email": _TEXT,
    }
    names = dict.fromkeys(("givenName", "surName", "displayName"), _TEXT_OR_NULL)
    if not profile.modern:
        return _object(**common, **names)
    # A mailbox that is not meant to have a webmail account lacks the names altogether.
    return _object(tuple(names), **common, **names, active=_ACTIVE, additionalSenders=_TEXTS)


def _new_mailbox(profile: Profile) -> Schema:
    uuid = {} if profile.modern else {"uuid": {"type": "string", "format": "uuid"}}
    return _object(email=_TEXT, password=_TEXT, **uuid)


def _alias(profile: Profile) -> Schema:
    sending = {"allow_to_send": _BOOLEAN} if profile.modern else {}
    return _object(username=_TEXT, domain=_TEXT, destination=_TEXT, **sending)


_MODERN: dict[str, Schema] = {
    "Record": _object(target=_TEXT, type={"enum": ["mx", "cname", "txt"]}, value=_TEXT),
    "SecondMailbox": _object(
        ("active", "imap_active", "smtp_active"),
        type={"const": "mailbox"},
        active=_ACTIVE,
        imap_active=_ACTIVE,
        smtp_active=_ACTIVE,
        email=_TEXT,
        features={"type": "array", "items": {"const": "ox"}},
        extras=_object(
            ox={
                "anyOf": [
                    _object(given_name=_TEXT, sur_name=_TEXT, display_name=_TEXT),
                    {"type": "null"},
                ]
            },
            schedule={"type": "null"},
        ),
        dirty_quirks={"type": ["object", "null"]},
        additionalSenders=_TEXTS,
        rate_limit=_TEXT_OR_NULL,
        quota=_TEXT_OR_NULL,
    ),
    "Code": _object(
        email=_TEXT,
        code=_TEXT,
        expires_at={"type": "string", "format": "date-time"},
        expires_in={"type": "integer"},
        maxuse={"type": "integer"},
        nbuse={"const": 0},
    ),
    "Address": _object(
        domain_name=_TEXT,
        user_name=_TEXT,
        is_alias=_BOOLEAN,
        is_mailbox=_BOOLEAN,
        is_ox=_BOOLEAN,
        ox_primary_email=_TEXT_OR_NULL,
        ox_senders=_TEXTS,
    ),
}
