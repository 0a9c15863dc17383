"""What is wrong with the state files in SARIF 2.1.0, for code scanning and editors."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from mailstate import __version__
from mailstate.errors import Problem
from mailstate.reporting.paint import visible
from mailstate.statefiles.rulebook import RULES, Rule

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"

# In a message of SARIF, `[text](target)` is a link and `{0}` stands for an argument.
_MARK = re.compile(r"(?<=\])\(|\{(?=\d+\})")
_PLACE = re.compile(r":\d+:\d+\b")


def problems_sarif(problems: Sequence[Problem], *, below: str = "") -> str:
    """
    One run with every rule and a result for each of *problems*.

    Files are named from the root of the sources, in which the working directory is *below*; those
    outside of the working directory by their whole address.
    """
    # It belongs to plans, of which a check of files loads nothing else.
    from mailstate.reporting.plan_json import to_text  # noqa: PLC0415

    index = {rule: number for number, rule in enumerate(RULES)}
    run = {
        "tool": {
            "driver": {
                "name": "mailstate",
                "version": __version__,
                "rules": [_rule(rule) for rule in RULES.values()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the sources."}}},
        "invocations": [{"executionSuccessful": True}],
        "results": [
            {
                "ruleId": problem.rule,
                **({"ruleIndex": index[problem.rule]} if problem.rule in index else {}),
                "level": problem.severity.value,
                "message": {"text": _said(problem)},
                "locations": [{"physicalLocation": _location(problem, below)}],
                "partialFingerprints": {"mailstateProblem/v1": fingerprint},
            }
            for problem, fingerprint in zip(problems, _fingerprints(problems), strict=True)
        ],
    }
    return to_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": _text(rule.title)},
        "fullDescription": {"text": _text(rule.reason)},
        "help": {"text": _text(f"{rule.title}. {rule.reason} What to do: {rule.remedy}.")},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _said(problem: Problem) -> str:
    hint = f" ({problem.hint})" if problem.hint else ""
    return _text(f"{problem.message}{hint}")


def _text(text: str) -> str:
    return _MARK.sub(lambda mark: f"\\u{ord(mark[0]):04x}", visible(text))


def _location(problem: Problem, below: str) -> dict[str, Any]:
    place = problem.place
    path = quote(f"{below}/{place.file}" if below else place.file, errors="replace")
    artifact = {"uri": path, "uriBaseId": _ROOT}
    if place.file.startswith("/"):
        artifact = {"uri": f"file://{quote(place.file, errors='replace')}"}
    region = {"startLine": place.line, "startColumn": place.column}
    return {"artifactLocation": artifact, "region": region}


def _fingerprints(problems: Sequence[Problem]) -> Iterator[str]:
    """For each of *problems* a name that it keeps while lines come and go above it."""
    seen: Counter[tuple[str, ...]] = Counter()
    for problem in problems:
        # A message may name another place, whose line moves as well.
        same = problem.rule, problem.place.file, _PLACE.sub("", problem.message)
        seen[same] += 1
        parts = "\0".join((*same, str(seen[same])))
        yield hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()
