"""How many calls are under way, and when the next may begin."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from mailstate.dimail.pace import Gate, Pace, SystemClock
from tests.dimail.support import FakeClock, run


@given(st.integers(1, 9), st.lists(st.sampled_from(["good", "trouble"]), max_size=200))
def test_the_pace_stays_between_one_and_its_limit(most, events):
    """
    Whatever happens, at least one call is allowed, and never more than the limit.
    """
    pace = Pace(most)
    for now, event in enumerate(events):
        if event == "good":
            pace.good()
        else:
            pace.trouble(started=now, now=now)

        assert 1 <= pace.allowed <= most


def test_trouble_halves_and_good_answers_restore():
    """
    Half as many calls after trouble, one more after each run of good answers, up to the limit.
    """
    pace = Pace(4)
    pace.trouble(started=0, now=1)

    seen = []
    for _ in range(60):
        pace.good()
        seen.append(pace.allowed)

    assert [2] * 19 + [3] * 20 + [4] * 21 == seen


def test_calls_that_meet_the_same_trouble_count_once():
    """
    Four calls under way that all time out halve the pace once.
    """
    pace = Pace(8)
    for _ in range(4):
        pace.trouble(started=0, now=5)

    assert 4 == pace.allowed


def test_a_pause_is_obeyed_and_limited():
    """
    The server's pause holds for all calls, a minute at most, and the longest of several counts.
    """
    pace = Pace(4)
    assert 0 == pace.pause(10)

    pace.trouble(started=0, now=10, retry_after=7)
    pace.trouble(started=0, now=11, retry_after=1)
    assert 7 == pace.pause(10)

    pace.trouble(started=0, now=10, retry_after=86_400)
    assert 60 == pace.pause(10)


def test_the_gate_lets_through_as_many_as_allowed():
    """
    Of many calls that want to begin, never more than the pace allows are under way.
    """
    clock, most = FakeClock(), []

    async def scenario():
        gate, under_way = Gate(Pace(3), clock), 0

        async def call():
            nonlocal under_way
            async with gate.passing():
                under_way += 1
                most.append(under_way)
                await asyncio.sleep(0)
                under_way -= 1

        await asyncio.gather(*(call() for _ in range(20)))

    run(scenario())

    assert (20, 3) == (len(most), max(most))


def test_the_gate_waits_for_the_pause():
    """
    A call that begins during the server's pause waits for its end.
    """
    clock, pace = FakeClock(), Pace(2)
    pace.trouble(started=0, now=clock.monotonic(), retry_after=5)

    async def scenario():
        async with Gate(pace, clock).passing():
            pass

    run(scenario())

    assert [5] == clock.slept


def test_one_who_goes_away_while_waiting_blocks_nobody():
    """
    A cancelled call passes the turn it was just given on to the next in line.
    """

    async def scenario():
        gate, through = Gate(Pace(1), FakeClock()), []

        async def call(name):
            async with gate.passing():
                through.append(name)

        async with gate.passing():
            first, second = asyncio.create_task(call("first")), asyncio.create_task(call("second"))
            third = asyncio.create_task(call("third"))
            await asyncio.sleep(0)
            third.cancel()
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait_for(second, 1)
        return through

    assert ["second"] == run(scenario())


def test_the_system_clock_runs():
    """
    The real clock goes forward while it sleeps.
    """
    clock = SystemClock()
    before = clock.monotonic()
    run(clock.sleep(0.001))

    assert before < clock.monotonic()
    assert 1_600_000_000 < clock.wall()
