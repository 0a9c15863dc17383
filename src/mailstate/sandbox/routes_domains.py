"""Domains: created, read, checked, repaired; never changed or deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import Response

from . import checks as looking
from .api_tables import Domain, User
from .auth import basic_admin, basic_checker, basic_reader, may_manage, token_user
from .bodies import Field, Fields, list_of, one_of, optional, or_null, read, text
from .call import Call, Dimail, answer
from .dns import needed_records, relative
from .endpoint import CHECKING, MODERN, Endpoint
from .errors import Refused
from .profiles import Profile
from .store import FEATURES

_NEW_DOMAIN = {
    "name": Field(text),
    "features": Field(list_of(one_of(*FEATURES))),
    "context_name": Field(or_null(text)),
    "mailbox_domain": optional(text),
    "webmail_domain": optional(text),
}
_OLD_NAMES = {"imap_domains": optional(list_of(text)), "smtp_domains": optional(list_of(text))}
_MODERN_NAMES = {
    "imap_domain": optional(text),
    "smtp_domain": optional(text),
    "delivery": Field(text, required=False, default="virtual"),
}


def _new_domain(profile: Profile) -> Fields:
    return _NEW_DOMAIN | (_MODERN_NAMES if profile.modern else _OLD_NAMES)


def _list_domains(call: Call) -> Response:
    basic_reader(call)
    return answer([_view(call.dimail, domain) for domain in call.store.api.domains()])


def _get_domain(call: Call) -> Response:
    user = token_user(call)
    domain = _existing(call)
    if not may_manage(call, user, domain.name):
        raise Refused(401, "Not authorized.")
    return answer(_view(call.dimail, domain))


def _create_domain(call: Call) -> Response:
    actor = basic_admin(call, "new_domain")
    asked = read(call, _new_domain(call.profile))
    domain = _wanted(call, asked)
    context: str | None = asked["context_name"] if domain.has_webmail else None
    if domain.has_webmail and context is None:
        raise Refused(409, "OX context name is mandatory for mailbox feature")
    if call.store.api.domain(domain.name):
        raise Refused(409, "Domain already exists")
    if context is not None:
        mapped = call.store.ox.context_of(domain.name)
        if mapped not in (None, context):
            raise Refused(409, f"The domain is currently mapped to OX context {mapped}")
        call.store.ox.map_domain(domain.name, context)
        call.halfway()
    call.store.api.insert_domain(domain)
    call.store.effects.log("create", "domain", domain.name, actor=actor.name, domain=domain.name)
    _grant_to_creator(call, actor, domain)
    view = _view(call.dimail, domain) | {"context_name": context}
    if call.dimail.settings.background_check and call.query.get("no_check", "false") == "false":
        return answer(view, 201, BackgroundTask(_check_later, call.dimail, domain.name))
    return answer(view, 201)


def _grant_to_creator(call: Call, actor: User, domain: Domain) -> None:
    if call.profile.modern and call.store.api.user(actor.name):
        call.store.api.insert_allow(actor.name, domain.name)
        call.store.effects.log(
            "create",
            "allow",
            f"{domain.name}/{actor.name}",
            actor=actor.name,
            domain=domain.name,
            detail="given to the creator",
        )


async def _check_later(dimail: Dimail, name: str) -> None:
    with dimail.store.database.lock:
        domain = dimail.store.api.domain(name)
        if domain:
            _checked(dimail, domain)


def _check_domain(call: Call) -> Response:
    basic_checker(call, call.path["domain"])
    return answer(_view(call.dimail, _checked(call.dimail, _existing(call))))


def _fix_domain(call: Call) -> Response:
    actor = basic_checker(call, call.path["domain"])
    domain = _existing(call)
    mended = call.store.internal.repair(domain.name)
    if mended:
        call.store.effects.log(
            "update",
            "domain",
            domain.name,
            actor=actor.name,
            domain=domain.name,
            detail=f"fix {', '.join(mended)}",
        )
    return answer(_view(call.dimail, _checked(call.dimail, domain)))


def _domain_spec(call: Call) -> Response:
    basic_checker(call, call.path["domain"])
    domain = _existing(call)
    return answer(
        [
            {
                "target": relative(record.name, domain.name),
                "type": record.type,
                "value": record.value,
            }
            for record in needed_records(domain)
        ]
    )


def _checked(dimail: Dimail, domain: Domain) -> Domain:
    store = dimail.store
    found = looking.run(domain, store.dns, store.internal, modern=dimail.profile.modern)
    store.api.update_state(domain.name, looking.state_of(found), found)
    return store.api.domain(domain.name) or domain


def _existing(call: Call) -> Domain:
    domain = call.store.api.domain(call.path["domain"])
    if domain is None:
        raise Refused(404, "Domain not found")
    return domain


def _wanted(call: Call, asked: dict[str, Any]) -> Domain:
    if call.profile.modern:
        imap, smtp = _single(asked["imap_domain"]), _single(asked["smtp_domain"])
    else:
        imap, smtp = _several(asked["imap_domains"]), _several(asked["smtp_domains"])
    return Domain(
        name=asked["name"],
        features=tuple(asked["features"]),
        mailbox_domain=asked["mailbox_domain"],
        webmail_domain=asked["webmail_domain"],
        imap_domains=imap,
        smtp_domains=smtp,
        delivery=asked.get("delivery", "virtual"),
        checks=looking.untested(modern=call.profile.modern),
    )


def _single(name: str | None) -> tuple[str, ...] | None:
    return None if name is None else (name,)


def _several(names: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _view(dimail: Dimail, domain: Domain) -> dict[str, Any]:
    profile = dimail.profile
    view: dict[str, Any] = {
        "name": domain.name,
        "features": list(domain.features),
        "mailbox_domain": domain.mailbox_domain,
        "webmail_domain": domain.webmail_domain,
        "context_name": None,
    }
    if profile.checks:
        view |= {"state": domain.state, "valid": domain.state == "ok", **(domain.checks or {})}
    if profile.modern:
        view |= {
            "imap_domain": domain.imap_domains[0] if domain.imap_domains else None,
            "smtp_domain": domain.smtp_domains[0] if domain.smtp_domains else None,
            "context_name": dimail.store.ox.context_of(domain.name),
            "delivery": domain.delivery,
            "active": "yes",
            "transport": None,
            "webmail": None,
            "mx_name": None,
            "public_alias": False,
            "public_alias_rules": None,
        }
    else:
        view |= {
            "imap_domains": _listed(domain.imap_domains),
            "smtp_domains": _listed(domain.smtp_domains),
        }
    return view


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)


_ABSENT = {404: ("Domain not found",)}
ENDPOINTS = (
    Endpoint("GET", "/domains/", _list_domains, auth="basic", answers={200: "[Domain]"}),
    Endpoint(
        "POST",
        "/domains/",
        _create_domain,
        auth="basic",
        query=("no_check",),
        body=_new_domain,
        answers={201: "Domain"},
        refusals={
            409: (
                "OX context name is mandatory for mailbox feature",
                "Domain already exists",
                "The domain is currently mapped to OX context *",
            )
        },
        crashes=True,
    ),
    Endpoint(
        "GET",
        "/domains/{domain}",
        _get_domain,
        auth="token",
        answers={200: "Domain"},
        refusals={**_ABSENT, 401: ("Not authorized.",)},
    ),
    Endpoint(
        "GET",
        "/domains/{domain}/check",
        _check_domain,
        CHECKING,
        auth="basic",
        answers={200: "Domain"},
        refusals=_ABSENT,
    ),
    Endpoint(
        "GET",
        "/domains/{domain}/fix/",
        _fix_domain,
        MODERN,
        auth="basic",
        answers={200: "Domain"},
        refusals=_ABSENT,
    ),
    Endpoint(
        "GET",
        "/domains/{domain}/spec/",
        _domain_spec,
        MODERN,
        auth="basic",
        answers={200: "[Record]"},
        refusals=_ABSENT,
    ),
)
