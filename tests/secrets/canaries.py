"""
Canaries: secrets that are recognised wherever and however they turn up.

Each has a core of letters and digits, which no quoting changes, with signs around it that every
kind of quoting does change.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Canary:
    """One secret: its *core* is found in whatever is made of its `text`."""

    core: str

    @property
    def text(self) -> str:
        """A password that asks for quoting everywhere."""
        return f"x\"'<&>%/+=: {self.core} \\$"

    @property
    def word(self) -> str:
        """The same for places that take no signs."""
        return f"x-{self.core}-x"


PASSWORD = Canary("Canary1Dim4ilPassw0rd")
TOKEN = Canary("Canary2T0ken9fQxWm3z")
FIRST = Canary("Canary3F1rstMailb0xPw")
RESET = Canary("Canary4Res3tMailb0xPw")
CODE = Canary("Canary5L0ginC0de7uRt")
SMTP_USER = Canary("Canary6Smtp4ccount1q")
SMTP_PASSWORD = Canary("Canary7Smtp5ecretk2")
PROXY = Canary("Canary8Pr0xyPassw0rd")
URL = Canary("Canary9Ur1Passw0rd5v")
LOCATION = Canary("Canary0L0cati0nPw8ye")
ADMIN = Canary("CanaryAAdm1nPassw0rd")
SERVICE = Canary("CanaryBS3rvicePassw0")
FORGE = Canary("CanaryCForg3T0ken5zx")

ALL = (
    PASSWORD,
    TOKEN,
    FIRST,
    RESET,
    CODE,
    SMTP_USER,
    SMTP_PASSWORD,
    PROXY,
    URL,
    LOCATION,
    ADMIN,
    SERVICE,
    FORGE,
)


def found(text: str | bytes, canaries: Iterable[Canary] = ALL) -> list[str]:
    """The cores of those *canaries* of which *text* shows anything, in whichever form."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    # Soft line breaks of quoted-printable, and lines that a terminal or base64 has folded.
    shown = "".join(text.replace("=\r\n", "").replace("=\n", "").split()).lower()
    return [
        canary.core
        for canary in canaries
        if any(form.lower() in shown for form in forms(canary.core))
    ]


def forms(core: str) -> list[str]:
    """What *core* looks like: as it is, escaped sign by sign, and in base64 wherever it begins."""
    return [
        core,
        core.encode().hex(),
        "".join(f"%{ord(char):02x}" for char in core),
        "".join(f"\\x{ord(char):02x}" for char in core),
        "".join(f"\\u{ord(char):04x}" for char in core),
        "".join(f"&#{ord(char)};" for char in core),
        "".join(f"={ord(char):02x}" for char in core),
        *(_base64(core, shift) for shift in range(3)),
    ]


def _base64(core: str, shift: int) -> str:
    """The characters that depend on *core* alone where *shift* bytes stand before it."""
    data = b"\0" * shift + core.encode()
    whole = len(data) // 3 * 3
    return base64.b64encode(data[:whole]).decode()[4 if shift else 0 :]


def written(folder: Path, *, besides: Iterable[str] = ()) -> bytes:
    """The names and contents of all files below *folder*, except those that are given."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"\n".join(
        path.name.encode() + b"\n" + path.read_bytes()
        for path in files
        if path.relative_to(folder).as_posix() not in set(besides)
    )
