"""What reads the files: this program, byte by byte, and what it stands on."""

import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import mailstate


@cache
def tool() -> bytes:
    """
    A digest of all that a reading follows from besides the files. Raises `OSError` if unknown.

    It is each source and schema of the package, Python, PyYAML with its libyaml, and idna: a
    change of any of them makes another tool.
    """
    # Nobody who asks nothing needs them.
    import yaml  # noqa: PLC0415

    from mailstate.statefiles.events import HAS_LIBYAML  # noqa: PLC0415

    libyaml = yaml._yaml.get_version_string() if HAS_LIBYAML else None  # noqa: SLF001 - it is told nowhere else
    found = sha256(repr((sys.version, sys.byteorder, yaml.__version__, libyaml)).encode())
    for path in _sources():
        source = path.read_bytes()
        found.update(b"%d %b" % (len(source), source))
    return found.digest()


def _sources() -> Iterator[Path]:
    package = Path(mailstate.__file__).parent
    yield from sorted(package.rglob("*.py"))
    # Named, for it is a link where the package is run from its repository.
    yield from sorted((package / "schema").glob("*.json"))
    # To import it would take longer than all the rest.
    idna = find_spec("idna")
    if idna is not None and idna.origin is not None:
        yield Path(idna.origin).with_name("package_data.py")
