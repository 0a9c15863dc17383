"""The journal: on the disk before anything is sent, and in nobody's way."""

import asyncio
import errno
import os
import time

import pytest

from mailstate.cli.journal import Journal
from mailstate.model.resources import DomainName, Mailbox
from mailstate.planning.plan import Action, Change


def change(name):
    mailbox = Mailbox(
        domain=DomainName("a.example"),
        local_part=name,
        first_name="A",
        last_name="B",
        display_name="A B",
        active=True,
    )
    return Change(action=Action.CREATE, before=None, after=mailbox)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    yield journal
    journal.close()


@pytest.fixture
def disk(monkeypatch):
    """Sizes of what a slow disk has taken, each time that it was written through."""
    sizes = []

    def fsync(file):
        size = os.fstat(file).st_size
        time.sleep(0.02)
        sizes.append(size)

    monkeypatch.setattr(os, "fsync", fsync)
    return sizes


def test_what_is_begun_at_the_same_time_is_written_through_together(journal, disk, tmp_path):
    """
    Nobody goes on before his line is on the disk, and one turn of the disk serves all who wait.
    """
    seen = []

    async def begin(number):
        journal.begun(change(f"u{number}"))
        lines = (tmp_path / "journal.jsonl").read_bytes()
        assert await journal.kept()
        seen.append(disk[-1] >= len(lines))

    async def scenario():
        await asyncio.gather(*(begin(number) for number in range(20)))

    asyncio.run(scenario())

    assert [True] * 20 == seen
    assert len(disk) <= 2


def test_what_is_written_while_the_disk_is_at_work_waits_for_its_next_turn(journal, disk, tmp_path):
    """
    A turn of the disk keeps what was there when it began, and no more.
    """

    async def scenario():
        journal.begun(change("u"))
        first = asyncio.create_task(journal.kept())
        await asyncio.sleep(0.005)
        journal.begun(change("v"))
        assert await journal.kept()
        assert await first

    asyncio.run(scenario())

    assert (tmp_path / "journal.jsonl").stat().st_size == disk[-1]


def test_calls_under_way_go_on_while_the_disk_is_at_work(journal, disk):
    """
    The disk keeps only those waiting who have something to keep.
    """
    turns = []

    async def others():
        while not disk:
            turns.append(1)
            await asyncio.sleep(0.001)

    async def scenario():
        journal.begun(change("u"))
        await asyncio.gather(journal.kept(), others())

    asyncio.run(scenario())

    assert len(turns) > 1


def test_a_quick_disk_is_waited_for_on_the_spot(journal, monkeypatch):
    """
    Whoever has a line to keep goes on in the same turn; a failure is told all the same.
    """
    failures: list[str] = []

    def fsync(_file):
        if failures:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    journal.on_fault = lambda: None

    async def scenario():
        journal.told(DomainName("a.example"), "enabled")
        turns: list[int] = []
        asyncio.get_running_loop().call_soon(turns.append, 1)
        journal.begun(change("u"))
        kept = [await journal.kept()]
        failures.append("from now on")
        journal.begun(change("v"))
        return [*kept, await journal.kept()], [*turns]

    assert ([True, False], []) == asyncio.run(scenario())


def test_what_is_kept_already_costs_nothing(journal, disk):
    """
    Without a new line there is nothing to wait for.
    """

    async def scenario():
        journal.begun(change("u"))
        return [await journal.kept(), await journal.kept()]

    assert [True, True] == asyncio.run(scenario())
    assert 1 == len(disk)


def test_a_disk_that_fails_is_told_and_nothing_counts_as_kept(journal, monkeypatch):
    """
    The run is told to end, once, and later lines are not written.
    """
    told = []
    journal.on_fault = lambda: told.append("fault")

    def fsync(_file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)

    async def scenario():
        journal.begun(change("u"))
        kept = [await journal.kept()]
        journal.begun(change("v"))
        return [*kept, await journal.kept()]

    assert [False, False] == asyncio.run(scenario())
    assert ["fault"] == told
    assert "cannot be written: Input/output error" in journal.fault.message


def test_all_who_wait_for_a_disk_that_fails_are_turned_away(journal, monkeypatch):
    """
    The run is told once, and the disk is not asked again.
    """
    told, asked = [], []
    journal.on_fault = lambda: told.append("fault")

    def fsync(_file):
        asked.append(1)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)

    async def begin(name):
        journal.begun(change(name))
        return await journal.kept()

    async def scenario():
        return await asyncio.gather(begin("u"), begin("v"), begin("w"))

    assert [False, False, False] == asyncio.run(scenario())
    assert [1] == asked
    assert ["fault"] == told


def test_a_run_that_is_given_up_waits_for_the_disk(journal, disk):
    """
    The file is not closed under its feet.
    """

    async def scenario():
        journal.begun(change("u"))
        waiting = asyncio.create_task(journal.kept())
        await asyncio.sleep(0.005)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return len(disk)

    assert 1 == asyncio.run(scenario())
