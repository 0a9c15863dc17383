"""What only 2026 has: the second listing, new passwords, login codes, who holds an address."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

from starlette.responses import Response

from . import mailboxes
from .auth import token_user
from .bodies import Field, Fields, integer, nested, optional, read, text
from .call import Call, answer
from .endpoint import MODERN, Endpoint
from .errors import Refused
from .passwords import generate
from .profiles import Profile
from .routes_mailboxes import (
    ACTIVE,
    IN_OX,
    NAMES_NEEDED,
    NO_FEATURE,
    NO_MAILBOX,
    change,
    existing_row,
    log,
    managed,
    managed_by,
)

_OX_NAMES = {name: optional(text) for name in ("given_name", "sur_name", "display_name")}
_SECOND_CHANGES = {
    "active": optional(ACTIVE),
    "imap_active": optional(ACTIVE),
    "smtp_active": optional(ACTIVE),
    "extras": optional(nested({"ox": optional(nested(_OX_NAMES))})),
}
_CODE = {
    "expires_in": Field(integer, required=False, default=3600),
    "maxuse": Field(integer, required=False, default=1),
}


def _second_changes(_: Profile) -> Fields:
    return _SECOND_CHANGES


def _new_code(_: Profile) -> Fields:
    return _CODE


def _second_list(call: Call) -> Response:
    _, domain = managed(call)
    return answer(
        [
            mailboxes.second_view(call, mailbox)
            for mailbox in mailboxes.all_seen(call, domain)
            if mailbox.email.endswith(f"@{domain.name}") and not mailboxes.is_technical(mailbox)
        ]
    )


def _second_update(call: Call) -> Response:
    """Change a mailbox; the answer is not known and taken to be the mailbox as listed."""
    user = token_user(call)
    asked = read(call, _SECOND_CHANGES)
    domain = managed_by(call, user)
    row = existing_row(call, domain)
    ox = (asked["extras"] or {}).get("ox") or {}
    change(
        call,
        user,
        domain,
        row,
        names={name: value for name, value in ox.items() if value is not None},
        # dovecot has one switch: IMAP decides, SMTP alone does as well.
        active=asked["imap_active"] or asked["active"] or asked["smtp_active"],
    )
    found = mailboxes.seen(call, domain, row.local_part)
    return answer(mailboxes.second_view(call, found))


def _reset_password(call: Call) -> Response:
    user, domain = managed(call)
    row = existing_row(call, domain)
    password = generate()
    call.store.mail.update_mailbox(replace(row, password=call.store.hashed(password)))
    log(call, user, "update", row.email, "password")
    return answer({"email": row.email, "password": password})


def _login_code(call: Call) -> Response:
    """Make a login code for the webmail: 200, and only for who has an account there."""
    user = token_user(call)
    asked = read(call, _CODE, optional_body=True)
    domain = managed_by(call, user)
    row = existing_row(call, domain)
    if mailboxes.seen(call, domain, row.local_part).account is None:
        raise Refused(404, "Mailbox not found in open-xchange")
    ends = call.dimail.clock.now() + timedelta(seconds=asked["expires_in"])
    log(call, user, "update", row.email, "code")
    return answer(
        {
            "email": row.email,
            "code": secrets.token_urlsafe(24),
            "expires_at": ends.isoformat(),
            "expires_in": asked["expires_in"],
            "maxuse": asked["maxuse"],
            "nbuse": 0,
        }
    )


def _address(call: Call) -> Response:
    """Tell who holds an address; one that nobody holds is answered too, with all false."""
    _, domain = managed(call)
    name = call.path["user"]
    found = mailboxes.seen(call, domain, name)
    return answer(
        {
            "domain_name": domain.name,
            "user_name": name,
            "is_alias": bool(call.store.mail.aliases(domain.name, name)),
            "is_mailbox": found.row is not None,
            "is_ox": found.account is not None,
            "ox_primary_email": found.account.email if found.account else None,
            "ox_senders": [],
        }
    )


_MAILBOX = "/domains/{domain}/mailboxes/{user}"
_NO_DOMAIN = "Domain not found"
ENDPOINTS = (
    Endpoint(
        "GET",
        "/v2/domains/{domain}/mailboxes/",
        _second_list,
        MODERN,
        auth="token",
        answers={200: "[SecondMailbox]"},
        refusals={404: (_NO_DOMAIN,)},
    ),
    Endpoint(
        "PATCH",
        f"/v2{_MAILBOX}",
        _second_update,
        MODERN,
        auth="token",
        body=_second_changes,
        answers={200: "SecondMailbox"},
        refusals={404: (_NO_DOMAIN, NO_MAILBOX, *IN_OX), 422: (NO_FEATURE, NAMES_NEEDED)},
        crashes=True,
    ),
    Endpoint(
        "POST",
        f"{_MAILBOX}/reset_password/",
        _reset_password,
        MODERN,
        auth="token",
        answers={200: "NewMailbox"},
        refusals={404: (_NO_DOMAIN, NO_MAILBOX), 422: (NO_FEATURE,)},
    ),
    Endpoint(
        "POST",
        f"{_MAILBOX}/code",
        _login_code,
        MODERN,
        auth="token",
        body=_new_code,
        needs_body=False,
        answers={200: "Code"},
        refusals={404: (_NO_DOMAIN, NO_MAILBOX, IN_OX[1]), 422: (NO_FEATURE,)},
    ),
    Endpoint(
        "GET",
        "/domains/{domain}/address/{user}/",
        _address,
        MODERN,
        auth="token",
        answers={200: "Address"},
        refusals={404: (_NO_DOMAIN,)},
    ),
)
