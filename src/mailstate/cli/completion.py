"""`mailstate completion`: what a shell needs to complete commands, options and names."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from mailstate.cli import output
from mailstate.cli.settings_file import DEFAULT_STATE, SETTINGS_FILE

_SECTION = r"(?m)^(users|domains):"
_DOMAIN = r"(?m)^ *-? *name: *['\"]?([^\s'\"#]+)"
# What is offered gets onto a command line, and the files may be a stranger's.
_NAME = r"\w[\w.-]*"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """
    Print the script by which a SHELL completes what is typed after `mailstate`.

    Commands, options, their values, declared domains and targets. For example, in ~/.bashrc:
    eval "$(mailstate completion bash)"; in ~/.zshrc the same with zsh; for fish, save it as
    ~/.config/fish/completions/mailstate.fish.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    top = ctx.find_root()
    output.write(kind(top.command, {}, "mailstate", "_MAILSTATE_COMPLETE").source() + "\n")


def domains(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """
    The domains that the state files seem to declare and that go on as *begun*.

    A hint, so nothing is parsed: it takes milliseconds for thousands of files, faulty ones too.
    """
    folder = Path(ctx.params.get("state") or DEFAULT_STATE)
    return sorted(name for name in set(_declared(folder)) if name.startswith(begun))


def _declared(folder: Path) -> Iterator[str]:
    for path in (*folder.rglob("*.yaml"), *folder.rglob("*.yml")):
        if not path.is_file() or path.is_symlink():
            continue
        text = path.read_text("utf-8", errors="replace")
        _, *parts = re.split(_SECTION, text)
        for section, content in zip(parts[::2], parts[1::2], strict=True):
            if section == "domains":
                yield from filter(_is_name, re.findall(_DOMAIN, content))


def targets(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The targets of mailstate.toml that go on as *begun*."""
    import tomllib

    try:
        named = tomllib.loads(SETTINGS_FILE.read_text("utf-8")).get("targets", {})
    except (OSError, ValueError):
        return []
    return sorted(name for name in named if name.startswith(begun) and _is_name(name))


def _is_name(text: str) -> bool:
    return re.fullmatch(_NAME, text) is not None
