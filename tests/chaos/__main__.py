"""`python -m tests.chaos`: many schedules, one after the other."""

import argparse
import os
import sys
import time
import traceback

from tests.chaos.schedules import Tally, play, schedule
from tests.chaos.stage import House


def main() -> int:
    """Play the schedules asked for, say how it goes, and fail if one of them does."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=int(os.environ.get("CHAOS_SEEDS", "500")))
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args()
    tally, failed, began = Tally(), [], time.monotonic()
    with House() as house:
        for seed in range(options.first, options.first + options.seeds):
            one = schedule(seed)
            try:
                play(house, one, tally)
            except Exception:  # noqa: BLE001  the others are played all the same
                failed.append(seed)
                traceback.print_exc()
                say(f"seed {seed} failed; again: {one.repeat}")
            if tally.schedules % 25 == 0:
                say(f"{tally.schedules} of {options.seeds}, {len(failed)} failed")
    seconds = time.monotonic() - began
    kinds = ", ".join(f"{name} {number}" for name, number in sorted(tally.deeds.items()))
    say(
        f"{tally.schedules} schedules, {tally.runs} runs, {tally.requests} requests, "
        f"{tally.faults} faults, {tally.kills} kills, {tally.signals} signals, {seconds:.0f} s\n"
        f"{kinds}"
    )
    for seed in failed:
        say(f"failed: {schedule(seed).repeat}")
    return 1 if failed else 0


def say(text: str) -> None:
    """Tell how it goes, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
