"""Options that several commands share, under the names that the design promises."""

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mailstate.cli.completion import domains, targets
from mailstate.cli.settings import PRUNED_KINDS

_Function = Callable[..., Any]
_DIRECTORY = click.Path(path_type=Path)


def state_option(function: _Function) -> _Function:
    """`--state DIR`."""
    return click.option(
        "--state", metavar="DIR", type=_DIRECTORY, help="The state files; default: state."
    )(function)


def selection_options(function: _Function) -> _Function:
    """`--only`, `--changed-since`, `--shard`: which domains a run looks at."""
    options = (
        click.option(
            "--only",
            metavar="GLOB",
            multiple=True,
            shell_complete=domains,
            help="Look at these domains alone; may be given more than once.",
        ),
        click.option(
            "--changed-since",
            metavar="REF",
            help="Look at the domains alone whose files differ from this Git revision.",
        ),
        click.option(
            "--shard",
            metavar="I/N",
            callback=_shard,
            help="Look at the I-th of N parts alone; I may come from JOB_COMPLETION_INDEX.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def removal_options(function: _Function) -> _Function:
    """`--prune`, `--delete-mailboxes`, `--max-removals`: what may be taken away."""
    options = (
        click.option(
            "--prune",
            metavar="KINDS",
            callback=_kinds,
            help="Remove what is in no file: accesses, aliases, mailboxes (switched off); "
            "separated by commas.",
        ),
        click.option(
            "--delete-mailboxes", is_flag=True, help="Delete pruned mailboxes, with their mail."
        ),
        click.option(
            "--max-removals",
            metavar="N",
            type=click.IntRange(0),
            help="Lift the limits for removals, if N is their exact number.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def target_options(function: _Function) -> _Function:
    """`--target`, `--url`, `--sandbox`, `--concurrency`, `-v`, `--log-format`."""
    options = (
        click.option(
            "--target",
            metavar="NAME",
            shell_complete=targets,
            help="A target of mailstate.toml.",
        ),
        url_option,
        click.option(
            "--sandbox",
            is_flag=True,
            help="Use the embedded dimail instead; it is started if need be.",
        ),
        click.option(
            "--concurrency",
            metavar="N",
            type=click.IntRange(1, 32),
            help="Calls at once; default: 4 (dimail has been seen to stall at 8).",
        ),
        logging_options,
    )
    for option in reversed(options):
        function = option(function)
    return function


def url_option(function: _Function) -> _Function:
    """`--url URL`."""
    return click.option("--url", metavar="URL", help="The dimail to talk to; or MAILSTATE_URL.")(
        function
    )


def link_base_option(function: _Function) -> _Function:
    """`--link-base URL`."""
    return click.option(
        "--link-base",
        metavar="URL",
        help="The files are below this address; default: the commit of the GitHub workflow.",
    )(function)


def logging_options(function: _Function) -> _Function:
    """`-v`, `--log-format`."""
    options = (
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            expose_value=False,
            is_eager=False,
            callback=_set_up_logging,
            help="Log each call to dimail: method, path, status, milliseconds.",
        ),
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            expose_value=False,
            is_eager=True,
            callback=_keep_format,
            help="The form of what -v logs; default: text.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _shard(
    _ctx: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """`2/4` is the second of four; `4` alone is of four the one that Kubernetes numbers from 0."""
    if value is None:
        return None
    which, slash, of = value.rpartition("/")
    if not slash:
        index = os.environ.get("JOB_COMPLETION_INDEX", "")
        which = str(int(index) + 1) if index.isascii() and index.isdecimal() else ""
    if not all(part.isascii() and part.isdecimal() for part in (which, of)):
        raise click.BadParameter("write I/N, as in 1/4; or N where JOB_COMPLETION_INDEX is set")
    if not 1 <= int(which) <= int(of):
        raise click.BadParameter(f"there is no part {which} of {of}")
    return int(which), int(of)


def _kinds(
    _ctx: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    for name in names:
        if name not in PRUNED_KINDS:
            raise click.BadParameter(f"`{name}` is none of {', '.join(PRUNED_KINDS)}")
    return names


def _keep_format(ctx: click.Context, _parameter: click.Parameter, value: str) -> None:
    ctx.meta["mailstate.log_format"] = value


def _set_up_logging(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
    """Log our own packages to standard error; libraries stay silent, they might log bodies."""
    if not value:
        return
    handler = logging.StreamHandler(sys.stderr)
    if ctx.meta["mailstate.log_format"] == "json":
        handler.setFormatter(_JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("mailstate")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


class _JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(
            {
                "at": self.formatTime(record),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": record.getMessage(),
            }
        )
