"""`mailstate schema`: the JSON Schemas that come with this version."""

import click

from mailstate import schemas
from mailstate.cli import output


@click.command("schema")
@click.argument(
    "name",
    metavar="[state|plan|report|settings|snapshot]",
    type=click.Choice(["state", "plan", "report", "settings", "snapshot"]),
    default="state",
)
def command(name: str) -> None:
    """
    Print a JSON Schema (draft 2020-12) that comes with this version.

    Of the state files (the default), plans, reports of apply, mailstate.toml, or snapshots.
    """
    output.write(schemas.schema_text(name))
