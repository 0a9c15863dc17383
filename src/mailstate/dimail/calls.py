"""
Every call that is made to dimail: method, exact path, kind of login, body.

The section signs refer to the contract of dimail-api. Exact slashes matter: the wrong form is
answered by a redirect (§2).
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
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


_NAMES_AFTER = {"users": 1, "domains": 1, "mailboxes": 1, "allows": 2, "aliases": 2}
"""How many places of a path are names, after a word that says of what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One call. Its text is what messages name: method and path, never a query or a body.

    `is_slow` says which patience it takes; `is_gauge`, whether the time that it takes tells how
    busy dimail is: not where it waits for the DNS.
    """

    method: str
    path: str
    auth: Auth
    query: tuple[tuple[str, str], ...] = ()
    body: dict[str, object] | None = field(default=None, repr=False)
    is_slow: bool = False
    repeat: Repeat = Repeat.READ
    hint_on_500: str = ""
    is_gauge: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def target(self) -> str:
        """Path and query, percent-encoded."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path

    @property
    def like(self) -> str:
        """What it has in common with calls of its kind: method, and path without names."""
        places, names = self.path.split("/"), 0
        for at, place in enumerate(places):
            if names and place:
                places[at] = "*"
                names -= 1
            else:
                names = _NAMES_AFTER.get(place, 0)
        return f"{self.method} {'/'.join(places)}"


def _segment(text: str) -> str:
    if text in {"", ".", ".."} or "/" in text:
        # "A name with `/` cannot be addressed afterwards" (§2); dots would change the path.
        raise RefusedCallError(
            "a name that is empty, dots alone or holds a slash cannot be asked of dimail",
            hint="such a name was made by another client; ask the operator of dimail to remove it",
        )
    return quote(text, safe="")


def _mailboxes(domain: DomainName) -> str:
    return f"/domains/{_segment(domain)}/mailboxes/"


def _mailbox(mailbox: Mailbox) -> str:
    return f"{_mailboxes(mailbox.domain)}{_segment(mailbox.local_part)}"


def token() -> Call:
    """A token for the account in use (§3)."""
    return Call(method="GET", path="/token/", auth=Auth.BASIC)


def users() -> Call:
    """All users (§4)."""
    return Call(method="GET", path="/users/", auth=Auth.BASIC)


def user(name: str) -> Call:
    """One user (§4)."""
    return Call(method="GET", path=f"/users/{_segment(name)}", auth=Auth.BASIC)


def create_user(user: User) -> Call:
    """
    A user without rights of its own, who mirrors a person (§4).

    The password is random and kept nowhere: nobody is to log in with it, and one that can be
    guessed (People posts "no" for everybody) would open the API to whoever knows a uuid.
    """
    password = Secret(secrets.token_urlsafe(32))
    return create_account(user.name, password, is_admin=False, perms=())


def create_account(name: str, password: Secret, *, is_admin: bool, perms: Iterable[str]) -> Call:
    """A user who logs in with *password*; a server that knows no *perms* passes over them (§4)."""
    return _write(
        "/users/",
        Auth.BASIC,
        {
            "name": name,
            "password": password.reveal(),
            "is_admin": is_admin,
            "perms": list(perms),
        },
    )


def make_admin(name: str) -> Call:
    """Every right for a user that exists; there is no call that changes perms (§4)."""
    return Call(
        method="PATCH",
        path=f"/users/{_segment(name)}",
        auth=Auth.BASIC,
        body={"is_admin": True},
        repeat=Repeat.NEVER,
    )


def domains() -> Call:
    """All domains (§5.1)."""
    return Call(method="GET", path="/domains/", auth=Auth.BASIC)


def domain(name: DomainName) -> Call:
    """One domain, for those who have rights on it (§5.1)."""
    return Call(method="GET", path=f"/domains/{_segment(name)}", auth=Auth.TOKEN)


def create_domain(domain: Domain) -> Call:
    """A domain; dimail makes its OX context by the way, slowly (§5.1)."""
    return _write(
        "/domains/",
        Auth.BASIC,
        {
            "name": domain.name,
            "features": sorted(domain.features),
            "context_name": domain.context,
            "delivery": domain.delivery,
        },
        is_slow=True,
    )


def check(domain: DomainName) -> Call:
    """Have dimail run all checks of *domain* (§5.2)."""
    return Call(
        method="GET",
        path=f"/domains/{_segment(domain)}/check",
        auth=Auth.BASIC,
        is_slow=True,
        repeat=Repeat.ONCE_IF_CUT,
        is_gauge=False,
    )


def fix(domain: DomainName) -> Call:
    """Have dimail repair the internal checks of *domain*: a GET with side effects (§5.2)."""
    return Call(
        method="GET",
        path=f"/domains/{_segment(domain)}/fix/",
        auth=Auth.BASIC,
        is_slow=True,
        repeat=Repeat.NEVER,
        is_gauge=False,
    )


def spec(domain: DomainName) -> Call:
    """The DNS records that *domain* must publish (§5.2)."""
    return Call(method="GET", path=f"/domains/{_segment(domain)}/spec/", auth=Auth.BASIC)


def accesses() -> Call:
    """All allows (§6)."""
    return Call(method="GET", path="/allows/", auth=Auth.BASIC)


def access(access: Access) -> Call:
    """The allows of one user on one domain: none or one (§6)."""
    return Call(
        method="GET",
        path="/allows/",
        auth=Auth.BASIC,
        query=(("username", access.user), ("domain", access.domain)),
    )


def create_access(access: Access) -> Call:
    """An allow (§6)."""
    return _write("/allows/", Auth.BASIC, {"user": access.user, "domain": access.domain})


def delete_access(access: Access) -> Call:
    """An allow, away: the domain comes first in the path (§6)."""
    return _delete(f"/allows/{_segment(access.domain)}/{_segment(access.user)}", Auth.BASIC)


def mailboxes(domain: DomainName) -> Call:
    """The mailboxes of *domain* and, with webmail, of its whole OX context (§7)."""
    return Call(method="GET", path=_mailboxes(domain), auth=Auth.TOKEN)


def mailboxes_v2(domain: DomainName) -> Call:
    """The mailboxes of *domain* alone, where the server has the route (§8)."""
    return Call(method="GET", path=f"/v2{_mailboxes(domain)}", auth=Auth.TOKEN)


def mailbox(domain: DomainName, local_part: str) -> Call:
    """One mailbox (§7)."""
    return Call(method="GET", path=f"{_mailboxes(domain)}{_segment(local_part)}", auth=Auth.TOKEN)


def create_mailbox(mailbox: Mailbox) -> Call:
    """A mailbox; seconds behind a real OX, and not idempotent (§7)."""
    return _write(
        _mailbox(mailbox),
        Auth.TOKEN,
        {
            "givenName": mailbox.first_name or "",
            "surName": mailbox.last_name or "",
            "displayName": mailbox.display_name or "",
        },
        is_slow=True,
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
    return Call(
        method="PATCH",
        path=_mailbox(before),
        auth=Auth.TOKEN,
        body=body,
        is_slow=True,
        repeat=Repeat.NEVER,
    )


def delete_mailbox(mailbox: Mailbox) -> Call:
    """A mailbox, away, with all its mail (§7)."""
    return _delete(_mailbox(mailbox), Auth.TOKEN, is_slow=True)


def reset_password(mailbox: Mailbox) -> Call:
    """A new password for a mailbox, in the form that People uses (§9)."""
    return _write(f"{_mailbox(mailbox)}/reset_password/", Auth.TOKEN, None, is_slow=True)


def login_code(mailbox: Mailbox, *, seconds: int, uses: int) -> Call:
    """A code that opens the webmail of a mailbox for some *seconds*, at most *uses* times (§9)."""
    body: dict[str, object] = {"expires_in": seconds, "maxuse": uses}
    return _write(f"{_mailbox(mailbox)}/code", Auth.TOKEN, body, is_slow=True)


def aliases(domain: DomainName) -> Call:
    """All aliases of *domain* (§10)."""
    return Call(
        method="GET",
        path=f"/domains/{_segment(domain)}/aliases/",
        auth=Auth.TOKEN,
        hint_on_500=(
            "an alias whose name contains `@` makes dimail answer 500 here for the whole domain "
            "from then on: have it removed, or try again later"
        ),
    )


def alias(alias: Alias) -> Call:
    """One alias, by name and destination (§10)."""
    return Call(
        method="GET",
        path=f"/domains/{_segment(alias.domain)}/aliases/",
        auth=Auth.TOKEN,
        query=(("user_name", alias.local_part), ("destination", alias.destination)),
    )


def create_alias(alias: Alias) -> Call:
    """An alias: one name, one destination (§10)."""
    return _write(
        f"/domains/{_segment(alias.domain)}/aliases/",
        Auth.TOKEN,
        {"user_name": alias.local_part, "destination": alias.destination},
    )


def delete_alias(alias: Alias) -> Call:
    """One destination of an alias, away (§10). Raises `RefusedCallError` for one called `all`."""
    if alias.destination == "all":
        raise RefusedCallError(
            f"{alias.address} has a destination called `all`, by which dimail would understand "
            "every destination of that alias",
            hint="another client made it so; ask the operator of dimail to remove it",
        )
    names = f"{_segment(alias.local_part)}/{_segment(alias.destination)}"
    return _delete(f"/domains/{_segment(alias.domain)}/aliases/{names}", Auth.TOKEN)


def _write(path: str, auth: Auth, body: dict[str, object] | None, *, is_slow: bool = False) -> Call:
    return Call(
        method="POST", path=path, auth=auth, body=body, is_slow=is_slow, repeat=Repeat.NEVER
    )


def _delete(path: str, auth: Auth, *, is_slow: bool = False) -> Call:
    return Call(method="DELETE", path=path, auth=auth, is_slow=is_slow, repeat=Repeat.NEVER)
