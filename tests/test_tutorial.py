"""The tutorial, command by command, with the output that it shows."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

TUTORIAL = Path(__file__).parent.parent / "docs" / "first-hour.md"
_MARK = "== what follows is the output of the next command =="


def commands(text):
    """Give each command of the console blocks, with the output that is shown below it."""
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(([line[2:]], []))
            elif line.startswith("> ") or line == ">":
                found[-1][0].append(line[2:])
            else:
                found[-1][1].append(line)
    return [("\n".join(command), "\n".join(shown)) for command, shown in found]


def same_port(text):
    """Give *text* with the port of the server left out, which is another one each time."""
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)


def test_the_first_hour_goes_as_it_is_written(tmp_path):
    """
    Import, review, first change, first merge: each command ends well and prints what is shown.
    """
    steps = commands(TUTORIAL.read_text(encoding="utf-8"))
    script = "set -e\n" + "".join(f"echo '{_MARK}'\n{command}\n" for command, _ in steps)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        **{f"GIT_{who}_NAME": "Alice Martin" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "alice@commune.example" for who in ("AUTHOR", "COMMITTER")},
    }

    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("", 0) == (done.stderr, done.returncode)
    printed = [same_port(part).strip("\n") for part in done.stdout.split(_MARK)[1:]]
    assert [(command, shown) for command, shown in steps] == [
        (command, output) for (command, _), output in zip(steps, printed, strict=True)
    ]


def test_the_tutorial_is_in_order():
    """
    Nothing is planned before it is imported, nothing applied before it is planned.
    """
    words = [
        command.split()[1]
        for command, _ in commands(TUTORIAL.read_text(encoding="utf-8"))
        if command.startswith("mailstate")
    ]
    first = [words.index(word) for word in ("sandbox", "import", "plan", "apply")]

    assert all(one < other for one, other in pairwise(first))
