"""`mailstate sandbox …`: the embedded dimail, kept in `.mailstate/sandbox`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mailstate.cli import output
from mailstate.cli.settings import DEFAULT_CONCURRENCY, Target, policy
from mailstate.errors import ExitCode, RemoteError
from mailstate.model.secret import Secret
from mailstate.sandbox import PROFILES, SandboxError, process

DIRECTORY = Path(".mailstate") / "sandbox"


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
    default="2026",
    show_default=True,
    help="The version of dimail that it behaves like.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option(
    "--cost",
    type=click.Choice(["none", "real"]),
    default="none",
    show_default=True,
    help="Whether checking a password takes as long as with the real one.",
)
@click.option(
    "--seed",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What dimail holds at the beginning (JSON).",
)
def start(profile: str, port: int, cost: str, seed: Path | None) -> None:
    """Start it; nothing happens if it runs already."""
    with _told():
        was_running = process.status(DIRECTORY) is not None
        running = process.start(
            DIRECTORY,
            profile=profile,
            port=port,
            cost="real" if cost == "real" else "none",
            seed_file=seed,
        )
    word = "runs already" if was_running else "runs"
    output.write(f"The sandbox {word} at {running.url}, as dimail of profile {running.profile}\n")


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


@command.command("publish-dns")
@click.argument("domains", metavar="DOMAIN...", nargs=-1, required=True)
def publish_dns(domains: tuple[str, ...]) -> None:
    """Publish in its pretended DNS every record that each DOMAIN needs."""
    with _told():
        for domain in domains:
            process.publish_dns(DIRECTORY, domain)
            output.write(f"The sandbox's DNS has all records of {domain} now\n")


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
