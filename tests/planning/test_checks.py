"""Checks of a domain in words: what is wrong, which record mends it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.state import Check, DnsRecord
from mailstate.planning.checks import (
    UNKNOWN_KEY,
    is_operators,
    missing_records,
    record_for,
    record_to_publish,
    what_is_wrong,
    what_to_do,
    zone_line,
)
from tests.planning.examples import A, there
from tests.strategies import EXTERNAL, INTERNAL


def check(name, *codes, internal=False):
    """A failing check."""
    return Check(name=name, internal=internal, codes=codes)


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        (check("mx", "wrong_mx"), "the MX record points elsewhere"),
        (
            check("spf", "no_spf", "new_code", "invalid_spf"),
            "there is no SPF record; the SPF record cannot be read",
        ),
        (check("cert", internal=True), "the provider's certificate for the domain is not ready"),
        (check("brand_new", "new_code"), "the check `brand_new` fails"),
    ],
)
def test_a_check_says_what_is_wrong(failing, words):
    """
    By its codes, else by its name.
    """
    assert words == what_is_wrong(failing)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("mx", "a.example. MX 10 mx.ox.numerique.gouv.fr."),
        ("cname_webmail", "webmail.a.example. CNAME webmail.ox.numerique.gouv.fr."),
        ("cname_imap", "imap.a.example. CNAME imap.ox.numerique.gouv.fr."),
        ("cname_smtp", "smtp.a.example. CNAME smtp.ox.numerique.gouv.fr."),
        ("spf", 'a.example. TXT "v=spf1 include:_spf.ox.numerique.gouv.fr -all"'),
        ("dkim", "dimail._domainkey.a.example. TXT (the key that dimail gives for the domain)"),
    ],
)
def test_a_record_mends_a_check_of_the_dns(name, record):
    """
    As a line that can be published (contract §5.2).
    """
    assert record == record_to_publish(check(name), A)
    assert f"publish {record}" == what_to_do(check(name), A)


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        (
            check("domain_exist", "must_exist"),
            "register a.example and delegate its DNS, then publish its records",
        ),
        (check("ox", internal=True), "the operator of dimail mends this"),
        (check("brand_new"), "ask the operator of dimail"),
    ],
)
def test_other_checks_are_mended_by_somebody(failing, words):
    """
    No record would help.
    """
    assert record_to_publish(failing, A) is None
    assert words == what_to_do(failing, A)


@pytest.mark.parametrize(
    ("failing", "expected"),
    [((INTERNAL,), True), ((INTERNAL, EXTERNAL), False), ((EXTERNAL,), False)],
)
def test_the_operator_acts_where_no_check_is_the_owners(failing, expected):
    """
    One check of the DNS is enough to need an owner.
    """
    assert expected is is_operators(failing)


NO_RECORD = ("domain_exist", "postfix", "ox", "cert", "webmail_ok", "brand_new", "")
WITH_RECORD = ("mx", "cname_webmail", "cname_imap", "cname_smtp", "spf", "dkim")
SPEC = (
    DnsRecord(target="", type="txt", value="google-site-verification=1"),
    DnsRecord(target="imap", type="cname", value="imap.elsewhere.test."),
    DnsRecord(target="", type="MX", value="mx.elsewhere.test."),
    DnsRecord(target="", type="txt", value="V=SPF1 include:elsewhere.test -all"),
    DnsRecord(target="smtp", type="cname", value="smtp.elsewhere.test."),
    DnsRecord(target="webmail", type="cname", value="webmail.elsewhere.test."),
    DnsRecord(target="key._domainkey", type="txt", value="v=DKIM1; p=abc"),
)


def failing(*names, features=("webmail", "mailbox", "alias")):
    """A domain with failing checks."""
    return there(A, features=frozenset(features), failing=tuple(map(check, names)))


@pytest.mark.parametrize("name", NO_RECORD)
def test_no_record_mends_other_checks(name):
    """
    Those of the provider, and those that nobody knows yet.
    """
    assert record_for(name) is None
    assert () == missing_records(failing(*{name} - {"domain_exist"}))


@pytest.mark.parametrize("name", WITH_RECORD)
def test_the_record_that_a_check_looks_for_is_missing(name):
    """
    That one alone.
    """
    assert (record_for(name),) == missing_records(failing(name))


def test_a_domain_without_failing_checks_misses_nothing():
    """
    Whatever dimail says it should publish.
    """
    assert () == missing_records(there(A), SPEC)


def test_a_failing_check_of_the_provider_is_no_missing_record():
    """
    Even one that is called like one of the DNS.
    """
    live = there(A, failing=(check("mx", internal=True), check("cert", internal=True)))

    assert () == missing_records(live)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (("webmail", "mailbox", "alias"), WITH_RECORD),
        (("mailbox",), ("mx", "cname_imap", "cname_smtp", "spf", "dkim")),
        (("webmail",), ("mx", "cname_webmail", "cname_smtp", "spf", "dkim")),
        ((), ("mx", "cname_smtp", "spf", "dkim")),
    ],
)
def test_a_domain_that_is_not_in_the_dns_misses_every_record_it_needs(features, expected):
    """
    Though dimail shows its other checks as good; what it needs depends on its features.
    """
    live = failing("domain_exist", features=features)

    assert tuple(map(record_for, expected)) == missing_records(live)


def test_what_dimail_says_should_be_published_counts():
    """
    In the order of the checks; other texts at the top of the domain are not taken for SPF.
    """
    by_kind = {record.target + record.type.lower(): record for record in SPEC[1:]}

    assert (
        by_kind["mx"],
        by_kind["webmailcname"],
        by_kind["imapcname"],
        by_kind["smtpcname"],
        by_kind["txt"],
        by_kind["key._domainkeytxt"],
    ) == missing_records(failing(*reversed(WITH_RECORD)), SPEC)


@pytest.mark.parametrize("spec", [None, (), SPEC[:1]])
def test_what_dimail_does_not_say_is_what_the_checks_look_for(spec):
    """
    Where there is no specification, or one that lacks a record.
    """
    assert tuple(map(record_for, WITH_RECORD)) == missing_records(failing(*WITH_RECORD), spec)


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (DnsRecord(target="", type="MX", value="mx.x.test."), "a.example. MX 10 mx.x.test."),
        (
            DnsRecord(target="imap", type="cname", value="imap.x.test."),
            "imap.a.example. CNAME imap.x.test.",
        ),
        (DnsRecord(target="", type="TXT", value="plain"), 'a.example. TXT "plain"'),
        (DnsRecord(target="", type="txt", value=""), 'a.example. TXT ""'),
        (
            DnsRecord(target="k._domainkey", type="txt", value='v=DKIM1; say="hi" \\ there'),
            r'k._domainkey.a.example. TXT "v=DKIM1; say=\"hi\" \\ there"',
        ),
        (
            DnsRecord(target="", type="txt", value="a\nb\té ~\x7f"),
            r'a.example. TXT "a\010b\009\195\169 ~\127"',
        ),
        (
            DnsRecord(target="", type="txt", value="half a letter: \ud800"),
            r'a.example. TXT "half a letter: \237\160\128"',
        ),
        (
            DnsRecord(target="", type="txt", value="x" * 255),
            f'a.example. TXT "{"x" * 255}"',
        ),
        (
            DnsRecord(target="", type="txt", value="x" * 600),
            f'a.example. TXT "{"x" * 255}" "{"x" * 255}" "{"x" * 90}"',
        ),
        (
            DnsRecord(target="k._domainkey", type="txt", value=UNKNOWN_KEY),
            f"k._domainkey.a.example. TXT {UNKNOWN_KEY}",
        ),
    ],
)
def test_a_record_is_a_line_of_a_zone(record, line):
    """
    By its full name; texts in quotes, in pieces of at most 255 bytes.
    """
    assert line == zone_line(record, A)


@given(st.text(max_size=700))
def test_the_text_of_a_zone_line_reads_back_as_it_was(text):
    """
    With the rules of RFC 1035: no text breaks out of its quotes.
    """
    line = zone_line(DnsRecord(target="", type="txt", value=text), A)

    strings = line.removeprefix("a.example. TXT ")
    pieces = [_read(piece) for piece in re.findall(r'"((?:[^"\\]|\\.)*)"', strings)]
    assert text.encode() == b"".join(pieces)
    assert all(len(piece) <= 255 for piece in pieces)
    assert strings.isprintable()
    assert strings.isascii()


def _read(piece):
    """Read one string of a TXT record as a name server does."""
    found = re.findall(r"\\(\d{3})|\\(.)|(.)", piece)
    return bytes(int(number) if number else ord(quoted or plain) for number, quoted, plain in found)
