"""`mailstate schema`: the JSON Schemas that come with this version."""

from importlib import resources

import click

from mailstate.cli import output


@click.command("schema")
@click.argument("name", type=click.Choice(["state", "plan", "report", "settings"]), default="state")
def command(name: str) -> None:
    """Print the JSON Schema (draft 2020-12) of state files, plans, reports or settings."""
    schema = resources.files("mailstate") / "schema" / f"{name}.schema.json"
    output.write(schema.read_text("utf-8"))
