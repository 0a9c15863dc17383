"""What a run does without while no proxy is near and the answers of dimail are plain."""

import json
import subprocess
import sys
from collections.abc import Sequence

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
HEAVY = ("certifi", "encodings.idna", "h11", "httpx", "urllib.request")
OF_OTHERS = (
    "click.shell_completion",
    "jsonschema",
    "mailstate.reporting.pieces",
    "mailstate.reporting.snapshot",
    "tempfile",
    "tomllib",
)


def ended(place: Place, *arguments: str, heavy: Sequence[str] = HEAVY) -> list[object]:
    """The exit code of a command, and which of the *heavy* modules it has loaded."""
    # Measuring coverage imports things of its own.
    environment = uncounted(place.environment())
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps([heavy, *arguments])],
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


def test_a_plan_as_text_loads_nothing_for_other_plans(tmp_path):
    """
    Neither for other views, nor for snapshots, settings and files that are not there.
    """
    with Sandbox(seed=7) as sandbox:
        place = Place(tmp_path, sandbox)

        assert [0, []] == ended(place, "plan", heavy=OF_OTHERS)
