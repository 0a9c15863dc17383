"""How far each domain is, in one word."""

from dataclasses import replace

import pytest

from mailstate.model.resources import DomainName
from mailstate.model.state import Check, DnsRecord, DomainState
from mailstate.planning.checks import record_for
from mailstate.planning.plan import Plan
from mailstate.planning.readiness import Standing, readiness
from tests.planning.examples import (
    POLICY,
    A,
    B,
    alias,
    asked,
    desired,
    live,
    mailbox,
    planned,
    there,
)
from tests.strategies import EXTERNAL, INTERNAL

C = DomainName("c.example")
SPEC = DnsRecord(target="", type="mx", value="mx.elsewhere.test.")


def rows(wanted, existing, *, specs=None, **options):
    """How far each domain of *wanted* is."""
    made = planned(wanted, existing)
    return readiness(wanted, existing, made, POLICY, specs=specs or {}, **options)


@pytest.mark.parametrize(
    ("existing", "standing"),
    [
        (there(A), Standing.ENABLED),
        (None, Standing.ABSENT),
        (there(A, state=DomainState.NEW), Standing.PENDING),
        (there(A, state=DomainState.BROKEN, failing=(EXTERNAL,)), Standing.ACTION_REQUIRED),
        (there(A, state=DomainState.BROKEN, failing=(INTERNAL,)), Standing.FAILED),
        (there(A, state=DomainState.UNTOLD), Standing.UNKNOWN),
        (there(A, state=DomainState.OTHER), Standing.UNKNOWN),
        (there(A, readable=False), Standing.UNKNOWN),
        (there(A, state=DomainState.NEW, check_error="500"), Standing.UNKNOWN),
    ],
)
@pytest.mark.parametrize("is_disabled", [False, True])
def test_a_domain_stands_where_its_hold_says(existing, standing, is_disabled):
    """
    Unless the files say that nothing may be done on it.
    """
    wanted = desired(asked(A, disabled=is_disabled))

    (row,) = rows(wanted, live(*([existing] if existing else [])))

    assert (A, Standing.DISABLED if is_disabled else standing) == (row.domain, row.standing)
    assert (None if standing is Standing.ENABLED else A) == (row.hold and row.hold.domain)


def test_a_domain_whose_state_is_not_told_is_enabled_where_the_settings_say_so():
    """
    As for the plan.
    """
    wanted, existing = desired(asked(A)), live(there(A, state=DomainState.UNTOLD))
    policy = replace(POLICY, assume_enabled=True)

    (row,) = readiness(wanted, existing, Plan(), policy, specs={})

    assert Standing.ENABLED is row.standing


def test_a_domain_tells_what_waits_and_what_is_there():
    """
    Held changes by the domain they wait for, mailboxes as dimail has them.
    """
    wanted = desired(
        asked(C),
        asked(B, mailbox("bob", B)),
        asked(A, alias("bob@b.example"), mailbox(), mailbox("al")),
    )
    existing = live(there(A, mailbox(), mailbox("old")), there(B, state=DomainState.NEW))

    assert [(A, 0, 2), (B, 2, 0), (C, 0, 0)] == [
        (row.domain, row.held, row.mailboxes) for row in rows(wanted, existing)
    ]


@pytest.mark.parametrize(
    ("specs", "records"),
    [({}, (record_for("mx"),)), ({A: None}, (record_for("mx"),)), ({A: [SPEC]}, (SPEC,))],
)
def test_a_domain_tells_the_records_it_still_has_to_publish(specs, records):
    """
    As dimail specifies them, where it does.
    """
    broken = there(A, state=DomainState.BROKEN, failing=(Check(name="mx", internal=False),))

    (row,) = rows(desired(asked(A)), live(broken), specs=specs)

    assert records == row.records


def test_only_some_domains_may_be_asked_for():
    """
    What they hold is counted in the whole plan all the same.
    """
    wanted = desired(asked(A), asked(B))

    assert [B] == [row.domain for row in rows(wanted, live(), only=[B])]
    assert [A, B] == [row.domain for row in rows(wanted, live())]
