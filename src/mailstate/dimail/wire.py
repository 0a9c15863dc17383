"""
JSON to values: what dimail's answers mean. Their shape is checked by `mailstate.dimail.node`.

Unknown fields are passed over. The section signs refer to the contract of dimail-api.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mailstate.dimail.node import Node
from mailstate.model.resources import Access, Alias, Domain, DomainName, Mailbox, User
from mailstate.model.secret import Secret
from mailstate.model.state import Check, DnsRecord, DomainState, LiveDomain

_CHECKS = (
    "domain_exist",
    "mx",
    "cname_webmail",
    "cname_imap",
    "cname_smtp",
    "spf",
    "dkim",
    "postfix",
    "ox",
    "cert",
    "webmail_ok",
)
"""The checks in the order in which they are told (§5.2); others follow by name."""

TECHNICAL = "oxadmin"
"""The account of the OX context itself, in the list of every webmail domain (§7)."""

STATES = {
    None: DomainState.UNTOLD,
    "ok": DomainState.OK,
    "new": DomainState.NEW,
    "broken": DomainState.BROKEN,
}
"""What the states are that a server tells; each other one is `OTHER` (§5.2)."""

# As the flags: text in one fixture of 2026.
ACTIVE = {"yes": True, "no": False, "true": True, "false": False}


class ApiUser(NamedTuple):
    """A user of dimail with what only dimail knows of it."""

    user: User
    is_admin: bool


def api_users(answer: Node) -> tuple[ApiUser, ...]:
    """All users (§4)."""
    return tuple(
        ApiUser(user=user(item), is_admin=item.flag("is_admin", default=False))
        for item in answer.items()
    )


def user(answer: Node) -> User:
    """One user (§4)."""
    return User(name=answer.text("name"))


class Account(NamedTuple):
    """A user and its rights; `perms` is None where the server knows none."""

    name: str
    is_admin: bool
    perms: frozenset[str] | None


def accounts(answer: Node) -> tuple[Account, ...]:
    """All users with their rights (§4)."""
    return tuple(account(item) for item in answer.items())


def account(answer: Node) -> Account:
    """One user with its rights (§4)."""
    if "perms" not in answer.fields():
        perms = None
    else:
        perms = frozenset() if answer.below("perms") is None else frozenset(answer.texts("perms"))
    return Account(name=answer.text("name"), is_admin=answer.flag("is_admin"), perms=perms)


def accesses(answer: Node) -> tuple[Access, ...]:
    """Allows (§6)."""
    return tuple(access(item) for item in answer.items())


def access(answer: Node) -> Access:
    """One allow (§6)."""
    return Access(user=answer.text("user"), domain=DomainName(answer.text("domain")))


def domains(answer: Node) -> dict[DomainName, LiveDomain]:
    """All domains, by name and in that order (§5.1)."""
    told: dict[DomainName, LiveDomain] = {}
    for live in map(domain, answer.items()):
        if told.setdefault(live.domain.name, live) != live:
            raise answer.malformed("tells one domain in two ways")
    return {name: told[name] for name in sorted(told)}


def domain(answer: Node) -> LiveDomain:
    """One domain, from any of the calls that tell of one (§5)."""
    context, delivery, state = (
        None if text == "null" else text
        for text in map(answer.text_or_none, ("context_name", "delivery", "state"))
    )
    return LiveDomain(
        domain=Domain(
            name=DomainName(answer.text("name")),
            features=frozenset(answer.texts("features")),
            context=context,
            delivery=delivery,
        ),
        state=STATES.get(state, DomainState.OTHER),
    )


def failing_checks(answer: Node) -> tuple[Check, ...]:
    """
    The failing ones among the checks in the answer of `/check` or `/fix/` (§5.2).

    What has the name of a check must be one; what has another name is one if it looks like it.
    """
    names = sorted(
        (
            name
            for name, told in answer.fields().items()
            if name in _CHECKS or (isinstance(told, dict) and "ok" in told)
        ),
        key=lambda name: (_CHECKS.index(name) if name in _CHECKS else len(_CHECKS), name),
    )
    checks = []
    for name in names:
        # The name of another one is the server's own, and may be anything that it was told.
        told = answer.below(name, shown=name if name in _CHECKS else "a check")
        if told is not None and not told.flag("ok"):
            checks.append(_check(name, told))
    return tuple(checks)


def _check(name: str, told: Node) -> Check:
    errors = told.below("errors")
    causes = [] if errors is None else list(errors.items())
    return Check(
        name=name,
        internal=told.flag("internal", default=False),
        codes=tuple(code for cause in causes if (code := cause.text_or_none("code"))),
        details=tuple(text for cause in causes if (text := cause.text_or_none("detail"))),
    )


class ApiMailbox(NamedTuple):
    """
    A mailbox as dimail tells of it: `broken` where its two stores disagree.

    `tells_active` and `tells_names` say whether the answer has those keys at all.
    """

    mailbox: Mailbox
    broken: bool = False
    tells_active: bool = True
    tells_names: bool = True

    @property
    def half_made(self) -> bool:
        """
        Whether it exists in one store only, through a creation that failed half-way.

        A mailbox that was switched off is in one store on purpose.
        """
        return self.torn and self.mailbox.active is not False

    @property
    def torn(self) -> bool:
        """
        Whether it exists in one store only, and not because it never had a webmail account.

        (It has no names then.)
        """
        return self.broken and (self.tells_names or not self.tells_active)


def mailboxes(answer: Node, domain: DomainName, *, webmail: bool) -> tuple[ApiMailbox, ...]:
    """
    The mailboxes of *domain* in a list of the first API (§7), in a fixed order.

    The list of a webmail domain holds those of the other domains of its OX context, as broken
    ones. A list in which others are whole and none of *domain* is, is that of another domain.
    """
    own, strangers = _sorted_out(answer, domain)
    if (strangers and not webmail) or (any(map(_is_ok, strangers)) and not any(map(_is_ok, own))):
        raise answer.malformed("is a list of another domain")
    return _one_each(answer, (mailbox(item, domain, webmail=webmail) for item in own))


def mailboxes_v2(answer: Node, domain: DomainName, *, webmail: bool) -> tuple[ApiMailbox, ...]:
    """The mailboxes of *domain* in a list of the second API (§8), in a fixed order."""
    own, strangers = _sorted_out(answer, domain)
    if not own and strangers:
        raise answer.malformed("is a list of another domain")
    if any("givenName" in item.fields() for item in own):
        raise answer.malformed("is a list of the first API")
    return _one_each(answer, (_mailbox_v2(item, domain, webmail=webmail) for item in own))


def _is_ok(item: Node) -> bool:
    return item.text("status") == "ok"


def _sorted_out(answer: Node, domain: DomainName) -> tuple[list[Node], list[Node]]:
    own: list[Node] = []
    strangers: list[Node] = []
    for item in answer.items():
        local_part, told = _address(item)
        if local_part.lower() == TECHNICAL:
            continue
        (own if told.lower() == domain.lower() else strangers).append(item)
    return own, strangers


def _address(item: Node) -> tuple[str, str]:
    local_part, at, told = item.text("email").rpartition("@")
    if not at:
        raise item.malformed("is not an address", "email")
    return local_part, told


def _one_each(answer: Node, boxes: Iterable[ApiMailbox]) -> tuple[ApiMailbox, ...]:
    """One of each address: of two spellings (§2, case) the one in lower case."""
    chosen: dict[str, ApiMailbox] = {}
    for box in sorted(
        boxes, key=lambda box: (box.mailbox.key, _is_mixed(box.mailbox.address), repr(box))
    ):
        kept = chosen.setdefault(box.mailbox.key, box)
        if kept.mailbox.address == box.mailbox.address and kept != box:
            raise answer.malformed("tells one mailbox in two ways")
    return tuple(chosen.values())


def mailbox(answer: Node, domain: DomainName, *, webmail: bool) -> ApiMailbox:
    """
    One mailbox of *domain*, as the first API tells of it (§7).

    Names are stored in OX alone: without webmail they are unknown, whatever is answered.
    """
    local_part, told = _address(answer)
    if told.lower() != domain.lower():
        raise answer.malformed("is of another domain", "email")
    fields = answer.fields()
    first, last, display = (
        answer.text_or_none(key) for key in ("givenName", "surName", "displayName")
    )
    return ApiMailbox(
        mailbox=Mailbox(
            domain=domain,
            local_part=local_part,
            first_name=first if webmail else None,
            last_name=last if webmail else None,
            display_name=display if webmail else None,
            active=_active(answer, "active"),
        ),
        broken=webmail and answer.text("status") == "broken",
        tells_active="active" in fields,
        tells_names="givenName" in fields,
    )


def _mailbox_v2(answer: Node, domain: DomainName, *, webmail: bool) -> ApiMailbox:
    extras = answer.below("extras")
    ox = extras.below("ox") if extras is not None and webmail else None
    first, last, display = (
        None if ox is None else ox.text_or_none(key)
        for key in ("given_name", "sur_name", "display_name")
    )
    return ApiMailbox(
        mailbox=Mailbox(
            domain=domain,
            local_part=_address(answer)[0],
            first_name=first,
            last_name=last,
            display_name=display,
            active=_active(answer, "active" if "active" in answer.fields() else "imap_active"),
        ),
    )


def _active(answer: Node, key: str) -> bool | None:
    """Whether a mailbox is in use; `wait`, `unknown` and what else may come are neither (§7)."""
    value = answer.fields().get(key)
    if value is None or isinstance(value, bool):
        return value
    return ACTIVE.get(answer.text(key))


def password(answer: Node, mailbox: Mailbox) -> Secret:
    """The password of *mailbox* in the answer that made it: told this once (§7, §9)."""
    return _secret(answer, mailbox, "password")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCode:
    """A code that opens a webmail for `expires_in` seconds, at most `max_uses` times."""

    code: Secret
    expires_in: int
    max_uses: int


def login_code(answer: Node, mailbox: Mailbox, *, seconds: int, uses: int) -> LoginCode:
    """The code made for *mailbox* (§9); its limits are those asked for, unless others are told."""
    return LoginCode(
        code=_secret(answer, mailbox, "code"),
        expires_in=answer.number("expires_in", default=seconds),
        max_uses=answer.number("maxuse", default=uses),
    )


def _secret(answer: Node, mailbox: Mailbox, key: str) -> Secret:
    if answer.text("email").lower() != mailbox.address.lower():
        raise answer.malformed("is another address", "email")
    if not answer.text(key):
        raise answer.malformed("is empty", key)
    return Secret(answer.text(key))


def aliases(answer: Node, domain: DomainName) -> tuple[Alias, ...]:
    """The aliases of *domain*, one of each key, in a fixed order (§10)."""
    chosen: dict[str, Alias] = {}
    found = (_alias(item, domain) for item in answer.items())
    for alias in sorted(
        found,
        key=lambda alias: (alias.key, _is_mixed(alias.local_part + alias.destination), repr(alias)),
    ):
        chosen.setdefault(alias.key, alias)
    return tuple(chosen.values())


def _is_mixed(spelling: str) -> bool:
    return spelling != spelling.lower()


def _alias(answer: Node, domain: DomainName) -> Alias:
    if answer.text("domain").lower() != domain.lower():
        raise answer.malformed("is another domain", "domain")
    return Alias(
        domain=domain,
        local_part=answer.text("username"),
        destination=answer.text("destination"),
    )


def dns_records(answer: Node) -> tuple[DnsRecord, ...]:
    """The DNS records of a domain, in the server's order (§5.2)."""
    return tuple(
        DnsRecord(target=item.text("target"), type=item.text("type"), value=item.text("value"))
        for item in answer.items()
    )
