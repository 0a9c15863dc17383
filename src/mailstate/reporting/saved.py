"""What mailstate wrote to a file for itself, read back as strictly as a server's answer."""

import json
from collections.abc import Mapping
from typing import Any

from mailstate import schemas
from mailstate.errors import SettingsError
from mailstate.reporting.paint import visible
from mailstate.reporting.plan_json import digest


def read_saved(text: str, *, name: str, what: str, hint: str) -> dict[str, Any]:
    """
    The document in *text*, sound and untouched since it was written; *what* is plan or snapshot.

    Raises `SettingsError` if it is none, of another major format, cut off or changed by hand.
    """
    try:
        document = json.loads(
            text, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant
        )
        fitting = digest(document) if isinstance(document, dict) else ""
    except _DoubleKeyError:
        message = f"{name} was changed after it was written: a key comes twice"
        raise SettingsError(message, hint=hint) from None
    except (ValueError, RecursionError):
        raise SettingsError(f"{name} is not JSON", hint=hint) from None
    if not isinstance(document, dict):
        raise SettingsError(f"{name} is not a {what}", hint=hint)
    if other := _other_kind(document, what):
        raise SettingsError(f"{name} is a {other}, not a {what}", hint=hint)
    version = document.get("format_version")
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        message = f"{name} has a {what} format that this version does not read"
        raise SettingsError(message, hint=hint)
    if document.get("digest") != fitting:
        message = f"{name} was changed after it was written: its digest does not fit"
        raise SettingsError(message, hint=hint)
    fault = _schema_fault(document, what)
    if fault:
        raise SettingsError(f"{name} is not a {what}: {visible(fault)}", hint=hint)
    return document


class _DoubleKeyError(ValueError):
    """An object of the document has two values under one key: which one was reviewed?"""


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _DoubleKeyError
    return values


def _refuse_constant(name: str) -> None:
    """Not a number, or none that ends: Python's words, not JSON's. Raises `ValueError`."""
    raise ValueError(name)


_MARKS = {"plan": "changes", "snapshot": "declared", "report": "outcomes"}
"""A key by which each kind of document is known."""


def _other_kind(document: Mapping[str, Any], what: str) -> str | None:
    """Which other document of mailstate *document* is, if it is no *what*."""
    if _MARKS[what] in document:
        return None
    return next((kind for kind, mark in _MARKS.items() if mark in document), None)


def _schema_fault(document: object, what: str) -> str:
    """What jsonschema finds first, or nothing."""
    faults = list(schemas.faults(what, document))
    if not faults:
        return ""
    # Imported here: nearly always there is nothing to tell.
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    error = best_match(faults)
    return f"{error.json_path}: {error.validator}"
