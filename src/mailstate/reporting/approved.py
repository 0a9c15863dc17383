"""
A saved plan as the ceiling of an apply: that set of changes or less, nothing more, nothing other.

What was approved as held may be carried out too: it was in what the reviewers read.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mailstate.errors import StalePlanError
from mailstate.planning.plan import Plan
from mailstate.reporting.paint import counted, visible
from mailstate.reporting.plan_json import Context, Json, plan_document
from mailstate.reporting.saved import read_saved

_PLAN_AGAIN = "make a new plan with `mailstate plan --out FILE`, and have it reviewed"
_SHOWN = 20


def read_plan(text: str, *, name: str) -> Mapping[str, Any]:
    """
    The plan document in *text*, sound and untouched since it was written.

    Raises `SettingsError` if it is no plan, of another major format, or was changed by hand.
    """
    return read_saved(text, name=name, what="plan", hint=_PLAN_AGAIN)


def hold_to(approved: Mapping[str, Any], plan: Plan, context: Context) -> None:
    """Raise `StalePlanError`, with what differs, if *plan* is not *approved* or less."""
    now = plan_document(plan, context)
    for key in ("target", "policy", "selection"):
        if _asked(approved[key]) != _asked(now[key]):
            difference = visible(_difference({key: approved[key]}, {key: now[key]}))
            message = f"the saved plan was made for another {key}: {difference}"
            raise StalePlanError(message, hint=_PLAN_AGAIN)
    excess = list(_excess(approved, now))
    if excess:
        more = f"\n  and {len(excess) - _SHOWN} more" if len(excess) > _SHOWN else ""
        lines = "".join(f"\n  {_excess_line(*pair)}" for pair in excess[:_SHOWN])
        count = counted(len(excess), "change")
        message = f"{count} would be made that the saved plan does not have:{lines}{more}"
        raise StalePlanError(message, hint=_PLAN_AGAIN)


def _asked(value: object) -> object:
    """*value* without the counts of a selection, which follow from the files."""
    if not isinstance(value, dict):
        return value
    return {key: one for key, one in value.items() if key not in {"domains", "declared"}}


def _excess(
    approved: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[tuple[Json, Json | None]]:
    """What would be done now and was not approved, each with what was under its address."""
    allowed = {entry["address"]: entry for entry in (*approved["changes"], *approved["held"])}
    for entry in (*now["changes"], *now["held"]):
        known = allowed.get(entry["address"])
        if known is None or not _is_within(entry, known):
            yield entry, known


def _excess_line(entry: Json, known: Json | None) -> str:
    difference = _entry_difference(known, entry) if known else "not in the saved plan"
    return visible(f"{entry['action']} {entry['address']}: {difference}")


def _is_within(entry: Json, known: Json) -> bool:
    """Whether *entry* does what *known* does, or a part of it, from where *known* started."""
    if entry["action"] != known["action"]:
        return False
    if entry["action"] != "update":
        # What is deleted must be what the reviewers saw, not a namesake that came since.
        side = "before" if entry["action"] == "delete" else "after"
        return bool(entry[side] == known[side])
    before, after = known["before"] or {}, known["after"] or {}
    return set(entry["fields"]) <= set(known["fields"]) and all(
        field in before
        and field in after
        and (entry["before"][field], entry["after"][field]) == (before[field], after[field])
        for field in entry["fields"]
    )


def _entry_difference(known: Json, entry: Json) -> str:
    """What *entry* would do otherwise than *known*."""
    compared = ("action", "before", "after")
    before, after = (
        {key: side[key] for key in compared} | {"fields": ", ".join(side["fields"])}
        for side in (known, entry)
    )
    return _difference(before, after)


def _difference(approved: Json, now: Json) -> str:
    """`after.display_name was "Ada", is "Bob"`, for each place where the two differ."""
    # Imported here: it takes longer than the rest of a small plan, and is needed only now.
    from deepdiff import DeepDiff  # noqa: PLC0415

    found = (level for levels in DeepDiff(approved, now, view="tree").values() for level in levels)
    return "; ".join(
        f"{'.'.join(map(str, level.path(output_format='list')))}"
        f" was {_told(level.t1)}, is {_told(level.t2)}"
        for level in sorted(found, key=lambda level: str(level.path()))
    )


def _told(value: object) -> str:
    """A JSON value; deepdiff has one of its own for what is not there."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return "absent"
