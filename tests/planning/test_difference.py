"""What differs on one domain: as small as what differs, and the same however the sides are kept."""

from dataclasses import replace

import pytest
from hypothesis import given

from mailstate.model.packed import Packed
from mailstate.model.resources import Access, Key, Role
from mailstate.model.rows import MailboxRows
from mailstate.model.state import DomainState
from mailstate.planning.difference import Difference, MailboxPair, MissingAlias, difference
from mailstate.planning.plan import Plan
from mailstate.planning.planner import needs_check, plan
from tests.planning.examples import (
    ANN,
    BEN,
    POLICY,
    A,
    alias,
    asked,
    desired,
    mailbox,
    place,
    there,
)
from tests.planning.examples import live as all_live
from tests.strategies import SERVICE, fewer, prunings, worlds


def packed(one):
    """The same domain of either side, with mailboxes as packed rows and packed aliases."""
    rows = [
        (
            box.local_part,
            box.first_name,
            box.last_name,
            box.display_name,
            box.active,
            box.secondary_email,
        )
        for box in one.mailboxes.values()
    ]
    mailboxes = MailboxRows.of(one.domain.name, rows)
    return replace(
        one, mailboxes=Packed(lambda: mailboxes), aliases=Packed(lambda: dict(one.aliases))
    )


@given(worlds())
@fewer
def test_it_is_the_same_however_the_sides_are_kept(world):
    """
    Rows are compared quickly, mailboxes one by one: the difference is the same, in the same order.
    """
    for name, wanted in world.desired.domains.items():
        existing = world.live.domains.get(name)

        expected = difference(wanted, existing)

        assert expected == difference(packed(wanted), existing and packed(existing))
        assert expected == difference(wanted, existing and packed(existing))


def test_of_what_is_as_it_should_be_nothing_is_told():
    """A domain that is as its files want it differs in nothing, whatever the files know besides."""
    box = mailbox(secondary_email="ada@home.example")

    assert Difference() == difference(
        asked(A, box, alias("x@b.example")), there(A, mailbox(), alias("x@b.example"))
    )


def test_each_sort_of_difference_is_told():
    """Missing, otherwise, half-made, off, extra, or in the way: all of it, with its place."""
    torn, other, off = (
        mailbox("torn"),
        mailbox("other", display_name="O.", active=False),
        mailbox("off", active=False),
    )
    new, stray = mailbox("new"), mailbox("stray")
    wanted = asked(A, new, torn, other, off, alias("x@b.example", "stray"), alias("x@b.example"))
    live_other = mailbox("other")
    live = there(A, torn, live_other, off, stray, alias("y@b.example"), half_made={torn.key})

    found = difference(wanted, live)

    assert found == Difference(
        mailboxes=(
            MailboxPair(before=None, after=new, place=wanted.places[new.key]),
            MailboxPair(before=torn, after=torn, place=wanted.places[torn.key]),
            MailboxPair(before=live_other, after=other, place=wanted.places[other.key]),
        ),
        off=(off.key,),
        extra_mailboxes=(stray,),
        aliases=(
            MissingAlias(alias=alias("x@b.example", "stray"), place=place(7), in_the_way=True),
            MissingAlias(alias=alias("x@b.example"), place=place(8), in_the_way=False),
        ),
        extra_aliases=(alias("y@b.example"),),
    )
    assert found == difference(packed(wanted), packed(live))


def test_of_a_domain_that_is_not_there_everything_is_missing():
    """Nothing is in the way where nothing is."""
    wanted = asked(A, mailbox(), alias("ada@a.example"))

    assert difference(wanted, None) == Difference(
        mailboxes=(MailboxPair(before=None, after=mailbox(), place=place(3)),),
        aliases=(MissingAlias(alias=alias("ada@a.example"), place=place(4), in_the_way=False),),
    )


@given(worlds() | worlds(policy=prunings))
@fewer
def test_of_a_domain_that_is_passed_over_nothing_was_to_be_said(world):
    """
    A domain without a difference is looked at briefly: a closer look would tell the same.

    What is off is no difference to a server that can switch off; it is but a reason to look.
    """
    existing = replace(world.live, tells_active=True)

    def closely(one, other):
        return difference(one, other)._replace(off=(Key("mailbox/x@a.example"),))

    assert plan(world.desired, existing, world.policy, compare=closely) == plan(
        world.desired, existing, world.policy
    )


NOT_PASSED_OVER = {
    "features": (asked(A), all_live(there(A, features=frozenset({"alias"})))),
    "access": (asked(A, roles={ANN: Role.OWNER, BEN: Role.OWNER}), all_live(there(A))),
    "own access": (asked(A), all_live(there(A), own=False)),
    "more access": (asked(A), all_live(there(A), extra=[Access(domain=A, user=BEN)])),
    "unreadable": (
        asked(A, disabled=True),
        all_live(there(A, readable=False), extra=[Access(domain=A, user=SERVICE)]),
    ),
    "absent": (asked(A), all_live(extra=[Access(domain=A, user=who) for who in (SERVICE, ANN)])),
}


@pytest.mark.parametrize(("wanted", "existing"), NOT_PASSED_OVER.values(), ids=NOT_PASSED_OVER)
def test_a_domain_without_a_difference_may_have_something_to_be_said(wanted, existing):
    """What a domain is, and who has access to it, is told though all that is on it is as wanted."""
    assert Plan() == plan(desired(asked(A)), all_live(there(A)), POLICY)
    assert Plan() != plan(desired(wanted), existing, POLICY)


def test_whoever_compares_is_believed():
    """A plan, and whether a domain is looked at, follow from the difference that they are given."""
    wanted, live = desired(asked(A, mailbox())), there(A, state=DomainState.NEW)

    def compare(one, other):
        assert (wanted.domains[A], live) == (one, other)
        return Difference()

    assert needs_check(wanted, live)
    assert not needs_check(wanted, live, compare=compare)
    made = plan(wanted, all_live(live), POLICY, compare=compare)
    assert ((), ()) == (made.changes, made.held)
