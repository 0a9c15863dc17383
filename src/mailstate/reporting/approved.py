"""
A saved plan as the ceiling of an apply: that set of changes or less, nothing more, nothing other.

What was approved as held may be carried out too: it was in what the reviewers read.
"""

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from mailstate.errors import SettingsError, StalePlanError
from mailstate.planning.plan import Plan
from mailstate.reporting.paint import counted, visible
from mailstate.reporting.plan_json import Context, digest, plan_document

_PLAN_AGAIN = "make a new plan with `mailstate plan --out FILE`, and have it reviewed"
_SHOWN = 20


def read_plan(text: str, *, name: str) -> Mapping[str, Any]:
    """
    The plan document in *text*, sound and untouched since it was written.

    Raises `SettingsError` if it is no plan, of another major format, or was changed by hand.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise SettingsError(f"{name} is not JSON", hint=_PLAN_AGAIN) from None
    if not isinstance(document, dict):
        raise SettingsError(f"{name} is not a plan", hint=_PLAN_AGAIN)
    version = document.get("format_version")
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        message = f"{name} has a plan format that this version does not read"
        raise SettingsError(message, hint=_PLAN_AGAIN)
    if document.get("digest") != digest(document):
        message = f"{name} was changed after it was written: its digest does not fit"
        raise SettingsError(message, hint=_PLAN_AGAIN)
    fault = _schema_fault(document)
    if fault:
        raise SettingsError(f"{name} is not a plan: {visible(fault)}", hint=_PLAN_AGAIN)
    return document


def hold_to(approved: Mapping[str, Any], plan: Plan, context: Context) -> None:
    """Raise `StalePlanError`, with what differs, if *plan* is not *approved* or less."""
    now = plan_document(plan, context)
    for key, what in (("target", "target"), ("policy", "policy")):
        if approved[key] != now[key]:
            message = (
                f"the saved plan was made for another {what}: {_difference(approved, now, key)}"
            )
            raise StalePlanError(message, hint=_PLAN_AGAIN)
    excess = list(_excess(approved, now))
    if excess:
        more = f"\n  and {len(excess) - _SHOWN} more" if len(excess) > _SHOWN else ""
        lines = "".join(f"\n  {line}" for line in excess[:_SHOWN])
        count = counted(len(excess), "change")
        message = f"{count} would be made that the saved plan does not have:{lines}{more}"
        raise StalePlanError(message, hint=_PLAN_AGAIN)


def _excess(approved: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    allowed = {entry["address"]: entry for entry in (*approved["changes"], *approved["held"])}
    for entry in (*now["changes"], *now["held"]):
        address = entry["address"]
        known = allowed.get(address)
        if known is None:
            yield visible(f"{entry['action']} {address}: not in the saved plan")
        elif not _is_within(entry, known):
            yield visible(f"{entry['action']} {address}: {_entry_difference(known, entry)}")


def _is_within(entry: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether *entry* does what *known* does, or a part of it, from where *known* started."""
    if entry["action"] != known["action"]:
        return False
    if entry["action"] != "update":
        return bool(entry["after"] == known["after"])
    return set(entry["fields"]) <= set(known["fields"]) and all(
        entry[side][field] == known[side][field]
        for side in ("before", "after")
        for field in entry["fields"]
    )


def _difference(approved: Mapping[str, Any], now: Mapping[str, Any], key: str) -> str:
    return visible(f"{json.dumps(approved[key])}, now {json.dumps(now[key])}")


def _entry_difference(known: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    # Imported here: it takes longer than the rest of a small plan, and is needed only now.
    from deepdiff import DeepDiff  # noqa: PLC0415

    compared = ("action", "before", "after", "fields")
    before, after = ({key: side[key] for key in compared} for side in (known, entry))
    return "; ".join(DeepDiff(before, after, verbose_level=2).pretty().splitlines())


def _schema_fault(document: object) -> str:
    """What jsonschema finds first, or nothing."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - see above
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    schema = resources.files("mailstate") / "schema" / "plan.schema.json"
    validator = Draft202012Validator(json.loads(schema.read_text("utf-8")))
    error = best_match(validator.iter_errors(document))
    return f"{error.json_path}: {error.validator}" if error else ""
