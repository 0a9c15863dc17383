"""The pages of docs/ as the tests read and run them: commands, and what is shown below each."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parent.parent
_FENCED = re.compile(
    r"^```(console|diff)\n(.*?)^```|<!-- meanwhile: (.*?) -->", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page, the output that is shown below it, and where that stands in the page."""

    text: str
    shown: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the files, as a diff."""

    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happens elsewhere meanwhile; written in a comment, since whoever reads cannot do it."""

    words: tuple[str, ...]


Step = Command | Edit | Event


def steps(text: str) -> list[Step]:
    """Give what is to be done of a page with this *text*, in order."""
    found: list[Step] = []
    for block in _FENCED.finditer(text):
        if block[1] == "console":
            found += _commands(block[2], block.start(2))
        elif block[1] == "diff":
            found.append(Edit(block[2]))
        else:
            found.append(Event(tuple(block[3].split())))
    return found


def commands(text: str) -> list[Command]:
    """Give the commands alone."""
    return [step for step in steps(text) if isinstance(step, Command)]


def _commands(block: str, start: int) -> list[Command]:
    """Lines after `$ ` and `> ` are a command, the others what it prints."""
    lines = re.compile(r"^\$ .*\n(?:^>(?: .*)?\n)*", re.MULTILINE)
    heads = list(lines.finditer(block))
    ends = [*(head.start() for head in heads[1:]), len(block)]
    return [
        Command(
            text="\n".join(line[2:] for line in head[0].splitlines()),
            shown=block[head.end() : end].strip("\n"),
            span=(start + head.end(), start + end),
        )
        for head, end in zip(heads, ends, strict=True)
    ]


def as_shown(shown: str, printed: str) -> str:
    """Give what is *shown*, if that is what was *printed*; `[...]` stands for what is left out."""
    pattern = ".*?".join(map(re.escape, shown.split("[...]")))
    return shown if re.fullmatch(pattern, printed, re.DOTALL) else printed


def rewritten(text: str, printed: list[str]) -> str:
    """Give the page's *text* with what was *printed* by each of its commands."""
    for command, output in reversed(list(zip(commands(text), printed, strict=True))):
        start, end = command.span
        new = as_shown(command.shown, output)
        text = text[:start] + (f"{new}\n" if new else "") + text[end:]
    return text


class Shell:
    """One bash, in which one command follows the other; standard error is shown as on a screen."""

    _MARK = "== that was the output, and this the exit code: "

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bash.communicate(timeout=20)

    def __call__(self, command: str) -> tuple[str, int]:
        """Run *command*; give what it prints, and its exit code."""
        assert self._bash.stdin
        assert self._bash.stdout
        # A command must not read the next one as its input.
        self._bash.stdin.write(f"{{ {command}\n}} </dev/null; echo '{self._MARK}'$?\n")
        self._bash.stdin.flush()
        printed = ""
        for line in self._bash.stdout:
            before, mark, code = line.partition(self._MARK)
            printed += before
            if mark:
                return printed.strip("\n"), int(code)
        raise AssertionError(f"the shell has ended: {command}\n{printed}")
