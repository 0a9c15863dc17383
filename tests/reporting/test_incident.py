"""The issue that an apply opens when it has left something undone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from mailstate.model.resources import Key
from mailstate.reporting.incident import LIMIT, Run, held_longer, incident, settled
from tests.reporting.rendered import by_markdown_it
from tests.reporting.strategies import texts

RUN = Run(
    commit="c" * 40,
    commit_url=f"https://forge.example/commune/mail/commit/{'c' * 40}",
    url="https://forge.example/commune/mail/actions/runs/17",
    actor="alice",
)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOBODY = dict.fromkeys(
    ("planned", "applied", "failed", "skipped", "held", "not_begun", "undelivered", "refused"), 0
)


def entry(address, outcome, *, detail="dimail answered 500", hint=None, letter=None):
    return {
        "address": address,
        "action": "create",
        "outcome": outcome,
        "reason": None,
        "detail": detail,
        "hint": hint,
        "letter": letter,
    }


def report(*outcomes, late=(), refused=()):
    counts = dict(NOBODY)
    for one in outcomes:
        counts[one["outcome"]] += 1
        counts["undelivered"] += bool(one["letter"] and not one["letter"]["delivered"])
    counts["undelivered"] += sum(not one["delivered"] for one in late)
    counts["refused"] = len(refused)
    return {
        "summary": counts,
        "outcomes": [*outcomes],
        "late_letters": [*late],
        "refused": [*refused],
    }


FAILED = entry("mailbox/ada@commune.example", "failed", hint="run it again: it looks first")
SKIPPED = entry("alias/info@commune.example/ada@commune.example", "skipped", detail="needs it")
HELD = entry("mailbox/zoe@commune.example", "held", detail="a DNS record is missing")
UNDELIVERED = entry(
    "mailbox/bob@commune.example",
    "applied",
    letter={"to": "b@home.example", "delivered": False, "detail": "refused"},
)


@pytest.mark.parametrize("told", [report(), report(HELD), None])
def test_all_is_well(told):
    """
    What waits for its domain is as asked.
    """
    assert None is incident(told, RUN, exit_code=0)


def test_it_names_commit_author_run_and_objects():
    """
    And what dimail said of each, and what to do.
    """
    found = incident(report(FAILED, SKIPPED, UNDELIVERED), RUN, exit_code=1)

    assert found
    assert "mailstate apply: 1 failed, 1 skipped, 1 letter not delivered" == found.title
    for said in (
        RUN.commit_url,
        RUN.url,
        "caused by `alice`",
        "`mailbox/ada@commune.example`: dimail answered 500. run it again: it looks first\n",
        "`mailbox/bob@commune.example`",
        "### Skipped",
    ):
        assert said in found.body
    assert "b@home.example" not in found.body


def test_letters_of_earlier_runs_are_told_too():
    """
    Those that did not go out this time either.
    """
    late = [
        {"address": f"mailbox/{name}@commune.example", "delivered": sent, "detail": "refused"}
        for name, sent in (("max", False), ("eve", True))
    ]
    found = incident(report(late=late), RUN, exit_code=1)

    assert found
    assert "mailstate apply: 1 letter not delivered" == found.title
    assert "- `mailbox/max@commune.example`: refused\n" in found.body
    assert "eve" not in found.body


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "the files or the settings are not valid"),
        (4, "dimail could not be read completely"),
        (13, "the plan that was approved no longer held"),
        (137, "it ended with exit code 137"),
    ],
)
def test_an_apply_without_a_report(code, said):
    """
    It ended before it did anything, or was killed.
    """
    found = incident(None, RUN, exit_code=code)

    assert found
    assert "mailstate apply: it did not come to its end" == found.title
    assert said in found.body


def test_what_waits_for_too_long_is_told():
    """
    Since when, by its address; what waits for less is left out.
    """
    told = report(HELD, entry("mailbox/new@commune.example", "held"))
    since = {
        Key("mailbox/zoe@commune.example"): NOW - timedelta(days=4),
        Key("mailbox/new@commune.example"): NOW - timedelta(days=2),
        Key("mailbox/gone@commune.example"): NOW - timedelta(days=9),
    }
    held = held_longer(told, since, longest=timedelta(days=3), now=NOW)
    found = incident(told, RUN, exit_code=0, held=held)

    assert [("mailbox/zoe@commune.example", NOW - timedelta(days=4))] == held
    assert found
    assert "mailstate apply: 1 held for too long" == found.title
    assert (
        "- `mailbox/zoe@commune.example`, since 2026-11-18 12:00 UTC: a DNS record is missing\n"
        in found.body
    )


def test_an_apply_by_the_schedule_is_nobodys():
    """
    There is nobody to name.
    """
    nobody = Run(commit=RUN.commit, commit_url=RUN.commit_url, url=RUN.url, actor="")
    found = incident(report(FAILED), nobody, exit_code=1)

    assert found
    assert "by the schedule" in found.body


@pytest.mark.parametrize("count", [1, 40, 5_000])
def test_it_fits_whatever_has_failed(count):
    """
    What is left out is counted.
    """
    told = report(
        *(entry(f"mailbox/box{number}@commune.example", "failed") for number in range(count))
    )
    found = incident(told, RUN, exit_code=1)

    assert found
    assert len(found.body.encode()) <= LIMIT
    shown = found.body.count("- create ")
    rest = f"{count - shown:,} more are in the report" in found.body
    assert (shown < count) == rest
    assert f"mailstate apply: {count:,} failed" == found.title


@given(value=texts)
def test_nothing_in_it_is_markup(value):
    """
    Addresses come from files, what went wrong from a server.
    """

    def elements(text):
        found = incident(
            report(entry(f"mailbox/{text}", "failed", detail=text, hint=text)),
            RUN,
            exit_code=1,
        )
        assert found
        assert "\n" not in found.title
        return [one.name for one in by_markdown_it(found.body).elements if one.name != "code"]

    assert elements("plain") == elements(value)


def test_it_says_when_all_is_well_again():
    """
    Where to look for what made it so.
    """
    assert RUN.url in settled(RUN)
