"""`mailstate plan`: what apply would do, and nothing else."""

import asyncio
import sys
from pathlib import Path
from typing import Unpack

import click

from mailstate.cli import output
from mailstate.cli.files import check_writable, write_file
from mailstate.cli.links import links
from mailstate.cli.options import removal_options, selection_options, state_option, target_options
from mailstate.cli.session import PlanningOptions, Request, recorded_plan, session
from mailstate.errors import ExitCode, UsageError
from mailstate.planning.plan import Plan
from mailstate.reporting.markdown import plan_markdown
from mailstate.reporting.plan_json import Context, plan_json
from mailstate.reporting.plan_text import plan_text


@click.command("plan")
@state_option
@target_options
@selection_options
@removal_options
@click.option(
    "--live",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Plan against what `mailstate snapshot` recorded, without network and credentials.",
)
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="Save the plan, for apply."
)
@click.option(
    "--format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="How the plan is printed; markdown is for a pull request; default: text.",
)
@click.option(
    "--link-base",
    metavar="URL",
    help="The files are below this address; default: the commit of the GitHub workflow.",
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 10 if there are changes, 11 if only held ones or conflicts, 12 if refused.",
)
def command(
    live: Path | None,
    out: Path | None,
    format: str,
    link_base: str | None,
    detailed_exitcode: bool,  # noqa: FBT001 - click gives it by name
    **options: Unpack[PlanningOptions],
) -> int:
    """
    Show what would be done to make dimail as the files want it.

    Reads dimail whole, or stops: a plan is never made from half a list. Nothing is changed.
    """
    link_to = links(link_base)
    if out is not None:
        check_writable(out)
    request = Request(**options)
    if live is None:
        plan, context = asyncio.run(_plan(request))
    elif request.url or request.sandbox:
        raise UsageError("--live is a plan without a server", hint="leave out --url and --sandbox")
    else:
        plan, context = recorded_plan(request, live)
    document = plan_json(plan, context)
    if out is not None:
        write_file(out, document)
    match format:
        case "json":
            output.write(document)
        case "markdown":
            output.write(plan_markdown(plan, context, links=link_to))
        case _:
            paint = output.painter(sys.stdout)
            output.write(
                plan_text(plan, target=context.target, paint=paint, selection=context.selection)
            )
    return detailed_code(plan) if detailed_exitcode else ExitCode.OK


async def _plan(request: Request) -> tuple[Plan, Context]:
    async with session(request) as run:
        return run.plan, run.context


def detailed_code(plan: Plan) -> ExitCode:
    """What `--detailed-exitcode` says of *plan*: the gravest thing that is in it."""
    if plan.refused:
        return ExitCode.REFUSED
    if plan.changes:
        return ExitCode.CHANGES
    if plan.held or plan.conflicts:
        return ExitCode.WAITING
    return ExitCode.OK
