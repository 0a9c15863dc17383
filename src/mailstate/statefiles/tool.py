"""What reads the files: this program, byte by byte, and what it stands on."""

import os
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from io import FileIO
from pathlib import Path

import mailstate

# What libyaml alone says: PyYAML's own words for it are others.
_OF_LIBYAML = b"did not find expected <document start>"


@cache
def tool() -> bytes:
    """
    A digest of all that a reading follows from besides the files. Raises `OSError` if unknown.

    It is each source and schema of the package, Python, PyYAML with its libyaml, idna, jsonschema
    and jsonschema-rs: a change of any of them makes another tool. A package without its sources is
    unknown.
    """
    found = sha256(repr((sys.version, sys.byteorder, _libyaml())).encode())
    for path in _sources():
        source = _content(path)
        found.update(b"%d " % len(source))
        found.update(source)
    return found.digest()


def _sources() -> Iterator[str | Path]:
    package = Path(mailstate.__file__).parent
    yield package / "__init__.py"  # raises where only what was compiled is there
    yield from _files(package, ends=".py", below=True)
    # Named, for it is a link where the package is run from its repository.
    yield from _files(package / "schema", ends=".json")
    # To import them would take longer than all the rest. The first has its version in a file.
    yield from _of_library("idna", starts="package_data.", ends=".py")
    yield from _of_library("jsonschema", ends=".py")
    yield from _of_library("yaml", ends=".py")
    yield from _record_of("jsonschema_rs")


def _libyaml() -> str | None:
    """Which libyaml PyYAML reads with: what it has in itself, else the version; None without."""
    compiled = b"".join(map(_content, _of_library("yaml", starts="_yaml.")))
    if _OF_LIBYAML in compiled:
        return sha256(compiled).hexdigest()
    import yaml  # noqa: PLC0415 - it takes longer to load than a warm run has

    from mailstate.statefiles.events import HAS_LIBYAML  # noqa: PLC0415 - it loads PyYAML

    return yaml._yaml.get_version_string() if HAS_LIBYAML else None  # noqa: SLF001 - it is told nowhere else


def _of_library(name: str, *, starts: str = "", ends: str = "") -> Iterator[str]:
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        yield from _files(Path(spec.origin).parent, starts=starts, ends=ends)


def _record_of(name: str) -> Iterator[str]:
    """What was installed as *name*: the digests of its files, of which one has 15 MB."""
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        folders = _files(Path(spec.origin).parent.parent, starts=f"{name}-", ends=".dist-info")
        yield from (f"{folder}/RECORD" for folder in folders)


def _files(
    folder: str | Path, *, starts: str = "", ends: str = "", below: bool = False
) -> Iterator[str]:
    """The files in *folder*, sorted, whose names are like that; with those of folders *below*."""
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith(starts) and entry.name.endswith(ends):
            yield entry.path
        elif below and entry.name != "__pycache__" and entry.is_dir():
            yield from _files(entry.path, starts=starts, ends=ends, below=True)


def _content(path: str | Path) -> bytes:
    with FileIO(path) as file:
        return file.readall()
