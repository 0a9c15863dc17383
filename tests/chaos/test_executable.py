"""The command as people start it: a program of its own, at its own speed."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import IO

import pytest

from mailstate.errors import ExitCode
from tests.chaos import oracle
from tests.chaos.boundaries import Decide, is_write, world
from tests.chaos.mail_relay import Carry, Mishap
from tests.chaos.recovery import recover
from tests.chaos.runs import Ran
from tests.chaos.stage import APPLY, Stage
from tests.wire.deeds import Asked, Deed, Hook, Pass

PROGRAM = Path(sys.executable).with_name("mailstate")


class Program:
    """One apply by the program itself, whose readers may leave while it goes on."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._pid = 0
        self._leaving = {"stdout": threading.Event(), "stderr": threading.Event()}
        self._gone = {"stdout": threading.Event(), "stderr": threading.Event()}

    def run(self) -> Ran:
        """Run it to its end, and give what was read of it."""
        with subprocess.Popen(
            [PROGRAM, *APPLY],
            cwd=self._stage.folder,
            env=self._stage.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            self._pid = process.pid
            with ThreadPoolExecutor() as readers:
                said = [
                    readers.submit(self._read, getattr(process, name), name)
                    for name in ("stdout", "stderr")
                ]
                texts = [one.result(timeout=50) for one in said]
            code = process.wait(timeout=50)
        return Ran(code, *texts)

    def hit(self, number: int) -> None:
        os.kill(self._pid, number)

    def leave(self, *names: str) -> None:
        """Read no more of these streams, and come back when nobody does."""
        for name in names:
            self._leaving[name].set()
            self._gone[name].wait()

    def _read(self, stream: IO[bytes], name: str) -> str:
        data = b""
        while not self._leaving[name].is_set():
            if select.select([stream], [], [], 0.005)[0]:
                more = os.read(stream.fileno(), 65_536)
                if not more:
                    break
                data += more
        stream.close()
        self._gone[name].set()
        return data.decode()


def at_write(nth: int, act: Callable[[], object]) -> Decide:
    """Have *act* called at the *nth* request that is to change something."""
    writes = count(1)

    def decide(asked: Asked) -> Deed:
        if is_write(asked) and next(writes) == nth:
            return Hook(Pass(), after=act)
        return Pass()

    return decide


@pytest.mark.parametrize("nth", [2, 36])
def test_the_program_killed_and_run_again_converges(house, nth):
    """
    As all the runs of these tests that are forked from one another.
    """
    with house.stage(world("2026")) as stage:
        program = Program(stage)
        stage.proxy.decide = at_write(nth, lambda: program.hit(signal.SIGKILL))
        act = stage.watch(program.run)
        oracle.check(stage, act)

        assert act.ran.was_killed

        stage.calm()
        stage.world.publish(stage.sandbox)
        again = stage.watch(Program(stage).run)
        oracle.check(stage, again)

        assert ExitCode.OK == again.ran.code

        recover(stage)


def test_what_cannot_be_said_costs_nothing(house):
    """
    A warning about a letter of news, for which nobody listens any more: the report is written.
    """
    with house.stage(world("2026")) as stage:
        program = Program(stage)
        stage.relay.decide = lambda letter: (
            Carry(mishap=Mishap.REFUSED, before=lambda: program.leave("stderr"))
            if "@soutien-" in letter.recipient
            else Carry()
        )
        act = stage.watch(program.run)
        oracle.check(stage, act)

        assert ExitCode.OK == act.ran.code
        assert act.report


@pytest.mark.parametrize(
    ("lost", "number", "code"),
    [
        ((), signal.SIGTERM, ExitCode.INTERRUPTED),
        (("stderr",), None, ExitCode.OK),
        (("stdout", "stderr"), None, ExitCode.OK),
        (("stderr",), signal.SIGTERM, ExitCode.INTERRUPTED),
        (("stdout", "stderr"), signal.SIGINT, ExitCode.INTERRUPTED),
    ],
)
def test_nobody_need_be_reading_along(house, lost, number, code):
    """
    The run goes on without its readers, heeds signals all the same, and writes its report.
    """
    with house.stage(world("2026")) as stage:
        program = Program(stage)

        def befall():
            program.leave(*lost)
            if number is not None:
                program.hit(number)

        stage.proxy.decide = at_write(20, befall)
        act = stage.watch(program.run)
        oracle.check(stage, act)

        assert code == act.ran.code
        assert (code == ExitCode.INTERRUPTED) == act.report["interrupted"]
        assert (code == ExitCode.INTERRUPTED) == bool(act.report["summary"]["not_begun"])
