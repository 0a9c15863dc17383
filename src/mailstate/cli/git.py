"""Asking Git; whatever it cannot tell is a mistake in the option that needed it."""

import os
import subprocess
from pathlib import Path

from mailstate.errors import UsageError


def git(*arguments: str, cwd: Path, option: str, given: bytes = b"") -> bytes:
    """What Git prints. Raises `UsageError`, which names *option*."""
    hint = f"{option} needs the state files in a Git repository, and a revision it knows"
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and a revision cannot pass for an option
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=cwd,
            env={k: v for k, v in os.environ.items() if not k.startswith("MAILSTATE_")},
            capture_output=True,
            input=given,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"git cannot be run: {error.strerror}", hint=hint) from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        what = told[-1] if told else "it knows no such revision"
        raise UsageError(f"git {arguments[0]}: {what}", hint=hint)
    return done.stdout


def commit(revision: str, *, cwd: Path, option: str) -> str:
    """The hash of the commit that *revision* names. Raises `UsageError`."""
    if revision.startswith("-"):
        raise UsageError(f"{option} {revision}: no revision begins with `-`")
    name = f"{revision}^{{commit}}"
    told = git("rev-parse", "--verify", "--quiet", name, cwd=cwd, option=option)
    return told.decode("ascii").strip()
