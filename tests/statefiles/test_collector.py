"""While much is read, nobody looks for cycles."""

import gc

import pytest

from mailstate.statefiles.collector import without_collector


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_left_as_it_was(was_on):
    """
    Whatever happens within.
    """

    @without_collector()
    def fail():
        assert not gc.isenabled()
        raise LookupError

    before = gc.isenabled()
    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(LookupError):
            fail()
        found = gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()

    assert was_on == found
