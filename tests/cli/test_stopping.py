import asyncio
import signal

import pytest

from mailstate.cli.stopping import stopped_by_signals

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _same_handlers():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def stopped(sooner, later):
    """Whether a run is asked to end that gets *sooner* while it works, *later* when it is done."""

    async def run():
        event = asyncio.Event()
        with stopped_by_signals(event):
            for number in sooner:
                signal.raise_signal(number)
            if sooner:
                await event.wait()
        for number in later:
            signal.raise_signal(number)
        return event.is_set()

    return asyncio.run(run())


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_once_a_run_ends_no_signal_keeps_it_from_telling_so(first, second, capsys):
    """
    Ctrl-C twice is one wish: the report is written all the same.
    """
    signal.signal(signal.SIGHUP, signal.default_int_handler)

    assert stopped([first], [second, second])
    assert "\ninterrupted: finishing the calls under way\n" == capsys.readouterr().err


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_mean_what_they_meant_before_where_none_came(number):
    """
    A run that was done in peace leaves the program as it was.
    """
    for each in SIGNALS:
        signal.signal(each, signal.default_int_handler)

    with pytest.raises(KeyboardInterrupt):
        stopped([], [number])
