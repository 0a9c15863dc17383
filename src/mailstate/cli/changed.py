"""Which state files differ from a Git revision."""

import os
import subprocess
from pathlib import Path

from mailstate.cli.settings import SETTINGS_FILE
from mailstate.errors import UsageError


def changed_files(revision: str, directory: Path) -> frozenset[str] | None:
    """
    The files of *directory* that differ from *revision*, committed or not, as places name them.

    None stands for all of them: mailstate.toml differs too, and settings concern every domain.
    Raises `UsageError` if Git cannot tell.
    """
    if revision.startswith("-"):
        raise UsageError(f"--changed-since {revision}: no revision begins with `-`")
    top = Path(_git("rev-parse", "--show-toplevel", cwd=directory).rstrip("\n"))
    _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", cwd=directory)
    told = _git("diff", "--name-only", "-z", "--no-renames", revision, "--", cwd=top)
    new = _git("ls-files", "--others", "--exclude-standard", "-z", cwd=top)
    changed = {(top / name).resolve() for name in (told + new).split("\0") if name}
    if SETTINGS_FILE.resolve() in changed:
        return None
    return frozenset(_as_place(path) for path in changed)


def _as_place(path: Path) -> str:
    """*path* as the reader of state files spells it: relative to the working directory if below."""
    try:
        return path.relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def _git(*arguments: str, cwd: Path) -> str:
    hint = "--changed-since needs the state files in a Git repository, and a revision it knows"
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and a revision cannot pass for an option
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=cwd,
            env={k: v for k, v in os.environ.items() if not k.startswith("MAILSTATE_")},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"git cannot be run: {error.strerror}", hint=hint) from None
    if done.returncode:
        what = done.stderr.strip().splitlines()[-1:] or ["it knows no such revision"]
        raise UsageError(f"git {arguments[0]}: {what[0]}", hint=hint)
    return done.stdout
