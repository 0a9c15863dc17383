"""
The benchmarks: `make bench`, or

    python -m benchmarks.bench --mailboxes 100000 --rounds 5 --only files

Prints a table in Markdown: what was measured, the floor beside which it ran, the median of the
ratios of the rounds, and the targets. Nothing here is a test: a busy machine fails no build.
"""

import argparse
import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from benchmarks.groups import GROUPS, Scene
from benchmarks.measuring import Finding, measure

_WHOLE = 100
_PACKAGES = ("pyyaml", "jsonschema", "jsonschema-rs", "httpx", "click")


def main() -> None:
    """Measure what is asked for on the command line."""
    parser = argparse.ArgumentParser(description="What mailstate costs, beside a floor or a peer.")
    parser.add_argument(
        "--mailboxes", type=int, default=100_000, help="in all; default: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--only", action="append", choices=sorted(GROUPS), help="may be repeated")
    parser.add_argument(
        "--work", type=Path, default=Path(".bench"), help="where data and caches go"
    )
    asked = parser.parse_args()
    scene = Scene(work=asked.work.absolute(), mailboxes=asked.mailboxes)
    findings: list[Finding] = []
    for name in asked.only or GROUPS:
        with GROUPS[name](scene) as group:
            findings += measure(group, rounds=asked.rounds)
    print("\n".join((*about(asked.mailboxes, asked.rounds), "", *table(findings))))


def about(mailboxes: int, rounds: int) -> Iterator[str]:
    """What a reader must know of the machine and of the run."""
    system = f"{platform.system()} {platform.release()}"
    yield f"{mailboxes:,} mailboxes, {rounds} rounds; {os.cpu_count()} cores, {system}, "
    packages = ", ".join(f"{name} {installed(name)}" for name in _PACKAGES)
    yield f"Python {platform.python_version()}; {packages}."


def installed(name: str) -> str:
    """The version of a package, or that there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def table(findings: Iterable[Finding]) -> Iterator[str]:
    """*findings* as a table in Markdown."""
    yield "| what | figure | floor | ratio | reach | heroic | | `make bench ONLY=` |"
    yield "| --- | --: | --: | --: | --: | --: | --- | --- |"
    for found in findings:
        row = found.row
        sign = "≥" if row.is_more_better else "≤"
        goals = (
            f"{sign} {goal:.3g}" if goal is not None else "" for goal in (row.reach, row.heroic)
        )
        cells = (
            row.what,
            *(measured(found) if found.is_measured else ("", row.floor, "")),
            *goals,
            found.verdict,
            f"`{found.group}`",
        )
        yield f"| {' | '.join(cells)} |"


def measured(found: Finding) -> tuple[str, str, str]:
    """The median of the figures, that of the floor, and that of the ratios."""
    figure, floor = median(found.figures), median(found.floors)
    return (
        f"{rounded(figure)} {found.row.unit}".rstrip(),
        f"{found.row.floor}: {rounded(floor)}",
        f"**{found.ratio:.3g}**",
    )


def rounded(number: float) -> str:
    """*number* to three places that count, and whole above that."""
    return f"{number:,.0f}" if number >= _WHOLE else f"{number:.3g}"


if __name__ == "__main__":
    main()
