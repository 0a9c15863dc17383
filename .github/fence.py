"""
Show what a command printed as Markdown, whatever it printed.

    fence.py TITLE FILE LIMIT REST

The text of FILE stands in a code fence longer than any run of backticks in it, so that nothing in
it is read as Markdown. The whole takes at most LIMIT bytes; what is cut off is counted, and REST
says where to find it.
"""

import re
import sys
from pathlib import Path


def fenced(title: str, text: str, limit: int, rest: str) -> str:
    """Give *text* below *title*, cut to *limit* bytes."""
    lines = re.split(r"\r\n|\r|\n", text.rstrip())
    kept = lines[: _fitting(title, lines, limit, rest)]
    return _page(title, kept, len(lines) - len(kept), rest)


def _fitting(title: str, lines: list[str], limit: int, rest: str) -> int:
    """Say how many *lines* have room."""
    if _size(_page(title, lines, 0, rest)) <= limit:
        return len(lines)
    # The fence and the number of lines left out are never longer than with these.
    room = limit - 2 * _size(_fence(lines)) - _size(_page(title, [], len(lines), rest))
    for count, line in enumerate(lines):
        room -= _size(line) + 1
        if room < 0:
            return count
    return len(lines)


def _page(title: str, lines: list[str], left_out: int, rest: str) -> str:
    fence = _fence(lines)
    page = [title, "", fence + "text", *lines, fence]
    if left_out:
        page += ["", f"**{left_out} more lines are not shown here:** {rest}"]
    return "\n".join(page) + "\n"


def _fence(lines: list[str]) -> str:
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(3, longest + 1)


def _size(text: str) -> int:
    return len(text.encode())


if __name__ == "__main__":
    title, file, limit, rest = sys.argv[1:]
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    sys.stdout.buffer.write(fenced(title, text, int(limit), rest).encode())
