"""Which DNS records mend the failing checks of a domain."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mailstate.model.resources import DomainName
from mailstate.model.state import Check
from mailstate.planning.checks import record_to_publish


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A DNS record under its full name, without the final dot."""

    name: str
    type: str
    value: str


class SpecRecord(Protocol):
    """A record as dimail tells it (contract §5.2): `target` is relative to the domain."""

    @property
    def target(self) -> str:
        """Empty for the domain itself."""

    @property
    def type(self) -> str:
        """`mx`, `cname`, `txt`."""

    @property
    def value(self) -> str:
        """What it holds."""


_MENDS: Mapping[str, Callable[[Record], bool]] = {
    "mx": lambda record: record.type == "MX",
    "cname_webmail": lambda record: _is_cname(record, "webmail"),
    "cname_imap": lambda record: _is_cname(record, "imap"),
    "cname_smtp": lambda record: _is_cname(record, "smtp"),
    "spf": lambda record: record.type == "TXT" and record.value.lower().startswith("v=spf1"),
    "dkim": lambda record: record.type == "TXT" and record.value.lower().startswith("v=dkim1"),
}


def records_for(
    checks: Iterable[Check], domain: DomainName, spec: Iterable[SpecRecord] | None = None
) -> tuple[Record, ...]:
    """
    The records that mend those of *checks* that an owner can mend.

    *spec* is what the server tells of *domain*; None where it has no such call: then they are those
    of the contract, without the DKIM key, which only the server knows.
    """
    failing = [check for check in checks if not check.internal]
    if spec is None:
        lines = (record_to_publish(check, domain) for check in failing if check.name != "dkim")
        return tuple(_of_line(line) for line in lines if line is not None)
    records = tuple(_of_spec(record, domain) for record in spec)
    if any(check.name not in _MENDS for check in failing):
        return records  # the domain is not in the DNS at all, or nobody knows: better all than none
    wanted = [_MENDS[check.name] for check in failing]
    return tuple(record for record in records if any(mends(record) for mends in wanted))


def _is_cname(record: Record, label: str) -> bool:
    return record.type == "CNAME" and record.name.partition(".")[0] == label


def _of_spec(record: SpecRecord, domain: DomainName) -> Record:
    target = record.target
    if not target:
        name = str(domain)
    elif target.endswith("."):
        name = target.rstrip(".")
    else:
        name = f"{target}.{domain}"
    return Record(name=name, type=record.type.upper(), value=record.value)


def _of_line(line: str) -> Record:
    """*line* as in a zone file: name, type, value."""
    name, kind, value = line.split(" ", 2)
    return Record(name=name.rstrip("."), type=kind, value=value.strip('"'))
