"""The example files of this folder's tests: good ones, bad ones, and two for each rule."""

from collections.abc import Iterator
from pathlib import Path

from mailstate.errors import Problem
from mailstate.statefiles import Reading, read_sources

CORPUS = Path(__file__).parent.parent / "corpus"
GOOD = sorted((CORPUS / "good").glob("*.yaml"))
BAD = sorted((CORPUS / "bad").glob("*.yaml"))
RULES = sorted((CORPUS / "rules").iterdir())

USERS = (
    "users:\n"
    "  - {name: alice, uuid: 5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e}\n"
    "  - {name: bob, uuid: 0d9f1a52-7b64-4d0e-8a3f-c21b5e90d7a4}\n"
)


def read_texts(*texts: str) -> Reading:
    """What the files `a.yaml`, `b.yaml`, … with these texts say together."""
    return read_sources((f"{chr(ord('a') + i)}.yaml", t.encode()) for i, t in enumerate(texts))


def lines(problems: tuple[Problem, ...]) -> list[str]:
    """`line:column rule: message` of each problem."""
    return [f"{p.place.line}:{p.place.column} {p.rule}: {p.message}" for p in problems]


def rules(reading: Reading) -> list[str]:
    """The rules that were broken, in the order of the places."""
    return [problem.rule for problem in reading.problems]


def all_sources() -> Iterator[bytes]:
    """The content of every file of the corpus."""
    for path in sorted(CORPUS.rglob("*.yaml")):
        yield path.read_bytes()
