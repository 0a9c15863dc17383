"""
dimail's checks of a domain, in words: what is wrong, and which record mends it.

Names, codes and expected values come from the contract, §5.2. A check or code that is not known
here is shown by its name; the server's own prose goes along, as data.
"""

from collections.abc import Iterable

from mailstate.model.resources import DomainName
from mailstate.model.state import Check, DnsRecord, LiveDomain

_SPF = "v=spf1"
_PROVIDER = "ox.numerique.gouv.fr."

UNKNOWN_KEY = "(the key that dimail gives for the domain)"
"""What stands for a DKIM key where the server does not tell it."""

# Which checks look for a record, and on which feature they depend (contract §5.2).
_NEEDED = {
    "mx": None,
    "cname_webmail": "webmail",
    "cname_imap": "mailbox",
    "cname_smtp": None,
    "spf": None,
    "dkim": None,
}

_WRONG = {
    "must_exist": "the domain is not in the DNS",
    "no_mx": "there is no MX record",
    "wrong_mx": "the MX record points elsewhere",
    "no_cname_webmail": "there is no webmail record",
    "wrong_cname_webmail": "the webmail record points elsewhere",
    "no_cname_imap": "there is no imap record",
    "wrong_cname_imap": "the imap record points elsewhere",
    "no_cname_smtp": "there is no smtp record",
    "wrong_cname_smtp": "the smtp record points elsewhere",
    "no_spf": "there is no SPF record",
    "invalid_spf": "the SPF record cannot be read",
    "wrong_spf": "the SPF record leaves the provider out",
    "no_dkim": "there is no DKIM record",
    "wrong_dkim": "the DKIM record has another key",
    "no_cert": "there is no certificate yet",
    "no_test": "dimail has not checked this yet",
}

_INTERNAL = {
    "postfix": "the provider's mail relay is not set up for the domain",
    "ox": "the provider's OX context is not set up for the domain",
    "cert": "the provider's certificate for the domain is not ready",
    "webmail_ok": "the provider's webmail does not answer for the domain",
}


def what_is_wrong(check: Check) -> str:
    """Say in words what *check* found."""
    known = [_WRONG[code] for code in check.codes if code in _WRONG]
    return "; ".join(known) or _INTERNAL.get(check.name) or f"the check `{check.name}` fails"


def record_for(check_name: str) -> DnsRecord | None:
    """The DNS record that mends the check of this name; None where no record does."""
    match check_name:
        case "mx":
            return DnsRecord(target="", type="mx", value=f"mx.{_PROVIDER}")
        case "cname_webmail" | "cname_imap" | "cname_smtp":
            host = check_name.removeprefix("cname_")
            return DnsRecord(target=host, type="cname", value=f"{host}.{_PROVIDER}")
        case "spf":
            value = f"{_SPF} include:_spf.{_PROVIDER.removesuffix('.')} -all"
            return DnsRecord(target="", type="txt", value=value)
        case "dkim":
            return DnsRecord(target="dimail._domainkey", type="txt", value=UNKNOWN_KEY)
        case _:
            return None


def record_to_publish(check: Check, domain: DomainName) -> str | None:
    """The DNS record that mends *check*, as a zone line; None where no record does."""
    record = record_for(check.name)
    return zone_line(record, domain) if record else None


def zone_line(record: DnsRecord, domain: DomainName) -> str:
    """*record* as a line of a BIND zone, by its full name."""
    name = f"{record.target}.{domain}." if record.target else f"{domain}."
    match record.type.lower():
        case "mx":
            return f"{name} MX 10 {record.value}"
        case "txt" if record.value != UNKNOWN_KEY:
            return f"{name} TXT {_quoted(record.value)}"
        case kind:
            return f"{name} {kind.upper()} {record.value}"


def missing_records(
    live: LiveDomain, spec: Iterable[DnsRecord] | None = None
) -> tuple[DnsRecord, ...]:
    """
    The records that *live* still has to publish, by its failing checks.

    *spec* is what dimail says the domain should publish (contract §5.2), None where it does not
    say; then the records are those that the checks look for. A domain that is not in the DNS at
    all misses every one, since dimail shows its other checks as good without having made them.
    """
    failing = {check.name for check in live.failing if not check.internal}
    if "domain_exist" in failing:
        failing = {
            name for name, feature in _NEEDED.items() if feature in {None, *live.domain.features}
        }
    wanted = [record for name in _NEEDED if name in failing and (record := record_for(name))]
    told = tuple(spec or ())
    return tuple(
        next((one for one in told if _is_form_of(record, one)), record) for record in wanted
    )


def _is_form_of(record: DnsRecord, told: DnsRecord) -> bool:
    """Whether *told* is what the server says of *record*."""
    if told.type.lower() != record.type:
        return False
    if record.value == UNKNOWN_KEY:
        return told.target.endswith("_domainkey")
    if record.value.startswith(_SPF):
        return told.target == record.target and told.value.lower().startswith(_SPF)
    return told.target == record.target


def _quoted(text: str) -> str:
    """*text* as the strings of a TXT record, each of at most 255 bytes (RFC 1035 §3.3, §5.1)."""
    data = text.encode("utf-8", "surrogatepass")
    parts = [data[start : start + 255] for start in range(0, len(data), 255)] or [b""]
    return " ".join('"' + "".join(map(_escaped, part)) + '"' for part in parts)


def _escaped(byte: int) -> str:
    character = chr(byte)
    if character in {'"', "\\"}:
        return f"\\{character}"
    return character if " " <= character <= "~" else f"\\{byte:03}"


def what_to_do(check: Check, domain: DomainName) -> str:
    """Say in words what mends *check*, and leave no doubt about who does it."""
    record = record_to_publish(check, domain)
    if record is not None:
        return f"publish {record}"
    if check.name == "domain_exist":
        return f"register {domain} and delegate its DNS, then publish its records"
    return "the operator of dimail mends this" if check.internal else "ask the operator of dimail"


def is_operators(checks: Iterable[Check]) -> bool:
    """Whether only the provider's own set-up fails, so that no owner can help."""
    return all(check.internal for check in checks)
