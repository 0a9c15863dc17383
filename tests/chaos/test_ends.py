"""Runs that are asked to end, or that cannot write: they end in order, and the next goes on."""

import signal

import pytest

from mailstate.errors import ExitCode
from tests.chaos import oracle
from tests.chaos.boundaries import at_request, is_read, is_write, world
from tests.chaos.mail_relay import Carry, Mishap
from tests.chaos.recovery import recover
from tests.chaos.stage import JOURNAL
from tests.wire.deeds import Hook, Pass

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LINE = '{"at": "2026-01-01T00:00:00.000+00:00", "event": "finished", "interrupted": false}\n'


@pytest.mark.parametrize(
    ("number", "nth", "moment"),
    [
        (signal.SIGINT, 1, "before"),
        (signal.SIGTERM, 17, "after"),
        (signal.SIGINT, 40, "answered"),
        (signal.SIGTERM, 55, "before"),
    ],
)
def test_a_signal_ends_the_run_in_order(house, number, nth, moment):
    """
    Calls under way are finished, report and journal are whole, and the next run goes on.
    """
    with house.stage(world("2026")) as stage:
        stage.proxy.decide = at_request(stage, nth, moment, is_write, with_=number)
        act = stage.apply()
        oracle.check(stage, act)

        assert ExitCode.INTERRUPTED == act.ran.code
        assert act.report["interrupted"]
        assert 0 == act.report["summary"]["failed"]
        assert 0 < act.report["summary"]["not_begun"]

        stage.world.publish(stage.sandbox)
        recover(stage)


def test_a_signal_ends_the_news_too(house):
    """
    One letter for each of many domains may take long: those of which none is begun go without.
    """
    with house.stage(world("2026")) as stage:
        support = []

        def carry(letter):
            if "@soutien-" not in letter.recipient:
                return Carry()
            support.append(letter.recipient)
            return Carry(before=lambda: stage.nursery.hit(signal.SIGTERM))

        stage.relay.decide = carry
        act = stage.apply()
        oracle.check(stage, act)

        assert ExitCode.INTERRUPTED == act.ran.code
        assert act.report["interrupted"]
        assert 0 == act.report["summary"]["not_begun"]
        assert 1 == len(support)

        stage.world.publish(stage.sandbox)
        recover(stage)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_notify_after_the_letter_under_way(house, number):
    """
    It is noted down, so that nobody is written to twice, and no password is set for no letter.
    """
    with house.stage(world("2026")) as stage:
        stage.relay.decide = lambda _: Carry(mishap=Mishap.REFUSED)
        oracle.check(stage, stage.apply())
        stage.relay.decide = lambda _: Carry(before=lambda: stage.nursery.hit(number))
        act = stage.notify()
        oracle.check(stage, act)
        stage.calm()
        again = stage.notify()
        oracle.check(stage, again)
        oracle.check_ways_in(stage)
        (first,), others = act.letters, again.letters

        assert (ExitCode.INTERRUPTED, ExitCode.OK) == (act.ran.code, again.ran.code)
        assert "interrupted: finishing the calls under way" in act.ran.err
        assert 1 < len(others)
        assert first.recipients not in {other.recipients for other in others}


def test_a_second_signal_changes_nothing(house):
    """
    Whoever presses Ctrl-C twice gets the same orderly end.
    """
    with house.stage(world("2026")) as stage:

        def insist():
            for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
                stage.nursery.hit(number)

        stage.proxy.decide = lambda asked: (
            Hook(Pass(), before=insist, after=insist, answered=insist)
            if asked.method == "POST"
            else Pass()
        )
        act = stage.apply()
        oracle.check(stage, act)

        assert ExitCode.INTERRUPTED == act.ran.code
        assert act.report["interrupted"]

        recover(stage, is_published=False)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_it_reads_ends_it_at_once(house, number):
    """
    Nothing was changed, and that is what it says.
    """
    with house.stage(world("2026")) as stage:
        stage.proxy.decide = at_request(stage, 3, "after", is_read, with_=number)
        act = stage.apply()
        oracle.check(stage, act)

        assert ExitCode.INTERRUPTED == act.ran.code
        assert "interrupted: nothing was changed" in act.ran.err
        assert () == act.effects
        assert not (stage.folder / JOURNAL).read_text("utf-8")


@pytest.mark.parametrize("room", [0, 100, 9_000, 14_001])
def test_a_full_disk_stops_the_run_before_the_next_change(house, room):
    """
    Nothing is begun that the journal does not tell of, what is under way is reported, and the
    next run takes it up, whatever the last line looks like.
    """
    with house.stage(world("2026")) as stage:
        earlier = LINE * 4_000
        (stage.folder / JOURNAL).write_text(earlier)
        act = stage.apply(file_size=len(earlier) + room)
        oracle.check(stage, act, ends={ExitCode.INVALID})

        assert "the journal journal.jsonl cannot be written: File too large" in act.ran.err
        # What is planned must be told whole before anything begins.
        assert bool(act.effects) == (act.report is not None) == (room > 5_000)

        stage.world.publish(stage.sandbox)
        recover(stage)
