"""Files that commands read and write besides the state files."""

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from mailstate.errors import SettingsError, UsageError

_WRITE_HINT = "check that its directory exists and is ours"


def write_file(path: Path, text: str) -> None:
    """
    Write *text* to *path*, whole or not at all. Raises `SettingsError`.

    A link stays a link, and what is no regular file (`/dev/stdout`, a pipe) is never replaced.
    """
    try:
        if _is_planted(path):
            raise PermissionError(errno.EACCES, "it is a link of somebody else's")
        if _is_special(path):
            path.write_text(text, "utf-8")
        else:
            _replace(Path(os.path.realpath(path)), text)
    except OSError as error:
        raise _fault(path, error) from None


def check_writable(path: Path) -> None:
    """See that *path* can be written when its time comes. Raises `SettingsError`."""
    try:
        if _is_planted(path):
            raise PermissionError(errno.EACCES, "it is a link of somebody else's")
        if not _is_special(path):
            import tempfile  # which loads much, and most runs write no file

            with tempfile.TemporaryFile(dir=Path(os.path.realpath(path)).parent):
                pass
        elif path.is_dir():
            raise IsADirectoryError(0, "it is a directory")
    except OSError as error:
        raise _fault(path, error) from None


def check_spared(others: Iterable[Path | None], what: str, path: Path) -> None:
    """See that *what*, which takes the place of *path*, is none of the *others*."""
    for other in others:
        if other is not None and os.path.realpath(path) == os.path.realpath(other):
            raise UsageError(
                f"{what} would take the place of {other}", hint="give it a file of its own"
            )


def read_file(path: Path) -> str:
    """The text of *path*. Raises `SettingsError`."""
    hint = "check its name, and that it may be read"
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}", hint=hint) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} cannot be read: it is not UTF-8", hint=hint) from None


def _is_planted(path: Path) -> bool:
    """
    Whether *path* is a link that anybody may have put there, as in /tmp, to any file of ours.

    Linux follows none of these (fs.protected_symlinks); we follow links ourselves.
    """
    if not path.is_symlink():
        return False
    folder, link = path.parent.stat(), path.lstat()
    is_open_to_all = bool(folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH)
    return is_open_to_all and link.st_uid not in {os.geteuid(), folder.st_uid}


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _replace(path: Path, text: str) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".mailstate-", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.flush()
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _fault(path: Path, error: OSError) -> SettingsError:
    return SettingsError(f"{path} cannot be written: {error.strerror}", hint=_WRITE_HINT)
