"""`mailstate explain`: one address, whole."""

import asyncio
import sys
from typing import Unpack

import click

from mailstate.cli import output
from mailstate.cli.options import removal_options, selection_options, state_option, target_options
from mailstate.cli.session import PlanningOptions, Request, session
from mailstate.errors import ExitCode, UsageError
from mailstate.model.resources import (
    DomainName,
    Key,
    access_key,
    alias_key,
    domain_key,
    mailbox_key,
    user_key,
)
from mailstate.planning.explain import explain
from mailstate.reporting.explanation import explanation_json, explanation_text
from mailstate.statefiles.names import Fault, domain_name


@click.command("explain")
@click.argument("address")
@state_option
@target_options
@selection_options
@removal_options
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How it is printed; default: text.",
)
def command(address: str, format: str, **options: Unpack[PlanningOptions]) -> int:
    """
    Say all there is to say about ADDRESS, written as in plans.

    For example `mailbox/jean.dupont@commune.example`: where it is written, what is live, what
    is planned, held or refused and why, and the next step.
    """
    return asyncio.run(_explain(read_key(address), format, Request(**options)))


async def _explain(key: Key, form: str, request: Request) -> int:
    async with session(request) as run:
        told = explain(key, run.desired, run.live, run.plan, run.target.policy)
    if form == "json":
        output.write(explanation_json(told))
    else:
        output.write(explanation_text(told, output.painter(sys.stdout)))
    return ExitCode.OK if told.is_known else ExitCode.USAGE


def read_key(written: str) -> Key:
    """
    The address that is *written*, in the form in which plans show it.

    Capitals, uuids without hyphens and domains in U-labels are understood. Raises `UsageError`.
    """
    kind, _, rest = written.strip().partition("/")
    first, _, second = rest.partition("/")
    match kind:
        case "user" if rest:
            return user_key(rest)
        case "domain" if rest:
            return domain_key(_domain(rest))
        case "access" if first and second:
            return access_key(_domain(first), second)
        case "mailbox" if rest:
            return mailbox_key(_mail_address(rest))
        case "alias" if first and second:
            return alias_key(_mail_address(first), _mail_address(second))
        case _:
            hint = "write it as plans show it: " + (
                f"mailbox/{kind}"
                if "@" in kind
                else "user/UUID, domain/DOMAIN, access/DOMAIN/USER, mailbox/ADDRESS "
                "or alias/ADDRESS/DESTINATION"
            )
            raise UsageError(f"`{written}` is not the address of anything", hint=hint)


def _domain(written: str) -> DomainName:
    found = domain_name(written.lower())
    return DomainName(written.lower()) if isinstance(found, Fault) else found


def _mail_address(written: str) -> str:
    local_part, at, domain = written.rpartition("@")
    return f"{local_part}{at}{_domain(domain)}"
