"""An apply of some sixty changes, killed at each boundary there is, and run again."""

import signal
from collections.abc import Sequence
from http import HTTPStatus

import httpx
import pytest

from tests.chaos import oracle
from tests.chaos.boundaries import (
    LETTERS,
    MOMENTS,
    READS,
    WRITES,
    at_letter,
    at_request,
    is_read,
    is_write,
    world,
)
from tests.chaos.mail_relay import Carry, Mishap, Posted
from tests.chaos.recovery import recover
from tests.chaos.stage import JOURNAL, Stage
from tests.chaos.witness import read
from tests.wire.deeds import Asked, Deed, Hook, Pass, Reset


def some_of(every: Sequence[tuple[object, ...]], number: int) -> list[object]:
    """*every* one, all marked `slow` but for *number* of them, evenly spread."""
    chosen = {round(len(every) * (place + 0.5) / number) for place in range(number)}
    return [
        pytest.param(*one, marks=() if place in chosen else pytest.mark.slow)
        for place, one in enumerate(every)
    ]


def boundaries(most: int) -> list[tuple[object, ...]]:
    return [(nth, moment) for nth in range(1, most + 1) for moment in MOMENTS]


@pytest.mark.parametrize("profile", ["2024", "2024-check", "2026"])
def test_there_are_so_many_boundaries_and_no_more(house, profile):
    """
    A run that nobody kills makes the requests and letters that the tests below count.
    """
    with house.stage(world(profile)) as stage:
        letters: list[Posted] = []
        stage.relay.decide = at_letter(stage, 0, "before", letters)
        act = stage.apply()
        asked = stage.proxy.asked
        oracle.check(stage, act)

        assert 0 == act.report["summary"]["failed"]
        assert 50 < act.report["summary"]["planned"]
        assert WRITES[profile] == sum(map(is_write, asked))
        assert READS <= [is_write(one) for one in asked].index(True)
        assert profile != "2026" or len(letters) == LETTERS


@pytest.mark.parametrize(("nth", "moment"), some_of(boundaries(WRITES["2026"]), 20))
def test_killed_at_any_change_it_converges(house, nth, moment):
    """
    Before the server has the request, once the effect is there, or with the answer on its way.
    """
    killed(house, "2026", nth, moment)


@pytest.mark.parametrize(
    ("profile", "nth", "moment"),
    [
        ("2024", 20, "after"),
        ("2024", 47, "answered"),
        ("2024", 66, "after"),
        ("2024-check", 33, "after"),
        ("2024-check", 60, "before"),
    ],
)
def test_killed_with_an_older_dimail_it_converges(house, profile, nth, moment):
    """
    A dimail of 2024 answers 500 for what exists, and tells a password once.
    """
    killed(house, profile, nth, moment)


def killed(house, profile, nth, moment):
    with house.stage(world(profile)) as stage:
        stage.proxy.decide = at_request(stage, nth, moment, is_write)
        act = stage.apply()
        oracle.check(stage, act)

        assert act.ran.was_killed

        stage.world.publish(stage.sandbox)
        recover(stage)


@pytest.mark.parametrize(("nth", "moment"), some_of(boundaries(LETTERS), 6))
def test_killed_at_any_letter_nobody_is_forgotten(house, nth, moment):
    """
    Before the mail server has it, once it has, or with its answer on the way.
    """
    with house.stage(world("2026")) as stage:
        stage.relay.decide = at_letter(stage, nth, moment)
        act = stage.apply()
        oracle.check(stage, act)

        assert act.ran.was_killed

        stage.world.publish(stage.sandbox)
        recover(stage)


@pytest.mark.parametrize("nth", [1, 4, READS])
def test_killed_while_it_reads_it_has_done_nothing(house, nth):
    """
    There is no journal yet, or an empty one, and nothing to tell.
    """
    with house.stage(world("2026")) as stage:
        stage.proxy.decide = at_request(stage, nth, "after", is_read)
        act = stage.apply()
        oracle.check(stage, act)

        assert act.ran.was_killed
        assert () == act.effects == act.letters
        assert not (stage.folder / JOURNAL).read_text("utf-8")


def test_killed_again_and_again_it_gets_there(house):
    """
    Each run is killed at its twelfth change, until one is through.
    """
    with house.stage(world("2026")) as stage:
        stage.world.publish(stage.sandbox)
        stage.proxy.decide = at_request(stage, 12, "after", is_write)
        kills = 0
        while (act := stage.apply()).ran.was_killed and kills < 20:
            oracle.check(stage, act)
            kills += 1
            stage.proxy.decide = at_request(stage, 12, "after", is_write)

        assert 4 < kills < 20

        oracle.check(stage, act)
        recover(stage)


def test_the_journal_tells_done_unknown_and_not_begun(house):
    """
    Of each planned change one of the three, in plain JSON that anybody can read.
    """
    with house.stage(world("2026")) as stage:
        stage.proxy.decide = at_request(stage, 40, "after", is_write)
        oracle.check(stage, stage.apply())
        [told] = read(stage.folder / JOURNAL)

        assert told.ended
        assert 1 <= len(told.open) <= 4
        assert {*told.planned} - {*told.begun}
        assert not told.has_finished


def test_notify_pays_what_a_killed_run_owes(house):
    """
    To all whose mailbox is there; once it has, nothing is due, not to the next apply either.
    """
    with house.stage(world("2026")) as stage:
        stage.relay.decide = at_letter(stage, 3, "before")
        killed_one = stage.apply()
        oracle.check(stage, killed_one)
        stage.calm()
        notified = stage.notify()
        oracle.check(stage, notified)
        oracle.check_ways_in(stage)

        assert killed_one.ran.was_killed
        assert notified.letters

        again = stage.notify()
        oracle.check(stage, again)

        assert () == again.letters

        stage.world.publish(stage.sandbox)
        recover(stage)


def test_notify_killed_at_a_letter_writes_it_again(house):
    """
    What was taken and not recorded comes twice, and nobody is left out.
    """
    with house.stage(world("2026")) as stage:
        stage.relay.decide = lambda _: Carry(mishap=Mishap.REFUSED)
        oracle.check(stage, stage.apply())
        stage.relay.decide = at_letter(stage, 2, "after")
        act = stage.notify()
        oracle.check(stage, act)

        assert act.ran.was_killed
        assert 2 == len(act.letters)

        stage.calm()
        again = stage.notify()
        oracle.check(stage, again)

        assert act.letters[1].recipients == again.letters[0].recipients

        oracle.check_ways_in(stage)


def test_a_creation_that_lands_late_still_brings_its_letter(house):
    """
    What a killed run had asked for comes into being while the next run asks for it again.
    """
    with house.stage(world("2026")) as stage:
        address = next(one for one in stage.world.holders() if "fresh" in one)
        local_part, _, domain = address.rpartition("@")
        path = f"/domains/{domain}/mailboxes/{local_part}"
        asked: list[Asked] = []

        def dying(one: Asked) -> Deed:
            if (one.method, one.path) == ("POST", path):
                asked.append(one)
                return Hook(Reset(), before=lambda: stage.nursery.hit(signal.SIGKILL))
            return Pass()

        def landing(one: Asked) -> Deed:
            if (one.method, one.path) == ("POST", path):
                return Hook(Pass(), before=lambda: land(stage, asked[0]))
            return Pass()

        stage.proxy.decide = dying
        oracle.check(stage, stage.apply())
        stage.proxy.decide = landing
        stage.proxy.late.add(f"mailbox/{address}")
        act = stage.apply()
        oracle.check(stage, act)
        entries = {entry["address"]: entry for entry in act.report["outcomes"]}

        assert "was there already" == entries[f"mailbox/{address}"]["detail"]

        stage.world.publish(stage.sandbox)
        recover(stage)


def land(stage: Stage, asked: Asked) -> None:
    """Have the server carry out *asked*, whose sender is gone."""
    url, account = stage.sandbox.url, (stage.sandbox.username, stage.sandbox.password)
    token = httpx.get(f"{url}/token/", auth=account).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"{url}{asked.path}", content=asked.body, headers=headers)
    assert HTTPStatus.CREATED == answer.status_code
