"""
State files in their canonical form, with every comment, and proof that they mean the same.

A file is judged by itself: what it takes is that its YAML and its shape are right. Handles that
another file declares, and whatever else the rules say of its meaning, is for `validate`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mailstate.errors import ExitCode, MailstateError, Problem, Severity
from mailstate.statefiles.documents import read_document
from mailstate.statefiles.layout import lay_out
from mailstate.statefiles.marks import Map, Seq, Value
from mailstate.statefiles.reader import read_sources
from mailstate.statefiles.rulebook.writing import WRITING
from mailstate.statefiles.text import decode
from mailstate.statefiles.tree import File, all_comments, parse

_NEEDED = frozenset(rule.id for rule in WRITING)


class FormatError(MailstateError):
    """The canonical form would not say what the file says: a fault of ours, nothing is written."""

    exit_code = ExitCode.CHANGE_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """One file: `text` in canonical form, or None and the `problems` that stand against it."""

    text: str | None
    problems: tuple[Problem, ...] = ()


def formatted(file: str, data: bytes) -> Formatted:
    """The content *data* of *file* in canonical form. Raises `FormatError`."""
    problems = tuple(
        problem
        for problem in read_sources([(file, data)]).problems
        if problem.rule in _NEEDED and problem.severity is Severity.ERROR
    )
    text, _ = decode(file, data)
    if problems or text is None:
        return Formatted(text=None, problems=problems)
    tree = parse(text)
    canonical = lay_out(tree).text
    prove(file, data, tree, canonical)
    return Formatted(text=canonical)


def prove(file: str, data: bytes, tree: File, canonical: str) -> None:
    """Raise `FormatError` unless *canonical* says what *data* does, with the comments of *tree*."""
    before, after = read_document(file, data), read_document(file, canonical.encode())
    if after.problems or meaning(after.root) != meaning(before.root):
        what = "the canonical form would mean something else"
    elif _words(tree) != _words(parse(canonical)):
        what = "the canonical form would lose a comment"
    else:
        return
    raise FormatError(
        f"{file}: {what}",
        hint="this is a fault of mailstate; the file is left as it is",
    )


def meaning(value: Value) -> object:
    """*value* without the order of fields and entries, which means nothing."""
    if isinstance(value, Map):
        return ("fields", *((key, meaning(value[key])) for key in sorted(value)))
    if isinstance(value, Seq):
        return ("entries", *sorted(map(meaning, value), key=repr))
    return value


def _words(tree: File) -> Counter[str]:
    """All words of all comments: two comments may end up on one line."""
    lines: Iterable[str] = (*tree.head, *all_comments(tree.root))
    return Counter(word for line in lines for word in line.split())
