"""Signals that ask a run to end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mailstate.cli import output


@contextmanager
def stopped_by_signals(event: asyncio.Event) -> Iterator[None]:
    """
    SIGINT, SIGTERM and SIGHUP set *event*: the run ends once the calls under way are finished.

    The last comes when a terminal is closed or a connection to it is lost. Whoever started the
    run with `nohup` wants it to go on. Once *event* is set, further signals change nothing, to the
    end of the program: what became of the run is still to be told then.
    """

    def stop() -> None:
        if not event.is_set():
            event.set()
            output.say("\ninterrupted: finishing the calls under way")

    loop = asyncio.get_running_loop()
    # asyncio puts Python's own handlers aside, and `remove` would not put ours back.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if (hangup := signal.getsignal(signal.SIGHUP)) is not signal.SIG_IGN:
        before[signal.SIGHUP] = hangup
    for number in before:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        # In between, asyncio has the signals end the program.
        signal.pthread_sigmask(signal.SIG_BLOCK, before)
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, _pass_over if event.is_set() else handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, before)


def _pass_over(_number: int, _frame: FrameType | None) -> None:
    pass
