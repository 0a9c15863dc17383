from mailstate.model.packed import MOST_OPEN, Packed


def counting(items):
    """A packed *items*, and the list that grows with each unpacking."""
    asked: list[None] = []

    def unpack():
        asked.append(None)
        return dict(items)

    return Packed(unpack), asked


def test_a_packed_mapping_equals_the_mapping_it_gives():
    """Whoever compares states does not see which of their parts are packed."""
    packed, _ = counting({"a": 1, "b": 2})

    assert packed == {"a": 1, "b": 2}
    assert {"a": 1, "b": 2} == packed
    assert packed != {"a": 1}
    assert (["a", "b"], 2, True, False) == (list(packed), len(packed), "a" in packed, "c" in packed)
    assert "Packed({'a': 1, 'b': 2})" == repr(packed)


def test_nothing_is_unpacked_before_it_is_looked_at():
    """A packed mapping that nobody asks costs nothing."""
    packed, asked = counting({"a": 1})

    assert 0 == len(asked)
    assert 1 == packed["a"]
    assert 1 == packed["a"]
    assert 1 == len(asked)


def test_how_many_there_are_may_be_known_beforehand():
    """Counting the mailboxes of all domains unpacks none of them."""
    packed, asked = counting({"a": 1})
    counted = Packed(lambda: dict(packed), count=1)

    assert 1 == len(counted)
    assert 0 == len(asked)
    assert counted == {"a": 1}
    assert 1 == len(asked)


def test_only_the_last_ones_looked_at_stay_unpacked():
    """Memory is bounded: what was looked at long ago is put away, and unpacked again if asked."""
    first, asked = counting({"a": 1})
    others = [counting({"b": 2})[0] for _ in range(MOST_OPEN)]

    assert 1 == first["a"]
    assert [2] * MOST_OPEN == [other["b"] for other in others]
    assert 1 == first["a"]
    assert 2 == len(asked)
