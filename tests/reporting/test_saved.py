"""Files that mailstate wrote for itself are read as strictly as a server's answers."""

import json

import pytest

from mailstate.errors import ExitCode, SettingsError
from mailstate.model.state import LiveState
from mailstate.planning.plan import Plan, Policy
from mailstate.reporting.approved import read_plan
from mailstate.reporting.plan_json import Context, plan_json
from mailstate.reporting.snapshot import read_snapshot, snapshot, snapshot_json

TARGET = "https://dimail.example"
PLAN = plan_json(Plan(), Context(target=TARGET, policy=Policy(service_account="la_regie")))
SNAPSHOT = snapshot_json(snapshot(LiveState(), target=TARGET, declared=(), existing=()))
BOTH = pytest.mark.parametrize(
    ("text", "read"), [(PLAN, read_plan), (SNAPSHOT, read_snapshot)], ids=["plan", "snapshot"]
)


@BOTH
def test_what_was_written_is_read(text, read):
    """
    With or without the indentation.
    """
    assert read(text, name="file") == read(json.dumps(json.loads(text)), name="file")


@BOTH
@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(TARGET, "https://other.example"),
        lambda text: text.replace('"target"', '"target": "https://other.example", "target"'),
        lambda text: text.replace('"1.0"', '"2.0"', 1),
        lambda text: "[" + text + "]",
        lambda text: text.replace("{", '{"x":' + "[" * 400 + "]" * 400 + ",", 1),
        lambda text: text.replace("{", '{"x": ' + "9" * 5000 + ",", 1),
    ],
    ids=["cut", "changed", "twice", "later", "list", "deep", "large"],
)
def test_what_was_spoilt_is_refused(text, read, spoil):
    """
    In words that name the file, and with what to do.
    """
    with pytest.raises(SettingsError) as caught:
        read(spoil(text), name="file")

    assert caught.value.exit_code is ExitCode.INVALID
    assert caught.value.message.startswith("file ")
    assert "--out FILE" in caught.value.hint
