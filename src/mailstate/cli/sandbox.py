"""`mailstate sandbox …`: the embedded dimail, kept in `.mailstate/sandbox`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mailstate.cli import output
from mailstate.cli.settings import DEFAULT_CONCURRENCY, Target, policy
from mailstate.errors import ExitCode, RemoteError, UsageError
from mailstate.model.resources import DomainName
from mailstate.model.secret import Secret
from mailstate.sandbox import PROFILES, SandboxError, process

DIRECTORY = Path(".mailstate") / "sandbox"
DEFAULT_PROFILE = "2026"


@click.group("sandbox")
def command() -> None:
    """
    Start, stop and arrange the embedded dimail.

    A real HTTP server on this machine, with what it holds kept in .mailstate/sandbox. `--sandbox`
    on other commands uses it, and starts it where it does not run yet.
    """


@command.command()
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    help="The dimail it behaves like: of August 2024, that with checks, or today's (default).",
)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where it listens; default: any free port.",
)
@click.option(
    "--cost",
    type=click.Choice(["none", "real"]),
    default="none",
    help="Whether passwords take as long to check as with the real one; default: none.",
)
@click.option(
    "--seed",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What dimail holds at the beginning (JSON).",
)
def start(profile: str | None, port: int, cost: str, seed: Path | None) -> None:
    """Start it; nothing happens if it runs already."""
    with _told():
        before = process.status(DIRECTORY)
        if before is not None:
            _refuse_another(before, profile, seed)
        running = process.start(
            DIRECTORY,
            profile=profile or DEFAULT_PROFILE,
            port=port,
            cost="real" if cost == "real" else "none",
            seed_file=seed,
        )
    word = "runs" if before is None else "runs already"
    output.write(f"The sandbox {word} at {running.url}, as dimail of profile {running.profile}\n")


def _refuse_another(running: process.Running, profile: str | None, seed: Path | None) -> None:
    """Say so where what runs is not what is asked for: its profile and its seed stay."""
    if seed is not None or (profile or running.profile) != running.profile:
        asked = f"profile {profile}" if profile else f"{seed}"
        raise UsageError(
            f"a sandbox of profile {running.profile} runs already: it cannot become one of {asked}",
            hint="for another one: `mailstate sandbox stop`, `reset`, then `start`",
        )


@command.command()
def stop() -> None:
    """Stop it; what it holds is kept."""
    with _told():
        was_running = process.stop(DIRECTORY)
    output.write("The sandbox is stopped\n" if was_running else "No sandbox was running\n")


@command.command()
def status() -> int:
    """Say whether it runs, and where; exits with 4 if it does not."""
    with _told():
        running = process.status(DIRECTORY)
    if running is None:
        output.write("No sandbox is running\n")
        return ExitCode.REMOTE
    output.write(
        f"The sandbox runs at {running.url}, as dimail of profile {running.profile}"
        f" (process {running.pid})\n"
    )
    return ExitCode.OK


@command.command()
def reset() -> None:
    """Take it back to its beginning."""
    with _told():
        process.reset(DIRECTORY)
    output.write("The sandbox is as at its beginning\n")


@command.command("publish-dns", short_help="Publish the records that domains need.")
@click.argument("domains", metavar="DOMAIN...", nargs=-1, required=True)
def publish_dns(domains: tuple[str, ...]) -> None:
    """
    Publish in its pretended DNS every record that each DOMAIN needs.

    The next check of such a domain finds them, and what was held for it can go ahead.
    """
    names = [_domain(written) for written in domains]
    with _told():
        for name in names:
            process.publish_dns(DIRECTORY, name)
            output.write(f"The sandbox's DNS has all records of {name} now\n")


def _domain(written: str) -> DomainName:
    """The domain that is *written*, as it is sent. Raises `UsageError`."""
    from mailstate.statefiles.names import Fault, domain_name

    found = domain_name(written)
    if isinstance(found, Fault):
        raise UsageError(found.message, hint=found.hint or "name it as the state files do")
    return found


def sandbox_target(settings: Mapping[str, Any], *, concurrency: int | None) -> Target:
    """The running sandbox as the dimail of a run; started if it does not run yet."""
    with _told():
        running = process.status(DIRECTORY)
        if running is None:
            running = process.start(DIRECTORY)
            output.say(f"started a sandbox at {running.url}; `mailstate sandbox stop` ends it")
    return Target(
        url=running.url,
        username=running.username,
        password=Secret(running.password),
        policy=policy({**settings, "service_account": running.username}, running.username),
        concurrency=concurrency or settings.get("concurrency", DEFAULT_CONCURRENCY),
    )


@contextmanager
def _told() -> Iterator[None]:
    """Turn the sandbox's own errors into ours."""
    try:
        yield
    except SandboxError as error:
        raise RemoteError(str(error), hint=error.hint) from None
    except OSError as error:
        message = f"{error.filename or DIRECTORY}: {error.strerror or error}"
        raise RemoteError(message, hint=f"look into {DIRECTORY}, or take it away") from None
