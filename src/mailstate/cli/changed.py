"""Which state files differ from a Git revision."""

import os
from pathlib import Path

from mailstate.cli.git import commit, git
from mailstate.cli.settings import SETTINGS_FILE

_OPTION = "--changed-since"


def changed_files(revision: str, directory: Path) -> frozenset[str] | None:
    """
    The files of *directory* that differ from *revision*, committed or not, as places name them.

    None stands for all of them: mailstate.toml differs too, and settings concern every domain.
    Raises `UsageError` if Git cannot tell.
    """
    since = commit(revision, cwd=directory, option=_OPTION)
    top = Path(os.fsdecode(_git("rev-parse", "--show-toplevel", cwd=directory).rstrip(b"\n")))
    told = _git("diff", "--name-only", "-z", "--no-renames", since, "--", cwd=top)
    new = _git("ls-files", "--others", "--exclude-standard", "-z", cwd=top)
    names = os.fsdecode(told + new).split("\0")
    changed = {(top / name).resolve() for name in names if name}
    if SETTINGS_FILE.resolve() in changed:
        return None
    return frozenset(_as_place(path) for path in changed)


def _as_place(path: Path) -> str:
    """*path* as the reader of state files spells it: relative to the working directory if below."""
    try:
        return path.relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def _git(*arguments: str, cwd: Path) -> bytes:
    return git(*arguments, cwd=cwd, option=_OPTION)
