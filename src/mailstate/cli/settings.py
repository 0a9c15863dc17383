"""
Settings: mailstate.toml <- environment <- options.

Secrets come from the environment alone: `MAILSTATE_PASSWORD`, or `MAILSTATE_PASSWORD_FILE` with the
path of a file that holds it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailstate.cli.settings_file import (
    DEFAULT_STATE,
    SETTINGS_FILE,
    read_settings,
    settings_for,
    state_directory,
    why_unreadable,
)
from mailstate.dimail.patience import Patience
from mailstate.errors import SettingsError
from mailstate.model.resources import Kind
from mailstate.model.secret import Secret
from mailstate.planning.plan import Policy

__all__ = [
    "DEFAULT_CONCURRENCY",
    "DEFAULT_STATE",
    "PRUNED_KINDS",
    "SETTINGS_FILE",
    "Target",
    "calls_at_once",
    "patience",
    "policy",
    "read_settings",
    "remote_target",
    "settings_for",
    "state_directory",
    "username",
]

PRUNED_KINDS = {"accesses": Kind.ACCESS, "aliases": Kind.ALIAS, "mailboxes": Kind.MAILBOX}
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
        message = f"MAILSTATE_PASSWORD_FILE cannot be read: {why_unreadable(error)}"
        raise SettingsError(message, hint=hint) from None
    if not password:
        raise SettingsError("the file of MAILSTATE_PASSWORD_FILE is empty", hint=hint)
    return Secret(password)


def _is_surrogate(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"
