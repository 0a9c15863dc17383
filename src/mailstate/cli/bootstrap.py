"""`mailstate bootstrap`: the administrator and the service account of an empty dimail."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mailstate.applying.bootstrap import Bootstrap, Sight, Step
from mailstate.cli import output
from mailstate.cli.credentials import Credential, credential
from mailstate.cli.options import logging_options, url_option
from mailstate.cli.session import shown_url
from mailstate.cli.settings import patience, read_settings
from mailstate.dimail.accounts import Accounts
from mailstate.dimail.patience import Patience
from mailstate.errors import (
    ExitCode,
    InterruptedRunError,
    RefusedCallError,
    SettingsError,
    UsageError,
)
from mailstate.reporting.paint import visible

DEFAULT_ADMIN = "admin"
DEFAULT_SERVICE = "mailstate"

_FILE = click.Path(path_type=Path)


@click.command("bootstrap")
@url_option
@click.option(
    "--admin-password-file",
    metavar="FILE",
    type=_FILE,
    help="Holds the administrator's password; without such a file, a new one is put there.",
)
@click.option(
    "--password-file",
    metavar="FILE",
    type=_FILE,
    help="The same for the service account's password.",
)
@click.option("--yes", is_flag=True, help="Go on without asking.")
@logging_options
def command(
    url: str | None,
    admin_password_file: Path | None,
    password_file: Path | None,
    yes: bool,  # noqa: FBT001 - click gives it by name
) -> int:
    """
    Set up an empty dimail: its administrator, then the account that mailstate runs as.

    The service account, MAILSTATE_USERNAME (default: mailstate), may create domains, create and
    manage users. Where dimail knows no such rights it becomes an administrator, and you are told.
    Safe to repeat; the sandbox does not need it.

    A dimail that has users is set up by its administrator: MAILSTATE_ADMIN_USERNAME (default:
    admin), MAILSTATE_ADMIN_PASSWORD or MAILSTATE_ADMIN_PASSWORD_FILE.

    New passwords go to the files named, for your eyes only, or are shown on a terminal. For the
    service account MAILSTATE_PASSWORD is used if it is set.
    """
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", hint="say --yes to go on without asking")
    run = _run(read_settings(), url, admin_password_file, password_file)
    try:
        return asyncio.run(run.to_the_end(asks=not yes))
    except KeyboardInterrupt:
        message = "interrupted: run it again, and it goes on where this run ended"
        raise InterruptedRunError(message) from None


def _run(
    settings: Mapping[str, Any],
    url: str | None,
    admin_password_file: Path | None,
    password_file: Path | None,
) -> "_Run":
    """What options, environment and *settings* ask for. Raises before anything is sent."""
    where = url or os.environ.get("MAILSTATE_URL") or settings.get("url")
    if not where:
        raise SettingsError(
            "no dimail is named", hint="give --url, MAILSTATE_URL or `url` in mailstate.toml"
        )
    ca_file = os.environ.get("MAILSTATE_CA_FILE") or settings.get("ca_file")
    admin = credential(
        os.environ.get("MAILSTATE_ADMIN_USERNAME") or DEFAULT_ADMIN,
        variable="MAILSTATE_ADMIN_PASSWORD",
        option="--admin-password-file",
        file=admin_password_file,
    )
    service = credential(
        os.environ.get("MAILSTATE_USERNAME") or settings.get("username") or DEFAULT_SERVICE,
        variable="MAILSTATE_PASSWORD",
        option="--password-file",
        file=password_file,
    )
    if admin.name.lower() == service.name.lower():
        raise SettingsError(
            f"`{service.name}` is to be both the administrator and the service account",
            hint="name another one with MAILSTATE_USERNAME or MAILSTATE_ADMIN_USERNAME",
        )
    if admin.file and service.file and _are_same(admin.file, service.file):
        raise UsageError(
            f"{service.file} is to hold two passwords", hint="name a file for each of them"
        )
    return _Run(
        url=where,
        ca_file=Path(ca_file) if ca_file else None,
        patience=patience(settings),
        admin=admin,
        service=service,
    )


def _are_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of the command."""

    url: str
    ca_file: Path | None
    patience: Patience
    admin: Credential
    service: Credential

    async def to_the_end(self, *, asks: bool) -> int:
        """Look, ask, do, and say what there is then."""
        async with Accounts(self.url, ca_file=self.ca_file, patience=self.patience) as accounts:
            bootstrap = Bootstrap(
                accounts.clerk, admin=self.admin, service=self.service, tell=self._tell_step
            )
            sight = await bootstrap.look()
            found = (
                "has no user yet"
                if sight.is_empty
                else f"has users, and accepts {visible(self.admin.name)}"
            )
            _tell(f"{visible(shown_url(self.url))} {found}")
            steps = sight.steps
            if steps and asks:
                self._ask(steps)
            if steps:
                sight = await bootstrap.carry_out()
        return self._end(sight, is_done=bool(steps))

    def _ask(self, steps: Sequence[Step]) -> None:
        """Raise `InterruptedRunError` unless the answer is yes."""
        _tell("\nTo do:")
        for step in steps:
            who = self.admin if step is Step.ADMIN else self.service
            _tell(f"  {step} {visible(who.name)}")
        # asyncio would keep the first Ctrl-C to itself until the question is answered.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            is_wanted = click.confirm("\nGo on?")
        except click.Abort:
            is_wanted = False
            output.say("")
        finally:
            signal.signal(signal.SIGINT, before)
        if not is_wanted:
            raise InterruptedRunError("not confirmed: nothing was changed")

    def _tell_step(self, step: Step, sight: Sight) -> None:
        name = visible(self.service.name)
        match step:
            case Step.ADMIN:
                _tell(f"created: the administrator {visible(self.admin.name)}")
            case Step.SERVICE:
                _tell(f"created: the service account {name}, {_rights(sight)}")
            case Step.RIGHTS:
                _tell(f"changed: the service account {name} is now {_rights(sight)}")

    def _end(self, sight: Sight, *, is_done: bool) -> ExitCode:
        name = self.service.name
        if sight.lacking:
            missing = ", ".join(sight.lacking)
            error = RefusedCallError(
                f"the service account `{name}` lacks {missing}, which no call to dimail gives it",
                hint="have the operator of dimail give it what it lacks, or choose another "
                "account with MAILSTATE_USERNAME",
            )
            output.show_error(error)
            return ExitCode.CHANGE_FAILED
        if not is_done:
            _tell(f"nothing to do: the service account {visible(name)} is {_rights(sight)}")
        place = self.service.file
        if place is not None and not place.exists():
            # The account was there before, and only who made it knows its password.
            _tell(
                f"\nThe password of {visible(name)} is not known here: nothing was written to "
                f"{visible(str(place))}"
            )
            return ExitCode.OK
        password = f"_FILE={visible(str(place))}" if place else ""
        _tell(
            f"\nThe other commands run as it with MAILSTATE_USERNAME={visible(name)} and "
            f"MAILSTATE_PASSWORD{password}"
        )
        return ExitCode.OK


def _rights(sight: Sight) -> str:
    if not sight.knows_perms:
        return "an administrator: this dimail knows no lesser rights"
    if sight.account is None or sight.account.is_admin:
        return "an administrator"
    return f"allowed to {', '.join(sorted(sight.account.perms or ()))}"


def _tell(text: str) -> None:
    """A line of the result; that nobody reads it stops nothing."""
    output.write_if_possible(f"{text}\n", sys.stdout)
