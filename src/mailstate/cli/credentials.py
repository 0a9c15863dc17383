"""Names and passwords of accounts that may have to be made: where they come from, and are kept."""

import os
import re
import secrets
import stat
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from mailstate.cli import output
from mailstate.cli.files import check_writable, read_file
from mailstate.errors import SettingsError, UsageError
from mailstate.model.secret import Secret
from mailstate.reporting.paint import visible


@dataclass(slots=True, kw_only=True)
class Credential:
    """A name and its password: from the environment, from a file, or shown on a terminal."""

    name: str
    variable: str
    given: Secret | None
    file: Path | None
    _made: Secret | None = field(default=None, repr=False)

    def known(self) -> Secret | None:
        """The password, if there is one already. Raises `SettingsError` for an unusable one."""
        if self.given or self._made:
            return self.given or self._made
        return _read(self.file) if self.file and os.path.lexists(self.file) else None

    def made(self) -> Secret:
        """The password; a new one is first kept in its file, or shown, where no crash loses it."""
        known = self.known()
        if known is not None:
            return known
        new = secrets.token_urlsafe(32)
        if self.file is None:
            if not sys.stdout.isatty():  # gone since the start
                raise SettingsError("the terminal is gone that was to show a password")
            output.write(
                f"\nThe password of {visible(self.name)}, shown this once and written nowhere:\n"
                f"\n    {new}\n\nKeep it now; later runs take it from {self.variable}\n\n"
            )
        elif _keep(new, self.file):
            name, file = visible(self.name), visible(str(self.file))
            output.write_if_possible(f"written: the password of {name}, to {file}\n", sys.stdout)
        else:
            return _read(self.file)  # another run was quicker
        self._made = Secret(new)
        return self._made


def credential(name: str, *, variable: str, option: str, file: Path | None) -> Credential:
    """
    The account *name*, its password from *variable*, or from or for the *file* of *option*.

    Raises `UsageError` if there are two passwords, or no place for a new one, and `SettingsError`
    for what cannot be read, written or used.
    """
    if not re.fullmatch(r"[!-~]+", name) or {":", "/"} & set(name) or name in {".", ".."}:
        raise SettingsError(
            f"`{name}` cannot be the name of a dimail user",
            hint="letters, digits, dots, hyphens and underscores are safe",
        )
    given = os.environ.get(variable)
    path = os.environ.get(f"{variable}_FILE")
    if file and (given or (path and os.path.realpath(path) != os.path.realpath(file))):
        raise UsageError(
            f"{option} and {variable} both give a password for `{name}`", hint="give one of them"
        )
    secret = None
    if given:
        secret = _usable(given, variable)
    elif path and not file:
        # Somebody may have set the password itself here: it is not shown.
        hint = f"name a file that may be read; {option} FILE has a new password made"
        secret = _read(Path(path), place=f"the file of {variable}_FILE", hint=hint)
    elif not file and not sys.stdout.isatty():
        raise UsageError(
            f"there is no place for the password of `{name}`",
            hint=f"give {option} FILE, or set {variable}; without them a terminal is needed",
        )
    found = Credential(name=name, variable=variable, given=secret, file=file)
    if file and found.known() is None:
        check_writable(file)
    return found


def _read(file: Path, *, place: str = "", hint: str = "") -> Secret:
    place = place or str(file)
    if _is_special(file):
        raise SettingsError(f"{place} is no regular file", hint="name one, or one to be made")
    try:
        text = read_file(file)
    except SettingsError as error:
        message = error.message.replace(str(file), place, 1)
        raise SettingsError(message, hint=hint or error.hint) from None
    return _usable(text.rstrip("\r\n"), place)


def _is_special(file: Path) -> bool:
    try:
        return not stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False  # reading it tells why


def _usable(password: str, place: str) -> Secret:
    # dimail takes other characters for a new account, and then refuses each login with them.
    if not re.fullmatch(r"[ -~]+", password):
        raise SettingsError(
            f"{place} holds no password that dimail can read in a login",
            hint="one line, not empty, of ASCII characters is needed",
        )
    return Secret(password)


def _keep(password: str, file: Path) -> bool:
    """Write *password* to *file*, whole, to the disk, for us alone; false if there is one now."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".mailstate-") as temporary:
            os.fchmod(temporary.fileno(), 0o600)
            temporary.write(f"{password}\n")
            temporary.flush()
            os.fsync(temporary.fileno())
            os.link(temporary.name, file)
        directory = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except FileExistsError:
        return False
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be written: {error.strerror}",
            hint="check that its directory is ours, on a file system that knows links",
        ) from None
    return True
