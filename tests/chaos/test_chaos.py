"""Runs through drawn schedules of faults, kills and signals: each ends as the files ask."""

import pytest

from tests.chaos.schedules import play, schedule

SEEDS = 50


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_whatever_befalls_the_runs_the_end_is_what_the_files_ask(house, seed):
    """
    And on the way nothing is made twice, too soon or told to the wrong one.

    `.venv/bin/python -m tests.chaos --first SEED --seeds 1` plays one of them again.
    """
    play(house, schedule(seed))
