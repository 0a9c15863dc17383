"""The rules of many values at once are those of each single one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.statefiles import at_once, names
from mailstate.statefiles.names import Fault
from tests.statefiles.messy import ADDRESSES, LOCAL_PARTS, TEXTS

PIECES = st.sampled_from(
    [
        *("a", "b1", "-", "_", ".", "..", "@", "A", "é", "E\u0301", "ß", "ς", "Σ", "\u0345", "ﬃ"),
        *(" ", "\n", "\t", "\u00a0", "\u200c", "\u200e", "\ud800", "'", "devnull", "oxadmin"),
        *("@a.example", "@Élysée.example", "@devnull", "@1.2", "@xn--a.example", "x" * 64),
    ]
)
ANY = st.lists(
    st.sampled_from([*ADDRESSES, *LOCAL_PARTS, *TEXTS, "oxadmin", "a" * 64, "x" * 201])
    | st.lists(PIECES, max_size=4).map("".join)
    | st.text(max_size=4),
    max_size=4,
)
VALUES = ANY | ANY.map(lambda texts: [text for text in texts if not names.local_part_fault(text)])


@given(VALUES)
@example(["a", "oxadmin"])
@example(["a\nb"])
@example(["a" * 65])
def test_local_parts_at_once(texts):
    """
    All are accepted where each one is.
    """
    expected = all(names.local_part_fault(text) is None for text in texts)

    assert expected == at_once.are_local_parts(texts)


@given(VALUES | ANY.map(lambda texts: [text for text in texts if not names.text_fault(text)]))
@example(["a", " b"])
@example(["a\nb"])
@example(["x" * 201])
def test_texts_at_once(texts):
    """
    All are accepted where each one is.
    """
    assert all(names.text_fault(text) is None for text in texts) == at_once.are_texts(texts)


ADDRESS = st.tuples(
    st.sampled_from(["a", "A.b", "a..b", "", "x" * 64, "x" * 65, "a!", "é", "a\nb"]),
    st.sampled_from(
        ["a.example", "A.example", "Élysée.example", "b", "devnull", "1.2", "x" * 63 + ".example"]
    ),
).map("@".join)


@pytest.mark.parametrize("name", ["email_address", "destination"])
@given(texts=st.lists(ADDRESS, max_size=4) | VALUES)
@example(texts=[".".join(["x" * 62] * 4) + "@a.example"])
@example(texts=["DevNull@devnull", "a@A.example"])
def test_addresses_at_once(name, texts):
    """
    All are given in their one form where each one has it.
    """
    one, many = {
        "email_address": (names.email_address, at_once.email_addresses),
        "destination": (names.destination, at_once.destinations),
    }[name]
    forms = [one(text) for text in texts]
    expected = None if any(isinstance(form, Fault) for form in forms) else forms

    assert expected == many(texts)


@given(VALUES | st.lists(st.text(), max_size=4))
@example(["E\u0301", "\u0301", "ΑΣ"])
def test_spellings_at_once(texts):
    """
    Each has the form that it has alone, whatever stands beside it.
    """
    single = [text.replace("\n", "") for text in texts]

    assert [names.folded(text) for text in single] == at_once.folded(single)
