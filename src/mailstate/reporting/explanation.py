"""What `mailstate explain` says of one address, as text and JSON."""

from collections.abc import Iterator

from mailstate.planning.explain import Explanation
from mailstate.reporting.entries import resource_values
from mailstate.reporting.paint import Painter, Tone, visible
from mailstate.reporting.plan_json import to_text
from mailstate.reporting.words import shown, written_at


def explanation_text(explanation: Explanation, paint: Painter) -> str:
    """*explanation* as a few lines: written, live, verdict with its reasons, next step."""
    return "\n".join(_lines(explanation, paint)) + "\n"


def explanation_json(explanation: Explanation) -> str:
    """*explanation* as JSON."""
    place = explanation.place
    return to_text(
        {
            "format_version": "1.0",
            "address": explanation.key,
            "known": explanation.is_known,
            "origin": {"file": place.file, "line": place.line} if place else None,
            "desired": resource_values(explanation.desired),
            "live": resource_values(explanation.live),
            "verdict": explanation.verdict,
            "reasons": list(explanation.reasons),
            "next_step": explanation.next_step,
            "similar": list(explanation.similar),
        }
    )


def _lines(explanation: Explanation, paint: Painter) -> Iterator[str]:
    yield paint(visible(explanation.key), Tone.TITLE)
    yield f"  written    {written_at(explanation.place) or 'in no file'}"
    for title, resource, unknown in (
        ("desired", explanation.desired, "none"),
        ("live", explanation.live, "not told"),
    ):
        values = resource_values(resource) or {}
        for number, (name, value) in enumerate(values.items()):
            told = f"{name}: {shown(value, unknown=unknown)}"
            yield f"  {'' if number else title:10} {visible(told)}"
    yield f"  verdict    {visible(explanation.verdict)}"
    for reason in explanation.reasons:
        yield f"             {visible(reason)}"
    yield f"  next step  {visible(explanation.next_step)}"
    if explanation.similar:
        yield f"  near it    {visible(', '.join(explanation.similar))}"
