"""
Every call that is made to dimail: method, exact path, kind of login, body.

The section signs refer to the contract of dimail-api. Exact slashes matter: the wrong form is
answered by a redirect (§2).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import quote, urlencode

from mailstate.errors import RefusedCallError
from mailstate.model.resources import Access, Alias, Domain, DomainName, Mailbox, User
from mailstate.model.secret import Secret


class Auth(Enum):
    """Each endpoint takes exactly one kind of login (§3)."""

    BASIC = auto()
    TOKEN = auto()


class Repeat(Enum):
    """How often a call may be sent again by itself after it went wrong."""

    READ = auto()
    """Any trouble, two times more."""

    ONCE_IF_CUT = auto()
    """One time more, if the connection was lost or not made."""

    NEVER = auto()


class Kind(NamedTuple):
    """
    What calls of one kind have in common; their path has a star in place of each name.

    `is_slow` says which patience they take; `is_gauge`, whether the time that one takes tells how
    busy dimail is: not where it waits for the DNS. `like` is method and path.
    """

    like: str
    method: str
    path: str
    auth: Auth
    repeat: Repeat
    is_slow: bool = False
    is_gauge: bool = True
    hint_on_500: str = ""

    def of(
        self,
        *names: str,
        query: tuple[tuple[str, str], ...] = (),
        body: dict[str, object] | None = None,
    ) -> "Call":
        """The call about these *names*. Raises `RefusedCallError` for what can be in no path."""
        target = self.path
        for name in names:
            target = target.replace("*", _segment(name), 1)
        if query:
            target = f"{target}?{urlencode(query, quote_via=quote)}"
        return Call(kind=self, target=target, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One call; *target* is path and query, percent-encoded.

    Its text is what messages name: method and path, never a query or a body.
    """

    kind: Kind
    target: str
    body: dict[str, object] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.kind.method} {self.path}"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


def _segment(text: str) -> str:
    """*text*, percent-encoded."""
    if _PLAIN.fullmatch(text):
        return text
    if text in {"", ".", ".."} or "/" in text:
        # "A name with `/` cannot be addressed afterwards" (§2); dots would change the path.
        raise RefusedCallError(
            "a name that is empty, dots alone or holds a slash cannot be asked of dimail",
            hint="such a name was made by another client; ask the operator of dimail to remove it",
        )
    return quote(text, safe="")


# None of them begins with a dot, and so none is dots alone.
_PLAIN = re.compile("[A-Za-z0-9_~-][A-Za-z0-9_.~-]*")


def _get(path: str, auth: Auth) -> Kind:
    return Kind(f"GET {path}", "GET", path, auth, Repeat.READ)


def _write(method: str, path: str, auth: Auth, *, is_slow: bool = False) -> Kind:
    return Kind(f"{method} {path}", method, path, auth, Repeat.NEVER, is_slow=is_slow)


_TOKEN = _get("/token/", Auth.BASIC)
_USERS = _get("/users/", Auth.BASIC)
_USER = _get("/users/*", Auth.BASIC)
_CREATE_USER = _write("POST", "/users/", Auth.BASIC)
_CHANGE_USER = _write("PATCH", "/users/*", Auth.BASIC)
_DOMAINS = _get("/domains/", Auth.BASIC)
_DOMAIN = _get("/domains/*", Auth.TOKEN)
_CREATE_DOMAIN = _write("POST", "/domains/", Auth.BASIC, is_slow=True)
_CHECK = _get("/domains/*/check", Auth.BASIC)._replace(
    repeat=Repeat.ONCE_IF_CUT, is_slow=True, is_gauge=False
)
_FIX = _get("/domains/*/fix/", Auth.BASIC)._replace(
    repeat=Repeat.NEVER, is_slow=True, is_gauge=False
)
_SPEC = _get("/domains/*/spec/", Auth.BASIC)
_ACCESSES = _get("/allows/", Auth.BASIC)
_CREATE_ACCESS = _write("POST", "/allows/", Auth.BASIC)
_DELETE_ACCESS = _write("DELETE", "/allows/*/*", Auth.BASIC)
_MAILBOXES = _get("/domains/*/mailboxes/", Auth.TOKEN)
_MAILBOXES_V2 = _get("/v2/domains/*/mailboxes/", Auth.TOKEN)
_MAILBOX = _get("/domains/*/mailboxes/*", Auth.TOKEN)
_CREATE_MAILBOX = _write("POST", "/domains/*/mailboxes/*", Auth.TOKEN, is_slow=True)
_UPDATE_MAILBOX = _write("PATCH", "/domains/*/mailboxes/*", Auth.TOKEN, is_slow=True)
_DELETE_MAILBOX = _write("DELETE", "/domains/*/mailboxes/*", Auth.TOKEN, is_slow=True)
_RESET_PASSWORD = _write("POST", "/domains/*/mailboxes/*/reset_password/", Auth.TOKEN, is_slow=True)
_LOGIN_CODE = _write("POST", "/domains/*/mailboxes/*/code", Auth.TOKEN, is_slow=True)
_ALIAS = _get("/domains/*/aliases/", Auth.TOKEN)
_ALIASES = _ALIAS._replace(
    hint_on_500=(
        "an alias whose name contains `@` makes dimail answer 500 here for the whole domain from "
        "then on: have it removed, or try again later"
    )
)
_CREATE_ALIAS = _write("POST", "/domains/*/aliases/", Auth.TOKEN)
_DELETE_ALIAS = _write("DELETE", "/domains/*/aliases/*/*", Auth.TOKEN)


def token() -> Call:
    """A token for the account in use (§3)."""
    return _TOKEN.of()


def users() -> Call:
    """All users (§4)."""
    return _USERS.of()


def user(name: str) -> Call:
    """One user (§4)."""
    return _USER.of(name)


def create_user(user: User) -> Call:
    """
    A user without rights of its own, who mirrors a person (§4).

    The password is random and kept nowhere: nobody is to log in with it, and one that can be
    guessed (People posts "no" for everybody) would open the API to whoever knows a uuid.
    """
    import secrets  # noqa: PLC0415 - a plan makes none

    password = Secret(secrets.token_urlsafe(32))
    return create_account(user.name, password, is_admin=False, perms=())


def create_account(name: str, password: Secret, *, is_admin: bool, perms: Iterable[str]) -> Call:
    """A user who logs in with *password*; a server that knows no *perms* passes over them (§4)."""
    return _CREATE_USER.of(
        body={
            "name": name,
            "password": password.reveal(),
            "is_admin": is_admin,
            "perms": list(perms),
        }
    )


def make_admin(name: str) -> Call:
    """Every right for a user that exists; there is no call that changes perms (§4)."""
    return _CHANGE_USER.of(name, body={"is_admin": True})


def domains() -> Call:
    """All domains (§5.1)."""
    return _DOMAINS.of()


def domain(name: DomainName) -> Call:
    """One domain, for those who have rights on it (§5.1)."""
    return _DOMAIN.of(name)


def create_domain(domain: Domain) -> Call:
    """A domain; dimail makes its OX context by the way, slowly (§5.1)."""
    return _CREATE_DOMAIN.of(
        body={
            "name": domain.name,
            "features": sorted(domain.features),
            "context_name": domain.context,
            "delivery": domain.delivery,
        }
    )


def check(domain: DomainName) -> Call:
    """Have dimail run all checks of *domain* (§5.2)."""
    return _CHECK.of(domain)


def fix(domain: DomainName) -> Call:
    """Have dimail repair the internal checks of *domain*: a GET with side effects (§5.2)."""
    return _FIX.of(domain)


def spec(domain: DomainName) -> Call:
    """The DNS records that *domain* must publish (§5.2)."""
    return _SPEC.of(domain)


def accesses() -> Call:
    """All allows (§6)."""
    return _ACCESSES.of()


def access(access: Access) -> Call:
    """The allows of one user on one domain: none or one (§6)."""
    return _ACCESSES.of(query=(("username", access.user), ("domain", access.domain)))


def create_access(access: Access) -> Call:
    """An allow (§6)."""
    return _CREATE_ACCESS.of(body={"user": access.user, "domain": access.domain})


def delete_access(access: Access) -> Call:
    """An allow, away: the domain comes first in the path (§6)."""
    return _DELETE_ACCESS.of(access.domain, access.user)


def mailboxes(domain: DomainName) -> Call:
    """The mailboxes of *domain* and, with webmail, of its whole OX context (§7)."""
    return _MAILBOXES.of(domain)


def mailboxes_v2(domain: DomainName) -> Call:
    """The mailboxes of *domain* alone, where the server has the route (§8)."""
    return _MAILBOXES_V2.of(domain)


def mailbox(domain: DomainName, local_part: str) -> Call:
    """One mailbox (§7)."""
    return _MAILBOX.of(domain, local_part)


def create_mailbox(mailbox: Mailbox) -> Call:
    """A mailbox; seconds behind a real OX, and not idempotent (§7)."""
    return _CREATE_MAILBOX.of(
        mailbox.domain,
        mailbox.local_part,
        body={
            "givenName": mailbox.first_name or "",
            "surName": mailbox.last_name or "",
            "displayName": mailbox.display_name or "",
        },
    )


_NAMES = {"first_name": "givenName", "last_name": "surName", "display_name": "displayName"}


def update_mailbox(before: Mailbox, after: Mailbox, fields: tuple[str, ...]) -> Call:
    """
    The new values of *fields*, asked under the spelling that dimail has in *before* (§7).

    Switching a mailbox on takes its three names too: without them dimail answers 422.
    """
    wanted = set(fields)
    if "active" in wanted and after.active:
        wanted |= set(_NAMES)
    body: dict[str, object] = {
        theirs: value
        for ours, theirs in _NAMES.items()
        if ours in wanted and (value := getattr(after, ours)) is not None
    }
    if "active" in wanted:
        body["active"] = "yes" if after.active else "no"
    return _UPDATE_MAILBOX.of(before.domain, before.local_part, body=body)


def delete_mailbox(mailbox: Mailbox) -> Call:
    """A mailbox, away, with all its mail (§7)."""
    return _DELETE_MAILBOX.of(mailbox.domain, mailbox.local_part)


def reset_password(mailbox: Mailbox) -> Call:
    """A new password for a mailbox, in the form that People uses (§9)."""
    return _RESET_PASSWORD.of(mailbox.domain, mailbox.local_part)


def login_code(mailbox: Mailbox, *, seconds: int, uses: int) -> Call:
    """A code that opens the webmail of a mailbox for some *seconds*, at most *uses* times (§9)."""
    body: dict[str, object] = {"expires_in": seconds, "maxuse": uses}
    return _LOGIN_CODE.of(mailbox.domain, mailbox.local_part, body=body)


def aliases(domain: DomainName) -> Call:
    """All aliases of *domain* (§10)."""
    return _ALIASES.of(domain)


def alias(alias: Alias) -> Call:
    """One alias, by name and destination (§10)."""
    return _ALIAS.of(
        alias.domain,
        query=(("user_name", alias.local_part), ("destination", alias.destination)),
    )


def create_alias(alias: Alias) -> Call:
    """An alias: one name, one destination (§10)."""
    return _CREATE_ALIAS.of(
        alias.domain,
        body={"user_name": alias.local_part, "destination": alias.destination},
    )


def delete_alias(alias: Alias) -> Call:
    """One destination of an alias, away (§10). Raises `RefusedCallError` for one called `all`."""
    if alias.destination == "all":
        raise RefusedCallError(
            f"{alias.address} has a destination called `all`, by which dimail would understand "
            "every destination of that alias",
            hint="another client made it so; ask the operator of dimail to remove it",
        )
    return _DELETE_ALIAS.of(alias.domain, alias.local_part, alias.destination)
