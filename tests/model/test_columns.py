from itertools import repeat

from hypothesis import given
from hypothesis import strategies as st

from mailstate.errors import Place
from mailstate.model.columns import from_columns

TEXTS = st.text(max_size=3)


@given(st.lists(st.tuples(TEXTS, st.integers())))
def test_values_from_columns_are_those_that_are_made_one_by_one(rows):
    """Equal, with equal hashes and the same order."""
    expected = [Place(file, line, 5) for file, line in rows]
    files, lines = [file for file, _ in rows], [line for _, line in rows]

    made = from_columns(Place, len(rows), [files, lines, repeat(5)])

    assert expected == made
    assert list(map(hash, expected)) == list(map(hash, made))
    assert list(map(repr, expected)) == list(map(repr, made))
