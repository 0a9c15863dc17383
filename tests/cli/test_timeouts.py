"""`[timeouts]` in mailstate.toml: how long a call may take, for each command and each dimail."""

import pytest

from mailstate.errors import ExitCode

NO_TIME = "quick = 1e-6\n"
"""Less than any answer takes."""


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ("", ("plan",)),
        ("[targets.own.timeouts]\nslow = 60\n", ("plan", "--target", "own")),
        ("", ("import", "--out", "elsewhere")),
        ("", ("bootstrap", "--yes", "--admin-password-file", "a")),
    ],
)
def test_a_dimail_that_takes_longer_is_given_up(place, settings, arguments):
    """
    Exit code 4, the call, and how long it was waited for.
    """
    place.write("mailstate.toml", f"[timeouts]\n{NO_TIME}{settings}")
    ran = place.call(*arguments)

    assert (ExitCode.REMOTE, "") == (ran.code, ran.out)
    assert "/: no answer within 1e-06 s" in ran.err


def test_a_target_has_its_own_time(place):
    """
    What is set for it counts for more than what is set for all.
    """
    place.write("mailstate.toml", f"[timeouts]\n{NO_TIME}[targets.own.timeouts]\nquick = 30\n")

    assert ExitCode.OK == place.call("plan", "--target", "own").code


def test_a_check_has_another_time(settled):
    """
    It waits for the DNS: `slow` is for it, and for all that takes Open-Xchange.
    """
    settled.sandbox.store.set_state("commune.example", "broken")
    settled.sandbox.store.remove_mailbox("commune.example", "ada")
    settled.write("mailstate.toml", "[timeouts]\nslow = 1e-6\n")
    (held,) = settled.call("plan", "--format", "json").json["held"]

    assert "GET /domains/commune.example/check: no answer within 1e-06 s" in held["detail"]


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("quick = 0", "`{}.quick` is not more than 0"),
        ("slow = -1.5", "`{}.slow` is not more than 0"),
        ("slow = 3601", "`{}.slow` is more than 3600"),
        ("quick = inf", "`{}.quick` is more than 3600"),
        ('quick = "30 s"', "`{}.quick` is not a number"),
        ("slow = true", "`{}.slow` is not a number"),
        ("quik = 30", "`{}.quik` is no setting; did you mean `quick`?"),
    ],
)
@pytest.mark.parametrize("table", ["timeouts", "targets.own.timeouts"])
def test_times_that_are_none(place, table, setting, fault):
    """
    Exit code 3, whichever dimail is meant, and what is wrong with which setting.
    """
    place.write("mailstate.toml", f"[{table}]\n{setting}\n")
    ran = place.call("plan")

    assert ExitCode.INVALID == ran.code
    assert fault.format(table) in ran.err


def test_a_time_that_is_not_a_number(place):
    """
    TOML has a word for it, which is neither less nor more than anything.
    """
    place.write("mailstate.toml", "[timeouts]\nquick = nan\n")
    ran = place.call("plan")

    assert ExitCode.INVALID == ran.code
    assert "the time-out `quick` is nan" in ran.err
