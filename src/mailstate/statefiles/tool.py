"""What reads the files: this program, byte by byte, and what it stands on."""

import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import mailstate

# What libyaml alone says: PyYAML's own words for it are others.
_OF_LIBYAML = b"did not find expected <document start>"


@cache
def tool() -> bytes:
    """
    A digest of all that a reading follows from besides the files. Raises `OSError` if unknown.

    It is each source and schema of the package, Python, PyYAML with its libyaml, idna, and
    jsonschema: a change of any of them makes another tool. A package without its sources is
    unknown.
    """
    found = sha256(repr((sys.version, sys.byteorder, _libyaml())).encode())
    for path in _sources():
        source = path.read_bytes()
        found.update(b"%d %b" % (len(source), source))
    return found.digest()


def _sources() -> Iterator[Path]:
    package = Path(mailstate.__file__).parent
    yield package / "__init__.py"  # raises where only what was compiled is there
    yield from sorted(package.rglob("*.py"))
    # Named, for it is a link where the package is run from its repository.
    yield from sorted((package / "schema").glob("*.json"))
    # To import them would take longer than all the rest. The first has its version in a file.
    yield from _of_library("idna", "package_data.py")
    yield from _of_library("jsonschema", "*.py")
    yield from _of_library("yaml", "*.py")


def _libyaml() -> str | None:
    """Which libyaml PyYAML reads with: what it has in itself, else the version; None without."""
    compiled = b"".join(path.read_bytes() for path in _of_library("yaml", "_yaml.*"))
    if _OF_LIBYAML in compiled:
        return sha256(compiled).hexdigest()
    import yaml  # noqa: PLC0415 - it takes longer to load than a warm run has

    from mailstate.statefiles.events import HAS_LIBYAML  # noqa: PLC0415 - it loads PyYAML

    return yaml._yaml.get_version_string() if HAS_LIBYAML else None  # noqa: SLF001 - it is told nowhere else


def _of_library(name: str, pattern: str) -> Iterator[Path]:
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).parent.glob(pattern))
