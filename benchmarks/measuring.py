"""
Measuring: candidates take turns, and each is held against the floor of its own round.

Figures drift on a machine that does other things too; the ratio within a round drifts little, and
the median of the ratios less. The first round warms files and modules up and is not counted.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import linear_regression, median
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
PYTHON = sys.executable
MAILSTATE = str(Path(PYTHON).parent / "mailstate")
ACCOUNT = "bench"

_STRANGE = ("MAILSTATE_", "GITHUB_", "PYTHON", "XDG_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What one run cost: seconds of clock and processor, peak memory in MiB.

    `value` is what the command itself measured and printed last, if it did; `output` all that it
    printed.
    """

    wall: float
    cpu: float
    peak: float
    output: str = ""

    @property
    def value(self) -> float:
        """The number in the last line that was printed."""
        return float(self.output.split()[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: one candidate against a floor, by one figure, with its two targets."""

    what: str
    candidate: str
    floor: str
    by: str = "cpu"
    unit: str = "s"
    reach: float | None = None
    heroic: float | None = None
    is_more_better: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Candidates that take turns, by name, and the rows that compare them."""

    name: str
    candidates: Mapping[str, Callable[[], Cost]]
    rows: Sequence[Row]
    times: int = 1
    """How many rounds are made of one: short runs need more of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A row with what was measured in each round; nothing, if one of the two could not be had."""

    group: str
    row: Row
    figures: Sequence[float]
    floors: Sequence[float]

    @property
    def is_measured(self) -> bool:
        """Whether both could be had."""
        return bool(self.figures and self.floors)

    @property
    def ratio(self) -> float:
        """The median of the ratios within each round."""
        return median(a / b for a, b in zip(self.figures, self.floors, strict=True))

    @property
    def verdict(self) -> str:
        """Which target is met."""
        if not self.is_measured:
            return "not installed"
        for target, word in ((self.row.heroic, "heroic"), (self.row.reach, "reached")):
            if target is not None and self._meets(target):
                return word
        return "" if self.row.reach is None else "missed"

    def _meets(self, target: float) -> bool:
        return self.ratio >= target if self.row.is_more_better else self.ratio <= target


def measure(group: Group, *, rounds: int) -> Iterator[Finding]:
    """Run the candidates of *group* in turns, A B C A B C, and say how they compare."""
    taken: dict[str, list[Cost]] = {name: [] for name in group.candidates}
    for number in range(rounds * group.times + 1):
        for name, run in group.candidates.items():
            cost = run()
            if number:
                taken[name].append(cost)
            print(f"  {group.name}: {name}: {shown(cost)}", file=sys.stderr, flush=True)
    for row in group.rows:
        figures, floors = (
            [float(getattr(cost, row.by)) for cost in taken.get(name, ())]
            for name in (row.candidate, row.floor)
        )
        yield Finding(group=group.name, row=row, figures=figures, floors=floors)


def shown(cost: Cost) -> str:
    """*cost* for whoever waits."""
    return f"{cost.wall:.3f} s, {cost.cpu:.3f} s of processor, {cost.peak:.1f} MiB"


def cost_of(
    *command: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT, core: int | None = None
) -> Cost:
    """What *command* costs, in an environment without settings but *env*; it must succeed."""
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as result:
        launched = (PYTHON, "-I", "-S", str(ROOT / "benchmarks/launch.py"))
        where = "any" if core is None else str(core)
        done = subprocess.run(
            [*launched, result.name, where, *command],
            env=environment(env),
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(
                f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}"
            )
        wall, cpu, peak = map(float, result.read().split())
    return Cost(wall=wall, cpu=cpu, peak=peak / 1024, output=done.stdout)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of commands: ours without what could be settings, and *more*."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(_STRANGE)}
    return {**plain, **(more or {})}


@contextmanager
def serving(*arguments: str, module: str = "benchmarks.server") -> Iterator[str]:
    """The URL of a server that is there as long as the context."""
    with subprocess.Popen(
        [PYTHON, "-m", module, *arguments],
        env=environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def asked(url: str) -> Mapping[str, int]:
    """What the server at *url* was asked since the last time, by call."""
    with urlopen(f"{url}/_counts", timeout=10) as answer:
        counts: dict[str, int] = json.load(answer)
    return counts


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """How (size, cost) grow: the slope of the line through their logarithms, by least squares."""
    return linear_regression(*zip(*((log(x), log(y)) for x, y in points), strict=True)).slope
