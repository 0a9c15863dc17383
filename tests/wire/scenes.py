"""Every call that changes something, each as the one thing that is left to do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from mailstate.model.resources import Access, Alias, Domain, Key, Kind, Mailbox, User
from mailstate.planning.plan import Action, Change, Policy
from mailstate.sandbox import Sandbox
from mailstate.sandbox.ox_tables import OxUser
from tests.cli.support import ALICE, BOB, CLEO, USERS
from tests.wire.support import Order, desired

D = "commune.example"
OUTSIDE = "somebody@elsewhere.test"
HOLDER = "ada@perso.example"
ADA = Key(f"mailbox/ada@{D}")

_FILE = """\
domains:
  - name: commune.example
    owners: [alice.martin]
    accesses: [{user: bob.durand, role: administrator}]
"""
_ADA = """\
    mailboxes:
      - local_part: ada
        first_name: Ada
        last_name: Martin
        secondary_email: ada@perso.example
"""
_NAMED = _ADA + '        display_name: "Dr. Ada Martin"\n'
_OFF = _ADA + "        active: false\n"
_ALIAS = """\
    aliases: [{local_part: contact, destinations: [somebody@elsewhere.test]}]
"""
_FULL = _FILE + _ADA + _ALIAS


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """
    A dimail of *profile*, and files from which it differs by the change called *key*.

    *method* and *path* are the call that trouble is to strike: that of the change, or one that
    follows it. *lack* takes away from a server that has everything what the files want, or adds
    what they do not. *loses_answer* has the answer to the creation lost, so that something else
    must follow it.
    """

    name: str
    profile: str
    method: str
    path: str
    key: Key
    lack: Callable[[Sandbox], object]
    file: str = _FULL
    letters: str = "auto"
    prune: frozenset[Kind] = frozenset()
    loses_answer: bool = False
    is_alike: bool = False

    @property
    def order(self) -> Order:
        """What is wanted of it."""
        return order(self.file, self.prune, self.letters)

    @property
    def takes_token(self) -> bool:
        """Whether the call is made with a token."""
        return "/mailboxes" in self.path or "/aliases" in self.path

    @property
    def is_create(self) -> bool:
        """Whether the call creates what the change is about."""
        return self.name.startswith("create")

    @property
    def is_follow_up(self) -> bool:
        """Whether the call only follows the one that creates the mailbox."""
        return self.name.startswith("then")

    @property
    def is_for_letters(self) -> bool:
        """Whether the call is made for the letter alone, once the mailbox is there."""
        return self.name in {"then login code", "then new password"}

    def arrange(self, sandbox: Sandbox) -> None:
        """Have *sandbox* as it is before the run."""
        sandbox.reset()
        store = sandbox.store
        for user in (ALICE, BOB):
            store.add_user(user)
        store.add_domain(D, state="ok")
        for user in (sandbox.username, ALICE, BOB):
            store.add_allow(user, D)
        if "local_part: ada" in self.file:
            add_ada(sandbox)
        if "local_part: contact" in self.file:
            store.add_alias(D, "contact", OUTSIDE)
        self.lack(sandbox)

    @staticmethod
    def is_as_asked(sandbox: Sandbox, change: Change) -> bool:
        """Whether *sandbox* has what *change* is to bring about."""
        store = sandbox.store
        is_there = False
        match change.resource:
            case User(name=name):
                is_there = any(user.name == name for user in store.api.users())
            case Domain(name=name, features=features):
                domain = store.api.domain(name)
                is_there = domain is not None and set(domain.features) == features
            case Access(user=user, domain=name):
                is_there = bool(store.api.allows(user=user, domain=name))
            case Alias(domain=name, local_part=local_part, destination=destination):
                found = store.mail.aliases(name, local_part)
                is_there = any(alias.destination == destination for alias in found)
            case Mailbox() as mailbox:
                if change.action is Action.DELETE:
                    is_there = exists(sandbox, mailbox)
                else:
                    is_there = _is_as_asked(sandbox, mailbox)
        return is_there is not (change.action is Action.DELETE)


@cache
def order(file: str, prune: frozenset[Kind] = frozenset(), letters: str = "auto") -> Order:
    """What *file* wants, with no limit to what may be removed of the kinds to *prune*."""
    policy = Policy(
        service_account="la_regie",
        assume_enabled=True,
        prune=prune,
        delete_mailboxes=True,
        max_removals_percent=100,
    )
    return Order(desired=desired(USERS, file), policy=policy, letters=letters)


def add_ada(sandbox: Sandbox, *, surname: str = "Martin", active: str = "yes") -> None:
    sandbox.store.add_mailbox(D, "ada", given_name="Ada", sur_name=surname, active=active)


def account(sandbox: Sandbox, mailbox: Mailbox) -> OxUser | None:
    """What Open-Xchange has of *mailbox*."""
    context = sandbox.store.ox.context_of(mailbox.domain)
    return sandbox.store.ox.user(context, mailbox.address) if context else None


def exists(sandbox: Sandbox, mailbox: Mailbox) -> bool:
    """Whether either store has something of *mailbox*."""
    row = sandbox.store.mail.mailbox(mailbox.domain, mailbox.local_part)
    return row is not None or account(sandbox, mailbox) is not None


def _is_as_asked(sandbox: Sandbox, mailbox: Mailbox) -> bool:
    row = sandbox.store.mail.mailbox(mailbox.domain, mailbox.local_part)
    if row is None or (row.active == "yes") is (mailbox.active is False):
        return False
    names = account(sandbox, mailbox)
    if mailbox.active is False:
        return names is None
    return names is not None and (mailbox.first_name, mailbox.last_name, mailbox.display_name) == (
        names.given_name,
        names.sur_name,
        names.display_name,
    )


def _no_bob(sandbox: Sandbox) -> None:
    sandbox.store.remove_user(BOB)


def _no_access(sandbox: Sandbox) -> None:
    sandbox.store.remove_allow(BOB, D)


def _no_domain(sandbox: Sandbox) -> None:
    for user in (sandbox.username, ALICE, BOB):
        sandbox.store.remove_allow(user, D)
    sandbox.store.remove_domain(D)


def _no_ada(sandbox: Sandbox) -> None:
    sandbox.store.remove_mailbox(D, "ada")


def _no_alias(sandbox: Sandbox) -> None:
    sandbox.store.remove_alias(D, "contact", OUTSIDE)


def _other_names(sandbox: Sandbox) -> None:
    _no_ada(sandbox)
    add_ada(sandbox, surname="Before")


def _switched_off(sandbox: Sandbox) -> None:
    sandbox.store.set_active(D, "ada", "no")


def _switched_on(_sandbox: Sandbox) -> None:
    pass


def _extra_access(sandbox: Sandbox) -> None:
    sandbox.store.add_user(CLEO)
    sandbox.store.add_allow(CLEO, D)


def _extra_alias(sandbox: Sandbox) -> None:
    sandbox.store.add_alias(D, "old", OUTSIDE)


def _extra_mailbox(sandbox: Sandbox) -> None:
    sandbox.store.add_mailbox(D, "old", given_name="Old", sur_name="One")


_MAILBOX = f"/domains/{D}/mailboxes/ada"


def _scenes(profile: str) -> dict[str, Scene]:
    def scene(
        name: str, call: str, key: str, lack: Callable[[Sandbox], object], **more: object
    ) -> Scene:
        method, path = call.split()
        return Scene(
            name=name,
            profile=profile,
            method=method,
            path=path,
            key=Key(key),
            lack=lack,
            **more,  # type: ignore[arg-type]
        )

    found = (
        scene("create user", "POST /users/", f"user/{BOB}", _no_bob),
        scene("create domain", "POST /domains/", f"domain/{D}", _no_domain, file=_FILE),
        scene("create access", "POST /allows/", f"access/{D}/{BOB}", _no_access),
        scene("create mailbox", f"POST {_MAILBOX}", ADA, _no_ada),
        scene(
            "create alias",
            f"POST /domains/{D}/aliases/",
            f"alias/contact@{D}/{OUTSIDE}",
            _no_alias,
        ),
        scene("rename", f"PATCH {_MAILBOX}", ADA, _other_names),
        scene("switch off", f"PATCH {_MAILBOX}", ADA, _switched_on, file=_FILE + _OFF),
        scene("switch on", f"PATCH {_MAILBOX}", ADA, _switched_off),
        scene(
            "delete access",
            f"DELETE /allows/{D}/{CLEO}",
            f"access/{D}/{CLEO}",
            _extra_access,
            prune=frozenset({Kind.ACCESS}),
        ),
        scene(
            "delete alias",
            f"DELETE /domains/{D}/aliases/old/{OUTSIDE.replace('@', '%40')}",
            f"alias/old@{D}/{OUTSIDE}",
            _extra_alias,
            prune=frozenset({Kind.ALIAS}),
        ),
        scene(
            "delete mailbox",
            f"DELETE /domains/{D}/mailboxes/old",
            f"mailbox/old@{D}",
            _extra_mailbox,
            prune=frozenset({Kind.MAILBOX}),
        ),
        scene("then login code", f"POST {_MAILBOX}/code", ADA, _no_ada),
        scene(
            "then new password",
            f"POST {_MAILBOX}/reset_password/",
            ADA,
            _no_ada,
            letters="password",
            loses_answer=True,
        ),
        scene("then switch off", f"PATCH {_MAILBOX}", ADA, _no_ada, file=_FILE + _OFF),
        scene("then display name", f"PATCH {_MAILBOX}", ADA, _no_ada, file=_FILE + _NAMED),
    )
    return {one.name: one for one in found}


_NEWEST = _scenes("2026")
_FIRST = _scenes("2024")
_BETWEEN = _scenes("2024-check")

SCENES = (
    *(one for one in _NEWEST.values() if one.name != "then display name"),
    _FIRST["create mailbox"],
    _FIRST["then display name"],
    _BETWEEN["create domain"],
    # These differ from the newest in a status, which others among them do too.
    *(
        replace(one, is_alike=True)
        for one in (
            _FIRST["create domain"],
            _FIRST["create alias"],
            _FIRST["delete mailbox"],
            _BETWEEN["create mailbox"],
        )
    ),
)
