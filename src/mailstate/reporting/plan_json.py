"""
A plan for machines, and back from a file.

The format is `schema/plan.schema.json`; within a major `format_version` keys are only added. Two
equal plans for one target give the same bytes: no time, no order of a server, no secret is in it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailstate import __version__
from mailstate.model.resources import Key
from mailstate.planning.causes import Cause
from mailstate.planning.plan import Plan, Policy
from mailstate.reporting.entries import (
    blocked_entry,
    change_entry,
    held_entry,
    unmanaged_entry,
)
from mailstate.reporting.rows import Rows
from mailstate.reporting.twofold import Twofold, entries, keyed, twofold

Json = Mapping[str, Any]
FORMAT_VERSION = "1.0"

LINE = "\n  "
"""How the lines of a document begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """
    What a plan was made against and with: the server's URL, the policy, and the selection.

    `notify` has what is set about letters, which go out with what is made. Without a selection
    the plan is about every declared domain. `causes` says of each address why it is in the plan,
    if what the files asked for before is known.
    """

    target: str
    policy: Policy
    notify: Mapping[str, object] = field(default_factory=dict)
    selection: Mapping[str, object] | None = None
    causes: Mapping[Key, Cause] | None = None


def plan_document(plan: Plan, context: Context) -> dict[str, Any]:
    """*plan* as JSON values, in the order of the schema, `digest` last."""
    causes = context.causes or {}

    def entry(values: Json) -> Json:
        return {**values, "cause": causes.get(values["address"])}

    document: dict[str, Any] = {
        **head(plan, context),
        "changes": [entry(change_entry(change)) for change in plan.changes],
        "held": [entry(held_entry(held)) for held in plan.held],
        "conflicts": [entry(blocked_entry(blocked)) for blocked in plan.conflicts],
        "unmanaged": [entry(unmanaged_entry(unmanaged)) for unmanaged in plan.unmanaged],
        "refused": [entry(blocked_entry(blocked)) for blocked in plan.refused],
    }
    document["digest"] = digest(document)
    return document


def plan_json(plan: Plan, context: Context) -> str:
    """
    *plan* as text: what `--format json` prints and `--out` writes.

    It is the text of `plan_document`, without a document in between.
    """
    return with_digest(_content(plan, context))


def plan_digest(plan: Plan, context: Context) -> str:
    """The `digest` of the document of *plan*, without the document."""
    return _digest(_content(plan, context).compact)


def _content(plan: Plan, context: Context) -> Twofold:
    rows = Rows(context.causes or {}, line=f"{LINE}  ")
    parts = {
        **{key: twofold(value, LINE) for key, value in head(plan, context).items()},
        "changes": entries(map(rows.change, plan.changes), LINE),
        "held": entries(map(rows.held, plan.held), LINE),
        **left(plan, rows),
    }
    return keyed(parts, "\n")


def left(plan: Plan, rows: Rows) -> dict[str, Twofold]:
    """What *plan* tells and does not do."""
    return {
        "conflicts": entries(map(rows.blocked, plan.conflicts), LINE),
        "unmanaged": entries(map(rows.unmanaged, plan.unmanaged), LINE),
        "refused": entries(map(rows.blocked, plan.refused), LINE),
    }


def with_digest(content: Twofold) -> str:
    """The text of the document *content*, `digest` last."""
    unfinished = content.indented.removesuffix("\n}")
    return _tamed(f'{unfinished},\n  "digest": "{_digest(content.compact)}"\n}}')


def head(plan: Plan, context: Context) -> dict[str, Any]:
    """What a document says before its entries."""
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "target": context.target,
        "policy": {
            "service_account": context.policy.service_account,
            "assume_enabled": context.policy.assume_enabled,
            "prune": sorted(context.policy.prune),
            "delete_mailboxes": context.policy.delete_mailboxes,
            "max_removals": context.policy.max_removals,
            "max_removals_percent": context.policy.max_removals_percent,
            "removals_allowed": context.policy.removals_allowed,
            "protected": list(context.policy.protected),
            "notify": dict(sorted(context.notify.items())),
        },
        "selection": dict(context.selection) if context.selection else None,
        "summary": dict(plan.summary()),
    }


def to_text(document: object) -> str:
    """
    *document* as indented JSON: printable ASCII only, so that no value plays tricks on a terminal.

    Nor on the runner of GitHub Actions, which takes `##[` for a command anywhere in a line.
    """
    return _tamed(json.dumps(document, indent=2))


def _tamed(text: str) -> str:
    return text.replace("##[", r"#\u0023[") + "\n"


def digest(document: Json) -> str:
    """`sha256:…` over everything in *document* but its digest."""
    content = {key: value for key, value in document.items() if key != "digest"}
    return _digest(json.dumps(content, sort_keys=True, separators=(",", ":")))


def _digest(compact: str) -> str:
    return f"sha256:{hashlib.sha256(compact.encode('ascii')).hexdigest()}"
