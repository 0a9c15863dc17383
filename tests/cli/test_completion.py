"""What a shell offers when a line that begins with `mailstate` is to go on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mailstate.errors import ExitCode

SCRIPT = """
eval "$(mailstate completion bash)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_mailstate_completion mailstate
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (("va",), ["validate"]),
        (("plan", "--det"), ["--detailed-exitcode"]),
        (("apply", "--format", ""), ["text", "json"]),
        (("plan", "--only", "comm"), ["commune.example"]),
        (("status", ""), ["commune.example"]),
        (("status", "x"), [""]),
        (("plan", "--target", "s"), ["staging"]),
        (("sandbox", "publ"), ["publish-dns"]),
    ],
)
def test_bash_offers_what_fits(place, line, offered):
    """
    Commands, options, their values, domains of the files, targets of the settings.
    """
    place.write("mailstate.toml", "[targets.staging]\nurl = 'https://staging.example'\n")
    bin_ = Path(sys.executable).parent
    found = subprocess.run(
        ["bash", "-c", SCRIPT, "bash", "mailstate", *line],
        cwd=place.folder,
        env={"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ([*offered], "") == (found.stdout.splitlines(), found.stderr)


def test_each_command_is_offered_with_what_it_does(place):
    """
    As the help tells it.
    """
    ran = place.run(
        env={"_MAILSTATE_COMPLETE": "fish_complete", "COMP_WORDS": "mailstate ", "COMP_CWORD": ""}
    )
    listed = place.call("--help").out.partition("Commands:\n")[2].partition("\n\n")[0]

    offered = dict(line.removeprefix("plain,").split("\t") for line in ran.out.splitlines())
    assert " ".join(listed.split()) == " ".join(f"{name} {what}" for name, what in offered.items())


@pytest.mark.parametrize("broken", ["mailstate.toml", "state/commune.yaml"])
def test_what_is_broken_is_no_reason_to_fail(place, broken):
    """
    Whoever types a line is in the middle of mending it.
    """
    place.write(broken, "\x00[[[ name: \xff")
    words = f"mailstate plan {'--target' if broken == 'mailstate.toml' else '--only'} "
    ran = place.run(
        env={"_MAILSTATE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "3"}
    )

    assert (ExitCode.OK, "\n", "") == (ran.code, ran.out, ran.err)


@pytest.mark.parametrize("option", ["--only", "--target"])
def test_nothing_that_a_shell_would_carry_out_is_offered(place, option):
    """
    The files may be a stranger's, and what is offered is soon entered.
    """
    hostile = ("$(id)", "`id`", "x;id", "x&id", "-v", "~root", "x>y")
    lines = "".join(f"  - name: {name}\n" for name in (*hostile, "école.example"))
    place.write("state/commune.yaml", f"domains:\n{lines}")
    targets = "".join(f'[targets."{name}"]\n' for name in (*hostile, "école.example"))
    place.write("mailstate.toml", targets)
    words = f"mailstate plan {option} "
    ran = place.run(
        env={"_MAILSTATE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "3"}
    )

    assert (ExitCode.OK, "plain,école.example\n", "") == (ran.code, ran.out, ran.err)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(place, shell):
    """
    One that asks this very command.
    """
    ran = place.run("completion", shell)

    assert (ExitCode.OK, "") == (ran.code, ran.err)
    assert f"_MAILSTATE_COMPLETE={shell}_complete" in ran.out
