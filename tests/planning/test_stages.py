"""The order of a plan, and what each kind of change needs."""

import pytest

from mailstate.model.resources import Access, Key, User
from mailstate.planning.plan import Action, Change
from mailstate.planning.stages import comes_after, needs, order
from tests.planning.examples import ANN, A, alias, asked, mailbox
from tests.strategies import SERVICE, UUIDS

RESOURCES = (
    User(name=ANN),
    asked(A).domain,
    Access(domain=A, user=SERVICE),
    Access(domain=A, user=ANN),
    mailbox(),
    alias("ada@a.example"),
)


def create(resource):
    """The creation of *resource*."""
    return Change(action=Action.CREATE, before=None, after=resource)


def delete(resource):
    """The removal of *resource*."""
    return Change(action=Action.DELETE, before=resource, after=None)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (RESOURCES[0], ()),
        (RESOURCES[1], ()),
        (RESOURCES[3], (f"user/{ANN}", "domain/a.example")),
        (RESOURCES[4], ("domain/a.example", "access/a.example/la_regie")),
        (
            RESOURCES[5],
            ("domain/a.example", "access/a.example/la_regie", "mailbox/ada@a.example"),
        ),
    ],
)
def test_each_kind_needs_what_dimail_asks_for(resource, expected):
    """
    An access its user and domain, the rest the right of the service account (contract §6, §7).
    """
    assert tuple(map(Key, expected)) == needs(create(resource), service_account=SERVICE)


def test_creates_go_down_the_stages_and_deletes_come_last_and_go_up():
    """
    Whatever order they are found in.
    """
    changes = [change(one) for one in RESOURCES for change in (delete, create)]

    changes.sort(key=lambda change: order(change, service_account=SERVICE))

    assert list(map(create, RESOURCES)) == changes[:6]
    assert ["alias", "mailbox", "access", "access", "domain", "user"] == [
        change.kind for change in changes[6:]
    ]


def test_the_service_account_is_known_in_every_spelling():
    """
    It may be a uuid.
    """
    spelt = UUIDS[0].upper()

    assert order(create(Access(domain=A, user=UUIDS[0])), service_account=spelt) < order(
        create(Access(domain=A, user="admin")), service_account=spelt
    )


def test_a_deletion_comes_after_what_would_lose_mail_otherwise():
    """
    New destinations first, then old aliases, then the mailbox they led to.
    """
    old, new, other = alias("bob@a.example"), alias("x@y.test"), alias("x@y.test", "other")
    changes = [
        create(new),
        *map(delete, (old, other, mailbox("Bob"), mailbox(), Access(domain=A, user="old"))),
    ]

    assert {
        old.key: (new.key,),
        other.key: (),
        "mailbox/bob@a.example": (old.key,),
        "mailbox/ada@a.example": (),
    } == comes_after(changes)
