"""What is said of a resource beside its address."""

from dataclasses import replace

import pytest

from mailstate.model.resources import Access, Alias, Domain, DomainName, Mailbox, User
from mailstate.planning.plan import Actor, HoldReason
from mailstate.reporting.paint import counted
from mailstate.reporting.words import HOLD, WHO_ACTS, described

A = DomainName("a.example")
ADA = Mailbox(
    domain=A,
    local_part="ada",
    first_name="Ada",
    last_name="Lovelace",
    display_name="Ada Lovelace",
    active=True,
)
DOMAIN = Domain(name=A, features=frozenset({"mailbox", "alias"}), context=None, delivery="virtual")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (User(name="x"), ""),
        (Access(domain=A, user="x"), ""),
        (Alias(domain=A, local_part="info", destination="x@y.example"), ""),
        (DOMAIN, "alias, mailbox"),
        (replace(DOMAIN, features=frozenset()), "no features"),
        (replace(DOMAIN, context="a ctx"), 'alias, mailbox; OX context "a ctx"'),
        (replace(DOMAIN, delivery="relay"), 'alias, mailbox; delivery "relay"'),
        (replace(DOMAIN, delivery=None), "alias, mailbox"),
        (ADA, '"Ada Lovelace"'),
        (replace(ADA, display_name="Mairie"), '"Mairie" ("Ada" "Lovelace")'),
        (replace(ADA, display_name=None, active=None), ""),
        (replace(ADA, first_name=None, last_name=None), '"Ada Lovelace"'),
        (replace(ADA, active=False), '"Ada Lovelace", inactive'),
        (
            replace(ADA, secondary_email="a@b.example"),
            '"Ada Lovelace", confirmation to "a@b.example"',
        ),
    ],
)
def test_a_resource_is_described_by_what_its_address_leaves_out(resource, expected):
    """
    Everything that a creation would send, as long as it is not the usual.
    """
    assert expected == described(resource)


def test_there_are_words_for_each_hold():
    """
    Why, and who must act.
    """
    assert [*HoldReason] == [*HOLD]
    assert [*Actor] == [*WHO_ACTS]


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 mailboxes"), (1, "1 mailbox"), (2, "2 mailboxes")]
)
def test_numbers_have_the_word_that_fits(number, expected):
    """
    Zero of a thing are many.
    """
    assert expected == counted(number, "mailbox", "mailboxes")
