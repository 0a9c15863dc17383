"""`mailstate status`: how far each domain is, and what is still to be published."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Unpack

import click

from mailstate.cli import output
from mailstate.cli.completion import domains as declared_domains
from mailstate.cli.options import selection_options, state_option, target_options
from mailstate.cli.session import Request, RequestOptions, session
from mailstate.dimail.client import DimailClient
from mailstate.errors import RemoteError, UsageError
from mailstate.model.resources import DomainName
from mailstate.model.state import DnsRecord
from mailstate.planning.readiness import Readiness, readiness
from mailstate.reporting.status import status_bind, status_json, status_octodns, status_text


@click.command("status")
@click.argument("domains", metavar="[DOMAIN]...", nargs=-1, shell_complete=declared_domains)
@state_option
@target_options
@selection_options
@click.option(
    "--format",
    type=click.Choice(["text", "json", "bind", "octodns"]),
    default="text",
    show_default=True,
    help="bind and octodns give the DNS records that are still to be published.",
)
def command(domains: tuple[str, ...], format: str, **options: Unpack[RequestOptions]) -> None:
    """
    Show how far each declared DOMAIN is; without one, all of them.

    Those that are not enabled are checked: which checks fail, who must act, how much is held, and
    which DNS records are still to be published. Nothing is changed.
    """
    rows = asyncio.run(_status(Request(**options), domains))
    match format:
        case "json":
            output.write(status_json(rows))
        case "bind":
            output.write(status_bind(rows))
        case "octodns":
            output.write(status_octodns(rows))
        case _:
            output.write(status_text(rows, output.painter(sys.stdout)))


async def _status(request: Request, domains: Sequence[str]) -> tuple[Readiness, ...]:
    async with session(request, checks_all=True) as run:
        wanted = {DomainName(domain.lower()) for domain in domains}
        if unknown := wanted - run.desired.domains.keys():
            raise UsageError(
                f"no file declares {', '.join(sorted(unknown))}",
                hint="status is about the domains of the state files",
            )
        asked = {
            name: live
            for name, live in run.live.domains.items()
            if live.failing and (not wanted or name in wanted)
        }
        return readiness(
            run.desired,
            run.live,
            run.plan,
            run.target.policy,
            specs={name: await _spec(run.client, name) for name in asked},
            only=wanted or None,
        )


async def _spec(client: DimailClient, name: DomainName) -> tuple[DnsRecord, ...] | None:
    """What dimail says that *name* should publish; None, so that the checks tell, if nothing."""
    try:
        return await client.spec(name)
    except RemoteError:
        return None
