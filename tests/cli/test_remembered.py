"""What earlier plans have found out: given back as it was put, or not at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.cli.remembered import Remembered

NAME = b"all the domains"
VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3),
    max_leaves=5,
)


class Rows(dict[bytes, bytes]):
    """Rows of a cache, in memory."""

    def put(self, name, value):
        """Keep."""
        self[name] = value


@given(st.dictionaries(st.binary(max_size=5), VALUES))
def test_the_next_run_finds_what_was_put(values):
    """
    Every value that was kept is found under its key; under other names nothing is.
    """
    rows = Rows()
    first = Remembered(rows, NAME)
    for key, value in values.items():
        first.put(key, value)
    first.keep()

    again, other = Remembered(rows, NAME), Remembered(rows, b"others")

    assert values == {key: again.get(key) for key in values}
    assert [None] * len(values) == [other.get(key) for key in values]
    assert again.get(b"no such key") is None


def test_what_no_run_asks_for_is_forgotten():
    """A row has what its last run needed, and does not grow with each change."""
    rows = Rows()
    for key in (b"a", b"b"):
        run = Remembered(rows, NAME)
        run.put(key, "text")
        run.keep()

    assert {"62": "text"} == json.loads(rows[NAME])


def test_the_same_again_is_not_written_again():
    """A run that finds all that it asks for, and nothing else, leaves the row alone."""
    rows = Rows()
    first = Remembered(rows, NAME)
    first.put(b"a", "text")
    first.keep()
    rows[NAME] = rows[NAME] + b" "

    again = Remembered(rows, NAME)
    assert "text" == again.get(b"a")
    again.keep()

    assert rows[NAME].endswith(b" ")


@pytest.mark.parametrize("row", [b"", b"[]", b"5", b"null", b"\xff", b"{"])
def test_damage_means_that_nothing_is_known(row):
    """A row that was not made here has nothing to say."""
    assert Remembered(Rows({NAME: row}), NAME).get(b"a") is None
