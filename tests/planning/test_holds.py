"""What a domain's changes wait for, and who must act."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.resources import Access, User
from mailstate.model.state import DomainState
from mailstate.planning.checks import record_for
from mailstate.planning.holds import hold_on, hold_unseen, waits_for_its_domain
from mailstate.planning.plan import Action, Actor, Change, Hold, HoldReason
from tests.planning.examples import A, alias, asked, mailbox, there
from tests.strategies import EXTERNAL, INTERNAL

BROKEN = DomainState.BROKEN


@pytest.mark.parametrize(
    ("live", "reason", "actor", "detail"),
    [
        (
            None,
            HoldReason.DOMAIN_ABSENT,
            Actor.MAILSTATE,
            "this plan creates the domain; dimail's checks decide after that",
        ),
        (
            there(A, readable=False),
            HoldReason.ACCESS_MISSING,
            Actor.MAILSTATE,
            "what is on the domain cannot be read before the service account has its access",
        ),
        (
            there(A, state=DomainState.UNTOLD),
            HoldReason.STATE_UNKNOWN,
            Actor.MAINTAINER,
            "this dimail tells no state: set `assume_enabled` if its domains work",
        ),
        (
            there(A, state=DomainState.OTHER),
            HoldReason.STATE_UNKNOWN,
            Actor.OPERATOR,
            "dimail tells a state of the domain that this version does not know",
        ),
        (
            there(A, state=DomainState.NEW),
            HoldReason.DOMAIN_PENDING,
            Actor.MAILSTATE,
            "dimail has not finished its first checks of the domain",
        ),
        (
            there(A, state=BROKEN),
            HoldReason.FAILED,
            Actor.OPERATOR,
            "dimail says that the domain is broken, but names no failing check",
        ),
        (
            there(A, state=BROKEN, failing=(INTERNAL,)),
            HoldReason.FAILED,
            Actor.OPERATOR,
            "a check of the provider's own set-up fails",
        ),
        *[
            (
                there(A, state=BROKEN, failing=checks),
                HoldReason.ACTION_REQUIRED,
                Actor.OWNER,
                "the domain's DNS is not as dimail needs it",
            )
            for checks in ((EXTERNAL,), (INTERNAL, EXTERNAL))
        ],
        *[
            (
                there(A, state=state, check_error="GET check: 500"),
                HoldReason.CHECK_FAILED,
                Actor.MAILSTATE,
                "GET check: 500",
            )
            for state in (BROKEN, DomainState.NEW)
        ],
    ],
)
def test_a_domain_that_is_not_enabled_holds_its_changes(live, reason, actor, detail):
    """
    With the reason, who must act, and a sentence for whoever reads the plan.
    """
    hold = hold_on(A, live, assume_enabled=False)

    assert hold is not None
    assert (A, reason, actor, detail) == (hold.domain, hold.reason, hold.actor, hold.detail)
    assert (live.failing if live else ()) == hold.checks


def test_a_hold_brings_the_records_that_would_end_it():
    """
    Whoever keeps the domain's DNS can publish them as they stand.
    """
    hold = hold_on(A, there(A, state=BROKEN, failing=(EXTERNAL,)), assume_enabled=False)

    assert hold is not None
    assert (record_for("mx"),) == hold.records


@pytest.mark.parametrize(
    ("live", "assume_enabled"),
    [
        (there(A), False),
        (there(A, failing=(EXTERNAL,), check_error="500"), False),
        (there(A, state=DomainState.UNTOLD), True),
    ],
)
def test_an_enabled_domain_holds_nothing(live, assume_enabled):
    """
    It is what dimail says it is, or, where it tells nothing, what the policy says.
    """
    assert hold_on(A, live, assume_enabled=assume_enabled) is None


@given(st.sampled_from([one for one in DomainState if one is not DomainState.UNTOLD]))
def test_the_policy_never_outdoes_what_dimail_tells(state):
    """
    `assume_enabled` is about silence only.
    """
    live = there(A, state=state)

    assert hold_on(A, live, assume_enabled=False) == hold_on(A, live, assume_enabled=True)


def test_a_domain_that_is_not_there_holds_whatever_the_policy_says():
    """
    Only the look after its creation tells whether this dimail keeps silent about states.
    """
    hold = hold_on(A, None, assume_enabled=True)

    assert hold is not None
    assert HoldReason.DOMAIN_ABSENT is hold.reason
    assert hold_on(A, None, assume_enabled=False) == hold


def test_a_domain_that_cannot_be_looked_at_holds_too():
    """
    For the reason that the look gave; the next one may do better.
    """
    assert Hold(
        domain=A, reason=HoldReason.CHECK_FAILED, actor=Actor.MAILSTATE, detail="timed out"
    ) == hold_unseen(A, "timed out")


OFF, ON = mailbox(active=False), mailbox()


@pytest.mark.parametrize(
    ("change", "waits"),
    [
        (Change(action=Action.CREATE, before=None, after=ON), True),
        (Change(action=Action.CREATE, before=None, after=OFF), True),
        (Change(action=Action.CREATE, before=None, after=alias("x@y.test")), True),
        (Change(action=Action.UPDATE, before=ON, after=OFF, fields=("active",)), False),
        (Change(action=Action.UPDATE, before=OFF, after=ON, fields=("active",)), True),
        (Change(action=Action.UPDATE, before=OFF, after=OFF, fields=("first_name",)), True),
        (Change(action=Action.DELETE, before=ON, after=None), False),
        (Change(action=Action.DELETE, before=alias("x@y.test"), after=None), False),
        (Change(action=Action.CREATE, before=None, after=User(name="x")), False),
        (Change(action=Action.CREATE, before=None, after=Access(domain=A, user="x")), False),
        (Change(action=Action.CREATE, before=None, after=asked(A).domain), False),
    ],
)
def test_what_opens_or_alters_something_waits_and_what_closes_does_not(change, waits):
    """
    Users, domains and accesses never wait: they are what makes a domain work.
    """
    assert waits is waits_for_its_domain(change)
