"""How far the domains are: a table for people, and their missing DNS records for name servers."""

from collections.abc import Iterator, Sequence

from mailstate.model.state import DnsRecord
from mailstate.planning.checks import UNKNOWN_KEY, what_is_wrong, zone_line
from mailstate.planning.readiness import Readiness, Standing
from mailstate.reporting.entries import hold_values, record_values
from mailstate.reporting.paint import Painter, Tone, counted, visible
from mailstate.reporting.plan_json import to_text
from mailstate.reporting.words import WHO_ACTS

_TONE = {
    Standing.ENABLED: Tone.GOOD,
    Standing.DISABLED: Tone.QUIET,
    Standing.ACTION_REQUIRED: Tone.WRONG,
    Standing.FAILED: Tone.WRONG,
}


def status_text(rows: Sequence[Readiness], paint: Painter) -> str:
    """A line for each domain; below it why it is not enabled, who acts, and what to publish."""
    if not rows:
        return "No domain is declared\n"
    width = max(len(visible(row.domain)) for row in rows)
    standing_width = max(len(_words(row.standing)) for row in rows)
    lines: list[str] = []
    for row in rows:
        standing = paint(
            f"{_words(row.standing):{standing_width}}", _TONE.get(row.standing, Tone.HELD)
        )
        count = counted(row.mailboxes, "mailbox", "mailboxes")
        held = f", {row.held} held" if row.held else ""
        lines.append(f"{visible(row.domain):{width}}  {standing}  {count}{held}")
        lines += _why(row, paint)
    return "\n".join(lines) + "\n"


def status_json(rows: Sequence[Readiness]) -> str:
    """`{"format_version", "domains": […]}`, each with its standing, checks and missing records."""
    return to_text(
        {
            "format_version": "1.0",
            "domains": [
                {
                    **hold_values(row.hold),
                    "domain": row.domain,
                    "standing": row.standing.value,
                    "reason": row.hold.reason.value if row.hold else None,
                    "detail": row.hold.detail if row.hold else None,
                    "mailboxes": row.mailboxes,
                    "held": row.held,
                    "records": [record_values(record) for record in row.records],
                }
                for row in rows
            ],
        }
    )


def status_bind(rows: Sequence[Readiness]) -> str:
    """The missing records as lines of BIND zone files, with full names."""
    lines: list[str] = []
    for row in rows:
        if row.records:
            lines.append(f"; {visible(row.domain)}")
            for record in row.records:
                line = visible(zone_line(record, row.domain))
                # A key that nobody told us is a comment: a zone with it would be wrong.
                lines.append(f"; {line}" if record.value == UNKNOWN_KEY else line)
    return "".join(f"{line}\n" for line in lines)


def status_octodns(rows: Sequence[Readiness]) -> str:
    """
    The missing records as octoDNS has them, a YAML document for each zone.

    Its strings are JSON's, which are YAML's double-quoted ones. octoDNS wants `;` escaped.
    """
    return "".join(_zone(row) for row in rows if row.records)


def _zone(row: Readiness) -> str:
    lines = ["---", f"# {visible(row.domain)}.yaml"]
    known = [record for record in row.records if record.value != UNKNOWN_KEY]
    for target in sorted({record.target for record in known}):
        lines.append(f"{_quoted(target)}:")
        for record in known:
            if record.target == target:
                lines += _octodns_record(record)
    lines += [
        f"# {visible(zone_line(record, row.domain))}"
        for record in row.records
        if record.value == UNKNOWN_KEY
    ]
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    return to_text(text).removesuffix("\n")


def _octodns_record(record: DnsRecord) -> Iterator[str]:
    kind = record.type.upper()
    yield f"  - type: {_quoted(kind)}"
    match kind:
        case "MX":
            yield "    values:"
            yield f"      - exchange: {_quoted(record.value)}"
            yield "        preference: 10"
        case "TXT":
            yield f"    value: {_quoted(record.value.replace(';', chr(92) + ';'))}"
        case _:
            yield f"    value: {_quoted(record.value)}"


def _why(row: Readiness, paint: Painter) -> Iterator[str]:
    if row.hold is None or row.standing is Standing.DISABLED:
        return
    yield f"  {visible(row.hold.detail)}; {WHO_ACTS[row.hold.actor]}"
    for check in row.hold.checks:
        yield f"  - {visible(what_is_wrong(check))}"
    if row.records:
        yield "  to publish:"
        for record in row.records:
            yield paint(f"    {visible(zone_line(record, row.domain))}", Tone.TITLE)


def _words(standing: Standing) -> str:
    return standing.replace("_", " ")
