"""`mailstate plan`: what apply would do, and nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Unpack

import click

from mailstate.cli import output
from mailstate.cli.base import read_base
from mailstate.cli.files import check_spared, check_writable
from mailstate.cli.links import links
from mailstate.cli.options import (
    link_base_option,
    removal_options,
    selection_options,
    state_option,
    target_options,
)
from mailstate.cli.session import PlanningOptions, Request, live_plan, recorded_plan
from mailstate.cli.settings import state_directory
from mailstate.cli.views import FORMATS, give_plan, plan_code
from mailstate.errors import ExitCode, UsageError
from mailstate.model.state import DesiredState
from mailstate.planning.causes import causes
from mailstate.reporting.paint import visible


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
    type=click.Choice(FORMATS),
    default="text",
    help="How the plan is printed; markdown is for a pull request, html a page; default: text.",
)
@link_base_option
@click.option(
    "--base",
    metavar="REF",
    help="Tell what is asked since this Git revision from what was due, and from drift.",
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
    base: str | None,
    detailed_exitcode: bool,  # noqa: FBT001 - click gives it by name
    **options: Unpack[PlanningOptions],
) -> int:
    """
    Show what would be done to make dimail as the files want it.

    Reads dimail whole, or stops: a plan is never made from half a list. Nothing is changed.
    """
    link_to = links(link_base)
    if out is not None:
        check_spared([live], "the plan", out)
        check_writable(out)
    request = Request(**options)
    before = _asked_before(request, base) if base is not None else None
    if live is None:
        plan, context, desired = live_plan(request)
    elif request.url or request.sandbox:
        raise UsageError("--live is a plan without a server", hint="leave out --url and --sandbox")
    else:
        plan, context, desired = recorded_plan(request, live)
    if before is not None:
        context = replace(context, causes=causes(plan, desired, before, context.policy))
    give_plan(plan, context, out=out, form=format, links=link_to)
    return plan_code(plan) if detailed_exitcode else ExitCode.OK


def _asked_before(request: Request, base: str) -> DesiredState | None:
    """What the files asked for at the revision *base*; None, which is said, if they were faulty."""
    reading = read_base(base, state_directory(request.settings(), request.state))
    if reading.desired is None:
        output.say(
            f"the state files have errors at {visible(base)}: "
            "what is asked since then cannot be told from the rest"
        )
    return reading.desired
