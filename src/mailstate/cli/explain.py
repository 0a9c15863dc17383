"""`mailstate explain`: one address, whole."""

import asyncio
import sys
from typing import Unpack

import click

from mailstate.cli import output
from mailstate.cli.options import state_option, target_options
from mailstate.cli.session import Request, RequestOptions, session
from mailstate.errors import ExitCode
from mailstate.model.resources import Key
from mailstate.planning.explain import explain
from mailstate.reporting.explanation import explanation_json, explanation_text


@click.command("explain")
@click.argument("address")
@state_option
@target_options
@click.option("--format", type=click.Choice(["text", "json"]), default="text")
def command(address: str, format: str, **options: Unpack[RequestOptions]) -> int:
    """
    Say all there is to say about ADDRESS, written as in plans.

    For example `mailbox/jean.dupont@commune.example`: where it is written, what is live, what
    is planned, held or refused and why, and the next step.
    """
    return asyncio.run(_explain(address, format, Request(**options)))


async def _explain(address: str, form: str, request: Request) -> int:
    async with session(request) as run:
        key = Key(address.strip().lower())
        told = explain(key, run.desired, run.live, run.plan, run.target.policy)
    if form == "json":
        output.write(explanation_json(told))
    else:
        output.write(explanation_text(told, output.painter(sys.stdout)))
    return ExitCode.OK if told.is_known else ExitCode.USAGE
