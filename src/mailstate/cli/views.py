"""A plan, given out: saved, and printed in the form that `--format` names."""

import sys
from pathlib import Path

from mailstate.cli import output
from mailstate.cli.files import write_file
from mailstate.cli.links import way
from mailstate.errors import ExitCode
from mailstate.planning.plan import Plan
from mailstate.reporting.links import Links
from mailstate.reporting.paint import plain
from mailstate.reporting.plan_json import Context, plan_json
from mailstate.reporting.plan_text import headline, plan_text

FORMATS = ("text", "json", "markdown", "html", "github")


def give_plan(plan: Plan, context: Context, *, out: Path | None, form: str, links: Links) -> None:
    """Save *plan* in the file *out*, if there is one, and print it in one of the `FORMATS`."""
    document = plan_json(plan, context) if out is not None or form == "json" else ""
    if out is not None:
        write_file(out, document)
    match form:
        case "json":
            output.write(document)
        case "markdown":
            from mailstate.reporting.markdown import plan_markdown

            output.write(plan_markdown(plan, context, links=links))
        case "html":
            from mailstate.reporting.html import plan_html

            output.write(plan_html(plan, context, links=links))
        case "github":
            from mailstate.reporting.plan_github import plan_github

            output.write(plan_github(plan, causes=context.causes, below=way()))
            output.say(headline(plan, context.target, plain, selection=context.selection))
        case _:
            paint = output.painter(sys.stdout)
            output.write(
                plan_text(
                    plan,
                    target=context.target,
                    paint=paint,
                    selection=context.selection,
                    causes=context.causes,
                )
            )


def plan_code(plan: Plan) -> ExitCode:
    """What `--detailed-exitcode` says of *plan*: the gravest thing that is in it."""
    if plan.refused:
        return ExitCode.REFUSED
    if plan.changes:
        return ExitCode.CHANGES
    if plan.held or plan.conflicts:
        return ExitCode.WAITING
    return ExitCode.OK
