"""What a run does without while no proxy is near and the answers of dimail are plain."""

import json
import subprocess
import sys

from mailstate.sandbox import Sandbox
from tests.cli.support import Place
from tests.uncounted import uncounted

CODE = """
import json, sys
from mailstate.__main__ import main
heavy, *sys.argv[1:] = json.loads(sys.argv[1])
try:
    main()
except SystemExit as end:
    print()
    print(json.dumps([end.code, sorted(set(heavy) & set(sys.modules))]))
"""
HEAVY = ["certifi", "encodings.idna", "h11", "httpx", "urllib.request"]


def ended(place: Place, *arguments: str) -> list[object]:
    """The exit code of a command, and which of the heavy modules it has loaded."""
    # Measuring coverage imports things of its own.
    environment = uncounted(place.environment())
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps([HEAVY, *arguments])],
        cwd=place.folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    told: list[object] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_run_without_tls_needs_neither_httpx_nor_authorities(tmp_path):
    """
    Loading them takes longer than a small plan. So the answers of the sandbox are all plain.
    """
    with Sandbox(seed=7) as sandbox:
        place = Place(tmp_path, sandbox)

        assert ended(place, "plan") == [0, []]
        assert ended(place, "apply", "--yes", "--no-notify") == [0, []]
        assert sandbox.effects()
