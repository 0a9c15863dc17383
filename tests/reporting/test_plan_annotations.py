"""A plan as GitHub shows it on the lines of a pull request."""

from collections import Counter

import pytest
from hypothesis import given

from mailstate.planning.causes import Cause
from mailstate.planning.plan import Blocked, Plan, Reason
from mailstate.reporting.paint import visible
from mailstate.reporting.plan_github import plan_github
from tests.reporting.strategies import plans
from tests.reporting.test_annotations import commands
from tests.reporting.test_hostile_values import assert_harmless
from tests.reporting.test_markdown import blocked, created, held, removed


def notes(plan, **more):
    """Give what the runner finds: level, title, file and message of each."""
    return [
        (name, told["title"], told.get("file"), message)
        for name, told, message in commands(plan_github(plan, **more))
    ]


@given(plans)
def test_the_runner_finds_our_notes_and_nothing_else(plan):
    """
    One a line, whatever the values are: a warning or a notice, on the line of a file or on none.
    """
    text = plan_github(plan)

    found = list(commands(text))
    assert len(found) == text.count("\n") == len(text.splitlines())
    stopped = len(plan.refused) + len(plan.conflicts)
    assert stopped <= [name for name, _, _ in found].count("warning") <= stopped + len(plan.changes)
    assert bool(plan.held) == ("notice" in {name for name, _, _ in found})
    for name, told, message in found:
        assert name in {"warning", "notice"}
        assert set(told) in ({"title"}, {"title", "file", "line", "col"}, {"title", "line", "col"})
        assert_harmless(message)
    places = {visible(one.change.place.file) for one in plan.refused if one.change.place}
    assert places - {""} <= {told.get("file") for _, told, _ in found}


def test_what_is_harmless_has_no_note():
    """
    What is created and what is left alone is in the plan, and nobody need be warned of it.
    """
    assert "" == plan_github(Plan(changes=created(3)))


def test_removals_refusals_and_conflicts_are_warnings_and_what_waits_is_a_notice():
    """
    Waiting is told once for all that waits for the same.
    """
    (refusal,) = blocked(1)
    (change,) = created(1)
    conflict = Blocked(change=change, reason=Reason.HALF_MADE, detail="half of it is there")
    plan = Plan(
        changes=(*created(2), *removed(1)),
        held=held(3, 1),
        refused=(refusal,),
        conflicts=(conflict,),
    )

    old = "- alias/old0@commune.example/x@elsewhere.example"
    assert [
        ("warning", "Refused by a guard", None, f"{old}: too many 0"),
        ("warning", "Removed", None, old),
        (
            "warning",
            "Somebody must decide",
            "state/d0.yaml",
            '+ mailbox/m0@d0.example "Ada 0": half of it is there',
        ),
        (
            "notice",
            "3 changes wait",
            "state/d0.yaml",
            (
                "d0.example, action required: the domain's DNS is not as dimail needs it. "
                "An owner of the domain must act"
            ),
        ),
    ] == notes(plan)


def test_notes_name_files_from_the_root_of_the_checkout():
    """
    Of the plan as of faults.
    """
    ((_, _, file, _),) = notes(Plan(held=held(3, 1)), below="mail")

    assert "mail/state/d0.yaml" == file


@pytest.mark.parametrize(("count", "shown", "more"), [(10, 10, 0), (11, 9, 2), (5_000, 9, 4_991)])
def test_no_more_notes_are_written_than_github_shows(count, shown, more):
    """
    The last of ten says how many there are beside.
    """
    found = notes(Plan(changes=removed(count), held=held(count, count)))

    assert {"warning": min(count, 10), "notice": min(count, 10)} == Counter(
        name for name, _, _, _ in found
    )
    assert 2 * shown == sum(title != "More" for _, title, _, _ in found)
    told = [message for _, title, _, message in found if title == "More"]
    assert [f"{more:,} more are in the plan: GitHub shows 10 of a kind"] * 2 * bool(more) == told


def test_what_the_pull_request_asks_for_is_noted_first():
    """
    So that it is among the ten.
    """
    plan = Plan(refused=blocked(12))
    keys = [entry.change.key for entry in plan.refused]
    causes = {**dict.fromkeys(keys, Cause.DRIFT), keys[-1]: Cause.ASKED}

    assert notes(plan, causes=causes)[0][3].endswith("too many 11")
