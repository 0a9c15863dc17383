"""`mailstate import`: what dimail has, as state files."""

import asyncio
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mailstate.cli import output
from mailstate.cli.files import write_file
from mailstate.cli.options import target_options
from mailstate.cli.session import Request, connected
from mailstate.cli.settings import Target
from mailstate.dimail.live import read_live
from mailstate.errors import ExitCode, FilesError, RemoteError, SettingsError, UsageError
from mailstate.model.resources import Domain, DomainName, Mailbox
from mailstate.model.state import DesiredDomain, DesiredState, LiveState
from mailstate.planning.planner import plan
from mailstate.reporting.paint import counted, visible
from mailstate.statefiles.files import display, read_files
from mailstate.statefiles.shelf import WAITING
from mailstate.statefiles.writer import Imported, import_live


@click.command("import")
@click.argument("domains", metavar="[DOMAIN]...", nargs=-1)
@click.option(
    "--out",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="Where the files are, or will be.",
)
@click.option(
    "--owner",
    metavar="USER",
    help="A handle, or the uuid of a person: owns the domains that nobody manages.",
)
@target_options
def command(
    domains: tuple[str, ...],
    out: Path,
    owner: str | None,
    **options: Any,  # noqa: ANN401 - what click hands over for target_options
) -> int:
    """
    Write state files from what dimail has; the plan that follows is empty.

    DOMAIN is a domain of dimail; without one, all are taken. Each new domain gets a file of its
    own in DIR, people are in users.yaml. Files that are there stay as they are, and what they lack
    is added: comments, roles, handles, secondary and support addresses are kept, nothing is taken
    out. dimail knows no roles and no names of people: see the comments in the files. What the rules
    forbid is left out, and said.
    """
    request = Request(state=None, **options)
    target = request.remote(request.settings())
    # Before the network: whoever has to mend a file should not wait for two hundred domains.
    sources = _existing(out)
    names = [DomainName(name) for name in domains]
    return asyncio.run(_import(target, names, sources, out, owner))


async def _import(
    target: Target,
    names: Collection[DomainName],
    sources: Sequence[tuple[str, bytes]],
    out: Path,
    owner: str | None,
) -> int:
    live = await _live(target, names)
    imported = import_live(
        live,
        sources,
        directory=_shown(out),
        service_account=target.policy.service_account,
        owner=owner,
        asked=set(names) or None,
    )
    if names and imported.without_access:
        raise RemoteError(
            f"the mailboxes of {', '.join(imported.without_access)} cannot be read",
            hint=f"give the account {visible(target.username)} access to them in dimail",
        )
    kept = _write(imported.files, out)
    _tell(imported, live, target, kept)
    return ExitCode.OK


def _shown(out: Path) -> str:
    """*out* as the reader names the files in it."""
    return display(os.path.abspath(out))  # noqa: PTH100 - Path.absolute keeps `..`


def _existing(out: Path) -> list[tuple[str, bytes]]:
    """The state files in *out*. Raises `FilesError` if one cannot be read."""
    if not out.exists():
        return []
    sources, problems = read_files([out])
    problems = [problem for problem in problems if problem.rule != "file/nothing-found"]
    if problems:
        raise FilesError(tuple(problems))
    return sources


async def _live(target: Target, names: Collection[DomainName]) -> LiveState:
    """What dimail has of the domains *names*, or of all."""
    async with connected(target) as client:
        known = await client.domains()
        missing = sorted(name for name in names if name not in known)
        if missing:
            raise UsageError(
                f"dimail has no domain {visible(', '.join(missing))}",
                hint="`mailstate import --out DIR` without a name takes all that it has",
            )
        wanted = DesiredState(domains={name: _any(name) for name in names or known})
        return await read_live(client, wanted, needs_check=lambda _: False)


def _any(name: DomainName) -> DesiredDomain:
    """A wish for *name* that makes the reader look for half-made mailboxes too."""
    domain = Domain(name=name, features=frozenset(), context=None, delivery=None)
    # The second API leaves half-made mailboxes out; the first is asked if something is missing.
    nobody = Mailbox(
        domain=name,
        local_part="",
        first_name=None,
        last_name=None,
        display_name=None,
        active=None,
    )
    return DesiredDomain(domain=domain, roles={}, mailboxes={nobody.key: nobody})


def _write(files: Mapping[str, str], out: Path) -> list[str]:
    """Write *files*; those that wait for an owner and were changed by hand are kept, and given."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{out} cannot be made: {error.strerror}") from None
    kept = []
    for name, text in files.items():
        path = Path(name)
        if name.endswith(WAITING) and path.exists():
            if path.read_bytes() != text.encode():
                kept.append(name)
            continue
        write_file(path, text)
        output.write(f"wrote {visible(name)}\n")
    return kept


def _tell(imported: Imported, live: LiveState, target: Target, kept: Iterable[str]) -> None:
    """Say what the files have now, what they have not, and what a plan would do."""
    domains = imported.desired.domains.values()
    parts = (
        counted(len(domains), "domain"),
        counted(len(imported.desired.people), "person", "people"),
        counted(sum(len(domain.mailboxes) for domain in domains), "mailbox", "mailboxes"),
        counted(sum(len(domain.aliases) for domain in domains), "alias", "aliases"),
    )
    told = [
        *(f"left out: {line}" for line in imported.left_out),
        *(f"no access, so not imported: {name}" for name in imported.without_access),
        *(f"without an owner: name one, then rename it: {name}" for name in imported.waiting),
        *(f"changed by hand, so left alone: {name}" for name in kept),
        *(f"in the files, and not in dimail: {key}" for key in imported.gone),
    ]
    for line in told:
        output.say(visible(line))
    output.write(f"The files have {', '.join(parts)}\n")
    read = {name: one for name, one in imported.desired.domains.items() if name in live.domains}
    desired = DesiredState(people=imported.desired.people, domains=read)
    following = plan(desired, _only(live, read), target.policy)
    counts = following.summary()
    changes = sum(counts[action] for action in ("create", "update", "delete"))
    sys.stdout.flush()
    if changes or following.held or following.conflicts:
        output.say(
            f"the plan that follows has {counted(changes, 'change')},"
            f" {counts['held']} held, {counted(counts['conflicts'], 'conflict')}:"
            " see `mailstate plan`"
        )


def _only(live: LiveState, names: Collection[DomainName]) -> LiveState:
    """*live* without the domains that no file has."""
    return LiveState(
        users=live.users,
        accesses=live.accesses,
        domains={name: domain for name, domain in live.domains.items() if name in names},
        tells_active=live.tells_active,
    )
