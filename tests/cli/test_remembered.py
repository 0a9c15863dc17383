"""What earlier plans have found out: given back as it was put, or not at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.cli.remembered import MOST_BYTES, Remembered

NAME = b"all the domains"
TEXTS = st.text(st.characters(max_codepoint=126), max_size=20).map(str.encode)


class Rows(dict[bytes, bytes]):
    """Rows of a cache, in memory."""

    def put(self, name, value):
        """Keep."""
        self[name] = value


@given(st.dictionaries(st.binary(max_size=5), TEXTS))
def test_the_next_run_finds_what_was_put(texts):
    """
    Every text that was kept is found under its key; under other names nothing is.
    """
    rows = Rows()
    first = Remembered(rows, NAME)
    for key, text in texts.items():
        first.put(key, text)
    first.keep()

    again, other = Remembered(rows, NAME), Remembered(rows, b"others")

    assert texts == {key: again.get(key) for key in texts}
    assert [None] * len(texts) == [other.get(key) for key in texts]
    assert again.get(b"no such key") is None


def test_what_no_run_asks_for_is_forgotten():
    """A row has what its last run needed, and does not grow with each change."""
    rows = Rows()
    for key in (b"a", b"b"):
        run = Remembered(rows, NAME)
        run.put(key, b"text")
        run.keep()

    assert {"62": "text"} == json.loads(rows[NAME])


def test_the_same_again_is_not_written_again():
    """A run that finds all that it asks for, and nothing else, leaves the row alone."""
    rows = Rows()
    first = Remembered(rows, NAME)
    first.put(b"a", b"text")
    first.keep()
    rows[NAME] = rows[NAME] + b" "

    again = Remembered(rows, NAME)
    assert b"text" == again.get(b"a")
    again.keep()

    assert rows[NAME].endswith(b" ")


def test_long_texts_are_found_out_again():
    """What is long would cost more to keep than to find out."""
    run = Remembered(rows := Rows(), NAME)
    run.put(b"a", b"x" * MOST_BYTES)
    run.put(b"b", b"x" * (MOST_BYTES + 1))
    run.keep()

    assert ["61"] == list(json.loads(rows[NAME]))


@pytest.mark.parametrize("row", [b"", b"[]", b'{"61": 5}', b"null", b"\xff", b"{"])
def test_damage_means_that_nothing_is_known(row):
    """A row that was not made here has nothing to say."""
    assert Remembered(Rows({NAME: row}), NAME).get(b"a") is None
