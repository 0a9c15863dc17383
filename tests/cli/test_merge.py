"""`mailstate merge`: what the shards of one run have written, as one."""

import re

import pytest

from mailstate.errors import ExitCode
from tests.cli.support import DISABLED

PARTS = ("1.json", "2.json", "3.json")


@pytest.fixture
def planned(place):
    """The plans of three shards, and the whole plan."""
    place.write("state/closed.yaml", DISABLED)
    for number, name in enumerate(PARTS, 1):
        assert 0 == place.call("plan", "--shard", f"{number}/3", "--out", name).code
    assert 0 == place.call("plan", "--out", "whole.json").code
    return place


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html", "github"])
def test_a_merged_plan_has_every_view_of_the_whole_plan(planned, form):
    """
    To the last character, but for columns: documents have none.
    """
    there = planned.call("plan", "--format", form)
    made = planned.call("merge", *PARTS, "--format", form)

    out, other = (re.sub(r",col=\d+,", ",", ran.out) for ran in (there, made))
    assert (there.code, out, there.err) == (made.code, other, made.err)


def test_a_merged_plan_is_a_plan_for_apply(planned):
    """
    Of all domains, or of a shard; it is saved as the whole plan is, and its code is the same.
    """
    made = planned.call("merge", *PARTS, "--out", "merged.json", "--detailed-exitcode")

    assert ExitCode.REFUSED == made.code
    assert planned.read("whole.json") == planned.read("merged.json")
    parts = [
        planned.call("apply", "merged.json", "--yes", "--shard", f"{number}/3", "--report", name)
        for number, name in enumerate(PARTS, 1)
    ]
    assert {ExitCode.OK, ExitCode.REFUSED} == {part.code for part in parts}
    told = planned.call("merge", *PARTS, "--out", "report.json")
    assert (ExitCode.REFUSED, planned.read("report.json")) == (
        told.code,
        planned.call("merge", *PARTS, "--format", "json").out,
    )
    assert "9 changes planned: 6 applied, 3 held\n" in told.out
    assert ExitCode.REFUSED == planned.call("apply", "merged.json", "--yes").code


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["1.json", "2.json"], ExitCode.INVALID, "error: this shard is missing: 3/3\n"),
        (["nowhere.json"], ExitCode.INVALID, "error: nowhere.json cannot be read: No such file"),
        (["mailstate.toml"], ExitCode.INVALID, "error: mailstate.toml is not JSON\n"),
        ([], ExitCode.USAGE, "error: missing argument 'FILE...'"),
        (
            [*PARTS, "--format", "sarif"],
            ExitCode.USAGE,
            "error: invalid value for '--format': 'sarif' is not one of",
        ),
        (
            [*PARTS, "--out", "nowhere/merged.json"],
            ExitCode.INVALID,
            "error: nowhere/merged.json cannot be written",
        ),
    ],
)
def test_what_cannot_be_merged_is_told_with_what_to_do(planned, arguments, code, said):
    """
    Nothing is printed then, nor written.
    """
    planned.write("mailstate.toml", "")
    ran = planned.call("merge", *arguments)

    assert (code, "") == (ran.code, ran.out)
    assert ran.err.startswith(said)
    assert "hint:  " in ran.err


@pytest.mark.parametrize("spelt", ["2.json", "./2.json", "again.json"])
def test_what_is_merged_spares_what_it_is_made_of(planned, spelt):
    """
    However the file is called.
    """
    (planned.folder / "again.json").symlink_to("2.json")
    before = planned.read("2.json")
    ran = planned.call("merge", *PARTS, "--out", spelt)

    assert (ExitCode.USAGE, "") == (ran.code, ran.out)
    assert (
        "error: what is merged would take the place of 2.json\nhint:  give it a file of its own\n"
    ) == ran.err
    assert before == planned.read("2.json")


def test_reports_have_two_views(planned):
    """
    The others are of plans.
    """
    for number, name in enumerate(PARTS, 1):
        planned.call("apply", "--yes", "--shard", f"{number}/3", "--report", name)
    ran = planned.call("merge", *PARTS, "--format", "html")

    assert ExitCode.USAGE == ran.code
    assert "error: a report cannot be shown as html\nhint:  --format text" in ran.err
