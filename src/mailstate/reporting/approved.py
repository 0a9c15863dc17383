"""
A saved plan as the ceiling of an apply: that set of changes or less, nothing more, nothing other.

What was approved as held may be carried out too: it was in what the reviewers read. Compared are
the target, the selection, the policy with all that is set about letters, and of each change its
action and its values, the secondary address among them: the way in goes there. Not compared are
places in files, details that are told, and the versions of mailstate and of the server.

The digest of a plan is no signature: whoever can write the file can make a fitting one. What
apply carries out is the fresh plan, whatever the file says. Such a file can let more of it pass,
within what files and dimail ask for at that moment; it brings in nothing of its own.

A plan for all shards is one for each of them, and tells it which removals the whole run makes:
how many that are is held to the limits again.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mailstate.errors import StalePlanError
from mailstate.model.resources import Key
from mailstate.planning.plan import Plan
from mailstate.reporting.paint import counted, visible
from mailstate.reporting.plan_json import Context, Json, plan_document
from mailstate.reporting.saved import read_saved

_PLAN_AGAIN = "make a new plan with `mailstate plan --out FILE`, and have it reviewed"
_OTHERWISE = f"run it with the settings and options of the plan, or {_PLAN_AGAIN}"
_SHOWN = 20


def read_plan(text: str, *, name: str) -> Mapping[str, Any]:
    """
    The plan document in *text*, sound and untouched since it was written.

    Raises `SettingsError` if it is no plan, of another major format, or was changed by hand.
    """
    return read_saved(text, name=name, what="plan", hint=_PLAN_AGAIN)


def removals_of(approved: Mapping[str, Any]) -> frozenset[Key]:
    """The addresses of what the plan *approved* takes away though no file asks for that."""
    return frozenset(
        Key(entry["address"])
        for entry in approved["changes"]
        if entry["action"] == "delete"
        or (entry["origin"] is None and entry["fields"] == ["active"])
    )


def hold_to(approved: Mapping[str, Any], plan: Plan, context: Context) -> None:
    """Raise `StalePlanError`, with what differs, if *plan* is not *approved* or less."""
    now = plan_document(plan, context)
    for key, difference in _COMPARED.items():
        if said := difference(approved[key], now[key]):
            message = f"the saved plan was made for another {key}: {visible(said)}"
            raise StalePlanError(message, hint=_OTHERWISE)
    excess = list(_excess(approved, now))
    if excess:
        more = f"\n  and {len(excess) - _SHOWN} more" if len(excess) > _SHOWN else ""
        lines = "".join(f"\n  {_excess_line(*pair)}" for pair in excess[:_SHOWN])
        count = counted(len(excess), "change")
        message = f"{count} would be made that the saved plan does not have:{lines}{more}"
        raise StalePlanError(message, hint=_PLAN_AGAIN)


def _target_difference(approved: str, now: str) -> str:
    return "" if approved == now else f"{approved}, and this run is for {now}"


def policy_difference(approved: Json, now: Json) -> str:
    """`prune` was none, is mailbox: each setting that is not as it was."""
    before, after = _settings(approved), _settings(now)
    return "; ".join(
        f"`{name}` was {_in_words(before.get(name))}, is {_in_words(after.get(name))}"
        for name in before | after
        if before.get(name) != after.get(name)
    )


def _settings(policy: Json) -> dict[str, object]:
    """What *policy* holds, under the names of settings and options."""
    plain = {_OPTIONS.get(key, key): one for key, one in policy.items() if key != "notify"}
    return plain | {f"notify.{key}": one for key, one in policy.get("notify", {}).items()}


_OPTIONS = {"removals_allowed": "--max-removals"}


def _in_words(value: object) -> str:
    match value:
        case None:
            return "not set"
        case list():
            return ", ".join(map(str, value)) or "none"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _selection_difference(approved: Json | None, now: Json | None) -> str:
    if _asked(approved) in (_asked(now), _all_shards(now)):
        return ""
    return f"{_options(approved)}, and this run is for {_options(now)}"


def _asked(selection: Json | None) -> Json | None:
    """*selection* without its counts, which follow from the files."""
    if selection is None:
        return None
    return {key: one for key, one in selection.items() if key not in {"domains", "declared"}}


def _all_shards(selection: Json | None) -> Json | None:
    """What is asked where *selection* is a shard of it: all of its shards."""
    whole = {**selection, "shard": None} if selection else None
    return _asked(whole) if whole and (whole["only"] or whole["changed_since"]) else None


def _options(selection: Json | None) -> str:
    if selection is None:
        return "all domains"
    said = [f"--only {pattern}" for pattern in selection["only"]]
    said += [
        f"--{key.replace('_', '-')} {selection[key]}"
        for key in ("changed_since", "shard")
        if selection[key] is not None
    ]
    return " ".join(said)


_COMPARED: Mapping[str, Callable[[Any, Any], str]] = {
    "target": _target_difference,
    "policy": policy_difference,
    "selection": _selection_difference,
}


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
    if (entry["action"], entry["after"]) != (known["action"], known["after"]):
        return False
    # What is deleted must be what the reviewers saw, not a namesake that came since.
    if entry["action"] == "delete":
        return bool(entry["before"] == known["before"])
    before = known["before"] or {}
    return set(entry["fields"]) <= set(known["fields"]) and all(
        field in before and entry["before"][field] == before[field] for field in entry["fields"]
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
