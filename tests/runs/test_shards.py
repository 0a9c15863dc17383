"""
One run on eight machines: eight processes at once, against one dimail over real HTTP.

They plan at the same time and apply at the same time. dimail answers late where users are made,
so that several shards are in the middle of making the same one.
"""

import json
from collections import Counter

import pytest

from mailstate.errors import ExitCode
from tests.cli.support import ALICE, BOB

SHARDS = 8
OLD = [f"old{number}.example" for number in range(4)]
NEW = [f"new{number}.example" for number in range(12)]
SHARED = {"new0.example", "new1.example", "old3.example"}
"""In one OX context, and so in one shard."""
LINKED = {"new2.example": "new3.example", "new3.example": "new4.example"}
"""Where aliases lead from one domain to another."""


def declare(place, *names):
    """Have a file for each of the domains *names*."""
    for name in names:
        label = name.partition(".")[0]
        to = LINKED.get(name, name)
        destination = f"ada-{to.partition('.')[0]}@{to}"
        domain = {
            "name": name,
            **({"context": "shared.example"} if name in SHARED else {}),
            "owners": ["alice.martin"],
            "accesses": [{"user": "bob.durand", "role": "administrator"}],
            "mailboxes": [
                {"local_part": f"{who}-{label}", "first_name": who.title(), "last_name": label}
                for who in ("ada", "bob")
            ],
            "aliases": [{"local_part": f"list{n}", "destinations": [destination]} for n in (1, 2)],
        }
        place.write(f"state/{name}.yaml", json.dumps({"domains": [domain]}))


def at_once(place, command):
    """Run a command for each shard, all at once, and give how each ended."""
    started = [
        place.start(*command(number), "--prune", "aliases", "--shard", f"{number}/{SHARDS}")
        for number in range(1, SHARDS + 1)
    ]
    ended = []
    for process in started:
        with process:
            _, err = process.communicate(timeout=100)
            ended.append((process.returncode, err.decode()))
    return ended


@pytest.mark.timeout(200)
def test_eight_shards_at_once_do_what_one_run_would_do(place_of):
    """
    The same plan, byte for byte; everything made once, by whichever; then nothing is left.
    """
    place = place_of("2026")
    sandbox = place.sandbox
    (place.folder / "state/commune.yaml").unlink()
    place.write("mailstate.toml", "max_removals_percent = 50\n")
    for name in (*OLD, *NEW[1:]):
        sandbox.publish_dns(name)
    declare(place, *OLD)
    assert ExitCode.OK == place.call("apply", "--yes").code
    strays = [("list9", name) for name in OLD]
    for local_part, name in strays:
        sandbox.store.add_alias(name, local_part, "somebody@elsewhere.test")
    for user in (ALICE, BOB):
        sandbox.store.remove_user(user)
    declare(place, *NEW)
    before = len(sandbox.effects())

    whole = place.call("plan", "--prune", "aliases", "--out", "whole.json")
    planned = at_once(place, lambda number: ["plan", "--out", f"plan-{number}.json"])
    plans = [f"plan-{number}.json" for number in range(SHARDS, 0, -1)]
    merged = place.call("merge", *plans, "--out", "merged.json")

    assert [(0, "")] * SHARDS == planned
    assert (whole.out, place.read("whole.json")) == (merged.out, place.read("merged.json"))
    by_itself = [json.loads(place.read(name))["summary"]["delete"] for name in plans]
    assert [0] * SHARDS == by_itself
    plan = json.loads(place.read("merged.json"))
    assert 4 == plan["summary"]["delete"]
    assert plan["selection"] is None

    sandbox.add_fault(kind="slow_after", method="POST", path="/users/", times=None, delay=0.3)
    applied = at_once(
        place,
        lambda number: [
            *("apply", "merged.json", "--yes", "--report", f"report-{number}.json"),
            *("--journal", f"journal-{number}.jsonl"),
        ],
    )
    sandbox.clear_faults()
    reports = [f"report-{number}.json" for number in range(1, SHARDS + 1)]
    told = place.call("merge", *reports, "--out", "report.json")

    assert [(0, "")] * SHARDS == applied
    effects = sandbox.effects()[before:]
    made = Counter((one.kind, one.object) for one in effects if one.action == "create")
    gone = Counter(one.object for one in effects if one.action == "delete")
    assert {1} == {*made.values()}
    assert {ALICE, BOB} == {name for kind, name in made if kind == "user"}
    assert len(strays) == sum(gone.values())
    report = json.loads(place.read("report.json"))
    entries = [*plan["changes"], *plan["held"]]
    assert sorted(entry["address"] for entry in entries) == (
        sorted(entry["address"] for entry in report["outcomes"])
    )
    waiting = [one for one in report["outcomes"] if one["outcome"] == "held"]
    assert {NEW[0]} == {entry["domain"] for entry in waiting}
    assert len(entries) == report["summary"]["applied"] + len(waiting)
    parts = [json.loads(place.read(name)) for name in reports]
    # Each shard that needs a user, and planned before another had made it, has made sure of it.
    again = sum(len(part["outcomes"]) for part in parts) - len(entries)
    assert again == (
        sum(entry["kind"] == "user" for part in parts for entry in part["outcomes"]) - 2
    )
    assert (ExitCode.OK, report["summary"]["applied"]) == (
        told.code,
        sum(part["summary"]["applied"] for part in parts) - again,
    )

    sandbox.publish_dns(NEW[0])
    assert ExitCode.OK == place.call("apply", "--yes").code
    after = place.call("plan", "--prune", "aliases", "--detailed-exitcode")
    assert ExitCode.OK == after.code, after.out
