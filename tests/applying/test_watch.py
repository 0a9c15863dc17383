"""How long a domain is waited for, and when it is believed."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailstate.applying.watch import Watch
from mailstate.planning.plan import Actor, Hold, HoldReason
from tests.planning.examples import A

HOLD = Hold(domain=A, reason=HoldReason.DOMAIN_PENDING, actor=Actor.MAILSTATE, detail="not yet")
LATER = Hold(domain=A, reason=HoldReason.FAILED, actor=Actor.OPERATOR, detail="a check fails")


def test_a_domain_is_believed_after_two_good_looks_in_a_row():
    """
    One that flaps starts again.
    """
    watch = Watch(end=999.0, hold=HOLD)

    assert [False, False, False, True] == [
        watch.confirms(hold) for hold in (None, LATER, None, None)
    ]
    assert LATER == watch.hold


@given(st.lists(st.sampled_from([None, HOLD])))
def test_only_two_good_looks_in_a_row_confirm(looks):
    """
    Whatever was found before them.
    """
    watch = Watch(end=999.0, hold=HOLD)

    confirmed = [watch.confirms(hold) for hold in looks]

    assert [now is None and before is None for before, now in pairwise([HOLD, *looks])] == confirmed


def test_pauses_grow_and_are_capped():
    """
    A domain whose DNS takes a day costs one look in two minutes.
    """
    watch = Watch(end=1e9, hold=HOLD)
    pauses = []
    for _ in range(12):
        pauses.append(watch.pause(0.0) or 0.0)
        watch.confirms(HOLD)

    assert [5.0, 7.5, 11.25, 16.875] == pauses[:4]
    assert sorted(pauses) == pauses
    assert 120.0 == pauses[-1] == pauses[-2]


def test_a_good_look_is_confirmed_soon_however_long_the_pauses_have_become():
    """
    Nobody waits two minutes for a domain that works.
    """
    watch = Watch(end=1e9, hold=HOLD)
    for _ in range(12):
        watch.confirms(HOLD)

    watch.confirms(None)

    assert 5.0 == watch.pause(0.0)


def test_the_last_look_begins_a_second_before_the_end():
    """
    It takes a moment itself.
    """
    watch = Watch(end=10.0, hold=HOLD)

    assert [3.5, 0.5, None] == [watch.pause(now) for now in (5.5, 8.5, 9.0)]


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_the_next_look_begins_before_the_end(end, now):
    """
    Or there is none.
    """
    pause = Watch(end=end, hold=HOLD).pause(now)

    if pause is None:
        assert end <= now + 1.0
    else:
        assert 0 < pause
        assert now + pause < end
