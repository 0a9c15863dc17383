"""`mailstate sandbox …`: the embedded dimail, kept in `.mailstate/sandbox`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mailstate.cli import output
from mailstate.cli.settings import Target, calls_at_once, patience, policy
from mailstate.errors import ExitCode, RemoteError, UsageError
from mailstate.model.resources import DomainName
from mailstate.model.secret import Secret
from mailstate.reporting.paint import visible
from mailstate.sandbox import PROFILES, Letter, SandboxError, process

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


@command.command(short_help="Show the letters that were sent.")
@click.argument("number", metavar="[N]", type=click.IntRange(min=1), required=False)
@click.option(
    "--format",
    type=click.Choice(["text", "html", "raw"]),
    help="What to show of letter N: headers and plain text (default), HTML, or all as it was sent.",
)
def outbox(number: int | None, format: str | None) -> None:
    """
    List the letters that were sent to the sandbox's mail server, or show letter N.

    They go no further. Whatever could do harm to a terminal is shown as an escape.
    """
    if number is None and format:
        raise UsageError(
            "--format is for one letter", hint="give its number: `mailstate sandbox outbox N`"
        )
    with _told():
        letters = process.outbox(DIRECTORY, number)
    if number is None:
        output.write(_listed(letters))
        return
    if not letters:
        raise UsageError(
            f"there is no letter {number} in the outbox",
            hint="`mailstate sandbox outbox` lists those that are there",
        )
    output.write(_shown(letters[0], format or "text"))


def _listed(letters: Sequence[Letter]) -> str:
    """One line for each letter: number, recipients, subject."""
    if not letters:
        return "The outbox is empty\n"
    recipients = [visible(", ".join(letter.recipients)) for letter in letters]
    digits = len(str(letters[-1].number))
    width = min(max(map(len, recipients)), _WIDEST)
    return "".join(
        f"{letter.number:>{digits}}  {to:<{width}}  {_line(letter.header('Subject'))}".rstrip()
        + "\n"
        for letter, to in zip(letters, recipients, strict=True)
    )


def _shown(letter: Letter, format: str) -> str:
    """One letter, safe to print. Raises `UsageError` if it has no such part."""
    if format == "raw":
        return _lines(letter.raw.decode("ascii", "backslashreplace").replace("\r\n", "\n"))
    part = letter.html if format == "html" else letter.text
    if part is None:
        other = "text" if format == "html" else "html"
        raise UsageError(
            f"letter {letter.number} has no {format} part", hint=f"try --format {other} or raw"
        )
    if format == "html":
        return "".join(f"{_html(line)}\n" for line in part.rstrip("\n").split("\n"))
    headers = "".join(f"{name}: {visible(letter.header(name))}\n" for name in _HEADERS)
    return f"{headers}\n{_lines(part)}"


def _lines(text: str) -> str:
    """*text* as lines that are safe; its blanks look alike, as on paper."""
    return "".join(f"{_line(line)}\n" for line in text.rstrip("\n").split("\n"))


def _line(text: str) -> str:
    return visible(text.translate(_BLANKS))


def _html(line: str) -> str:
    """A *line* of HTML that means the same, without what is not safe to print."""
    line = line.replace("\t", " ")
    if visible(line) == line:
        return line
    safe = "".join(char if visible(char) == char else f"&#{ord(char)};" for char in line)
    # What is left are the commands of a CI system, which are made of plain characters.
    return safe if visible(safe) == safe else safe.replace(":", "&#58;", 1).replace("##", "#&#35;")


_WIDEST = 40
_HEADERS = ("From", "To", "Subject", "Date")
_BLANKS = {ord(blank): " " for blank in "\t\u00a0\u202f"}
"""French puts them before `:` and `?`."""


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
        concurrency=calls_at_once(settings, concurrency),
        patience=patience(settings),
        smtp_url=running.smtp_url,
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
