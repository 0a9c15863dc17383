"""Mailboxes: the first API, and what it asks of the two stores behind it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from . import mailboxes
from .api_tables import Domain, User
from .auth import denied, may_manage, token_user
from .bodies import Field, Fields, one_of, optional, read, text
from .call import Call, answer, nothing
from .endpoint import MODERN, OLD, Endpoint
from .errors import Crashed, Refused
from .mail_tables import MailRow
from .ox_tables import OxUser
from .passwords import generate
from .profiles import Profile

ACTIVE = one_of("yes", "no", "wait", "unknown")
_NAMES = {"givenName": "given_name", "surName": "sur_name", "displayName": "display_name"}


def _new_mailbox(_: Profile) -> Fields:
    return {name: Field(text) for name in _NAMES}


def _changes(profile: Profile) -> Fields:
    asked = {name: optional(text) for name in (*_NAMES, "user_name", "domain")}
    return asked | ({"active": optional(ACTIVE)} if profile.modern else {})


def _list_mailboxes(call: Call) -> Response:
    _, domain = managed(call)
    shown = [mailboxes.view(call, domain, mailbox) for mailbox in mailboxes.all_seen(call, domain)]
    call.dimail.random.shuffle(shown)
    return answer(shown)


def _get_mailbox(call: Call) -> Response:
    _, domain = managed(call)
    found = mailboxes.seen(call, domain, call.path["user"])
    if found.row is None and found.account is None:
        raise Refused(404, "Mailbox not found")
    return answer(mailboxes.view(call, domain, found))


def _create_mailbox(call: Call) -> Response:
    user = token_user(call)
    asked = read(call, _new_mailbox(call.profile))
    name = call.path["domain"]
    if not may_manage(call, user, name):
        raise denied() if call.profile.modern else Refused(403, "Permisison denied")
    domain = call.store.api.domain(name)
    if domain is None:
        if call.profile.modern:
            raise Refused(404, "Domain not found")
        raise Crashed(f"there is no domain {name}")
    found = mailboxes.seen(call, domain, call.path["user"])
    if call.profile.modern and (found.row or found.account):
        raise Refused(409, "Mailbox already exists")
    return _created(call, user, domain, asked)


def _created(call: Call, user: User, domain: Domain, asked: dict[str, Any]) -> Response:
    local_part = call.path["user"]
    email = f"{local_part}@{domain.name}"
    if domain.has_webmail:
        context = call.store.ox.context_of(domain.name)
        if context is None:
            raise Crashed(f"{domain.name} is mapped to no context")
        display_name = (
            asked["displayName"]
            if call.profile.modern
            else f"{asked['givenName']} {asked['surName']}"
        )
        account = OxUser(
            email=email,
            given_name=asked["givenName"],
            sur_name=asked["surName"],
            display_name=display_name,
        )
        call.store.ox.create(context, account)
    password = generate()
    try:
        call.halfway()
        call.store.mail.insert_mailbox(
            MailRow(domain=domain.name, local_part=local_part, password=call.store.hashed(password))
        )
    except Crashed:
        if domain.has_webmail:
            log(call, user, "create", email, "open-xchange only")
        raise
    log(call, user, "create", email)
    shown = {"email": email, "password": password}
    return answer(shown if call.profile.modern else shown | {"uuid": str(uuid.uuid4())}, 201)


def _update_mailbox(call: Call) -> Response:
    user = token_user(call)
    asked = read(call, _changes(call.profile))
    domain = managed_by(call, user)
    if asked["domain"] is not None:
        _refuse_move(call, user, asked["domain"])
    row = existing_row(call, domain)
    if asked["user_name"] is not None:
        raise Refused(422, "Not yet implemented")
    names = {field: asked[name] for name, field in _NAMES.items() if asked[name] is not None}
    change(call, user, domain, row, names=names, active=asked.get("active"))
    return answer(mailboxes.view(call, domain, mailboxes.seen(call, domain, row.local_part)))


def _refuse_move(call: Call, user: User, target: str) -> None:
    if not may_manage(call, user, target):
        raise denied()
    if call.store.api.domain(target) is None:
        raise Refused(404, "Target domain not found")
    raise Refused(422, "Not yet implemented")


def change(
    call: Call,
    user: User,
    domain: Domain,
    row: MailRow,
    *,
    names: dict[str, str],
    active: str | None,
) -> None:
    """
    Write new *names*, and whether the mailbox is active, as far as the domain has them.

    Activating takes all three names, on any domain, even if it is active: nothing is known
    of an exception. What is set inactive loses its account of Open-Xchange with the names.
    """
    if active == "yes" and len(names) < len(_NAMES):
        raise Refused(422, "givenName, surName and displayName are needed to activate a mailbox")
    done: list[str] = []
    if domain.has_webmail:
        context = call.store.ox.context_of(domain.name)
        if context is None:
            raise Refused(404, "Domain not found in open-xchange")
        account = call.store.ox.user(context, row.email)
        if account is None and active == "yes":
            call.store.ox.create(context, OxUser(email=row.email, **names))
            done.extend(names)
        elif account is not None and active not in (None, "yes"):
            call.store.ox.delete(context, row.email)
        elif account is not None:
            changed = replace(account, **names)
            if changed != account:
                call.store.ox.update(context, changed)
                done.extend(names)
        elif active is None:
            raise Refused(404, "Mailbox not found in open-xchange")
    if active is not None and (active != row.active or (row.functional and domain.has_webmail)):
        call.store.mail.update_mailbox(replace(row, active=active, functional=False))
        done.append(f"active {active}")
    if done:
        log(call, user, "update", row.email, ", ".join(done))


def _delete_mailbox(call: Call) -> Response:
    user, domain = managed(call)
    row = existing_row(call, domain)
    if domain.has_webmail:
        _delete_account(call, domain, row)
    call.store.mail.delete_mailbox(domain.name, row.local_part)
    log(call, user, "delete", row.email)
    return nothing()


def _delete_account(call: Call, domain: Domain, row: MailRow) -> None:
    context = call.store.ox.context_of(domain.name)
    if context is None:
        raise Refused(404, "Domain not found in open-xchange")
    # In 2026 an inactive or functional mailbox has no account, and must be deletable.
    if not call.store.ox.delete(context, row.email) and not (
        call.profile.modern and (row.functional or row.active != "yes")
    ):
        raise Refused(404, "Mailbox not found in open-xchange")


def managed(call: Call) -> tuple[User, Domain]:
    """Return the caller and the domain of the path, if the one may manage the other."""
    user = token_user(call)
    return user, managed_by(call, user)


def managed_by(call: Call, user: User) -> Domain:
    """Return the domain of the path if *user* may manage it; the right comes first."""
    if not may_manage(call, user, call.path["domain"]):
        raise denied()
    domain = call.store.api.domain(call.path["domain"])
    if domain is None:
        raise Refused(404, "Domain not found")
    return domain


def existing_row(call: Call, domain: Domain) -> MailRow:
    """Return the mailbox of the path, looked for in dovecot only, on a domain that has any."""
    if "mailbox" not in domain.features:
        raise Refused(422, "Feature 'mailbox' not available on the domain")
    row = call.store.mail.mailbox(domain.name, call.path["user"])
    if row is None:
        raise Refused(404, "Mailbox not found")
    return row


def log(call: Call, user: User, action: str, email: str, detail: str = "") -> None:
    """Log one effect on the mailbox *email*."""
    call.store.effects.log(
        "create" if action == "create" else "update" if action == "update" else "delete",
        "mailbox",
        email,
        actor=user.name,
        domain=call.path["domain"],
        detail=detail,
    )


_PATH = "/domains/{domain}/mailboxes/{user}"
_NO_DOMAIN = "Domain not found"
NO_MAILBOX = "Mailbox not found"
NO_FEATURE = "Feature 'mailbox' not available on the domain"
IN_OX = ("Domain not found in open-xchange", "Mailbox not found in open-xchange")
NAMES_NEEDED = "givenName, surName and displayName are needed to activate a mailbox"
_UNCHANGEABLE = {404: (_NO_DOMAIN, "Target domain not found", NO_MAILBOX, *IN_OX)}
_NOT_YET = "Not yet implemented"
ENDPOINTS = (
    Endpoint(
        "GET",
        "/domains/{domain}/mailboxes/",
        _list_mailboxes,
        auth="token",
        answers={200: "[Mailbox]"},
        refusals={404: (_NO_DOMAIN,)},
    ),
    Endpoint(
        "GET",
        _PATH,
        _get_mailbox,
        auth="token",
        answers={200: "Mailbox"},
        refusals={404: (_NO_DOMAIN, NO_MAILBOX)},
    ),
    # On an unknown domain, or for what exists already: 500.
    Endpoint(
        "POST",
        _PATH,
        _create_mailbox,
        OLD,
        auth="token",
        body=_new_mailbox,
        answers={201: "NewMailbox"},
        refusals={403: ("Permisison denied",)},
        crashes=True,
    ),
    # For a display name that is taken: 500.
    Endpoint(
        "POST",
        _PATH,
        _create_mailbox,
        MODERN,
        auth="token",
        body=_new_mailbox,
        answers={201: "NewMailbox"},
        refusals={404: (_NO_DOMAIN,), 409: ("Mailbox already exists",)},
        crashes=True,
    ),
    Endpoint(
        "PATCH",
        _PATH,
        _update_mailbox,
        OLD,
        auth="token",
        body=_changes,
        answers={200: "Mailbox"},
        refusals={**_UNCHANGEABLE, 422: (NO_FEATURE, _NOT_YET)},
        crashes=True,
    ),
    Endpoint(
        "PATCH",
        _PATH,
        _update_mailbox,
        MODERN,
        auth="token",
        body=_changes,
        answers={200: "Mailbox"},
        refusals={**_UNCHANGEABLE, 422: (NO_FEATURE, _NOT_YET, NAMES_NEEDED)},
        crashes=True,
    ),
    Endpoint(
        "DELETE",
        _PATH,
        _delete_mailbox,
        auth="token",
        answers={204: ""},
        refusals={404: (_NO_DOMAIN, NO_MAILBOX, *IN_OX), 422: (NO_FEATURE,)},
    ),
)
