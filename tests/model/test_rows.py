"""Mailboxes as rows: to whoever looks, the same as mailboxes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mailstate.model.packed import Packed
from mailstate.model.resources import DomainName, Mailbox
from mailstate.model.rows import MailboxRows, switched_off, unlike

A = DomainName("a.example")
NAMES = st.sampled_from([None, "é", "e\u0301", "Ada"])
BOXES = st.lists(
    st.builds(
        Mailbox,
        domain=st.just(A),
        local_part=st.sampled_from(["ada", "bob", "Cy"]),
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
    return MailboxRows(
        A,
        {
            key: (
                (box.first_name, box.last_name, box.display_name),
                box.active,
                box.local_part,
                box.secondary_email,
            )
            for key, box in boxes.items()
        },
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


@given(BOXES)
def test_who_is_switched_off(boxes):
    """Not active are those of which it is said, not those of which nothing is."""
    expected = [key for key, box in boxes.items() if box.active is False]

    assert expected == switched_off(boxes)
    assert expected == switched_off(rows(boxes))
    assert expected == switched_off(Packed(lambda: rows(boxes)))
