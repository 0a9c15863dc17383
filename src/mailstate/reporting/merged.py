"""
What all shards of one run have written, as the one document of the run.

The plan is the one that a run without shards would have made, byte for byte. The report has each
change once, in the order of a plan, and counts anew.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from mailstate import __version__
from mailstate.errors import ExitCode, SettingsError
from mailstate.model.resources import Kind
from mailstate.planning.merge import UnlikeError, merge
from mailstate.planning.plan import Plan
from mailstate.planning.stages import order
from mailstate.reporting.paint import Painter, Tone, counted, visible
from mailstate.reporting.parts import Part, read_parts, selection_of
from mailstate.reporting.plan_json import FORMAT_VERSION, Context, Json, digest, plan_document
from mailstate.reporting.report import code_of
from mailstate.reporting.reread import change_of, context_of, plan_of
from mailstate.reporting.words import SIGN

_OUTCOMES = ("applied", "failed", "skipped", "held", "not_begun")
_GRAVEST = ("failed", "skipped", "not_begun", "held", "applied")
_UNSOUND = (AttributeError, KeyError, TypeError, ValueError, AssertionError)
_ANEW = "make all of them anew, from the same commit"


def merged_plan(texts: Sequence[tuple[str, str]]) -> tuple[Plan, Context]:
    """
    The plan of a whole run, from those of all its shards: *texts* are names and contents of files.

    Raises `SettingsError` if they are not that.
    """
    parts = read_parts(texts, what="plan")
    read = [_reread(part) for part in parts]
    policy = read[0][1].policy
    try:
        whole = merge([plan for plan, _ in read], policy)
    except UnlikeError as error:
        first, second = (parts[number].name for number in error.shards)
        raise SettingsError(_told_twice(error.key, first, second), hint=_ANEW) from None
    causes = {key: cause for _, context in read for key, cause in (context.causes or {}).items()}
    context = Context(
        target=read[0][1].target,
        policy=policy,
        notify=read[0][1].notify,
        selection=selection_of(parts),
        causes=causes or None,
    )
    return whole, context


def _reread(part: Part) -> tuple[Plan, Context]:
    """The plan of *part*, which written down again gives the same document."""
    try:
        plan, context = plan_of(part.document), context_of(part.document)
        if plan_document(plan, context) == part.document:
            return plan, context
    except _UNSOUND:
        pass
    raise SettingsError(f"{part.name} is not as mailstate writes a plan", hint=_ANEW)


def _told_twice(key: str, first: str, second: str) -> str:
    return f"{visible(key)} is in {first} and in {second}: they were not made of the same files"


def merged_report(texts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """
    The report of a whole run, from those of all its shards. Raises `SettingsError`.

    What became of a user whom several shards needed is the gravest of what they tell.
    """
    parts = read_parts(texts, what="report")
    first = parts[0].document
    account = first["policy"]["service_account"]
    outcomes = _in_order(_outcomes(parts), account)
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "target": first["target"],
        "policy": first["policy"],
        "selection": selection_of(parts),
        "plan_digest": digest({"parts": [part.document["plan_digest"] for part in parts]}),
        "interrupted": any(part.document["interrupted"] for part in parts),
        "summary": {
            "planned": len(outcomes),
            **{word: sum(one["outcome"] == word for one in outcomes) for word in _OUTCOMES},
            **{
                word: sum(part.document["summary"][word] for part in parts)
                for word in ("undelivered", "conflicts", "unmanaged", "refused")
            },
        },
        "outcomes": outcomes,
        "late_letters": _all(parts, "late_letters"),
        "conflicts": _in_order(_all(parts, "conflicts"), account),
        "unmanaged": sorted(_all(parts, "unmanaged"), key=lambda entry: str(entry["address"])),
        "refused": _in_order(_all(parts, "refused"), account),
    }
    document["digest"] = digest(document)
    return document


def _all(parts: Sequence[Part], section: str) -> list[Json]:
    return [entry for part in parts for entry in part.document[section]]


def _in_order(entries: Sequence[Json], service_account: str) -> list[Json]:
    """*entries* as a plan has them."""
    try:
        return sorted(
            entries, key=lambda entry: order(change_of(entry), service_account=service_account)
        )
    except _UNSOUND:
        raise SettingsError("a report is not as mailstate writes it", hint=_ANEW) from None


def _outcomes(parts: Sequence[Part]) -> list[Json]:
    """What became of each change of all *parts*."""
    found: dict[str, tuple[Part, Json]] = {}
    for part in parts:
        for entry in part.document["outcomes"]:
            key = entry["address"]
            other, known = found.setdefault(key, (part, entry))
            if known is entry:
                continue
            if entry["kind"] != Kind.USER:
                raise SettingsError(_told_twice(key, other.name, part.name), hint=_ANEW)
            if _GRAVEST.index(entry["outcome"]) < _GRAVEST.index(known["outcome"]):
                found[key] = part, entry
    return [entry for _, entry in found.values()]


def report_code(report: Json) -> ExitCode:
    """How an apply would have ended that wrote *report*: the gravest thing that is in it."""
    return code_of(report["summary"], interrupted=report["interrupted"])


def merged_report_text(report: Json, paint: Painter) -> str:
    """What became of a run, in counts, and each change that failed or was skipped."""
    counts = report["summary"]
    said = [f"{counts[word]} {word.replace('_', ' ')}" for word in _OUTCOMES if counts[word]]
    head = f"{counted(counts['planned'], 'change')} planned"
    lines = [paint(f"{head}: {', '.join(said)}" if said else "Nothing was to be done", Tone.TITLE)]
    if report["interrupted"]:
        lines.append("Interrupted: what was under way is finished, the rest was not begun")
    lines += _wrong_lines(report, paint)
    lines += [
        f"{number} {words}"
        for number, words in (
            (counts["undelivered"], "made, but the confirmation did not go out"),
            (counts["refused"], "refused by a guard"),
            (counts["conflicts"], "in conflict, left as found"),
        )
        if number
    ]
    return "\n".join(lines) + "\n"


def _wrong_lines(report: Json, paint: Painter) -> Iterator[str]:
    for entry in report["outcomes"]:
        if entry["outcome"] in {"failed", "skipped"}:
            word = paint(f"{entry['outcome']:9}", Tone.WRONG)
            detail = f"  {visible(entry['detail'])}" if entry["detail"] else ""
            yield f"  {word} {SIGN[entry['action']]} {visible(entry['address'])}{detail}"
            if entry["hint"]:
                yield f"      {visible(entry['hint'])}"
