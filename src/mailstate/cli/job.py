"""The job of a workflow that runs us: its log, its summary, and what is said for it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailstate.cli import output
from mailstate.errors import SettingsError
from mailstate.forge.event import Event


@contextmanager
def commands_stopped() -> Iterator[None]:
    """In the log, have nothing that is printed meanwhile be a command to the runner."""
    token = secrets.token_hex()
    output.write(f"::stop-commands::{token}\n")
    try:
        yield
    finally:
        output.write(f"::{token}::\n")


def summarise(text: str) -> None:
    """Have *text* in the summary of the job, if it has one."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    try:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        raise SettingsError(
            f"the summary of the job cannot be written: {error.strerror}",
            hint="check GITHUB_STEP_SUMMARY",
        ) from None


def opening(event: Event) -> str:
    """The first line of a comment: which commit it is for, and which run has made it."""
    return f"For [`{event.commit[:10]}`]({event.commit_url}), by [this run]({event.run_url}).\n\n"


def unfinished(event: Event) -> str:
    """What is to be said at a pull request whose run has left nothing to say."""
    return (
        f"{opening(event)}**There is no plan:** the run ended before there was one. "
        "Its log may tell why.\n"
    )
