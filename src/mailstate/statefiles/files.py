"""The state files: found, opened without following anything, and read."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mailstate.errors import Place, Problem
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.text import MAX_BYTES

SUFFIXES = (".yaml", ".yml")

# O_NOFOLLOW: no symbolic link, also if one is put there between listing and opening.
# O_NONBLOCK: opening a pipe must not wait for somebody to write.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_files(paths: Sequence[Path]) -> tuple[list[tuple[str, bytes]], list[Problem]]:
    """The content of each state file at or below *paths*, by the name to show it under, sorted."""
    names, problems = find_files(paths)
    found, unread = read_found(names)
    return found, [*problems, *unread]


def find_files(paths: Sequence[Path]) -> tuple[dict[str, str], list[Problem]]:
    """
    The path of each state file at or below *paths*, by the name to show it under.

    Directories are walked; a file that is named itself is taken whatever it is called. A file
    that is reached twice is found once. Of two whose names are shown alike, for want of UTF-8, the
    second is a problem: nothing is left out without a word.
    """
    found: dict[str, str] = {}
    problems: dict[str, Problem] = {}
    seen: set[str] = set()
    here = os.getcwd()  # noqa: PTH109 - a Path for each of thousands of files takes its time
    for path in paths:
        for name, fault in _walk(os.path.abspath(path)):  # noqa: PTH100 - Path.absolute keeps `..`
            if name in seen:
                continue
            seen.add(name)
            shown = display(name, here)
            if fault is None and shown not in found:
                found[shown] = name
            else:
                rule, message = fault or _SHOWN_ALIKE
                problems[shown] = problem(rule, Place(shown, 1, 1), message)
    return found, list(problems.values())


def read_found(names: Mapping[str, str]) -> tuple[list[tuple[str, bytes]], list[Problem]]:
    """The content of each file in *names*, which `find_files` found, by the name to show."""
    found: list[tuple[str, bytes]] = []
    problems: list[Problem] = []
    for shown, name in sorted(names.items()):
        content = _read(name)
        if isinstance(content, bytes):
            found.append((shown, content))
        else:
            rule, message = content
            problems.append(problem(rule, Place(shown, 1, 1), message))
    return found, problems


class UnreadableError(LookupError):
    """A file that was there cannot be read."""


class Files(Mapping[str, bytes]):
    """
    The content of files by the names to show them under, each read whenever it is looked at.

    So they need no room; but two looks may see two contents. Raises `UnreadableError` for a file
    that cannot be read.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def __getitem__(self, shown: str) -> bytes:
        content = _read(self._names[shown])
        if isinstance(content, bytes):
            return content
        raise UnreadableError(shown)

    def have(self, size: int) -> bool:
        """Whether they seem to have that *size* together, or more."""
        found = 0
        for name in self._names.values():
            with suppress(OSError):
                found += os.lstat(name).st_size
            if found >= size:
                return True
        return False

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


_Fault = tuple[str, str]

_SHOWN_ALIKE = "file/unreadable", "this cannot be read: another file is shown under the same name"

_CHUNK = 65_536


def display(name: str, here: str | None = None) -> str:
    """The absolute path *name* as it is shown: from *here*, where we are, if it lies below."""
    if here is None:
        here = os.getcwd()  # noqa: PTH109 - as above
    shown = "." if name == here else name.removeprefix(here.rstrip("/") + "/")
    return shown if shown.isascii() else os.fsencode(shown).decode("utf-8", "backslashreplace")


def _walk(start: str) -> Iterator[tuple[str, _Fault | None]]:
    """Each file at or below *start*, and whatever is in the way with what is wrong with it."""
    try:
        mode = os.lstat(start).st_mode
    except OSError as error:
        yield start, _unreadable(error)
        return
    if not stat.S_ISDIR(mode):
        yield start, _fault_of(mode)
        return
    any_found = False
    folders = [start]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield folder, _unreadable(error)
            any_found = True
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                # Of most files the listing says as much, without another look.
                is_file = entry.is_file(follow_symlinks=False)
                mode = stat.S_IFREG if is_file else entry.stat(follow_symlinks=False).st_mode
            except OSError as error:
                any_found = True
                yield entry.path, _unreadable(error)
                continue
            if stat.S_ISDIR(mode):
                folders.append(entry.path)
                continue
            fault = _fault_of(mode)
            if fault is None and not entry.name.endswith(SUFFIXES):
                continue
            any_found = True
            yield entry.path, fault
    if not any_found:
        yield start, ("file/nothing-found", "there is no `.yaml` or `.yml` file in this directory")


def _fault_of(mode: int) -> _Fault | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return "file/symbolic-link", "this is a symbolic link; it was not followed"
    return "file/not-regular", "this is no regular file; it was not opened"


def _read(name: str) -> bytes | _Fault:
    try:
        descriptor = os.open(name, _FLAGS)
    except OSError as error:
        return _unreadable(error)
    try:
        # What lies there now may be something else than what was listed.
        found = os.fstat(descriptor)
        fault = _fault_of(found.st_mode)
        return _content(descriptor, found.st_size) if fault is None else fault
    except OSError as error:
        return _unreadable(error)
    finally:
        os.close(descriptor)


def _content(descriptor: int, size: int) -> bytes:
    """What there is to read, and no more of it than shows that it is too much."""
    # Room is made for as much as is asked for, before anything is read.
    content = os.read(descriptor, min(size, MAX_BYTES) + 1)
    while len(content) <= MAX_BYTES and (more := os.read(descriptor, _CHUNK)):
        content += more
    return content


def _unreadable(error: OSError) -> _Fault:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "file/missing", "there is no such file or directory"
        case errno.ELOOP:
            return "file/symbolic-link", "this is a symbolic link; it was not followed"
        case errno.ENXIO:
            return "file/not-regular", "this is no regular file; it was not opened"
        case _:
            return "file/unreadable", f"this cannot be read: {error.strerror}"
