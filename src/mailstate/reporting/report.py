"""What became of a plan, as text and JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from mailstate import __version__
from mailstate.applying.outcome import (
    Applied,
    Failed,
    Letter,
    Outcome,
    Report,
    Skipped,
    StillHeld,
    word_for,
)
from mailstate.errors import ExitCode
from mailstate.model.resources import Key
from mailstate.planning.plan import Hold, Plan
from mailstate.reporting.entries import change_entry, hold_values
from mailstate.reporting.paint import Painter, Tone, counted, visible
from mailstate.reporting.plan_json import (
    FORMAT_VERSION,
    LINE,
    Context,
    Json,
    digest,
    head,
    left,
    plan_digest,
    plan_document,
    with_digest,
)
from mailstate.reporting.plan_text import held_lines
from mailstate.reporting.rows import Rows
from mailstate.reporting.twofold import entries, keyed, twofold
from mailstate.reporting.words import HOLD, SIGN

_TONE = {
    "applied": Tone.GOOD,
    "failed": Tone.WRONG,
    "skipped": Tone.WRONG,
    "held": Tone.HELD,
    "not_begun": Tone.HELD,
}


def outcome_line(outcome: Outcome, paint: Painter) -> str:
    """One line for one change, as it is shown while the run goes on."""
    word = word_for(outcome)
    change = outcome.change
    line = f"{SIGN[change.action]} {visible(change.key)}"
    said = visible(_detail(outcome))
    shown = paint(f"{word.replace('_', ' '):9}", _TONE[word])
    return f"{shown} {line}{f'  {said}' if said else ''}"


def report_text(report: Report, paint: Painter) -> str:
    """The account at the end of a run: how many of each, and each that is not simply done."""
    counts = report.summary()
    parts = [
        f"{number} {word.replace('_', ' ')}"
        for word, number in counts.items()
        if number and word != "planned"
    ]
    head = f"{counted(counts['planned'], 'change')} planned"
    lines = [
        paint(f"{head}: {', '.join(parts)}" if parts else "Nothing was to be done", Tone.TITLE)
    ]
    if report.interrupted:
        lines.append("Interrupted: what was under way is finished, the rest was not begun")
    for outcome in report.outcomes:
        match outcome:
            case Failed(hint=hint):
                lines.append(f"  {outcome_line(outcome, paint)}")
                if hint:
                    lines.append(f"      {visible(hint)}")
            case Skipped():
                lines.append(f"  {outcome_line(outcome, paint)}")
            case Applied(password_lost=True, letter=letter) if not _is_welcomed(letter):
                lines.append(f"  {outcome_line(outcome, paint)}")
            case _:
                pass
    lines += _late_lines(report)
    lines += _undelivered_lines(report, paint)
    held = [one for one in report.outcomes if isinstance(one, StillHeld)]
    if held:
        lines += ["", paint("Still held: `mailstate plan` lists it", Tone.TITLE)]
        lines += held_lines(((one.hold, one.change) for one in held), paint, is_list=False)
    return "\n".join(lines) + "\n"


def report_document(report: Report, plan: Plan, context: Context) -> dict[str, Any]:
    """*report* as JSON values (`schema/report.schema.json`), with what the plan told and left."""
    planned = plan_document(plan, context)
    document: dict[str, Any] = {
        **_head(report, plan, context),
        "outcomes": [_outcome_entry(outcome) for outcome in report.outcomes],
        "late_letters": _late_letters(report),
        "conflicts": planned["conflicts"],
        "unmanaged": planned["unmanaged"],
        "refused": planned["refused"],
    }
    document["digest"] = digest(document)
    return document


def report_json(report: Report, plan: Plan, context: Context) -> str:
    """
    *report* as text: what `--report` writes and `--format json` prints.

    It is the text of `report_document`, without a document in between.
    """
    plain = Rows({}, line=f"{LINE}  ")
    told = (
        plain.ended(outcome.change, _hold(outcome), _why(outcome), _ended(outcome))
        for outcome in report.outcomes
    )
    parts = {
        **{key: twofold(one, LINE) for key, one in _head(report, plan, context).items()},
        "outcomes": entries(told, LINE),
        "late_letters": twofold(_late_letters(report), LINE),
        **left(plan, Rows(context.causes or {}, line=f"{LINE}  ")),
    }
    return with_digest(keyed(parts, "\n"))


def _head(report: Report, plan: Plan, context: Context) -> dict[str, Any]:
    """What a report says before its outcomes."""
    planned = head(plan, context)
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "target": context.target,
        "policy": planned["policy"],
        "selection": planned["selection"],
        "plan_digest": plan_digest(plan, context),
        "interrupted": report.interrupted,
        "summary": report_counts(report, plan),
    }


def report_counts(report: Report, plan: Plan) -> Mapping[str, int]:
    """How many of each there are in *report*, and of what *plan* told and left."""
    return {
        **report.summary(),
        "undelivered": len(report.undelivered()),
        "conflicts": len(plan.conflicts),
        "unmanaged": len(plan.unmanaged),
        "refused": len(plan.refused),
    }


def code_of(counts: Mapping[str, int], *, interrupted: bool) -> ExitCode:
    """How a run ends of which `report_counts` gives *counts*: the gravest thing that is in it."""
    if interrupted:
        return ExitCode.INTERRUPTED
    if counts["failed"] or counts["skipped"] or counts["undelivered"]:
        return ExitCode.CHANGE_FAILED
    return ExitCode.REFUSED if counts["refused"] else ExitCode.OK


def _late_letters(report: Report) -> list[Json]:
    return [
        {"address": late.key, **_letter(late.letter), "hint": late.letter.hint or None}
        for late in report.late_letters
    ]


def _is_welcomed(letter: Letter | None) -> bool:
    """Whether the holder has got a way in that does not need the lost password."""
    return letter is not None and letter.is_delivered


def letter_line(key: Key, letter: Letter, paint: Painter) -> str:
    """One line for one letter that was owed, as it is shown while the run goes on."""
    word, tone = ("sent", Tone.GOOD) if letter.is_delivered else ("not sent", Tone.WRONG)
    to, detail = visible(letter.to or "nobody"), visible(letter.detail)
    return f"{paint(f'{word:9}', tone)} {visible(key)}  to {to}: {detail}"


def _late_lines(report: Report) -> Iterator[str]:
    if not report.late_letters:
        return
    sent = sum(late.letter.is_delivered for late in report.late_letters)
    lost = len(report.late_letters) - sent
    parts = [f"{sent} sent" if sent else "", f"{lost} not sent" if lost else ""]
    yield f"Letters of earlier runs: {', '.join(part for part in parts if part)}"


def _undelivered_lines(report: Report, paint: Painter) -> Iterator[str]:
    if not report.undelivered():
        return
    yield ""
    yield paint("Made, but the confirmation did not go out: `mailstate notify`", Tone.WRONG)
    for key, letter in report.undelivered():
        yield f"  {visible(key)}  to {visible(letter.to)}"
        yield f"      {visible(letter.detail)}"
        if letter.hint:
            yield f"      {visible(letter.hint)}"


def _detail(outcome: Outcome) -> str:
    match outcome:
        case Applied(note=note, password_lost=True, letter=letter) if not _is_welcomed(letter):
            lost = (
                "its first password was lost with the answer, or went to whoever else made it at "
                "the same time: its holder may need another one"
            )
            return f"{note}; {lost}" if note else lost
        case Applied(note=note):
            return note
        case Failed(message=message):
            return message
        case Skipped(because=because):
            return f"needs {because}, which failed"
        case StillHeld(hold=hold):
            return f"{hold.domain}: {HOLD[hold.reason]}"
        case _:
            return ""


def _outcome_entry(outcome: Outcome) -> Json:
    hold = _hold(outcome)
    reason = hold.reason.value if hold else None
    return {
        **change_entry(outcome.change, reason=reason, detail=_why(outcome)),
        **hold_values(hold),
        **_ended(outcome),
    }


def _hold(outcome: Outcome) -> Hold | None:
    return outcome.hold if isinstance(outcome, StillHeld) else None


def _why(outcome: Outcome) -> str | None:
    return outcome.hold.detail if isinstance(outcome, StillHeld) else _detail(outcome) or None


def _ended(outcome: Outcome) -> Json:
    """The keys that an outcome has besides those of a held entry."""
    letter = outcome.letter if isinstance(outcome, Applied | Failed) else None
    return {
        "outcome": word_for(outcome),
        "hint": (outcome.hint or None) if isinstance(outcome, Failed) else None,
        "because": outcome.because if isinstance(outcome, Skipped) else None,
        "unknown": isinstance(outcome, Failed) and outcome.is_unknown,
        "password_lost": isinstance(outcome, Applied) and outcome.password_lost,
        "letter": _letter(letter) if letter else None,
    }


def _letter(letter: Letter) -> Json:
    return {"to": letter.to, "delivered": letter.is_delivered, "detail": letter.detail}
