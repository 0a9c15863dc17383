"""`mailstate snapshot`: what dimail has, for plans without credentials."""

import asyncio
from pathlib import Path
from typing import Any

import click

from mailstate.cli import output
from mailstate.cli.files import write_file
from mailstate.cli.options import state_option, target_options
from mailstate.cli.session import Request, session
from mailstate.errors import ExitCode
from mailstate.reporting.paint import counted, visible
from mailstate.reporting.snapshot import snapshot, snapshot_json


@click.command("snapshot")
@click.option(
    "--out",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="Where to record it.",
)
@state_option
@target_options
def command(
    out: Path,
    **options: Any,  # noqa: ANN401 - what click hands over for the two sets of options
) -> int:
    """
    Record what dimail has of the declared domains, for `mailstate plan --live FILE`.

    Read whole, or nothing is written; domains that are not enabled are checked, for whatever a
    pull request may want to put on them. There is no secret in it, yet all names of mailboxes and
    the uuids of all users are: whoever may read it should be who may read dimail.
    """
    return asyncio.run(_snapshot(Request(**options), out))


async def _snapshot(request: Request, out: Path) -> int:
    async with session(request, checks_all=True) as run:
        existing = await run.client.domains()
        recorded = snapshot(
            run.live,
            target=run.context.target,
            declared=run.desired.domains,
            existing=set(existing) | set(run.live.domains),
        )
    write_file(out, snapshot_json(recorded))
    live = recorded.live.domains.values()
    output.write(
        f"wrote {visible(str(out))}: {counted(len(live), 'domain')},"
        f" {counted(sum(len(one.mailboxes) for one in live), 'mailbox', 'mailboxes')},"
        f" {counted(sum(len(one.aliases) for one in live), 'alias', 'aliases')}\n"
    )
    return ExitCode.OK
