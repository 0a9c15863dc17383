"""Mailboxes as rows: to whoever looks, the same as mailboxes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.packed import Packed
from mailstate.model.resources import DomainName, Key, Mailbox
from mailstate.model.rows import MailboxRows, lacking, place, those, unlike

A = DomainName("a.example")
NAMES = st.sampled_from([None, "é", "e\u0301", "Ada"])
BOXES = st.lists(
    st.builds(
        Mailbox,
        domain=st.just(A),
        local_part=st.sampled_from(["ada", "bob", "Cy", "a@b", "ΑΣ", ""]),
        first_name=NAMES,
        last_name=NAMES,
        display_name=NAMES,
        active=st.sampled_from([True, False, None]),
        secondary_email=st.sampled_from([None, "x@b.example"]),
    ),
    unique_by=lambda box: box.local_part,
).map(lambda boxes: {box.key: box for box in boxes})


def rows(boxes):
    """*boxes* as rows."""
    return MailboxRows.of(
        A,
        [
            (
                box.local_part,
                box.first_name,
                box.last_name,
                box.display_name,
                box.active,
                box.secondary_email,
            )
            for box in boxes.values()
        ],
    )


@given(BOXES)
def test_rows_are_the_mailboxes_they_were_made_from(boxes):
    """Every mailbox comes out as it went in, in the same order."""
    made = rows(boxes)

    assert boxes == made
    assert list(boxes.items()) == list(made.items())
    assert (len(boxes), True) == (len(made), all(key in made for key in boxes))
    assert "mailbox/eve@a.example" not in made
    assert f"MailboxRows({boxes!r})" == repr(made)


def same(one, other):
    """Say whether *other*, if there is any, has the names of *one* and is not told otherwise."""
    return (
        other is not None
        and one.first_name == other.first_name
        and one.last_name == other.last_name
        and one.display_name == other.display_name
        and other.active in {None, one.active}
    )


CHANGES = st.sampled_from(
    [
        {},
        {"active": True},
        {"active": False},
        {"active": None},
        {"first_name": "other"},
        {"last_name": "other"},
        {"display_name": "other"},
    ]
)


@given(BOXES, st.data())
def test_only_what_is_the_same_is_left_out(wanted, data):
    """Of two sides of rows, packed or not, those are found that are not letter by letter alike."""
    there = {
        key: replace(box, **data.draw(CHANGES))
        for key, box in wanted.items()
        if data.draw(st.integers(0, 4))
    }
    expected = [key for key, box in wanted.items() if not same(box, there.get(key))]

    assert expected == list(unlike(rows(wanted), rows(there)))
    assert expected == list(unlike(Packed(lambda: rows(wanted)), Packed(lambda: rows(there))))
    assert list(wanted) == list(unlike(wanted, rows(there)))
    assert list(wanted) == list(unlike(rows(wanted), there))


@given(BOXES, BOXES)
def test_what_one_side_lacks(one, other):
    """Of two sides, kept in whatever way, those are found that only the first one has."""
    expected = [key for key in one if key not in other]

    assert expected == list(lacking(one, other))
    assert expected == list(lacking(rows(one), rows(other)))
    assert expected == list(lacking(Packed(lambda: rows(one)), other))
    assert expected == list(lacking(list(one), rows(other)))


def test_the_same_local_parts_on_another_domain_are_others():
    """Rows of two domains have nothing in common, however alike they look."""
    row = ("ada", "Ada", "L", "Ada L", True, None)
    here, elsewhere = (MailboxRows.of(name, [row]) for name in (A, DomainName("b.example")))

    assert ["mailbox/ada@a.example"] == list(lacking(here, elsewhere))
    assert ["mailbox/ada@a.example"] == list(unlike(here, elsewhere))


@given(BOXES, st.sampled_from([True, False, None]))
def test_who_is_active_or_not_or_neither(boxes, active):
    """Those of which it is said, and those of which nothing is, are three sorts."""
    expected = [key for key, box in boxes.items() if box.active is active]

    assert expected == list(those(boxes, active=active))
    assert expected == list(those(rows(boxes), active=active))
    assert expected == list(those(Packed(lambda: rows(boxes)), active=active))


@given(BOXES)
def test_the_place_of_a_mailbox_is_that_of_its_row(boxes):
    """Columns that go with the mailboxes are looked up by it."""
    for mapping in (boxes, rows(boxes), Packed(lambda: rows(boxes))):
        assert list(range(len(boxes))) == [place(mapping, key) for key in boxes]
        for unknown in ("mailbox/eve@a.example", "mailbox/ada@b.example", "domain/a.example"):
            with pytest.raises(KeyError):
                place(mapping, Key(unknown))
            assert unknown not in mapping
