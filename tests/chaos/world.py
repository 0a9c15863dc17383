"""
What a run meets: files that ask for something, and a dimail that has part of it, and more.

It knows by itself, without a planner, what dimail must hold in the end.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from mailstate.sandbox import Sandbox

PEOPLE = {
    name: f"5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d{number:02x}"
    for number, name in enumerate(("alice", "bob", "cleo", "dora", "erik", "fanny"))
}
STRANGER = "0badcafe-0000-4000-8000-000000000000"
FULL = ("webmail", "mailbox", "alias")
PLAIN = ("mailbox", "alias")
SENDER = "mailstate@annuaire.example"


class Role(Enum):
    """How dimail stands to a domain of the files at the beginning."""

    WORKS = auto()
    """It is there and enabled, with part of what is wanted, some of it otherwise, and more."""

    ADOPTED = auto()
    """The same, made by others: the service account has no access yet."""

    FRESH = auto()
    """It is to be made, and will work at once."""

    PENDING = auto()
    """It is to be made, and its DNS is published later, or never."""

    REPAIR = auto()
    """It is broken, and the next look repairs or finds it so."""

    CLOSED = auto()
    """It is there, and the files say `disabled`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A mailbox of the files."""

    local_part: str
    first_name: str
    last_name: str
    display_name: str
    secondary: str | None = None
    active: bool = True

    def entry(self) -> dict[str, Any]:
        written = {
            "local_part": self.local_part,
            "first_name": self.first_name,
            "last_name": self.last_name,
        }
        if self.display_name != f"{self.first_name} {self.last_name}":
            written["display_name"] = self.display_name
        if self.secondary:
            written["secondary_email"] = self.secondary
        return written if self.active else {**written, "active": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Commune:
    """A domain of the files."""

    name: str
    role: Role
    features: Sequence[str]
    owners: Sequence[str]
    administrators: Sequence[str]
    viewers: Sequence[str]
    boxes: Sequence[Box]
    aliases: Sequence[tuple[str, str]]

    @property
    def is_there(self) -> bool:
        return self.role not in {Role.FRESH, Role.PENDING}

    @property
    def has_names(self) -> bool:
        return "webmail" in self.features

    def entry(self) -> dict[str, Any]:
        accesses = [{"user": name, "role": "administrator"} for name in self.administrators]
        accesses += [{"user": name, "role": "viewer"} for name in self.viewers]
        destinations: dict[str, list[str]] = {}
        for name, destination in self.aliases:
            destinations.setdefault(name, []).append(destination)
        return {
            "name": self.name,
            "features": list(self.features),
            "support_email": f"dsi@soutien-{self.name}",
            "disabled": self.role is Role.CLOSED,
            "owners": list(self.owners),
            "accesses": accesses,
            "mailboxes": [box.entry() for box in self.boxes],
            "aliases": [
                {"local_part": name, "destinations": found} for name, found in destinations.items()
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Files, and the dimail that they meet. *prunes* says whether what is in no file goes."""

    profile: str
    prunes: bool
    communes: Sequence[Commune]
    mode: str = "auto"

    def write(self, folder: Path) -> None:
        """Write the files and the settings."""
        (folder / "state").mkdir(parents=True, exist_ok=True)
        users = [{"name": name, "uuid": uuid} for name, uuid in PEOPLE.items()]
        (folder / "state" / "users.yaml").write_text(json.dumps({"users": users}))
        for commune in self.communes:
            text = json.dumps({"domains": [commune.entry()]})
            (folder / "state" / f"{commune.name}.yaml").write_text(text)
        self.write_settings(folder)

    def write_settings(self, folder: Path) -> None:
        """Write mailstate.toml."""
        pruned = '["accesses", "aliases", "mailboxes"]' if self.prunes else "[]"
        (folder / "mailstate.toml").write_text(
            f"assume_enabled = {str(self.profile == '2024').lower()}\n"
            f"prune = {pruned}\ndelete_mailboxes = true\n"
            "max_removals = 100\nmax_removals_percent = 100\n"
            f'[notify]\nsender = "{SENDER}"\nmode = "{self.mode}"\n'
            "[timeouts]\nquick = 40\nslow = 60\n"
        )

    def plant(self, sandbox: Sandbox) -> None:
        """Have *sandbox* hold what is there before the first run."""
        store = sandbox.store
        for name in ("alice", "erik"):
            store.add_user(PEOPLE[name])
        store.add_user(STRANGER)
        for commune in self.communes:
            if commune.role is not Role.PENDING:
                sandbox.publish_dns(commune.name)
            if commune.is_there:
                self._plant(commune, sandbox)

    def _plant(self, commune: Commune, sandbox: Sandbox) -> None:
        store, name = sandbox.store, commune.name
        if commune.role is Role.REPAIR and self.profile == "2026":
            sandbox.set_internal(name, "cert", ok=False, fixable=True)
        state = "broken" if commune.role is Role.REPAIR else "ok"
        store.add_domain(name, features=commune.features, state=state)
        if commune.role is not Role.ADOPTED:
            store.add_allow(sandbox.username, name)
        store.add_allow(STRANGER, name)
        if commune.role is Role.CLOSED:
            return
        store.add_mailbox(name, "parti", given_name="Personne", sur_name="Partie")
        store.add_alias(name, "vieux", f"parti@{name}")
        first, second = commune.boxes[:2]
        store.add_mailbox(
            name,
            first.local_part,
            given_name=first.first_name,
            sur_name="Ancienne",
            display_name=f"{first.first_name} Ancienne",
        )
        store.add_mailbox(
            name,
            second.local_part,
            given_name=second.first_name,
            sur_name=second.last_name,
            display_name=second.display_name,
        )
        store.add_alias(name, *commune.aliases[0])

    def publish(self, sandbox: Sandbox) -> None:
        """The owners of pending domains publish their DNS."""
        for commune in self.communes:
            if commune.role is Role.PENDING:
                sandbox.publish_dns(commune.name)

    def opens(self, commune: Commune, *, is_published: bool) -> bool:
        """Whether mailboxes and aliases of *commune* may be made by now."""
        if commune.role is Role.CLOSED:
            return False
        return self.profile == "2024" or commune.role is not Role.PENDING or is_published

    def holders(self) -> Mapping[str, str]:
        """The mailboxes whose holders await a letter, with their secondary addresses."""
        return {
            f"{box.local_part}@{commune.name}": box.secondary
            for commune in self.communes
            for box in commune.boxes
            if box.secondary and box.active
        }

    def wanted(self) -> set[str]:
        """What the files ask for, by the words of the log of effects."""
        found = {f"user/{uuid}" for uuid in PEOPLE.values()}
        for commune in self.communes:
            found |= {f"domain/{commune.name}"}
            found |= {
                f"allow/{commune.name}/{PEOPLE[one]}"
                for one in (*commune.owners, *commune.administrators)
            }
            found |= {f"mailbox/{box.local_part}@{commune.name}" for box in commune.boxes}
            found |= {f"alias/{name}@{commune.name}/{to}" for name, to in commune.aliases}
        return found

    def faults_of(self, sandbox: Sandbox, *, is_published: bool) -> list[str]:
        """What *sandbox* holds otherwise than the files ask, in words; nothing if all is well."""
        faults: list[str] = []

        def compare(what: str, wanted: set[Any], found: set[Any]) -> None:
            if wanted != found:
                missing, extra = sorted(wanted - found), sorted(found - wanted)
                faults.append(f"{what}: missing {missing}, too many {extra}")

        for commune in self.communes:
            name = commune.name
            if sandbox.store.api.domain(name) is None:
                faults.append(f"{name} is not there")
                continue
            is_open = self.opens(commune, is_published=is_published)
            compare(f"allows of {name}", self._allows(commune, sandbox), _allows(sandbox, name))
            boxes = set(self._boxes(commune)) if is_open else set()
            aliases = {*commune.aliases} if is_open else set()
            if commune.is_there and commune.role is not Role.CLOSED and not self.prunes:
                boxes.add(_row("parti", "Personne", "Partie", "Personne Partie", commune))
                aliases.add(("vieux", f"parti@{name}"))
            compare(f"mailboxes of {name}", boxes, set(_rows(sandbox, commune)))
            rows = sandbox.store.mail.aliases(name)
            there = {(alias.user_name, alias.destination) for alias in rows}
            compare(f"aliases of {name}", aliases, there)
        return faults

    def _allows(self, commune: Commune, sandbox: Sandbox) -> set[str]:
        if commune.role is Role.CLOSED:
            return {sandbox.username, STRANGER}
        wanted = {PEOPLE[one] for one in (*commune.owners, *commune.administrators)}
        wanted.add(sandbox.username)
        return wanted | ({STRANGER} if commune.is_there and not self.prunes else set())

    @staticmethod
    def _boxes(commune: Commune) -> Iterator[tuple[str, ...]]:
        for box in commune.boxes:
            names = (box.first_name, box.last_name, box.display_name)
            yield _row(box.local_part, *names, commune, active=box.active)


def _row(
    local_part: str, first: str, last: str, display: str, commune: Commune, *, active: bool = True
) -> tuple[str, ...]:
    names = (first, last, display) if active and commune.has_names else ("", "", "")
    return (local_part, "yes" if active else "no", *names)


def _rows(sandbox: Sandbox, commune: Commune) -> Iterator[tuple[str, ...]]:
    store, name = sandbox.store, commune.name
    context = store.ox.context_of(name)
    rows = {row.local_part: row for row in store.mail.mailboxes(name)}
    accounts = {
        account.email.partition("@")[0]: account
        for account in (store.ox.users(context) if context else ())
        if not account.email.startswith("oxadmin@")
    }
    for local_part in sorted({*rows, *accounts}):
        row, account = rows.get(local_part), accounts.get(local_part)
        names = (account.given_name, account.sur_name, account.display_name) if account else ()
        yield (local_part, row.active if row else "half-made", *(names or ("", "", "")))


def _allows(sandbox: Sandbox, domain: str) -> set[str]:
    return {user for user, _ in sandbox.store.api.allows(domain=domain)}


_FIRST_NAMES = ("Ada", "Béla", "Chloé", "Dora", "Émile", "Fanny", "Gaël", "Hugo", "Inès", "Jean")


def drawn(random: Random, profile: str, *, boxes: int, roles: Sequence[Role]) -> World:
    """A world with a domain of each of *roles*, and so many mailboxes on each."""
    numbers = count(1)
    names = [f"{role.name.lower()}-{number}.example" for number, role in enumerate(roles)]
    communes = []
    for name, role in zip(names, roles, strict=True):
        features = FULL if random.random() < 0.8 else PLAIN
        made = [_box(random, next(numbers), name, profile) for _ in range(boxes)]
        here = [f"{box.local_part}@{name}" for box in made]
        outside = "ailleurs@elsewhere.test"
        aliases = [("contact", here[0]), ("contact", outside), ("mairie", here[-1])]
        owners = ["alice"] if random.random() < 0.5 else ["alice", "dora"]
        communes.append(
            Commune(
                name=name,
                role=role,
                features=features,
                owners=owners,
                administrators=random.sample(["bob", "erik", "fanny"], 2),
                viewers=["cleo"],
                boxes=made,
                aliases=aliases,
            )
        )
    return World(
        profile=profile,
        prunes=random.random() < 0.3,
        communes=communes,
        mode=random.choice(("auto", "auto", "password")),
    )


def _box(random: Random, number: int, domain: str, profile: str) -> Box:
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last = f"Martin-{number}"
    usual = f"{first} {last}"
    local_part = f"b{number}"
    return Box(
        local_part=local_part,
        first_name=first,
        last_name=last,
        display_name=usual if random.random() < 0.75 else f"{last.upper()} {first}",
        secondary=f"{local_part}.{domain}@perso.test" if random.random() < 0.6 else None,
        active=not (profile == "2026" and random.random() < 0.08),
    )
