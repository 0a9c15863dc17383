"""Files that commands read and write besides the state files."""

import os
import tempfile
from pathlib import Path

from mailstate.errors import SettingsError


def write_file(path: Path, text: str) -> None:
    """Write *text* to *path*, whole or not at all. Raises `SettingsError`."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            file.write(text)
        temporary = Path(file.name)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise SettingsError(message, hint="check that its directory exists and is ours") from None


def read_file(path: Path) -> str:
    """The text of *path*. Raises `SettingsError`."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} cannot be read: it is not UTF-8") from None
