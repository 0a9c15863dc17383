"""What the command says of itself, and what it costs to ask."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mailstate import __version__
from mailstate.cli.main import mailstate as top
from mailstate.errors import ExitCode
from tests.cli.support import COMMAND
from tests.uncounted import uncounted

FULL = Path("/dev/full")
TARGET = {"--state", "--url", "--sandbox", "--concurrency", "--verbose", "--log-format"}

SELECTION = {"--only", "--changed-since", "--shard"}
PLANNING = {*TARGET, *SELECTION, "--prune", "--delete-mailboxes", "--max-removals"}
PROMISED = {
    "validate": {"--format", "--strict", "--state"},
    "plan": {*PLANNING, "--out", "--format", "--detailed-exitcode", "--live"},
    "apply": {
        *PLANNING,
        *("--yes", "--wait", "--journal", "--report", "--no-notify", "--fail-fast", "--format"),
    },
    "merge": {"--out", "--format", "--detailed-exitcode", "--link-base"},
    "status": {*TARGET, *SELECTION, "--format"},
    "import": {*TARGET, "--out"} - {"--state"},
    "snapshot": {*TARGET, "--out"},
    "explain": {*PLANNING, "--format"},
    "bootstrap": {"--url", "--yes"},
    "notify": {*TARGET, "--journal"},
    "fmt": {"--check"},
    "completion": set(),
    "sandbox outbox": {"--format"},
    "schema": set(),
    "sandbox start": {"--profile", "--port", "--cost", "--seed"},
    "sandbox stop": set(),
    "sandbox status": set(),
    "sandbox reset": set(),
    "sandbox publish-dns": set(),
}
"""What design.md (§9, §10) promises of what is built; other options may come."""


def found(path):
    """Give the click command called *path*."""
    command: click.Command = top
    for name in path.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name) or pytest.fail(path)
    return command


def everything(command, path=()):
    """Give each command with its path, groups included."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from everything(command.get_command(context, name), (*path, name))


EVERYTHING = dict(everything(top))


@pytest.mark.parametrize("path", PROMISED)
def test_each_promised_option_is_there(path):
    """
    Under its long name.
    """
    options = {name for parameter in found(path).params for name in parameter.opts}

    assert PROMISED[path] <= options


@pytest.mark.parametrize("path", EVERYTHING)
def test_the_help_of_each_command_tells_all_of_it(place, path):
    """
    Each option with its own words, the arguments, and no line too long for a terminal.
    """
    ran = place.call(*path.split(), "--help")
    command = EVERYTHING[path]

    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith(f"Usage: mailstate {path}".rstrip())
    assert command.help
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "..." not in ran.out.replace("]...", "").replace("DOMAIN...", "").replace(
        "FILE...", ""
    ).replace("SHARD...", "")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.opts[-1] in ran.out
            assert " RANGE" not in ran.out
    assert ran == place.call(*path.split(), "-h")


def test_the_help_names_each_exit_code(place):
    """
    From the one table in the code.
    """
    text = " ".join(place.call("--help").out.split())

    for code in ExitCode:
        assert f"{int(code)} {code.meaning}" in text


def test_each_command_is_listed_with_what_it_does(place):
    """
    In the same words as in its own help.
    """
    listed = place.call("--help").out
    assert isinstance(top, click.Group)

    for name in top.list_commands(click.Context(top)):
        assert re.search(rf"^  {name} +\S", listed, re.MULTILINE), name


def imported(*arguments, **more):
    """Give the modules that a command has imported when it ends, in an environment with *more*."""
    code = (
        "import json, sys, mailstate.__main__ as m\n"
        "sys.argv[1:] = json.loads(sys.argv[1])\n"
        "try:\n    m.main()\nexcept SystemExit:\n    pass\n"
        "sys.stdout.write('\\n' + json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(arguments)],
        # Measuring coverage imports things of its own.
        env={**uncounted(os.environ), **more},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


HEAVY = {"httpx", "jsonschema", "yaml", "rich", "asyncio", "sqlite3", "starlette", "uvicorn"}


def test_the_help_imports_nothing_heavy():
    """
    It comes at once, and so does the completion of names.
    """
    assert set() == imported("--help") & {*HEAVY, "click", "mailstate.cli"}
    assert set() == imported() & HEAVY
    completion = {"_MAILSTATE_COMPLETE": "bash_complete", "COMP_WORDS": "m ", "COMP_CWORD": "1"}
    assert set() == imported(**completion) & {*HEAVY, "mailstate.cli.plan", "mailstate.statefiles"}


@pytest.mark.parametrize("name", ["-h", "--help"])
def test_the_help_is_what_click_makes_of_it(name):
    """
    Written down beforehand for the usual width; `make docs` writes it.
    """
    written = subprocess.run([*COMMAND, name], check=True, capture_output=True, text=True)
    made = {}
    for width in ("80", "60"):
        made[width] = subprocess.run(
            [*COMMAND, name],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": width},
        )

    assert (written.stdout, "") == (made["80"].stdout, made["60"].stderr)
    assert max(map(len, made["60"].stdout.splitlines())) <= 58
    assert written.stdout.isascii()


@pytest.mark.skipif(not FULL.exists(), reason="there is no such device here")
@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["plan", "--help"], ["ci", "plan", "-h"]], ids=" ".join
)
def test_what_is_asked_for_and_cannot_be_printed_is_an_error(arguments):
    """
    In the words of all commands.
    """
    with FULL.open("w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], check=False, stdout=full, stderr=subprocess.PIPE, text=True
        )

    assert "error: standard output cannot be written: No space left on device\n" == done.stderr
    assert ExitCode.INVALID == done.returncode


@pytest.mark.skipif(not FULL.exists(), reason="there is no such device here")
def test_a_command_line_without_a_command_is_wrong_whether_or_not_it_can_be_told():
    """
    The exit code is left.
    """
    with FULL.open("w") as full:
        done = subprocess.run(
            [*COMMAND], check=False, stdout=subprocess.PIPE, stderr=full, text=True
        )

    assert (ExitCode.USAGE, "") == (done.returncode, done.stdout)


@pytest.mark.parametrize("arguments", [["validate", "--help"], ["schema"]], ids=" ".join)
def test_commands_without_network_import_no_http(arguments):
    """
    Checking files is what editors and hooks do all day.
    """
    assert set() == imported(*arguments) & {"httpx", "rich", "starlette", "uvicorn", "sqlite3"}


@pytest.mark.parametrize(("command", "is_on"), [("plan", False), ("apply", True)])
def test_only_what_may_last_looks_for_cycles(command, is_on):
    """
    The rest has ended before there are many.
    """
    code = (
        "import gc, mailstate.__main__ as m\n"
        "try:\n    m.main()\nfinally:\n    print(gc.isenabled())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, command, "--help"], check=True, capture_output=True, text=True
    )

    assert str(is_on) == ran.stdout.splitlines()[-1]


def test_nothing_is_looked_through_for_cycles_at_the_end():
    """
    All of it goes with the process.
    """
    code = (
        "import gc, mailstate.__main__ as m\n"
        "try:\n    m.main()\nfinally:\n    print(gc.get_freeze_count() > len(gc.get_objects()))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "schema"], check=True, capture_output=True, text=True
    )

    assert "True" == ran.stdout.splitlines()[-1]


def test_a_check_of_plain_files_loads_nothing_for_others(tmp_path):
    """
    Neither for files that are written otherwise, nor for faults, plans or servers.
    """
    user = "{name: ada, uuid: 5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e}"
    (tmp_path / "a.yaml").write_text(f"users:\n  - {user}\n")

    loaded = imported("validate", str(tmp_path))

    assert "mailstate.statefiles" in loaded
    assert set() == loaded & {*HEAVY, "jsonschema_rs", "difflib", "mailstate.planning.plan"}


def test_the_version_imports_nothing_but_mailstate_itself():
    """
    Scripts ask for it often.
    """
    ours = {name for name in imported("--version") if name.startswith("mailstate")}

    assert ours <= {"mailstate", "mailstate.__main__"}
    assert set() == imported("--version") & (HEAVY | {"click"})


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "plan"]], ids=" ".join)
def test_the_version_is_told(arguments):
    """
    By the quick way and by the other.
    """
    done = subprocess.run([*COMMAND, *arguments], check=True, capture_output=True, text=True)

    assert (f"mailstate {__version__}\n", "") == (done.stdout, done.stderr)
