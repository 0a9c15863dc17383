"""Comparing once and for all: with whatever is remembered, the plan stays the same."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.cli.comparisons import MOST, Comparisons, from_value, to_value
from mailstate.model.packed import Packed
from mailstate.model.resources import Mailbox
from mailstate.model.rows import MailboxRows
from mailstate.model.state import DomainState
from mailstate.planning.difference import Difference, difference
from mailstate.planning.planner import plan
from mailstate.reporting.plan_json import Context, plan_json
from tests.planning.examples import POLICY, A, alias, asked, desired, live, mailbox, there
from tests.strategies import fewer, prunings, worlds


class Rows(dict[bytes, Any]):
    """A memory that keeps what JSON makes of each value."""

    def put(self, key, value):
        """Keep."""
        self[key] = json.loads(json.dumps(value))


def unknown():
    """Nothing may be unpacked."""
    raise AssertionError


def packed(items, *, closed=False):
    """*items*, packed under a digest of what they are and in which order; mailboxes as rows."""
    digest = sha256(repr(list(items.items())).encode()).digest()
    boxes = {key: one for key, one in items.items() if isinstance(one, Mailbox)}
    content = as_rows(boxes) if boxes else dict(items)
    return Packed(unknown if closed else lambda: content, digest=digest)


def as_rows(boxes):
    """*boxes*, which are of one domain, as rows."""
    domains = {box.domain for box in boxes.values()}
    rows = [
        (
            box.local_part,
            box.first_name,
            box.last_name,
            box.display_name,
            box.active,
            box.secondary_email,
        )
        for box in boxes.values()
    ]
    return MailboxRows.of(domains.pop(), rows)


def packed_world(wanted, existing, *, closed=False):
    """Both states with all that lives on their domains packed."""
    return (
        replace(
            wanted,
            domains={
                name: replace(
                    one,
                    mailboxes=packed(one.mailboxes, closed=closed),
                    aliases=packed(one.aliases, closed=closed),
                    places=packed(one.places, closed=closed),
                )
                for name, one in wanted.domains.items()
            },
        ),
        replace(
            existing,
            domains={
                name: replace(
                    one,
                    mailboxes=packed(one.mailboxes, closed=closed),
                    aliases=packed(one.aliases, closed=closed),
                )
                for name, one in existing.domains.items()
            },
        ),
    )


def packed_plan(wanted, existing, compare, *, closed=False):
    """The plan of two states with packed domains."""
    sides = packed_world(wanted, existing, closed=closed)
    return plan(sides[0], sides[1], POLICY, compare=compare)


def document(world, compare):
    """The plan of *world* as it is written, whatever *compare* remembers."""
    wanted, existing = packed_world(world.desired, world.live)
    made = plan(wanted, existing, world.policy, compare=compare)
    return plan_json(made, Context(target="https://dimail.example", policy=world.policy))


@given(worlds() | worlds(policy=prunings), st.data())
@fewer
def test_what_is_remembered_changes_no_plan(world, data):
    """
    Cold, warm, with half of it forgotten and with damaged rows: the same plan, byte for byte.
    """
    made = plan(world.desired, world.live, world.policy)
    expected = plan_json(made, Context(target="https://dimail.example", policy=world.policy))
    rows = Rows()

    assert expected == document(world, Comparisons())
    assert expected == document(world, Comparisons(rows))
    assert expected == document(world, Comparisons(rows))
    kept = {key: value for key, value in rows.items() if data.draw(st.booleans())}
    assert expected == document(world, Comparisons(Rows(kept)))
    damage = st.sampled_from([5, "", {}, [5], [1, 2, 3, 4, 5], [[[]], [], [], [], []], "abcde"])
    damaged = {key: data.draw(damage) for key in rows}
    assert expected == document(world, Comparisons(Rows(damaged)))


@given(worlds())
@fewer
def test_a_difference_is_written_and_read_again(world):
    """
    What is kept as JSON is the difference that it was made from.
    """
    for name, one in world.desired.domains.items():
        found = difference(one, world.live.domains.get(name))

        assert found == from_value(json.loads(json.dumps(to_value(found))))
    assert from_value(None) is None


ADA = mailbox("ada", secondary_email="ada@home.example")
CY = mailbox("cy", display_name="Cy")
BOXES = (mailbox("ada", display_name="A. L."), CY, mailbox("eve"))
LIVE = there(A, *BOXES, alias("x@b.example"))
IN_THE_WAY = alias("ada@a.example", "eve")
WANTED = asked(A, ADA, mailbox("bob", active=False), CY, alias("ada@a.example"), IN_THE_WAY)


def test_two_known_sides_are_not_looked_at_again():
    """With a memory, a domain of which nothing has changed is not even unpacked."""
    rows = Rows()
    wanted, existing = desired(WANTED), live(LIVE)
    expected = plan(wanted, existing, POLICY)

    assert expected == packed_plan(wanted, existing, Comparisons(rows))
    assert expected == packed_plan(wanted, existing, Comparisons(rows), closed=True)


def test_a_domain_is_compared_once_in_a_run():
    """Who compares while the answers are at hand need not unpack them for the plan."""
    wanted, existing = packed_world(desired(WANTED), live(LIVE))
    compare = Comparisons()
    found = compare(wanted.domains[A], existing.domains[A])

    checked = replace(existing.domains[A], state=DomainState.BROKEN)
    assert found is compare(wanted.domains[A], existing.domains[A])
    assert found is compare(replace(wanted.domains[A], disabled=True), checked)
    assert difference(WANTED, LIVE) == found


CHANGED = [
    (asked(A, ADA), LIVE),
    (asked(A, replace(ADA, secondary_email=None), *list(WANTED.mailboxes.values())[1:]), LIVE),
    (replace(WANTED, aliases={}), LIVE),
    (replace(WANTED, places={}), LIVE),
    (WANTED, there(A, *BOXES[:2], alias("x@b.example"))),
    (WANTED, replace(LIVE, aliases={})),
    (WANTED, replace(LIVE, half_made=frozenset({CY.key}))),
]


@pytest.mark.parametrize(("wanted", "existing"), CHANGED)
def test_whatever_changes_is_compared_anew(wanted, existing):
    """Another file, another answer, another place: nothing of before is given for it."""
    rows = Rows()
    packed_plan(desired(WANTED), live(LIVE), Comparisons(rows))

    expected = plan(desired(wanted), live(existing), POLICY)

    assert expected == packed_plan(desired(wanted), live(existing), Comparisons(rows))


@pytest.mark.parametrize("count", [MOST, MOST + 1])
def test_of_a_domain_on_which_much_differs_nothing_is_kept(count):
    """A domain of which everything is missing is compared again, and so is not kept."""
    rows = Rows()
    wanted = desired(asked(A, *(mailbox(f"new{number}") for number in range(count))))
    expected = plan(wanted, live(there(A)), POLICY)

    for _ in range(2):
        assert expected == packed_plan(wanted, live(there(A)), Comparisons(rows))
    assert (count <= MOST) == bool(rows)


def test_a_domain_that_changes_in_a_run_is_compared_anew():
    """What was found of other sides of the same domain is not given for these."""
    compare = Comparisons()
    compare(WANTED, LIVE)

    for wanted, existing in CHANGED:
        assert difference(wanted, existing) == compare(wanted, existing)
        assert difference(WANTED, LIVE) == compare(WANTED, LIVE)


def test_what_has_no_name_is_not_remembered():
    """Without digests nothing is known to the next run."""
    rows = Rows()

    assert difference(WANTED, LIVE) == Comparisons(rows)(WANTED, LIVE)
    assert difference(WANTED, None) == Comparisons(rows)(WANTED, None)
    assert {} == rows
    assert Difference() != difference(WANTED, LIVE)
