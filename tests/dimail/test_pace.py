"""How many calls are under way, and when the next may begin."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.dimail.pace import Gate, Pace, SystemClock
from tests.dimail.support import FakeClock, run


@asynccontextmanager
async def passing(gate: Gate) -> AsyncIterator[None]:
    """A turn at *gate*."""
    _, _, keeps_door = await gate.enter()
    try:
        yield
    finally:
        gate.leave(keeps_door=keeps_door)


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
            async with passing(gate):
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
        async with passing(Gate(pace, clock)):
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
            async with passing(gate):
                through.append(name)

        async with passing(gate):
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


def answers(pace, kind, *seconds, started=0.0):
    """Calls one after the other, each as long as said."""
    seen = []
    for each in seconds:
        pace.took(kind, started=started, now=started + each)
        started += each
        seen.append(pace.allowed)
    return seen


def test_a_server_that_becomes_slow_is_asked_less():
    """
    Three times as long as at their best, and over a second: half as many calls at once.
    """
    pace = Pace(4)

    assert [4] * 7 + [2] == answers(pace, "POST", *[0.5] * 5, *[1.6] * 3)


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param([0.01] * 5 + [0.9] * 20, id="slower, but not slow"),
        pytest.param([5.0] * 25, id="slow, but as ever"),
        pytest.param([1.0] * 5 + [2.9] * 20, id="not three times as slow"),
        pytest.param([0.5, 0.5, 9.0, 0.5, 9.0] * 5, id="now and then"),
        pytest.param([0.01] * 4, id="too few to tell"),
    ],
)
def test_what_is_no_sign_of_a_busy_server(seconds):
    """
    Only what most calls of a kind have in common counts.
    """
    pace = Pace(4)

    assert {4} == set(answers(pace, "POST", *seconds))


def test_other_kinds_of_calls_are_not_compared():
    """
    A slow kind beside a quick one is no slowing down.
    """
    pace = Pace(4)

    assert {4} == {*answers(pace, "GET", *[0.1] * 9), *answers(pace, "POST", *[9.0] * 9)}


def test_calls_under_way_while_the_pace_was_halved_do_not_count():
    """
    They were begun at the old pace; what counts is how long calls take at the new one.
    """
    pace = Pace(8)
    answers(pace, "POST", *[0.1] * 5)
    assert [8, 8, 4] == answers(pace, "POST", *[2.0] * 3, started=10)

    for _ in range(20):
        pace.took("POST", started=10, now=19)

    assert 4 == pace.allowed


def test_a_pace_that_does_not_help_recovers():
    """
    A server that stays slow is found to be so after some steps; good answers then restore.
    """
    pace, now, seen = Pace(8), 0.0, []
    for seconds in [0.5] * 5 + [6.0] * 400:
        pace.good()
        pace.took("POST", started=now, now=now + seconds)
        now += seconds
        seen.append(pace.allowed)

    assert [8, 4, 2, 3, 4, 5, 6, 7, 8] == [
        allowed for allowed, before in zip(seen, [0, *seen], strict=False) if allowed != before
    ]


@given(
    st.integers(1, 9),
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1000)), max_size=200),
)
def test_no_latency_stops_the_pace(most, calls):
    """
    However long calls take, one is always allowed, and never more than the limit.
    """
    pace, now = Pace(most), 0.0
    for kind, seconds in calls:
        pace.good()
        pace.took(kind, started=now, now=now + seconds)
        now += seconds

        assert 1 <= pace.allowed <= most


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.sampled_from([0.125, 0.25, 0.375, 0.5, 1.0, 1.25, 2, 9])
        ),
        max_size=99,
    )
)
def test_a_server_is_slow_by_the_median_of_the_last_five_calls(calls):
    """
    Of one kind, since it was last found slow, against the best median, a third of a second or more.
    """
    pace, now, allowed = Pace(64), 0.0, 64
    recent: dict[str, list[float]] = {}
    best: dict[str, float] = {}
    for kind, seconds in calls:
        pace.took(kind, started=now, now=now + seconds)
        now += seconds
        recent.setdefault(kind, []).append(seconds)
        if len(recent[kind]) >= 5:
            usual = median(recent[kind][-5:])
            best[kind] = max(1 / 3, min(usual, best.get(kind, usual)))
            if usual > 3 * best[kind]:
                best[kind] *= 2
                recent.clear()
                allowed = max(1, allowed // 2)

        assert allowed == pace.allowed


def test_the_gate_lets_all_through_while_the_server_slows_down():
    """
    A pace that falls to one while many wait leaves nobody waiting for ever.
    """
    clock = FakeClock()

    async def scenario():
        pace = Pace(4)
        gate, done = Gate(pace, clock), []

        async def call(number):
            async with passing(gate):
                started = clock.monotonic()
                await clock.sleep(0.1 if number < 20 else 30)
            pace.took("POST", started=started, now=clock.monotonic())
            done.append(pace.allowed)

        await asyncio.wait_for(asyncio.gather(*(call(number) for number in range(60))), 10)
        return done

    done = run(scenario())

    assert (60, 1) == (len(done), min(done))
