"""What plan, apply and explain have in common: read the files, read dimail, plan."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypedDict
from urllib.parse import urlsplit

from mailstate.cli import output
from mailstate.cli.base import read_merged
from mailstate.cli.changed import changed_files
from mailstate.cli.comparisons import Comparisons
from mailstate.cli.files import read_file
from mailstate.cli.remembered import Remembered
from mailstate.cli.settings import (
    SETTINGS_FILE,
    Target,
    policy,
    read_settings,
    remote_target,
    settings_for,
    state_directory,
    username,
)
from mailstate.dimail.client import DimailClient
from mailstate.dimail.live import read_live
from mailstate.errors import FilesError, SettingsError, UsageError
from mailstate.model.resources import DomainName, Key
from mailstate.model.state import DesiredState, DomainState, LiveDomain, LiveState
from mailstate.planning.plan import Plan, Policy
from mailstate.planning.planner import needs_check, plan
from mailstate.planning.selection import Selection, select, selected
from mailstate.reporting.plan_json import Context
from mailstate.statefiles import Cache, cache_directory, read
from mailstate.statefiles.collector import without_collector

Selected = Mapping[str, object] | None
"""What a plan says of which domains it is about; None for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """
    One run: what is wanted, what is there, and what takes the one to the other.

    `listed` has the states of the domains that were checked, as they were told before.
    """

    target: Target
    client: DimailClient
    desired: DesiredState
    live: LiveState
    plan: Plan
    settings: Mapping[str, Any]
    listed: Mapping[DomainName, DomainState]
    selection: Selected = None

    @property
    def context(self) -> Context:
        """What a plan document says about where it comes from."""
        return Context(
            target=shown_url(self.target.url),
            policy=self.target.policy,
            notify=letters(self.settings),
            selection=self.selection,
        )


class TargetOptions(TypedDict):
    """What click hands over of the options that say which files and which dimail."""

    state: Path | None
    target: str | None
    url: str | None
    sandbox: bool
    concurrency: int | None


class RequestOptions(TargetOptions):
    """And which domains."""

    only: tuple[str, ...]
    changed_since: str | None
    shard: tuple[int, int] | None


class RemovalOptions(TypedDict):
    """What click hands over of the options about removals."""

    prune: tuple[str, ...] | None
    delete_mailboxes: bool
    max_removals: int | None


class PlanningOptions(RequestOptions, RemovalOptions):
    """All of them."""


class Request(NamedTuple):
    """
    The options that say which files, which dimail, which domains, and what may be removed.

    With `merge`, the files are what they are once that Git revision is merged. A shard may remove
    what is `within` the plan of all shards.
    """

    state: Path | None
    target: str | None
    url: str | None
    sandbox: bool
    concurrency: int | None
    only: tuple[str, ...] = ()
    changed_since: str | None = None
    shard: tuple[int, int] | None = None
    prune: tuple[str, ...] | None = None
    delete_mailboxes: bool = False
    max_removals: int | None = None
    merge: str | None = None
    within: frozenset[Key] = frozenset()

    def settings(self) -> Mapping[str, Any]:
        """What mailstate.toml says for the target, with the options over it."""
        settings = settings_for(read_settings(SETTINGS_FILE), self.target)
        asked = {"prune": self.prune, "delete_mailboxes": self.delete_mailboxes or None}
        return {**settings, **{key: value for key, value in asked.items() if value is not None}}

    def selection(self) -> Selection:
        """Which domains are looked at."""
        return Selection(only=self.only, changed_since=self.changed_since, shard=self.shard)

    def policy(self, settings: Mapping[str, Any]) -> Policy:
        """What steers a plan that is made without an account. Raises `SettingsError`."""
        account = settings.get("service_account") or username(settings)
        if not account:
            raise SettingsError(
                "the service account is not known, which has an access to each domain",
                hint="set `service_account` in mailstate.toml",
            )
        return policy(settings, account)

    def remote(self, settings: Mapping[str, Any]) -> Target:
        """The dimail that is meant. Raises `UsageError` for two of them at once."""
        if self.sandbox and self.url:
            raise UsageError("--sandbox and --url name two servers", hint="give one of them")
        if self.sandbox:
            from mailstate.cli.sandbox import sandbox_target  # a server, which others need not load

            target = sandbox_target(settings, concurrency=self.concurrency)
        else:
            target = remote_target(settings, url=self.url, concurrency=self.concurrency)
        return replace(target, policy=self.limited(target.policy))

    def limited(self, policy: Policy) -> Policy:
        """*policy* with what the options say of the number of removals."""
        within = self.within if self.shard else None
        return replace(policy, removals_allowed=self.max_removals, within=within)


def read_desired(directory: Path, *, merge: str | None = None) -> DesiredState:
    """
    What the files in *directory* ask for; warnings are said. Raises `FilesError`.

    A cache may be read for an apply too: its rows are named by all that they follow from.
    """
    with Cache(cache_directory(os.environ)) as cache:
        reading = (
            read([directory], cache=cache)
            if merge is None
            else read_merged(merge, directory, cache=cache)
        )
    if reading.desired is None:
        raise FilesError(reading.problems)
    output.warn(reading.problems)
    return reading.desired


def read_scope(request: Request, settings: Mapping[str, Any]) -> tuple[DesiredState, Selected]:
    """The selected part of what the files ask for, and what a plan says of the selection."""
    directory = state_directory(settings, request.state)
    declared = read_desired(directory, merge=request.merge)
    selection = request.selection()
    since = selection.changed_since
    changed = changed_files(since, directory) if since is not None else None
    desired = select(declared, selection, changed_files=changed)
    return desired, selected(selection, desired=desired, declared=declared)


def live_plan(request: Request) -> tuple[Plan, Context, DesiredState]:
    """
    The plan against dimail as it is now; and what it is for. Raises as `session`.

    Nothing is carried out after it, so that it may use what earlier plans have found out.
    """
    made = []

    async def make() -> None:
        with Cache(cache_directory(os.environ)) as cache:
            async with session(request, cache=cache) as run:
                made.append((run.plan, run.context, run.desired))

    # What a coroutine gives back is put in words at the end of `asyncio.run`, however large it is
    # and though nobody sees them: this one gives nothing back.
    with without_collector():
        asyncio.run(make())
    return made[0]


def recorded_plan(request: Request, snapshot_file: Path) -> tuple[Plan, Context, DesiredState]:
    """
    The plan against a recorded live state, without network and credentials; and what it is for.

    Raises `SettingsError` if the file is no sound snapshot, if it does not cover a domain of the
    files, or if the service account is not known.
    """
    from mailstate.reporting.snapshot import read_snapshot  # which a plan against dimail need not

    settings = request.settings()
    desired, selection = read_scope(request, settings)
    recorded = read_snapshot(read_file(snapshot_file), name=str(snapshot_file))
    planning = request.limited(request.policy(settings))
    context = Context(
        target=recorded.target, policy=planning, notify=letters(settings), selection=selection
    )
    return plan(desired, recorded.of(desired), planning), context, desired


def letters(settings: Mapping[str, Any]) -> Mapping[str, object]:
    """What is set about letters, with what counts where nothing is set."""
    unset = {
        "mode": "auto",
        "sender": None,
        "language": "fr",
        "webmail": "https://webmail.{domain}",
        "templates": None,
    }
    return {**unset, **settings.get("notify", {})}


def connected(target: Target) -> DimailClient:
    """A client for *target*, to be entered."""
    return DimailClient(
        target.url,
        target.username,
        target.password,
        concurrency=target.concurrency,
        ca_file=target.ca_file,
        patience=target.patience,
    )


_LARGE = 2_000
"""Below so many mailboxes all is read sooner than a cache is opened."""


@asynccontextmanager
async def session(
    request: Request, *, checks_all: bool = False, cache: Cache | None = None
) -> AsyncIterator[Session]:
    """
    Read everything and plan; the client stays open for what comes after.

    Domains that are not enabled are checked if something waits for them, or with *checks_all*. In
    *cache*, lists that were read before and what differed then are looked up, if there are many.
    """
    settings = request.settings()
    desired, selection = read_scope(request, settings)
    target = request.remote(settings)
    async with connected(target) as client:
        listed: dict[DomainName, DomainState] = {}
        memory = _memory(cache, target, desired)
        compare = Comparisons(memory)

        def is_checked(domain: LiveDomain) -> bool:
            is_wanted = checks_all or needs_check(desired, domain, compare=compare)
            if is_wanted:
                listed[domain.domain.name] = domain.state
            return is_wanted

        def seen(domain: LiveDomain) -> None:
            compare(desired.domains[domain.domain.name], domain)

        live = await read_live(client, desired, needs_check=is_checked, seen=seen, memory=memory)
        planned = plan(desired, live, target.policy, compare=compare)
        if memory is not None:
            memory.keep()
        yield Session(
            target=target,
            client=client,
            desired=desired,
            live=live,
            plan=planned,
            settings=settings,
            listed=listed,
            selection=selection,
        )


def _memory(cache: Cache | None, target: Target, desired: DesiredState) -> Remembered | None:
    """What *cache* knows of earlier plans for the same domains of *target*."""
    if cache is None or not cache.is_there:
        return None
    if sum(len(one.mailboxes) for one in desired.domains.values()) < _LARGE:
        return None
    name = json.dumps([target.url, target.username, sorted(desired.domains)])
    return Remembered(cache.shelf("plan"), name.encode())


def shown_url(url: str) -> str:
    """*url* without credentials, query or final slash."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
