"""What the state files ask for in Git, where nothing is checked out for it."""

import os
from collections.abc import Iterator
from pathlib import Path

from mailstate.cli.git import commit, git
from mailstate.errors import Place, Problem, SettingsError, UsageError
from mailstate.statefiles import Cache, Reading, cache_directory, read_sources
from mailstate.statefiles.files import SUFFIXES, display
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.text import MAX_BYTES, too_large

_OPTION = "--base"
_MERGED = "--merge"
_REGULAR = ("100644", "100755")
_LINK = "120000"


def read_base(revision: str, directory: Path) -> Reading:
    """
    What the files in *directory* said at *revision*, read as strictly as those of today.

    Where there was no such directory, nothing was asked for. Raises `UsageError` if Git cannot
    tell.
    """
    tree = commit(revision, cwd=directory, option=_OPTION)
    with Cache(cache_directory(os.environ)) as cache:
        return _read(tree, directory, cache, option=_OPTION)


def read_merged(revision: str, directory: Path, *, cache: Cache) -> Reading:
    """
    What the files in *directory* say once *revision* is merged into what is checked out.

    All of it happens among Git's objects: nothing of *revision* is ever a file, and nothing in it
    (attributes, links, hooks) has a say in how it is read. Raises `UsageError` if Git does not
    know it, and `SettingsError` if the two cannot be merged. Where the merge leaves no state file,
    or something else in the place of the directory, that is a fault, as it is of files.
    """
    asked = commit(revision, cwd=directory, option=_MERGED)
    try:
        told = git("merge-tree", "--write-tree", "HEAD", asked, cwd=directory, option=_MERGED)
    except UsageError:
        raise SettingsError(
            "the pull request cannot be merged into what is checked out",
            hint="bring the branch up to date, and resolve the conflicts",
        ) from None
    found = _read(told.decode("ascii").strip(), directory, cache, option=_MERGED)
    if found.files or found.problems:
        return found
    here = Place(display(os.path.abspath(directory)), 1, 1)  # noqa: PTH100 - as the reader has it
    missing = "once it is merged, there is no `.yaml` or `.yml` file in this directory"
    return read_sources((), [problem("file/nothing-found", here, missing)])


def _read(tree: str, directory: Path, cache: Cache, *, option: str) -> Reading:
    """What the files of *directory* say in *tree*."""
    listed = git("ls-tree", "-r", "-l", "-z", tree, "--", ".", cwd=directory, option=option)
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for mode, blob, length, name in _entries(listed):
        shown = display(os.path.abspath(directory / name))  # noqa: PTH100 - as the reader has it
        if mode == _LINK:
            told = "this is a symbolic link; it was not followed"
            problems.append(problem("file/symbolic-link", Place(shown, 1, 1), told))
        elif mode in _REGULAR and name.endswith(SUFFIXES):
            if length > MAX_BYTES:
                # Not even read: what compresses well is no trouble to push, but to hold.
                problems.append(too_large(shown))
            else:
                files[shown] = blob
    contents = _contents(list(files.values()), directory, option=option)
    return read_sources(zip(files, contents, strict=True), problems, cache=cache)


def _entries(listed: bytes) -> Iterator[tuple[str, bytes, int, str]]:
    """Mode, hash, length and name of each file, but those that the reader passes over."""
    for line in listed.split(b"\0"):
        if line:
            about, _, name = line.partition(b"\t")
            mode, _, blob, length = about.split()
            path = os.fsdecode(name)
            if not any(part.startswith(".") for part in path.split("/")):
                # A submodule has none.
                yield mode.decode("ascii"), blob, int(length) if length.isdigit() else 0, path


def _contents(blobs: list[bytes], directory: Path, *, option: str) -> Iterator[bytes]:
    """The content of each of *blobs*."""
    given = b"".join(blob + b"\n" for blob in blobs)
    told = git("cat-file", "--batch", cwd=directory, option=option, given=given)
    start = 0
    for _ in blobs:
        # `<hash> blob <size>`, the content, and an end of line.
        end = told.index(b"\n", start)
        size = int(told[start:end].rsplit(b" ", 1)[1])
        start = end + 1
        yield told[start : start + size]
        start += size + 1
