"""Options that several commands share, under the names that the design promises."""

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_Function = Callable[..., Any]
_DIRECTORY = click.Path(path_type=Path)


def state_option(function: _Function) -> _Function:
    """`--state DIR`."""
    return click.option(
        "--state", metavar="DIR", type=_DIRECTORY, help="The state files; default: state."
    )(function)


def target_options(function: _Function) -> _Function:
    """`--url`, `--sandbox`, `--concurrency`, `-v`, `--log-format`."""
    options = (
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
