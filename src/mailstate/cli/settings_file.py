"""
mailstate.toml: in the working directory, committed, and described by `schema/settings.schema.json`.

Apart from what is made of it, so that a command which only wants the state directory is quick.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mailstate import schemas
from mailstate.errors import SettingsError, UsageError

SETTINGS_FILE = Path("mailstate.toml")
DEFAULT_STATE = "state"


def read_settings(path: Path = SETTINGS_FILE) -> Mapping[str, Any]:
    """What *path* sets; nothing if there is no such file. Raises `SettingsError`."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        hint = "it must be a file in UTF-8 that may be read, or not be there at all"
        raise SettingsError(f"{path} cannot be read: {why_unreadable(error)}", hint=hint) from None
    import tomllib

    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}", hint="correct the file (TOML 1.0)") from None
    _check(settings, path)
    return settings


def settings_for(settings: Mapping[str, Any], target: str | None) -> Mapping[str, Any]:
    """
    *settings* with those of the named *target* over them, in tables key by key.

    Without a name, MAILSTATE_TARGET counts. Raises `UsageError` for a name that is not there.
    """
    common = {key: value for key, value in settings.items() if key != "targets"}
    targets = settings.get("targets", {})
    name = os.environ.get("MAILSTATE_TARGET") or None if target is None else target
    if name is None:
        return common
    if name not in targets:
        known = ", ".join(sorted(targets)) or "none"
        raise UsageError(f"there is no target `{name}`", hint=f"{SETTINGS_FILE} has: {known}")
    own = targets[name]
    tables = {
        key: {**common[key], **value}
        for key, value in own.items()
        if isinstance(value, dict) and key in common
    }
    return {**common, **own, **tables}


def state_directory(settings: Mapping[str, Any], option: Path | None) -> Path:
    """Where the state files are: the option, the settings, or `state`."""
    return option or Path(settings.get("state", DEFAULT_STATE))


def why_unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why a file could not be read, in a few words."""
    return (error.strerror or "unknown") if isinstance(error, OSError) else "it is not UTF-8"


def _check(settings: Mapping[str, Any], path: Path) -> None:
    """Raise `SettingsError` with all that the schema finds in *settings*."""
    faults = []
    for error in schemas.faults("settings", settings):
        name = ".".join(str(part) for part in error.path)
        if error.validator != "additionalProperties":
            faults.append(f"`{name}` {_expected(error.validator, error.validator_value)}")
            continue
        known = sorted(error.schema["properties"])
        for key in sorted(set(error.instance) - set(known)):
            full = f"{name}.{key}" if name else key
            if "password" in key.lower() or "secret" in key.lower():
                faults.append(f"`{full}`: no secret belongs into this file; set MAILSTATE_PASSWORD")
                continue
            from difflib import get_close_matches

            near = get_close_matches(key, known, n=1)
            meant = f"; did you mean `{near[0]}`?" if near else ""
            faults.append(f"`{full}` is no setting{meant}")
    if faults:
        lines = "".join(f"\n  {fault}" for fault in faults)
        hint = "see `mailstate schema settings` for all settings"
        raise SettingsError(f"{path} is not valid:{lines}", hint=hint)


def _expected(validator: str, value: object) -> str:
    """What a rule of the schema asks for, in words."""
    match validator:
        case "type":
            return f"is not {_TYPES.get(str(value), value)}"
        case "minLength":
            return "is empty"
        case "minimum":
            return f"is less than {value}"
        case "exclusiveMinimum":
            return f"is not more than {value}"
        case "maximum":
            return f"is more than {value}"
        case _:
            return f"does not fit: {validator} {json.dumps(value)}"


_TYPES = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "a table",
}
