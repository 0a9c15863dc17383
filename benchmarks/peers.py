"""
Others that compare what is wanted with what is there: octoDNS and decK, with as many records.

They are fetched into the folder of the benchmark when they are first needed; where they cannot be
had, their rows say so.
"""

import json
import shutil
import subprocess
from pathlib import Path
from uuid import UUID

_PER_ZONE = 50
_CHANGED = 100  # every so many records is another one on the live side
_PAGE = 1_000
_EMPTY = (
    "acls basic-auths ca_certificates certificates hmac-auths jwts key-auths mtls-auths oauth2 "
    "plugins routes services snis upstreams"
).split()


def octodns(work: Path, *, python: str) -> str | None:
    """The command of octoDNS, from PyPI, in an environment of its own; None if it is not had."""
    folder = work / "octodns"
    command = folder / "bin/octodns-sync"
    if not command.exists():
        steps = ([python, "-m", "venv", str(folder)], [f"{folder}/bin/pip", "install", "octodns"])
        _tried(*steps, cwd=work)
    return str(command) if command.exists() else None


def deck(work: Path) -> str | None:
    """The command of decK, from Debian's package, which is not installed; None if not had."""
    if installed := shutil.which("deck"):
        return installed
    folder = work / "deck"
    command = folder / "usr/bin/deck"
    if not command.exists() and shutil.which("apt-get"):
        folder.mkdir(parents=True, exist_ok=True)
        unpack = ["sh", "-c", "dpkg-deb -x deck_*.deb ."]
        _tried(["apt-get", "download", "deck"], unpack, cwd=folder)
    return str(command) if command.exists() else None


def _tried(*steps: list[str], cwd: Path) -> None:
    """Do *steps* until one fails."""
    for step in steps:
        if subprocess.run(step, cwd=cwd, capture_output=True, check=False).returncode:
            return


def zones(folder: Path, records: int) -> Path:
    """So many *records* as octoDNS reads them, on both sides; gives its configuration."""
    names = [f"commune-{number}.example" for number in range(-(-records // _PER_ZONE))]
    for side in ("wanted", "live"):
        (folder / side).mkdir(parents=True, exist_ok=True)
        for zone, name in enumerate(names):
            lines = (
                f"person-{number:02}:\n  ttl: 300\n  type: A\n"
                f"  value: 10.{zone % 250}.{number}.{_variant(side, zone * _PER_ZONE + number)}\n"
                for number in range(_PER_ZONE)
            )
            (folder / side / f"{name}.yaml").write_text("---\n" + "".join(lines), "utf-8")
    config = folder / "config.yaml"
    provider = "  {0}:\n    class: octodns.provider.yaml.YamlProvider\n    directory: ./{0}\n"
    sides = "".join(map(provider.format, ("wanted", "live")))
    synced = "".join(f"  {name}.:\n    sources: [wanted]\n    targets: [live]\n" for name in names)
    config.write_text(f"providers:\n{sides}zones:\n{synced}", "utf-8")
    return config


def consumers(folder: Path, records: int) -> tuple[Path, Path]:
    """So many *records* as decK reads them: its file, and what `benchmarks.server` is to answer."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"person.{number}@commune-{number // _PER_ZONE}.example" for number in range(records)]
    wanted, live = folder / "kong.yaml", folder / "live.txt"
    lines = (f"- username: {name}\n  custom_id: {number}-1\n" for number, name in enumerate(names))
    wanted.write_text('_format_version: "1.1"\nconsumers:\n' + "".join(lines), "utf-8")
    told: list[dict[str, object]] = [
        {
            "id": str(UUID(int=number + 1)),
            "username": name,
            "custom_id": f"{number}-{_variant('live', number)}",
            "created_at": 1_600_000_000,
            "tags": None,
        }
        for number, name in enumerate(names)
    ]
    answers: dict[str, object] = {"/": {"version": "2.4.0", "configuration": {}}}
    answers |= {f"/{kind}?size={_PAGE}": {"data": [], "next": None} for kind in _EMPTY}
    for start in range(0, records, _PAGE):
        end = start + _PAGE
        page: dict[str, object] = {"data": told[start:end], "next": None}
        if end < records:
            page |= {"next": f"/consumers?offset={end}", "offset": str(end)}
        answers[f"/consumers?{f'offset={start}&' if start else ''}size={_PAGE}"] = page
    text = (f"{target} {json.dumps(body)}\n" for target, body in answers.items())
    live.write_text("".join(text), "utf-8")
    return wanted, live


def _variant(side: str, number: int) -> int:
    return 2 if side == "live" and number % _CHANGED == 0 else 1
