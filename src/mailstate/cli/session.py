"""What plan, apply and explain have in common: read the files, read dimail, plan."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

from mailstate.cli import output
from mailstate.cli.sandbox import sandbox_target
from mailstate.cli.settings import (
    SETTINGS_FILE,
    Target,
    read_settings,
    remote_target,
    state_directory,
)
from mailstate.dimail.client import DimailClient
from mailstate.dimail.live import read_live
from mailstate.errors import FilesError, UsageError
from mailstate.model.state import DesiredState, LiveDomain, LiveState
from mailstate.planning.plan import Plan
from mailstate.planning.planner import needs_check, plan
from mailstate.reporting.plan_json import Context
from mailstate.statefiles import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run: what is wanted, what is there, and what takes the one to the other."""

    target: Target
    client: DimailClient
    desired: DesiredState
    live: LiveState
    plan: Plan

    @property
    def context(self) -> Context:
        """What a plan document says about where it comes from."""
        return Context(target=shown_url(self.target.url), policy=self.target.policy)


class RequestOptions(TypedDict):
    """What click hands over of the options in `mailstate.cli.options`."""

    state: Path | None
    url: str | None
    sandbox: bool
    concurrency: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options that say which files and which dimail."""

    state: Path | None
    url: str | None
    sandbox: bool
    concurrency: int | None

    def settings(self) -> Mapping[str, Any]:
        """mailstate.toml, checked."""
        return read_settings(SETTINGS_FILE)

    def target(self, settings: Mapping[str, Any]) -> Target:
        """The dimail that is meant. Raises `UsageError` for two of them at once."""
        if self.sandbox and self.url:
            raise UsageError("--sandbox and --url name two servers", hint="give one of them")
        if self.sandbox:
            return sandbox_target(settings, concurrency=self.concurrency)
        return remote_target(settings, url=self.url, concurrency=self.concurrency)


def read_desired(directory: Path) -> DesiredState:
    """What the files in *directory* ask for; warnings are said. Raises `FilesError`."""
    reading = read([directory])
    if reading.desired is None:
        raise FilesError(reading.problems)
    output.warn(reading.problems)
    return reading.desired


@asynccontextmanager
async def session(request: Request, *, checks_all: bool = False) -> AsyncIterator[Session]:
    """
    Read everything and plan; the client stays open for what comes after.

    Domains that are not enabled are checked if something waits for them, or with *checks_all*.
    """
    settings = request.settings()
    desired = read_desired(state_directory(settings, request.state))
    target = request.target(settings)
    client = DimailClient(
        target.url,
        target.username,
        target.password,
        concurrency=target.concurrency,
        ca_file=target.ca_file,
    )
    async with client:
        is_checked = _always if checks_all else partial(needs_check, desired)
        live = await read_live(client, desired, needs_check=is_checked)
        planned = plan(desired, live, target.policy)
        yield Session(target=target, client=client, desired=desired, live=live, plan=planned)


def _always(_domain: LiveDomain) -> bool:
    return True


def shown_url(url: str) -> str:
    """*url* without credentials, query or final slash."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
