"""
Feeds the reader of state files what is nearly YAML, for as long as it is told to.

    python tests/fuzz/fuzz_validate.py --seconds 600 --seed 1

Exits with 1 if any input raises, takes more than a second, or breaks a promise: problems with
known rules at places within the file, a desired state exactly where there is no error, and the
same answer of scanner and builder. Such inputs are written to `--keep DIR`. With atheris installed,
`--atheris` hands the wheel to it.
"""

import argparse
import importlib
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mailstate.errors import Severity
from mailstate.statefiles import RULES, read_sources
from tests.fuzz import plainly
from tests.fuzz.mutate import mutated, seeds
from tests.fuzz.two_ways import is_scanned

SLOW = 1.0
_BATCH = 3


def check(*files: bytes) -> Counter[str]:
    """Read *files* as one state, and raise if a promise is broken; count the rules told."""
    sources = [(f"f{number}.yaml", data) for number, data in enumerate(files)]
    reading = read_sources(sources)
    has_errors = False
    for problem in reading.problems:
        rule = RULES[problem.rule]
        has_errors |= rule.severity is Severity.ERROR
        assert problem.severity is rule.severity
        assert problem.message.isprintable(), problem.message
        assert problem.hint.isprintable(), problem.hint
        data = dict(sources)[problem.place.file]
        lines = data.count(b"\n") + data.count(b"\r") + 1
        assert 1 <= problem.place.line <= lines, problem
        assert 1 <= problem.place.column <= len(data) + 1, problem
    assert (reading.desired is None) == has_errors
    for data in files:
        is_scanned(data)
    return Counter(problem.rule for problem in reading.problems)


def run(seconds: float, seed: int, keep: Path) -> int:
    """Fuzz for *seconds* and print what came of it; the exit code."""
    chance = random.Random(seed)
    corpus = seeds()
    told: Counter[str] = Counter()
    inputs = failures = valid = 0
    slowest, slowest_data = 0.0, b""
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        count = 1 if chance.random() < 0.8 else _BATCH
        if chance.random() < 0.5:
            files = [mutated(corpus, chance) for _ in range(count)]
        else:
            files = [chance.choice((plainly.lines, plainly.block))(chance)]
        start = time.process_time()  # a busy machine is no finding
        try:
            rules = check(*files)
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            failures += 1
            print(f"input {inputs} of seed {seed}:", traceback.format_exc(limit=-4), sep="\n")
            _keep(keep, f"raises-{seed}-{inputs}", files)
            rules = Counter()
        took = time.process_time() - start
        inputs += 1
        valid += not rules
        told += rules
        if took > slowest:
            slowest, slowest_data = took, b"\n---8<---\n".join(files)
        if took > SLOW:
            failures += 1
            print(f"input {inputs} of seed {seed} took {took:.2f} s")
            _keep(keep, f"slow-{seed}-{inputs}", files)
    took = time.perf_counter() - began
    print(f"seed {seed}: {inputs:,} inputs in {took:.0f} s, {inputs / took:,.0f} a second")
    print(f"without a problem: {valid:,}; rules told: {len(told)} of {len(RULES)}")
    print(f"slowest: {slowest * 1000:.0f} ms, {len(slowest_data):,} bytes")
    print(f"findings: {failures}")
    return 1 if failures else 0


def _keep(folder: Path, name: str, files: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(files):
        path = folder / f"{name}-{number}.yaml"
        path.write_bytes(data)
        print(f"kept as {path}")


def _atheris() -> None:
    atheris = importlib.import_module("atheris")  # only for those who have it
    atheris.instrument_all()
    atheris.Setup(sys.argv[:1], lambda data: check(data) and None)
    atheris.Fuzz()


def main() -> int:
    """The exit code: 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz_validate")
    parser.add_argument("--atheris", action="store_true", help="coverage-guided, if installed")
    options = parser.parse_args()
    if options.atheris:
        _atheris()
    return run(options.seconds, options.seed, options.keep)


if __name__ == "__main__":
    sys.exit(main())
