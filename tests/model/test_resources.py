"""Addresses: what is the same thing has the same, whoever spelt it."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Kind,
    Mailbox,
    User,
    access_key,
    alias_key,
    domain_key,
    kind_of,
    mailbox_key,
    user_id,
    user_key,
)

A = DomainName("a.example")
UUID_TEXT = "5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e"
RESOURCES = {
    "user/la_regie": User(name="la_regie"),
    f"user/{UUID_TEXT}": User(name="5E0C2F6E3C1B4F0A9D3E1F2A3B4C5D6E"),
    "domain/a.example": Domain(name=A, features=frozenset(), context=None, delivery=None),
    f"access/a.example/{UUID_TEXT}": Access(domain=A, user=UUID_TEXT.upper()),
    "mailbox/jean.dupont@a.example": Mailbox(
        domain=A,
        local_part="Jean.Dupont",
        first_name=None,
        last_name=None,
        display_name=None,
        active=None,
    ),
    "alias/info@a.example/x@y.test": Alias(domain=A, local_part="Info", destination="X@y.test"),
}


@pytest.mark.parametrize(("key", "resource"), RESOURCES.items())
def test_each_resource_has_an_address(key, resource):
    """
    As in plans, options and reports.
    """
    assert key == resource.key


@pytest.mark.parametrize(("key", "resource"), RESOURCES.items())
def test_an_address_begins_with_the_kind(key, resource):
    """
    So that no two kinds share one.
    """
    assert kind_of(resource) is Kind(key.partition("/")[0])


@given(st.uuids())
def test_a_uuid_is_the_same_with_and_without_hyphens_and_capitals(uuid):
    """
    Compared as uuids.
    """
    spellings = {str(uuid), str(uuid).upper(), uuid.hex, uuid.hex.upper()}

    assert {str(uuid)} == set(map(user_id, spellings))
    assert len({user_key(one) for one in spellings}) == 1
    assert len({access_key(A, one) for one in spellings}) == 1


@given(st.text())
def test_other_names_are_compared_as_they_are(name):
    """
    Service accounts have names with case (contract §2).
    """
    assert name == user_id(name)


@pytest.mark.parametrize(
    "name",
    [
        f"{{{UUID_TEXT}}}",
        f"urn:uuid:{UUID_TEXT}",
        f"{UUID_TEXT}\n",
        UUID_TEXT.replace("-", "", 1),
        UUID_TEXT[:-1],
    ],
)
def test_what_only_resembles_a_uuid_is_a_name(name):
    """
    Python would read more than the files allow.
    """
    assert name == user_id(name)


@given(st.text("aB.é", min_size=1), st.text("aB.é", min_size=1))
def test_addresses_of_mail_are_compared_without_case(one, other):
    """
    Dimail may hold capitals, mailstate writes none (contract §2).
    """
    assert mailbox_key(one.upper()) == mailbox_key(one.lower())
    assert alias_key(one.upper(), other.upper()) == alias_key(one.lower(), other.lower())


def test_addresses_are_spelt_as_they_are_written():
    """
    A call to dimail needs its spelling.
    """
    mailbox = RESOURCES["mailbox/jean.dupont@a.example"]
    alias = RESOURCES["alias/info@a.example/x@y.test"]

    assert isinstance(mailbox, Mailbox)
    assert isinstance(alias, Alias)
    assert "Jean.Dupont@a.example" == mailbox.address
    assert "Info@a.example" == alias.address


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (user_key("la_regie"), "user/la_regie"),
        (domain_key(A), "domain/a.example"),
        (access_key(A, UUID(UUID_TEXT).hex), f"access/a.example/{UUID_TEXT}"),
        (mailbox_key("Jean@a.example"), "mailbox/jean@a.example"),
        (alias_key("Info@a.example", "X@y.test"), "alias/info@a.example/x@y.test"),
    ],
)
def test_an_address_can_be_made_from_parts(key, expected):
    """
    Where there is no resource at hand.
    """
    assert expected == key
