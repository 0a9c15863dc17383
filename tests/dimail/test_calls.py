"""What is sent."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mailstate.dimail import calls
from mailstate.errors import RefusedCallError
from mailstate.model.resources import Access, Alias, Domain, DomainName, Mailbox, User
from tests.dimail.support import ADA, D


def test_a_mirror_user_has_a_password_that_nobody_knows():
    """
    Each user gets another long random password, no rights, and no perms.
    """
    one, other = (calls.create_user(User(name="u")).body for _ in range(2))
    assert one is not None
    assert other is not None

    assert one.pop("password") != other.pop("password")
    assert {"name": "u", "is_admin": False, "perms": []} == one == other


def test_bodies_are_not_shown():
    """
    A call shows its method and path, not its body.
    """
    call = calls.create_user(User(name="u"))
    assert call.body is not None

    assert str(call.body["password"]) not in repr(call) + str(call)


def test_what_creates_each_kind():
    """
    The bodies are those of the contract, with features in order.
    """
    domain = Domain(name=D, features=frozenset("cab"), context="ctx", delivery="virtual")

    assert {
        "name": D,
        "features": ["a", "b", "c"],
        "context_name": "ctx",
        "delivery": "virtual",
    } == calls.create_domain(domain).body
    assert {"user": "u", "domain": D} == calls.create_access(Access(domain=D, user="u")).body
    assert {
        "givenName": "Ada",
        "surName": "L",
        "displayName": "Ada L",
    } == calls.create_mailbox(ADA).body
    assert {"user_name": "x", "destination": "y@z"} == calls.create_alias(
        Alias(domain=D, local_part="x", destination="y@z")
    ).body


@pytest.mark.parametrize(
    ("after", "fields", "body"),
    [
        pytest.param(
            replace(ADA, display_name="A"), ("display_name",), {"displayName": "A"}, id="one name"
        ),
        pytest.param(replace(ADA, active=False), ("active",), {"active": "no"}, id="off"),
        pytest.param(
            ADA,
            ("active",),
            {"givenName": "Ada", "surName": "L", "displayName": "Ada L", "active": "yes"},
            id="on takes all four fields",
        ),
        pytest.param(
            replace(ADA, last_name=None), ("last_name",), {}, id="what is unknown is not sent"
        ),
    ],
)
def test_what_updates_a_mailbox(after: Mailbox, fields, body):
    """
    Only the fields that differ are sent, under the spelling that dimail has.
    """
    call = calls.update_mailbox(replace(ADA, local_part="Ada"), after, fields)

    assert f"PATCH /domains/{D}/mailboxes/Ada" == str(call)
    assert body == call.body


def test_names_are_percent_encoded():
    """
    A name never becomes part of the path's structure or of the query's.
    """
    assert "/users/a%3Fb%23c%25%20%C3%A9" == calls.user("a?b#c% é").path
    assert "/domains/a.example/aliases/?user_name=a%26b&destination=x%40y" == (
        calls.alias(Alias(domain=D, local_part="a&b", destination="x@y")).target
    )


@given(st.text(min_size=1), st.text("az09_.~-*%/é", min_size=1))
@example("*", "a*")
@example("a*", "*")
@example("...", "a..")
def test_any_name_is_in_the_path_as_urllib_quotes_it(domain, user):
    """
    Those that need no quoting too, and what else looks like the place of a name.
    """
    names = [domain, user]
    assume(not any("/" in name or name in {".", ".."} for name in names))
    path = "/".join(["/allows", *(quote(name, safe="") for name in names)])

    assert path == calls.delete_access(Access(domain=DomainName(domain), user=user)).target


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_names_that_cannot_be_addressed_are_refused(name):
    """
    Dimail accepts such names and cannot find them again.
    """
    with pytest.raises(RefusedCallError, match="cannot be asked"):
        calls.mailboxes(DomainName(name))


def test_what_is_deleted_is_named_as_dimail_has_it():
    """
    Capitals stay, names are percent-encoded, and an allow names its domain first.
    """
    alias = Alias(domain=D, local_part="A&b", destination="x@Y.example")

    assert f"DELETE /allows/{D}/U%3A1" == str(calls.delete_access(Access(domain=D, user="U:1")))
    assert f"DELETE /domains/{D}/mailboxes/Ada" == (
        str(calls.delete_mailbox(replace(ADA, local_part="Ada")))
    )
    assert f"DELETE /domains/{D}/aliases/A%26b/x%40Y.example" == str(calls.delete_alias(alias))


def test_a_destination_called_all_is_never_deleted():
    """
    To dimail that word means every destination of the alias.
    """
    with pytest.raises(RefusedCallError, match="called `all`"):
        calls.delete_alias(Alias(domain=D, local_part="contact", destination="all"))


@pytest.mark.parametrize(
    ("call", "like"),
    [
        (calls.users(), "GET /users/"),
        (calls.user("u"), "GET /users/*"),
        (calls.mailboxes(DomainName("users")), "GET /domains/*/mailboxes/"),
        (calls.mailboxes_v2(D), "GET /v2/domains/*/mailboxes/"),
        (calls.create_mailbox(ADA), "POST /domains/*/mailboxes/*"),
        (calls.reset_password(ADA), "POST /domains/*/mailboxes/*/reset_password/"),
        (calls.aliases(D), "GET /domains/*/aliases/"),
        (calls.delete_access(Access(domain=D, user="u")), "DELETE /allows/*/*"),
        (
            calls.delete_alias(Alias(domain=D, local_part="a", destination="b")),
            "DELETE /domains/*/aliases/*/*",
        ),
    ],
)
def test_calls_are_alike_whatever_they_name(call, like):
    """
    The kind of a call is its path without names, so that times can be compared.
    """
    assert like == call.kind.like
    assert call.kind.is_gauge


def test_what_waits_for_the_dns_is_no_gauge():
    """
    The time of a check says nothing of how busy dimail is.
    """
    assert not calls.check(D).kind.is_gauge
    assert not calls.fix(D).kind.is_gauge
