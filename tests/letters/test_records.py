"""Which DNS records mend the failing checks of a domain."""

from dataclasses import dataclass

import pytest

from mailstate.letters.records import Record, records_for
from mailstate.model.state import Check
from tests.letters.support import D


@dataclass(frozen=True)
class Told:
    """A record as dimail tells it."""

    target: str
    type: str
    value: str


SPEC = (
    Told("", "mx", "mx.ox.example."),
    Told("dimail._domainkey", "txt", "v=DKIM1; p=key"),
    Told("imap", "cname", "imap.ox.example."),
    Told("smtp", "cname", "smtp.ox.example."),
    Told("webmail.else.example.", "cname", "webmail.ox.example."),
    Told("", "txt", "v=spf1 include:_spf.ox.example -all"),
)


def failing(*names, internal=False):
    return [Check(name=name, internal=internal) for name in names]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mx", Record(name="commune.example", type="MX", value="mx.ox.example.")),
        (
            "dkim",
            Record(name="dimail._domainkey.commune.example", type="TXT", value="v=DKIM1; p=key"),
        ),
        ("cname_imap", Record(name="imap.commune.example", type="CNAME", value="imap.ox.example.")),
        ("cname_smtp", Record(name="smtp.commune.example", type="CNAME", value="smtp.ox.example.")),
        (
            "cname_webmail",
            Record(name="webmail.else.example", type="CNAME", value="webmail.ox.example."),
        ),
        (
            "spf",
            Record(name="commune.example", type="TXT", value="v=spf1 include:_spf.ox.example -all"),
        ),
    ],
)
def test_a_failing_check_asks_for_its_record(name, expected):
    """
    Those that are there already are not asked for again.
    """
    assert (expected,) == records_for(failing(name), D, SPEC)


def test_a_check_that_nobody_knows_asks_for_all_records():
    """
    So does a domain that is not in the DNS at all.
    """
    assert len(SPEC) == len(records_for(failing("domain_exist"), D, SPEC))


def test_the_providers_own_checks_ask_for_none():
    """
    No record mends them.
    """
    assert () == records_for(failing("cert", internal=True), D, SPEC)


def test_without_the_servers_word_the_contract_is_asked():
    """
    It knows all but the DKIM key.
    """
    assert (
        Record(name="commune.example", type="MX", value="10 mx.ox.numerique.gouv.fr."),
        Record(name="webmail.commune.example", type="CNAME", value="webmail.ox.numerique.gouv.fr."),
        Record(
            name="commune.example",
            type="TXT",
            value="v=spf1 include:_spf.ox.numerique.gouv.fr -all",
        ),
    ) == records_for(failing("mx", "cname_webmail", "spf", "dkim", "domain_exist"), D)
