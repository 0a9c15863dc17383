"""
How many mutants the tests killed, module by module: reads what `mutmut results --all true` prints.

    python tests/mutation/score.py --at-least 90 < results

A mutant that ran out of its time counts as killed, and is named like those that were not. Exits
with 1 if fewer are killed than demanded, or none was tried.
"""

import argparse
import sys
from collections import Counter, defaultdict

KILLED = {"killed", "timeout"}


def main() -> int:
    parser = argparse.ArgumentParser(description="How many mutants the tests killed.")
    parser.add_argument("--at-least", type=float, default=90.0, help="per cent of all mutants")
    demanded = parser.parse_args().at_least
    modules: dict[str, Counter[str]] = defaultdict(Counter)
    for line in sys.stdin:
        mutant, _, status = line.strip().rpartition(": ")
        modules[mutant.rpartition(".")[0]][status] += 1
        if status != "killed":
            print(f"{status}: {mutant}")
    total = sum(modules.values(), Counter[str]())
    print(f"\n{'':34}{'mutants':>9}{'killed':>9}{'timeout':>9}{'left':>9}{'score':>9}")
    for name, counts in (*sorted(modules.items()), ("in all", total)):
        print(f"{name:34}{row(counts)}")
    return 0 if score(total) >= demanded else 1


def row(counts: Counter[str]) -> str:
    """The figures of one module, in columns."""
    left = sum(count for status, count in counts.items() if status not in KILLED)
    numbers = counts.total(), counts["killed"], counts["timeout"], left
    return "".join(f"{number:9}" for number in numbers) + f"{score(counts):8.1f}%"


def score(counts: Counter[str]) -> float:
    """How much of a hundred was killed; nothing of nothing."""
    return 100 * sum(counts[status] for status in KILLED) / (counts.total() or 1)


if __name__ == "__main__":
    sys.exit(main())
