#!/usr/bin/env python3
"""
Writes docs/reference/ from the code: commands, exit codes, rules, settings, fields of files.

And `help.txt`, which is `mailstate --help` on a terminal of 80 columns.
"""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click

from mailstate.cli.main import mailstate
from mailstate.errors import ExitCode
from mailstate.statefiles.rulebook import RULES, Rule

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs/reference"
HELP = ROOT / "src/mailstate/help.txt"
EXAMPLES = ROOT / "tests/corpus/rules"

_LONGEST_EXAMPLE = 24
Schema = Mapping[str, Any]


def help_text() -> str:
    """The help of the command as a whole."""
    # click leaves two columns of a terminal free.
    settings = {**mailstate.context_settings, "terminal_width": 78}
    context = click.Context(mailstate, info_name="mailstate", **settings)
    return f"{mailstate.get_help(context)}\n"


def commands() -> str:
    """Each command with its help, its arguments and its options."""
    return page(
        "Commands",
        "Each command as `--help` tells it. `-h` and `--help` are understood everywhere.",
        *(part for path, command in every(mailstate) for part in command_parts(path, command)),
    )


def every(command: click.Command, *path: str) -> Iterator[tuple[Sequence[str], click.Command]]:
    """*command* and all below it, each with its path."""
    yield ("mailstate", *path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from every(below, *path, name)


def command_parts(path: Sequence[str], command: click.Command) -> Iterator[str]:
    """What there is to say of one *command*."""
    # A command keeps the names of its help from the first context that asks for them.
    pieces = command.collect_usage_pieces(click.Context(command, **mailstate.context_settings))
    yield f"{'#' * min(len(path) + 1, 3)} {' '.join(path)}"
    yield f"```text\n{' '.join([*path, *pieces])}\n```"
    yield cleandoc(command.help or "")
    rows = [option_row(one) for one in command.params if isinstance(one, click.Option)]
    if rows:
        yield table(("option", "what it does"), rows)


def option_row(option: click.Option) -> tuple[str, str]:
    """An *option* as it is typed, and what it does."""
    names = ", ".join(f"`{name}`" for name in option.opts)
    value, choices = "", ""
    if isinstance(option.type, click.Choice):
        choices = f" One of {', '.join(f'`{one}`' for one in option.type.choices)}."
    elif not option.is_flag:
        value = f" `{option.make_metavar(click.Context(mailstate))}`"
    required = " Required." if option.required else ""
    repeated = (
        " May be repeated." if option.multiple and "more than once" not in str(option.help) else ""
    )
    return f"{names}{value}", f"{option.help}{choices}{required}{repeated}"


def exit_codes() -> str:
    """Every code that a command ends with."""
    return page(
        "Exit codes",
        "Every command ends with one of these. What to do about each that is no 0 is in "
        "[An apply has failed](../how-to/recover-a-failed-apply.md).",
        table(
            ("code", "meaning", "in the code"),
            [(str(int(code)), code.meaning, f"`{code.name}`") for code in ExitCode],
        ),
    )


def rules() -> str:
    """Each rule that the state files are held to."""
    return page(
        "Rules",
        "What `mailstate validate` holds the state files to, each with the reason for it. In the "
        "examples the lines with `-` break the rule, and those with `+` are how it is right.",
        *(part for rule in RULES.values() for part in rule_parts(rule)),
    )


def rule_parts(rule: Rule) -> Iterator[str]:
    """What there is to say of one *rule*."""
    yield f"## `{rule.id}`"
    yield f"**{rule.title}** ({rule.severity})"
    yield f"{rule.reason} *What to do:* {rule.remedy}."
    folder = EXAMPLES / rule.id.replace("/", "--")
    if folder.is_dir():
        yield f"```diff\n{example(folder)}\n```"


def example(folder: Path) -> str:
    """The bad example in *folder*, and how it is mended."""
    names = sorted({path.name for path in folder.glob("*/*.yaml")})
    lines: list[str] = []
    for name in names:
        bad, good = (lines_of(folder / kind / name) for kind in ("bad", "good"))
        # The first three lines are names of files and places.
        changed = list(difflib.unified_diff(bad, good, n=3, lineterm=""))[3:]
        if changed and len(names) > 1:
            lines.append(f"@@ {name} @@")
        lines += [line for line in changed if not line.startswith("@@")]
    if len(lines) > _LONGEST_EXAMPLE:
        lines = [*lines[:_LONGEST_EXAMPLE], " [...]"]
    return "\n".join(lines)


def lines_of(path: Path) -> list[str]:
    """The lines of an example, with what cannot be seen shown as an escape."""
    if not path.exists():
        return []
    text = path.read_bytes().decode("utf-8", "backslashreplace")
    return [
        "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
        for line in text.removesuffix("\n").split("\n")
    ]


def settings() -> str:
    """Each setting of mailstate.toml."""
    schema = read_schema("settings")
    tables = [
        name
        for name, field in schema["properties"].items()
        if field.get("type") == "object" and "properties" in field
    ]
    parts = [field_table(schema, schema)]
    for name in tables:
        field = schema["properties"][name]
        parts += [f"## `[{name}]`", field["description"], field_table(field, schema)]
    target = schema["$defs"]["target"]
    known = ", ".join(f"`{name}`" for name in target["properties"])
    parts += ["## `[targets.NAME]`", f"{target['description']} It may set {known}."]
    return page(
        "Settings",
        "What may stand in `mailstate.toml`. The environment and options come over it, and secrets "
        "are in the environment alone: see the [README](../../README.md#settings).",
        *parts,
    )


def state() -> str:
    """Each field of state files."""
    schema = read_schema("state")
    parts = [field_table(schema, schema)]
    for name, kind in schema["$defs"].items():
        if kind.get("type") == "object":
            parts += [f"## {name}", kind["description"], field_table(kind, schema)]
    return page(
        "State files",
        "What may stand in the files below `state/`. Rules across files are among the "
        "[rules](rules.md); how it all goes together is in the "
        "[README](../../README.md#write-the-state).",
        *parts,
    )


def read_schema(name: str) -> Any:  # noqa: ANN401 - a document
    """The published schema called *name*."""
    return json.loads((ROOT / f"schema/{name}.schema.json").read_text("utf-8"))


def field_table(kind: Schema, schema: Schema) -> str:
    """The fields of an object that *kind* describes."""
    required = kind.get("required", ())
    rows = []
    for name, written in kind["properties"].items():
        field = resolved(written, schema)
        default = (
            "required" if name in required else code(field["default"]) if "default" in field else ""
        )
        example = f" Example: {code(field['examples'][0])}" if simple_examples(field) else ""
        rows.append(
            (f"`{name}`", type_of(field, schema), default, f"{field['description']}{example}")
        )
    return table(("field", "type", "default", "what it is"), rows)


def resolved(field: Schema, schema: Schema) -> Schema:
    """*field* with what it refers to."""
    if "$ref" not in field:
        return field
    referred: Any = schema
    for part in field["$ref"].removeprefix("#/").split("/"):
        referred = referred[part]
    return {**resolved(referred, schema), **field}


def simple_examples(field: Schema) -> bool:
    """Whether *field* has an example that fits in a line."""
    return bool(field.get("examples")) and isinstance(field["examples"][0], str)


def type_of(field: Schema, schema: Schema) -> str:
    """What a value of *field* is, in words."""
    if "enum" in field:
        return "one of " + ", ".join(code(value) for value in field["enum"])
    if field.get("type") == "array":
        items = field["items"]
        name = items.get("$ref", "").rpartition("/")[2]
        if resolved(items, schema).get("type") == "object":
            return f"list of [{name}](#{name})"
        return f"list of {type_of(resolved(items, schema), schema).replace('one of ', '')}"
    words = {
        "string": "text",
        "boolean": "true or false",
        "integer": "whole number",
        "number": "number",
        "object": "table",
    }
    return words[field["type"]]


def code(value: object) -> str:
    """A *value* as it is written."""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def page(title: str, *parts: str) -> str:
    """A whole page."""
    note = "<!-- Written by scripts/reference.py (make docs): change the code instead. -->"
    return "\n\n".join([f"# {title}", note, *parts]) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "exit-codes.md": exit_codes,
    "rules.md": rules,
    "settings.md": settings,
    "state.md": state,
}


def main() -> None:
    """Write every page, and the help."""
    HELP.write_text(help_text(), "utf-8")
    FOLDER.mkdir(exist_ok=True)
    for name, text in PAGES.items():
        (FOLDER / name).write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
