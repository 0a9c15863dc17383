"""The records that a domain misses, as name servers want them."""

import yaml

from mailstate.model.resources import DomainName
from mailstate.model.state import DnsRecord
from mailstate.planning.checks import UNKNOWN_KEY
from mailstate.planning.readiness import Readiness, Standing
from mailstate.reporting.paint import plain
from mailstate.reporting.status import status_bind, status_octodns, status_text

A = DomainName("a.example")
RECORDS = (
    DnsRecord(target="", type="mx", value="mx.ox.numerique.gouv.fr."),
    DnsRecord(target="", type="txt", value="v=spf1 include:_spf.ox.numerique.gouv.fr -all"),
    DnsRecord(target="imap", type="cname", value="imap.ox.numerique.gouv.fr."),
    DnsRecord(target="dimail._domainkey", type="txt", value=UNKNOWN_KEY),
    DnsRecord(target="_dmarc", type="txt", value="v=DMARC1; p=none"),
)
ROW = Readiness(
    domain=A, standing=Standing.ACTION_REQUIRED, hold=None, held=0, mailboxes=0, records=RECORDS
)


def test_octodns_reads_the_records():
    """
    Those whose value is known; it wants the semicolons of texts escaped.
    """
    assert {
        "": [
            {"type": "MX", "values": [{"exchange": RECORDS[0].value, "preference": 10}]},
            {"type": "TXT", "value": RECORDS[1].value},
        ],
        "imap": [{"type": "CNAME", "value": RECORDS[2].value}],
        "_dmarc": [{"type": "TXT", "value": "v=DMARC1\\; p=none"}],
    } == yaml.safe_load(status_octodns([ROW]))


def test_a_key_that_nobody_told_is_a_comment_in_a_zone():
    """
    A zone with it would be wrong.
    """
    lines = status_bind([ROW]).splitlines()

    assert ["; a.example"] == lines[:1]
    assert [line for line in lines if UNKNOWN_KEY in line] == [
        line for line in lines[1:] if line.startswith("; ")
    ]
    assert len(RECORDS) + 1 == len(lines)


def test_no_domain_is_said_in_words():
    """
    An empty table would be a riddle.
    """
    assert "No domain is declared\n" == status_text([], plain)
    assert "" == status_bind([]) == status_octodns([])
