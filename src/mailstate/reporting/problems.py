"""What is wrong with the state files, as text, JSON and GitHub annotations."""

from collections.abc import Sequence

from mailstate.errors import Problem, Severity
from mailstate.reporting.commands import annotation
from mailstate.reporting.paint import Painter, Tone, counted, visible

_TONE = {Severity.ERROR: Tone.WRONG, Severity.WARNING: Tone.HELD}


def problems_text(problems: Sequence[Problem], paint: Painter) -> str:
    """Two lines for each problem: place, what is wrong and the rule; then what to do."""
    lines = []
    for problem in problems:
        word = paint(f"{problem.severity}:", _TONE[problem.severity])
        where = visible(str(problem.place))
        rule = paint(f"[{visible(problem.rule)}]", Tone.QUIET)
        lines.append(f"{word} {where}: {visible(problem.message)} {rule}")
        if problem.hint:
            lines.append(f"{paint('hint:', Tone.QUIET)}  {visible(problem.hint)}")
    return "".join(f"{line}\n" for line in lines)


def problems_json(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """`{"files": […], "summary": {…}, "problems": […]}`, each problem with its place and rule."""
    # It belongs to plans, of which a check of files loads nothing else.
    from mailstate.reporting.plan_json import to_text  # noqa: PLC0415

    return to_text(
        {
            "format_version": "1.0",
            "summary": {"files": len(files)} | _counts(problems),
            "files": list(files),
            "problems": [
                {
                    "file": problem.place.file,
                    "line": problem.place.line,
                    "column": problem.place.column,
                    "severity": problem.severity.value,
                    "rule": problem.rule,
                    "message": problem.message,
                    "hint": problem.hint,
                }
                for problem in problems
            ],
        }
    )


def problems_github(problems: Sequence[Problem], *, below: str = "") -> str:
    """Workflow commands for notes on the lines concerned; the working directory is *below*."""
    return "".join(_annotation(problem, below) for problem in problems)


def problems_summary(problems: Sequence[Problem], files: int) -> str:
    """`2 errors and 1 warning in 7 files`, or that there is none."""
    counts = _counts(problems)
    where = counted(files, "file")
    if not problems:
        return f"{where}, no problems"
    parts = [
        counted(counts[f"{severity}s"], severity) for severity in Severity if counts[f"{severity}s"]
    ]
    return f"{' and '.join(parts)} in {where}"


def _counts(problems: Sequence[Problem]) -> dict[str, int]:
    return {
        f"{severity}s": sum(problem.severity is severity for problem in problems)
        for severity in Severity
    }


def _annotation(problem: Problem, below: str) -> str:
    message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    return annotation(
        problem.severity, message, title=problem.rule, place=problem.place, below=below
    )
