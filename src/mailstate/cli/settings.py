"""
Settings: mailstate.toml <- environment <- options.

mailstate.toml is in the working directory and committed; `schema/settings.schema.json` describes
it. Secrets come from the environment alone: `MAILSTATE_PASSWORD`, or `MAILSTATE_PASSWORD_FILE`
with the path of a file that holds it.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from mailstate.dimail.patience import Patience
from mailstate.errors import SettingsError, UsageError
from mailstate.model.resources import Kind
from mailstate.model.secret import Secret
from mailstate.planning.plan import Policy

PRUNED_KINDS = {"accesses": Kind.ACCESS, "aliases": Kind.ALIAS, "mailboxes": Kind.MAILBOX}
SETTINGS_FILE = Path("mailstate.toml")
DEFAULT_STATE = "state"
DEFAULT_CONCURRENCY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    The dimail of a run, the account there, and how to treat it.

    `smtp_url` is the mail server that belongs to it: the sandbox has one.
    """

    url: str
    username: str
    password: Secret
    policy: Policy
    concurrency: int
    patience: Patience
    ca_file: Path | None = None
    smtp_url: str | None = None


def read_settings(path: Path = SETTINGS_FILE) -> Mapping[str, Any]:
    """What *path* sets; nothing if there is no such file. Raises `SettingsError`."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        hint = "it must be a file in UTF-8 that may be read, or not be there at all"
        raise SettingsError(f"{path} cannot be read: {_why(error)}", hint=hint) from None
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


def remote_target(
    settings: Mapping[str, Any], *, url: str | None, concurrency: int | None
) -> Target:
    """The dimail that options, environment and *settings* name. Raises `SettingsError`."""
    environment = os.environ
    where = url or environment.get("MAILSTATE_URL") or settings.get("url")
    if not where:
        raise SettingsError(
            "no dimail is named",
            hint="give --url, --target, MAILSTATE_URL or `url` in mailstate.toml, or try --sandbox",
        )
    account = username(settings)
    if not account:
        raise SettingsError(
            "no dimail user is named",
            hint="set MAILSTATE_USERNAME, or `username` in mailstate.toml",
        )
    password = _password(environment)
    for text, what in (
        (where, "the URL of dimail"),
        (account, "the user name for dimail"),
        (password.reveal(), "the password for dimail"),
    ):
        # The environment and the command line are bytes; what is no text in them cannot be sent.
        if any(_is_surrogate(char) for char in text):
            raise SettingsError(f"{what} is not UTF-8", hint="check where it is set")
    ca_file = environment.get("MAILSTATE_CA_FILE") or settings.get("ca_file")
    return Target(
        url=where,
        username=account,
        password=password,
        policy=policy(settings, account),
        concurrency=calls_at_once(settings, concurrency),
        patience=patience(settings),
        ca_file=Path(ca_file) if ca_file else None,
    )


def username(settings: Mapping[str, Any]) -> str | None:
    """The dimail user that environment or *settings* name."""
    return os.environ.get("MAILSTATE_USERNAME") or settings.get("username")


def calls_at_once(settings: Mapping[str, Any], option: int | None) -> int:
    """How many calls a run makes at once: the option, *settings*, or four."""
    # To JSON Schema, 4.0 is a whole number too.
    return option or int(settings.get("concurrency", DEFAULT_CONCURRENCY))


def patience(settings: Mapping[str, Any]) -> Patience:
    """How long calls may take. Raises `SettingsError` for a number that is none."""
    return Patience(**settings.get("timeouts", {}))


def policy(settings: Mapping[str, Any], account: str) -> Policy:
    """What *settings* say about planning, for the *account* in use."""
    unset = Policy(service_account=account)
    return Policy(
        service_account=settings.get("service_account", account),
        account=account,
        assume_enabled=settings.get("assume_enabled", unset.assume_enabled),
        prune=frozenset(PRUNED_KINDS[name] for name in settings.get("prune", ())),
        delete_mailboxes=settings.get("delete_mailboxes", unset.delete_mailboxes),
        max_removals=settings.get("max_removals", unset.max_removals),
        max_removals_percent=settings.get("max_removals_percent", unset.max_removals_percent),
        protected=tuple(settings.get("protected", ())),
    )


def _password(environment: Mapping[str, str]) -> Secret:
    hint = "set MAILSTATE_PASSWORD, or MAILSTATE_PASSWORD_FILE to a file that holds it"
    if password := environment.get("MAILSTATE_PASSWORD"):
        return Secret(password)
    path = environment.get("MAILSTATE_PASSWORD_FILE")
    if not path:
        raise SettingsError("no password for dimail is given", hint=hint)
    try:
        password = Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"MAILSTATE_PASSWORD_FILE cannot be read: {_why(error)}"
        raise SettingsError(message, hint=hint) from None
    if not password:
        raise SettingsError("the file of MAILSTATE_PASSWORD_FILE is empty", hint=hint)
    return Secret(password)


def _is_surrogate(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"


def _check(settings: Mapping[str, Any], path: Path) -> None:
    """Raise `SettingsError` with all that the schema finds in *settings*."""
    from difflib import get_close_matches

    from jsonschema import Draft202012Validator

    schema = json.loads(
        (resources.files("mailstate") / "schema" / "settings.schema.json").read_text("utf-8")
    )
    faults = []
    for error in Draft202012Validator(schema).iter_errors(settings):
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


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "unknown") if isinstance(error, OSError) else "it is not UTF-8"
