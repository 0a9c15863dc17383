"""Commands with and without a cache: the same words and codes."""

import os
import subprocess
import sys

import pytest

from mailstate.errors import ExitCode
from tests.statefiles.corpus import USERS
from tests.statefiles.test_sources import PADDING

FAULTY = USERS + "domains:\n  - {name: a.example, owners: [alise]}\n"
WARNED = (
    USERS
    + "domains:\n"
    + "".join(
        f"  - {{name: {name}.example, context: c, owners: [alice], mailboxes: ["
        f"{{local_part: info, first_name: {name}, last_name: x}}]}}\n"
        for name in "ab"
    )
)


@pytest.mark.parametrize(
    ("text", "code"),
    [(WARNED, ExitCode.OK), (FAULTY, ExitCode.INVALID)],
    ids=["warned", "faulty"],
)
def test_validate_says_the_same_with_and_without_a_cache(tmp_path, text, code):
    """
    Cold, warm and off: byte for byte.
    """
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "a.yaml").write_text(text)
    (tmp_path / "state" / PADDING[0]).write_bytes(PADDING[1])
    home = tmp_path / "cache"

    def told(where):
        run = subprocess.run(
            [sys.executable, "-m", "mailstate", "validate", "--format", "json"],
            cwd=tmp_path,
            env={**os.environ, "MAILSTATE_CACHE": where},
            capture_output=True,
            text=True,
            check=False,
        )
        return run.returncode, run.stdout, run.stderr

    off = told("off")

    assert code == off[0]
    assert not home.exists()
    assert [off, off] == [told(str(home)), told(str(home))]
    assert ["mailstate-rows.sqlite3"] == [path.name for path in home.iterdir()]
