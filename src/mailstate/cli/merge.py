"""`mailstate merge`: what the shards of one run have written, as one."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mailstate.cli import output
from mailstate.cli.files import check_spared, check_writable, read_file, write_file
from mailstate.cli.links import links
from mailstate.cli.options import link_base_option
from mailstate.cli.views import FORMATS, give_plan, plan_code
from mailstate.errors import ExitCode, UsageError
from mailstate.reporting.merged import (
    merged_plan,
    merged_report,
    merged_report_text,
    report_code,
)
from mailstate.reporting.plan_json import to_text

_Texts = Sequence[tuple[str, str]]


@click.command("merge")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Save what is merged; a plan is one for apply.",
)
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    default="text",
    help="How it is printed; a report as text or json; default: text.",
)
@link_base_option
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Of a plan: exit with 10 if there are changes, 11 if only held ones or conflicts, 12 if "
    "refused.",
)
def command(
    files: tuple[Path, ...],
    out: Path | None,
    format: str,
    link_base: str | None,
    detailed_exitcode: bool,  # noqa: FBT001 - click gives it by name
) -> int:
    """
    Make one plan, or one report, of those of all shards of a run.

    Each FILE is what `mailstate plan --shard I/N --out FILE`, or `mailstate apply --shard I/N
    --report FILE`, has written. The plan is the one that a run without --shard would have made:
    `mailstate apply PLAN --shard I/N` carries out its part of it, removals too. A report ends
    this command as it would have ended the apply.
    """
    link_to = links(link_base)
    if out is not None:
        check_spared(files, "what is merged", out)
        check_writable(out)
    texts = [(str(file), read_file(file)) for file in files]
    if _is_report(texts[0][1]):
        if format not in {"text", "json"}:
            raise UsageError(
                f"a report cannot be shown as {format}", hint="--format text or --format json"
            )
        return _merge_reports(texts, out, format)
    plan, context = merged_plan(texts)
    give_plan(plan, context, out=out, form=format, links=link_to)
    return plan_code(plan) if detailed_exitcode else ExitCode.OK


def _is_report(text: str) -> bool:
    """Whether *text* looks like a report; what is neither is found out by whoever reads it."""
    try:
        return "outcomes" in json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return False


def _merge_reports(texts: _Texts, out: Path | None, form: str) -> ExitCode:
    report = merged_report(texts)
    document = to_text(report)
    if out is not None:
        write_file(out, document)
    if form == "json":
        output.write(document)
    else:
        output.write(merged_report_text(report, output.painter(sys.stdout)))
    return report_code(report)
