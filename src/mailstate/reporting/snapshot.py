"""
A live state for a file, and back: for plans without credentials.

The format is `schema/snapshot.schema.json`; within a major `format_version` keys are only added.
Equal live states of one target give the same bytes: no time, no order of a server, no secret is in
it. A snapshot is read as strictly as a server: complete and untouched, or not at all.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mailstate import __version__
from mailstate.errors import SettingsError
from mailstate.model.resources import Access, Alias, Domain, DomainName, Key, Mailbox, User
from mailstate.model.state import Check, DesiredState, DomainState, LiveDomain, LiveState
from mailstate.reporting.paint import visible
from mailstate.reporting.plan_json import digest, to_text
from mailstate.reporting.saved import read_saved

FORMAT_VERSION = "1.0"

Json = Mapping[str, Any]

_AGAIN = "make a new one with `mailstate snapshot --out FILE`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """
    A recorded live state of the domains that were `declared` then.

    `others` has digests of the names of all domains that dimail had besides: what is there is not
    known, and must not be taken for absent.
    """

    target: str
    declared: frozenset[DomainName]
    live: LiveState
    others: frozenset[str] = frozenset()

    def of(self, desired: DesiredState) -> LiveState:
        """
        What was live of the domains in *desired*.

        A domain that was neither declared nor in dimail is absent. Raises `SettingsError` for one
        that was in dimail without being declared: nobody has looked at what is on it.
        """
        unknown = [
            name
            for name in desired.domains
            if name not in self.declared and name_digest(name) in self.others
        ]
        if unknown:
            raise SettingsError(
                f"the snapshot does not cover {visible(', '.join(unknown))}, which dimail has",
                hint=f"{_AGAIN}, from files that declare it",
            )
        domains = desired.domains
        return LiveState(
            users=self.live.users,
            accesses={
                key: access
                for key, access in self.live.accesses.items()
                if access.domain in domains
            },
            domains={name: one for name, one in self.live.domains.items() if name in domains},
            tells_active=self.live.tells_active,
        )


def snapshot(
    live: LiveState,
    *,
    target: str,
    declared: Iterable[DomainName],
    existing: Collection[DomainName],
) -> Snapshot:
    """*live* as it is recorded; *existing* are all domains that dimail has."""
    names = frozenset(declared)
    others = frozenset(name_digest(name) for name in existing if name not in names)
    return Snapshot(target=target, declared=names, live=live, others=others)


def name_digest(name: DomainName) -> str:
    """What stands for *name* where it need not be told: whoever knows it can recognise it."""
    return f"sha256:{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"


def snapshot_json(snapshot: Snapshot) -> str:
    """*snapshot* as text: what `mailstate snapshot` writes."""
    live = snapshot.live
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "target": snapshot.target,
        "declared": sorted(snapshot.declared),
        "others": sorted(snapshot.others),
        "tells_active": live.tells_active,
        "users": sorted(user.name for user in live.users.values()),
        "accesses": sorted(
            ({"domain": one.domain, "user": one.user} for one in live.accesses.values()),
            key=lambda entry: (entry["domain"], entry["user"]),
        ),
        "domains": [_domain_entry(live.domains[name]) for name in sorted(live.domains)],
    }
    document["digest"] = digest(document)
    return to_text(document)


def read_snapshot(text: str, *, name: str) -> Snapshot:
    """
    The snapshot in *text*, sound and untouched since it was written.

    Raises `SettingsError` if it is none, of another major format, cut off or changed by hand.
    """
    document = read_saved(text, name=name, what="snapshot", hint=_AGAIN)
    fault = _inconsistency(document)
    if fault:
        raise SettingsError(f"{name} is not a snapshot: {visible(fault)}", hint=_AGAIN)
    return _read(document)


def _domain_entry(live: LiveDomain) -> Json:
    domain = live.domain
    return {
        "name": domain.name,
        "features": sorted(domain.features),
        "context": domain.context,
        "delivery": domain.delivery,
        "state": live.state.value,
        "failing": [
            {
                "name": check.name,
                "internal": check.internal,
                "codes": list(check.codes),
                "details": list(check.details),
            }
            for check in live.failing
        ],
        "check_error": live.check_error,
        "readable": live.readable,
        "mailboxes": [
            {
                "local_part": mailbox.local_part,
                "first_name": mailbox.first_name,
                "last_name": mailbox.last_name,
                "display_name": mailbox.display_name,
                "active": mailbox.active,
                "half_made": key in live.half_made,
            }
            for key, mailbox in sorted(live.mailboxes.items())
        ],
        "aliases": [
            {"local_part": alias.local_part, "destination": alias.destination}
            for _, alias in sorted(live.aliases.items())
        ],
    }


def _read(document: Json) -> Snapshot:
    users = [User(name=name) for name in document["users"]]
    accesses = [
        Access(domain=DomainName(entry["domain"]), user=entry["user"])
        for entry in document["accesses"]
    ]
    domains = [_domain(entry) for entry in document["domains"]]
    return Snapshot(
        target=document["target"],
        declared=frozenset(map(DomainName, document["declared"])),
        others=frozenset(document["others"]),
        live=LiveState(
            users={user.key: user for user in users},
            accesses={access.key: access for access in accesses},
            domains={live.domain.name: live for live in domains},
            tells_active=document["tells_active"],
        ),
    )


def _domain(entry: Json) -> LiveDomain:
    name = DomainName(entry["name"])
    mailboxes = [_mailbox(name, one) for one in entry["mailboxes"]]
    aliases = [
        Alias(domain=name, local_part=one["local_part"], destination=one["destination"])
        for one in entry["aliases"]
    ]
    return LiveDomain(
        domain=Domain(
            name=name,
            features=frozenset(entry["features"]),
            context=entry["context"],
            delivery=entry["delivery"],
        ),
        state=DomainState(entry["state"]),
        failing=tuple(
            Check(
                name=check["name"],
                internal=check["internal"],
                codes=tuple(check["codes"]),
                details=tuple(check["details"]),
            )
            for check in entry["failing"]
        ),
        check_error=entry["check_error"],
        readable=entry["readable"],
        mailboxes={mailbox.key: mailbox for mailbox in mailboxes},
        half_made=frozenset(
            mailbox.key
            for mailbox, one in zip(mailboxes, entry["mailboxes"], strict=True)
            if one["half_made"]
        ),
        aliases={alias.key: alias for alias in aliases},
    )


def _mailbox(domain: DomainName, entry: Json) -> Mailbox:
    return Mailbox(
        domain=domain,
        local_part=entry["local_part"],
        first_name=entry["first_name"],
        last_name=entry["last_name"],
        display_name=entry["display_name"],
        active=entry["active"],
    )


def _inconsistency(document: Json) -> str:
    """What the schema cannot see: something twice, or of a domain that was not looked at."""
    declared = set(document["declared"])
    keys: list[Key | str] = [User(name=name).key for name in document["users"]]
    for entry in document["accesses"]:
        if entry["domain"] not in declared:
            return f"an access to {entry['domain']}, which is not declared"
        keys.append(Access(domain=DomainName(entry["domain"]), user=entry["user"]).key)
    for entry in document["domains"]:
        if entry["name"] not in declared:
            return f"{entry['name']} is not declared"
        keys.append(f"domain/{entry['name']}")
        live = _domain(entry)
        if len(live.mailboxes) + len(live.aliases) != len(entry["mailboxes"]) + len(
            entry["aliases"]
        ):
            return f"a mailbox or alias of {entry['name']} is there twice"
    if len(set(keys)) != len(keys):
        return "a user, access or domain is there twice"
    return ""
