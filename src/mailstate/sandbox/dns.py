"""The DNS as a table that can be set, and the records a domain is asked to publish."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from .api_tables import Domain
from .database import Database

OX = "ox.numerique.gouv.fr."
MX_TARGET = f"mx.{OX}"
WEBMAIL_TARGET = f"webmail.{OX}"
IMAP_TARGET = f"imap.{OX}"
SMTP_TARGET = f"smtp.{OX}"
SPF_INCLUDE = f"include:_spf.{OX.rstrip('.')}"
SPF_VALUE = f"v=spf1 {SPF_INCLUDE} -all"
DKIM_SELECTOR = "dimail._domainkey"
_MAX_ALIASES = 8


@dataclass(frozen=True, slots=True)
class Record:
    """One DNS record under its full name."""

    name: str
    type: str
    value: str


class Dns:
    """The records that exist; names have no case and no final dot."""

    def __init__(self, database: Database) -> None:
        """Work on *database*."""
        self._database = database

    def records(self) -> list[Record]:
        """Return every record."""
        return [
            Record(*row)
            for row in self._database.rows("SELECT name, type, value FROM dns_records ORDER BY id")
        ]

    def add(self, name: str, type_: str, value: str) -> None:
        """Publish one record."""
        self._database.change(
            "INSERT OR IGNORE INTO dns_records (name, type, value) VALUES (?, ?, ?)",
            _bare(name),
            type_.lower(),
            value,
        )

    def remove(self, name: str, type_: str | None = None, value: str | None = None) -> int:
        """Withdraw the records of *name*, of one type and value if given; return how many."""
        return self._database.change(
            "DELETE FROM dns_records WHERE name = ?1"
            " AND (?2 IS NULL OR type = ?2) AND (?3 IS NULL OR value = ?3)",
            _bare(name),
            type_ and type_.lower(),
            value,
        )

    def publish(self, domain: Domain) -> None:
        """Publish all that *domain* needs, in place of what stands under those names."""
        wanted = needed_records(domain)
        for name, type_ in {(record.name, record.type) for record in wanted}:
            self.remove(name, type_)
        for record in wanted:
            self.add(record.name, record.type, record.value)

    def exists(self, name: str) -> bool:
        """Say whether anything is published at *name* or below it."""
        bare = _bare(name)
        return bool(
            self._database.rows(
                "SELECT 1 FROM dns_records WHERE name = ?1"
                " OR substr(name, -length(?1) - 1) = '.' || ?1 LIMIT 1",
                bare,
            )
        )

    def values(self, name: str, type_: str) -> list[str]:
        """Return what a resolver finds; a CNAME at the name is followed."""
        at = _bare(name)
        for _ in range(_MAX_ALIASES):
            found = self._at(at, type_)
            target = [] if type_ == "cname" else self._at(at, "cname")
            if found or not target:
                return found
            at = _bare(target[0])
        return []

    def _at(self, name: str, type_: str) -> list[str]:
        return [
            str(value)
            for (value,) in self._database.rows(
                "SELECT value FROM dns_records WHERE name = ? AND type = ? ORDER BY id",
                name,
                type_,
            )
        ]


def dkim_value(domain: str) -> str:
    """Return the DKIM record of *domain*: always the same for a name, as long as a real one."""
    noise = b"".join(hashlib.sha256(f"{domain}:{n}".encode()).digest() for n in range(8))
    key = base64.b64encode(noise).decode().rstrip("=")
    return f"v=DKIM1; h=sha256; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA{key}IDAQAB"


def imap_names(domain: Domain) -> tuple[str, ...]:
    """Return where mail programs of *domain* fetch mail."""
    return domain.imap_domains or (f"imap.{domain.name}",)


def smtp_names(domain: Domain) -> tuple[str, ...]:
    """Return where mail programs of *domain* send mail."""
    return domain.smtp_domains or (f"smtp.{domain.name}",)


def webmail_name(domain: Domain) -> str:
    """Return where the webmail of *domain* is opened."""
    return domain.webmail_domain or f"webmail.{domain.name}"


def mx_name(domain: Domain) -> str:
    """Return the name whose MX record counts."""
    return domain.mailbox_domain or domain.name


def needed_records(domain: Domain) -> list[Record]:
    """Return the records that make every check of *domain* pass."""
    records = [
        Record(_bare(mx_name(domain)), "mx", MX_TARGET),
        Record(_bare(f"{DKIM_SELECTOR}.{domain.name}"), "txt", dkim_value(domain.name)),
        *(Record(_bare(name), "cname", IMAP_TARGET) for name in imap_names(domain)),
        *(Record(_bare(name), "cname", SMTP_TARGET) for name in smtp_names(domain)),
    ]
    if domain.has_webmail:
        records.append(Record(_bare(webmail_name(domain)), "cname", WEBMAIL_TARGET))
    records.append(Record(_bare(domain.name), "txt", SPF_VALUE))
    return records


def relative(name: str, domain: str) -> str:
    """Return *name* as seen from *domain*: empty for the domain itself, absolute if outside."""
    bare, apex = _bare(name), _bare(domain)
    if bare == apex:
        return ""
    return bare.removesuffix(f".{apex}") if bare.endswith(f".{apex}") else f"{bare}."


def _bare(name: str) -> str:
    return name.lower().rstrip(".")
