"""A file that describes a dimail with a past, and how it is planted in a store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .api_tables import PERMS
from .errors import Crashed, SandboxError
from .store import FEATURES, Store

Entry = dict[str, Any]
Check = Callable[[object], str | None]


@dataclass(frozen=True, slots=True)
class Seed:
    """The entries of a seed file, known to be sound."""

    users: tuple[Entry, ...] = ()
    domains: tuple[Entry, ...] = ()
    allows: tuple[Entry, ...] = ()
    mailboxes: tuple[Entry, ...] = ()
    aliases: tuple[Entry, ...] = ()
    records: tuple[Entry, ...] = ()


def _a(kind: type, name: str) -> Check:
    return lambda value: None if isinstance(value, kind) else f"must be {name}"


def _one_of(*choices: str) -> Check:
    told = ", ".join(choices)
    return lambda value: None if value in choices else f"must be one of {told}"


def _each(check: Check) -> Check:
    def every(value: object) -> str | None:
        if not isinstance(value, list):
            return "must be a list"
        return next((problem for item in value if (problem := check(item))), None)

    return every


_TEXT = _a(str, "a text")
_BOOLEAN = _a(bool, "true or false")
_REQUIRED: dict[str, dict[str, Check]] = {
    "users": {"name": _TEXT},
    "domains": {"name": _TEXT},
    "allows": {"user": _TEXT, "domain": _TEXT},
    "mailboxes": {"domain": _TEXT, "local_part": _TEXT},
    "aliases": {"domain": _TEXT, "user_name": _TEXT, "destination": _TEXT},
    "records": {"name": _TEXT, "type": _TEXT, "value": _TEXT},
}
_OPTIONAL: dict[str, dict[str, Check]] = {
    "users": {"password": _TEXT, "is_admin": _BOOLEAN, "perms": _each(_one_of(*PERMS))},
    "domains": {
        "features": _each(_one_of(*FEATURES)),
        "context": _TEXT,
        "delivery": _TEXT,
        "state": _one_of("new", "ok", "broken"),
        "published": _BOOLEAN,
    },
    "allows": {},
    "mailboxes": {
        "given_name": _TEXT,
        "sur_name": _TEXT,
        "display_name": _TEXT,
        "active": _one_of("yes", "no", "wait", "unknown"),
        "functional": _BOOLEAN,
        "half": _one_of("ox", "dovecot"),
        "password": _TEXT,
    },
    "aliases": {"allow_to_send": _BOOLEAN},
    "records": {},
}
_KEYS: dict[str, tuple[str, ...]] = {section: tuple(keys) for section, keys in _REQUIRED.items()}


def load_seed(source: Path | Mapping[str, Any]) -> Seed:
    """Return the seed in a file or a mapping, or raise with every problem in it."""
    content: Mapping[str, Any] = _read(source) if isinstance(source, Path) else source
    name = str(source) if isinstance(source, Path) else "seed"
    problems = list(_problems(content))
    if problems:
        raise SandboxError(
            "\n".join(f"{name}: {problem}" for problem in problems),
            hint="correct the seed file, then start or reset again",
        )
    return Seed(**{section: tuple(content[section]) for section in _REQUIRED if section in content})


def plant(seed: Seed, store: Store) -> None:
    """Write everything of *seed* into *store*; a user that is there already stays as it is."""
    new_users = [user for user in seed.users if store.api.user(user["name"]) is None]
    sections: dict[str, tuple[Iterable[Entry], Callable[..., object]]] = {
        "users": (new_users, store.add_user),
        "domains": (seed.domains, store.add_domain),
        "allows": (seed.allows, store.add_allow),
        "mailboxes": (seed.mailboxes, store.add_mailbox),
        "aliases": (seed.aliases, store.add_alias),
        "records": (seed.records, store.add_record),
    }
    for section, (entries, add) in sections.items():
        for index, entry in enumerate(entries):
            try:
                add(**entry)
            except Crashed as crash:
                raise SandboxError(
                    f"seed: {section}[{index}]: {crash}",
                    hint="correct the seed file, then start or reset again",
                ) from crash


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxError(
            f"{path}: {error.strerror}", hint="name a seed file that can be read"
        ) from error
    except ValueError as error:
        raise SandboxError(f"{path}: {error}", hint="write the seed as JSON") from error
    if not isinstance(content, dict):
        raise SandboxError(
            f"{path}: is no object", hint=f"write an object with lists of {', '.join(_REQUIRED)}"
        )
    return content


def _problems(content: Mapping[str, Any]) -> list[str]:
    problems: list[str] = []
    for section, entries in content.items():
        if section not in _REQUIRED:
            problems.append(f"`{section}` is not one of {', '.join(_REQUIRED)}")
        elif not isinstance(entries, (list, tuple)):
            problems.append(f"{section}: must be a list")
        else:
            problems.extend(_section_problems(section, list(entries)))
    if not problems:
        problems.extend(_loose_ends(content))
    return problems


def _section_problems(section: str, entries: list[object]) -> list[str]:
    problems: list[str] = []
    required, known = _REQUIRED[section], _REQUIRED[section] | _OPTIONAL[section]
    seen: set[tuple[object, ...]] = set()
    for index, entry in enumerate(entries):
        at = f"{section}[{index}]"
        if not isinstance(entry, dict):
            problems.append(f"{at}: must be an object")
            continue
        missing = [f"{at}: `{name}` is missing" for name in required if name not in entry]
        wrong = [
            f"{at}: `{name}` is not a field; there are {', '.join(known)}"
            if name not in known
            else f"{at}: `{name}` {problem}"
            for name, value in entry.items()
            if name not in known or (problem := known[name](value))
        ]
        problems += missing + wrong
        if not missing and not wrong:
            key = tuple(entry[name] for name in _KEYS[section])
            if key in seen:
                problems.append(f"{at}: {' '.join(map(str, key))} is there twice")
            seen.add(key)
    return problems


def _loose_ends(content: Mapping[str, Any]) -> list[str]:
    domains = {entry["name"] for entry in content.get("domains", ())}
    return [
        f"{section}[{index}]: the domain {entry['domain']} is not in the seed"
        for section in ("allows", "mailboxes")
        for index, entry in enumerate(content.get(section, ()))
        if entry["domain"] not in domains
    ]
