"""Signals that ask an apply to end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from mailstate.applying.applier import Applier
from mailstate.cli import output


@contextmanager
def stopped_by_signals(applier: Applier) -> Iterator[None]:
    """
    SIGINT, SIGTERM and SIGHUP end the run once the calls under way are finished.

    The last comes when a terminal is closed or a connection to it is lost. Whoever started the
    run with `nohup` wants it to go on.
    """

    def stop() -> None:
        if not applier.stop.is_set():
            applier.stop.set()
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
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
