"""Checks of a domain in words: what is wrong, which record mends it."""

import pytest

from mailstate.model.state import Check
from mailstate.planning.checks import is_operators, record_to_publish, what_is_wrong, what_to_do
from tests.planning.examples import A
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
