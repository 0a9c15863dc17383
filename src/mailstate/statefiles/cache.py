"""
What was found out before, by what it was found out from: a file of rows that may vanish any time.

A key holds everything that its value follows from: the content, and the program itself (`tool`),
so that nothing here is ever out of date, only absent. Each row carries a digest of key and value.
Whatever is wrong (no such directory, somebody else's, a full disk, a lock, damage) means that
nothing is known: never an error, and never another answer.
"""

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from mailstate.statefiles.tool import tool

if TYPE_CHECKING:
    from sqlite3 import Connection

_T = TypeVar("_T")

MAX_BYTES = 256 * 1024 * 1024
"""What the file may have; the older half of the rows goes where three quarters are full."""

# A damaged one is removed: nobody else calls a file so.
_FILE = "mailstate-rows.sqlite3"
_PAGE = 16_384
_BUFFER = 1024 * 1024

_COLUMNS = "number INTEGER PRIMARY KEY, key BLOB UNIQUE, seal BLOB, value BLOB"
_SET_UP = (
    f"PRAGMA page_size = {_PAGE}",
    # A power cut may damage the file then, which is noticed; to be killed does no harm.
    "PRAGMA synchronous = OFF",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    f"CREATE TABLE IF NOT EXISTS row ({_COLUMNS})",
)
_USED = "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count"
_FORGET = "DELETE FROM row WHERE number <= (SELECT (min(number) + max(number)) / 2 FROM row)"
_FIND = "SELECT key, seal, value FROM row WHERE key IN ({})"
_KEEP = "INSERT OR REPLACE INTO row (key, seal, value) VALUES (?, ?, ?)"
# SQLITE_ERROR (no such column), SQLITE_CORRUPT, SQLITE_NOTADB: never of any use again.
_DAMAGED = {1, 11, 26}


def cache_directory(environment: Mapping[str, str]) -> Path | None:
    """Where the cache is: what MAILSTATE_CACHE says, else where the user's caches are."""
    asked = environment.get("MAILSTATE_CACHE")
    if asked:
        return None if asked == "off" else Path(asked).absolute()
    caches, home = environment.get("XDG_CACHE_HOME", ""), environment.get("HOME", "")
    if caches.startswith("/"):
        return Path(caches, "mailstate")
    return Path(home, ".cache", "mailstate") if home.startswith("/") else None


class Shelf:
    """The rows of one kind in a cache."""

    __slots__ = ("_cache", "_kind")

    def __init__(self, cache: "Cache", kind: bytes) -> None:
        self._cache = cache
        self._kind = kind

    def get(self, name: bytes) -> bytes | None:
        """What was put there under *name*; None if it is not known."""
        return self._cache.get(self._kind + name)

    def find(self, names: Iterable[bytes]) -> dict[bytes, bytes]:
        """What was put there under each of *names* that is known: sooner than one by one."""
        found = self._cache.find([self._kind + name for name in names])
        return {name[len(self._kind) :]: value for name, value in found.items()}

    def put(self, name: bytes, value: bytes) -> None:
        """Let *value* be known under *name* to later runs."""
        self._cache.put(self._kind + name, value)


class Cache:
    """
    Rows in a file in *directory*, of *limit* bytes; without one, nothing is known or kept.

    To be entered. Nothing is opened before it is asked, and what is put is written when enough has
    come together, and at the end.
    """

    def __init__(self, directory: Path | None, *, limit: int = MAX_BYTES) -> None:
        self._directory = directory
        self._limit = limit
        self._database: Connection | None = None
        self._new: list[tuple[bytes, bytes]] = []
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._write()
        self._close()

    @property
    def is_there(self) -> bool:
        """Whether anything can be known or kept, as far as that is known."""
        return self._directory is not None

    @property
    def is_new(self) -> bool:
        """Whether nothing can be known yet: there is no file."""
        return self._directory is None or not os.path.lexists(self._directory / _FILE)

    def shelf(self, kind: str) -> Shelf:
        """The rows of *kind*."""
        return Shelf(self, sha256(kind.encode()).digest())

    def get(self, name: bytes) -> bytes | None:
        """What was put there under *name*; None if it is not known."""
        return self.find([name]).get(name)

    def find(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        """What was put there under each of *names* that is known."""
        return self._try(lambda database: _find(database, names)) or {}

    def put(self, name: bytes, value: bytes) -> None:
        """Let *value* be known under *name* to later runs."""
        if self._directory is not None:
            self._new.append((name, value))
            self._size += len(value)
            if self._size > _BUFFER:
                self._write()

    def _write(self) -> None:
        if self._new:
            self._try(lambda database: _keep(database, self._new, self._limit // _PAGE))
        self._new, self._size = [], 0

    def _try(self, act: Callable[["Connection"], _T]) -> _T | None:
        """What *act* gives; None, and no cache from then on, if anything is wrong with it."""
        if self._directory is None:
            return None
        try:
            import sqlite3  # noqa: PLC0415 - small trees do without
        except ImportError:
            return None
        try:
            if self._database is None:
                self._database = _opened(self._directory)
            return act(self._database)
        except UnicodeDecodeError:  # an error that quotes what is damaged
            _remove(self._directory)
            self._close()
            return None
        except (OSError, MemoryError, sqlite3.Error) as error:
            # An extended code has the code in its last byte.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                _remove(self._directory)
            self._close()
            return None

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._directory = self._database = None


def _opened(directory: Path) -> "Connection":
    import sqlite3  # noqa: PLC0415 - small trees do without

    database = sqlite3.connect(_ready(directory), timeout=0, isolation_level=None)
    try:
        database.text_factory = bytes
        for statement in _SET_UP:
            # To the end: an unfinished statement locks others out.
            database.execute(statement).fetchall()
    except BaseException:
        database.close()
        raise
    return database


def _find(database: "Connection", names: Sequence[bytes]) -> dict[bytes, bytes]:
    wanted = {_key(name): name for name in names}
    found = {}
    rows = database.execute(_FIND.format(",".join("?" * len(wanted))), (*wanted,))
    for key, seal, value in rows.fetchall():
        if key in wanted and isinstance(value, bytes) and seal == _seal(key, value):
            found[wanted[key]] = value
    return found


def _keep(database: "Connection", rows: Iterable[tuple[bytes, bytes]], most_pages: int) -> None:
    database.execute(f"PRAGMA max_page_count = {most_pages}").fetchall()
    database.execute("BEGIN IMMEDIATE")
    ((used,),) = database.execute(_USED).fetchall()
    if used > most_pages * 3 // 4:
        database.execute(_FORGET)
    keyed = ((_key(name), value) for name, value in rows)
    database.executemany(_KEEP, ((key, _seal(key, value), value) for key, value in keyed))
    database.execute("COMMIT")


def _key(name: bytes) -> bytes:
    return sha256(tool() + name).digest()


def _seal(key: bytes, value: bytes) -> bytes:
    seal = sha256(key)
    seal.update(value)
    return seal.digest()


def _ready(directory: Path) -> Path:
    """The file in *directory*, both made if they are not there. Raises `OSError` if not ours."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _must_be_ours(directory.lstat(), stat.S_IFDIR, closed_to=stat.S_IWGRP | stat.S_IWOTH)
    path = directory / _FILE
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    # It holds names. And what a checkout of somebody's branch has put there is open to read.
    _must_be_ours(path.lstat(), stat.S_IFREG, closed_to=stat.S_IRWXG | stat.S_IRWXO)
    return path


def _must_be_ours(found: os.stat_result, kind: int, *, closed_to: int) -> None:
    # A link is of another kind.
    is_ours = found.st_uid == os.geteuid() and not found.st_mode & closed_to
    if stat.S_IFMT(found.st_mode) != kind or not is_ours:
        raise PermissionError


def _remove(directory: Path) -> None:
    # The journal first: with it alone, a new file would be rolled back into an old one.
    for name in (f"{_FILE}-journal", _FILE):
        with suppress(OSError):
            (directory / name).unlink(missing_ok=True)
