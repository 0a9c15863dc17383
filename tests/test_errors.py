"""What stops a run: a message, a hint, an exit code."""

import pytest

from mailstate.errors import (
    BusyCallError,
    DoubtfulCallError,
    ExitCode,
    FilesError,
    InterruptedRunError,
    MailstateError,
    Place,
    Problem,
    RefusedCallError,
    RemoteError,
    SettingsError,
    Severity,
    StalePlanError,
    UsageError,
)

PLACE = Place(file="state/a.yaml", line=14, column=5)
ERROR = Problem(place=PLACE, rule="unknown-key", message="no such key", hint="remove it")
WARNING = Problem(
    place=PLACE, rule="same-name", message="again", hint="", severity=Severity.WARNING
)


def test_the_exit_codes_are_those_that_are_promised():
    """
    People write workflows on them.
    """
    assert {
        "OK": 0,
        "CHANGE_FAILED": 1,
        "USAGE": 2,
        "INVALID": 3,
        "REMOTE": 4,
        "INTERRUPTED": 5,
        "CHANGES": 10,
        "WAITING": 11,
        "REFUSED": 12,
        "STALE_PLAN": 13,
    } == {code.name: int(code) for code in ExitCode}


@pytest.mark.parametrize("code", ExitCode)
def test_each_exit_code_has_a_meaning(code):
    """
    The documentation is made of it.
    """
    assert code.meaning


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (FilesError((ERROR,)), 3),
        (SettingsError("x"), 3),
        (RemoteError("x"), 4),
        (RefusedCallError("x"), 4),
        (BusyCallError("x"), 4),
        (DoubtfulCallError("x"), 4),
        (InterruptedRunError("x"), 5),
        (StalePlanError("x"), 13),
    ],
)
def test_each_error_has_its_exit_code(error, code):
    """
    One place catches them all.
    """
    assert isinstance(error, MailstateError)
    assert code == error.exit_code


def test_an_error_has_a_message_and_a_hint():
    """
    What is wrong, and what to do about it.
    """
    error = RefusedCallError("POST /domains/: 403", hint="check the rights")

    assert ("POST /domains/: 403", "check the rights", "POST /domains/: 403") == (
        error.message,
        error.hint,
        str(error),
    )
    assert "" == UsageError("x").hint


def test_a_busy_server_says_how_long():
    """
    A second, where it does not.
    """
    assert (1.0, 30.0) == (
        BusyCallError("x").retry_after,
        BusyCallError("x", retry_after=30.0).retry_after,
    )


@pytest.mark.parametrize(
    ("problems", "message"),
    [
        ((ERROR,), "the state files have 1 error"),
        ((ERROR, ERROR, WARNING), "the state files have 2 errors"),
    ],
)
def test_problems_of_files_come_all_at_once(problems, message):
    """
    Warnings are carried along, and not counted.
    """
    error = FilesError(problems)

    assert message == error.message
    assert problems == error.problems


def test_a_place_reads_as_editors_want_it():
    """
    File, line, column.
    """
    assert "state/a.yaml:14:5" == str(PLACE)


def test_places_are_sorted_by_file_then_line_then_column():
    """
    Line 9 comes before line 14.
    """
    earlier = Place(file="state/a.yaml", line=9, column=80)

    assert [earlier, PLACE] == sorted([PLACE, earlier])
