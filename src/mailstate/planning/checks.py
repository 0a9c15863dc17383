"""
dimail's checks of a domain, in words: what is wrong, and which record mends it.

Names, codes and expected values come from the contract, §5.2. A check or code that is not known
here is shown by its name; the server's own prose goes along, as data.
"""

from collections.abc import Iterable

from mailstate.model.resources import DomainName
from mailstate.model.state import Check

_PROVIDER = "ox.numerique.gouv.fr."

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


def record_to_publish(check: Check, domain: DomainName) -> str | None:
    """The DNS record that mends *check*, as a zone line; None where no record does."""
    match check.name:
        case "mx":
            return f"{domain}. MX 10 mx.{_PROVIDER}"
        case "cname_webmail" | "cname_imap" | "cname_smtp" as name:
            host = name.removeprefix("cname_")
            return f"{host}.{domain}. CNAME {host}.{_PROVIDER}"
        case "spf":
            return f'{domain}. TXT "v=spf1 include:_spf.{_PROVIDER.removesuffix(".")} -all"'
        case "dkim":
            return f"dimail._domainkey.{domain}. TXT (the key that dimail gives for the domain)"
        case _:
            return None


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
