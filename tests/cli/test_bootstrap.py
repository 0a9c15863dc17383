"""`mailstate bootstrap` against a dimail just installed, of each version."""

import os
import re
import signal
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mailstate.cli import credentials
from mailstate.errors import ExitCode, SettingsError
from mailstate.model.secret import Secret
from mailstate.sandbox import Sandbox
from tests.cli.support import Place, Terminal

FILES = ("--admin-password-file", "admin.txt", "--password-file", "service.txt")
PERMS = ("create_users", "manage_users", "new_domain")
USERS: dict[str, Any] = {"path": "/users/"}


@pytest.fixture(params=["2024", "2024-check", "2026"])
def empty(request, tmp_path):
    """A folder whose dimail has no user, and no settings but its URL."""
    with Sandbox(profile=request.param, bootstrap=False) as sandbox:
        place = Place(tmp_path, sandbox)
        place.settings = {"MAILSTATE_URL": sandbox.url}
        yield place


@pytest.fixture
def modern(tmp_path):
    with Sandbox(bootstrap=False) as sandbox:
        place = Place(tmp_path, sandbox)
        place.settings = {"MAILSTATE_URL": sandbox.url}
        yield place


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Pauses between tries are tested where they are made."""
    monkeypatch.setattr("mailstate.applying.bootstrap._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("mailstate.dimail.caller._FIRST_PAUSE", 0.01)


def accounts(place: Place) -> dict[str, tuple[bool, tuple[str, ...]]]:
    """Who there is, and with which rights."""
    users = place.sandbox.store.api.users()
    return {user.name: (user.is_admin, tuple(sorted(user.perms))) for user in users}


def as_wanted(place: Place) -> dict[str, tuple[bool, tuple[str, ...]]]:
    modern = place.sandbox.profile == "2026"
    return {"admin": (True, ()), "mailstate": (not modern, PERMS if modern else ())}


def writes(place: Place) -> int:
    return sum(request.method != "GET" for request in place.sandbox.requests())


def plans(place: Place, **env: str) -> int:
    """How a plan ends that runs as the service account."""
    names = {"MAILSTATE_USERNAME": "mailstate", "MAILSTATE_PASSWORD_FILE": "service.txt"}
    return place.call("plan", env=env or names).code


def no_secret(place: Place, *texts: str) -> bool:
    """Whether the passwords in the files are in none of *texts*."""
    secrets = [place.read(name).strip() for name in ("admin.txt", "service.txt")]
    return not any(secret in text for secret in secrets for text in texts)


def test_an_empty_dimail_is_set_up(empty):
    """
    Both accounts with the rights that this version knows, passwords in files of ours alone, a
    plan that works; and nothing left to do.
    """
    ran = empty.call("bootstrap", "--yes", *FILES)
    sent = writes(empty)
    again = empty.call("bootstrap", "--yes", *FILES)

    modern = empty.sandbox.profile == "2026"
    rights = (
        f"allowed to {', '.join(PERMS)}"
        if modern
        else "an administrator: this dimail knows no lesser rights"
    )
    after = (
        "\nThe other commands run as it with MAILSTATE_USERNAME=mailstate and "
        "MAILSTATE_PASSWORD_FILE=service.txt\n"
    )
    assert ("", ExitCode.OK) == (ran.err, ran.code)
    assert (
        "http://DIMAIL has no user yet\n"
        "written: the password of admin, to admin.txt\n"
        "created: the administrator admin\n"
        "written: the password of mailstate, to service.txt\n"
        f"created: the service account mailstate, {rights}\n{after}"
    ) == empty.plain(ran.out)
    assert ("", ExitCode.OK) == (again.err, again.code)
    assert (
        "http://DIMAIL has users, and accepts admin\n"
        f"nothing to do: the service account mailstate is {rights}\n{after}"
    ) == empty.plain(again.out)
    assert (2, 2) == (sent, writes(empty))
    assert as_wanted(empty) == accounts(empty)
    for name in ("admin.txt", "service.txt"):
        assert 0o600 == stat.S_IMODE((empty.folder / name).stat().st_mode)
    assert no_secret(empty, ran.out, again.out)
    assert ExitCode.OK == plans(empty)


def test_what_the_service_account_may_do_is_enough(empty):
    """
    With the account made here a whole plan is carried out.
    """
    empty.sandbox.publish_dns("commune.example")
    assert ExitCode.OK == empty.call("bootstrap", "--yes", *FILES).code
    empty.write("mailstate.toml", 'username = "mailstate"\nassume_enabled = true\n')
    env = {"MAILSTATE_PASSWORD_FILE": "service.txt"}

    assert ExitCode.OK == empty.call("apply", "--yes", env=env).code
    assert ExitCode.OK == empty.call("plan", "--detailed-exitcode", env=env).code


@pytest.mark.parametrize("nth", [1, 2], ids=["admin", "service"])
@pytest.mark.parametrize("kind", ["reset_after", "500_after", "cut", "500_before", "429", "503"])
def test_a_lost_answer_costs_nothing(empty, kind, nth):
    """
    One run converges all the same.
    """
    empty.sandbox.add_fault(kind=kind, method="POST", nth=nth, **USERS)

    ran = empty.call("bootstrap", "--yes", *FILES)

    assert ("", ExitCode.OK) == (ran.err, ran.code)
    assert as_wanted(empty) == accounts(empty)
    assert ExitCode.OK == plans(empty)


@pytest.mark.parametrize("nth", [1, 2], ids=["admin", "service"])
@pytest.mark.parametrize("kind", ["reset_after", "500_after", "reset_before", "500_before"])
def test_a_run_that_breaks_off_is_taken_up_by_the_next(empty, kind, nth):
    """
    Whether the last call had its effect or not, and with nothing to be read any more.
    """
    empty.sandbox.add_fault(kind=kind, method="POST", nth=nth, times=None, **USERS)
    reads = {1: 3, 2: 5}[nth]
    empty.sandbox.add_fault(kind="reset_before", method="GET", nth=reads, times=None, **USERS)

    broken = empty.call("bootstrap", "--yes", *FILES)
    empty.sandbox.clear_faults()
    ran = empty.call("bootstrap", "--yes", *FILES)

    assert ExitCode.REMOTE == broken.code
    assert "run it again" in broken.err
    assert ("", ExitCode.OK) == (ran.err, ran.code)
    assert as_wanted(empty) == accounts(empty)
    assert ExitCode.OK == plans(empty)


@pytest.mark.parametrize("kind", ["slow_before", "slow_after"])
@pytest.mark.parametrize("nth", [1, 2], ids=["admin", "service"])
def test_a_run_that_is_killed_is_taken_up_by_the_next(modern, kind, nth):
    """
    Killed while a call is under way: its password is in its file already.
    """
    modern.sandbox.add_fault(kind=kind, method="POST", nth=nth, delay=2, **USERS)
    file = modern.folder / ("admin.txt" if nth == 1 else "service.txt")

    with modern.start("bootstrap", "--yes", *FILES) as process:
        while not file.exists() or (kind == "slow_after" and nth > len(modern.sandbox.effects())):
            assert process.poll() is None
        process.kill()
        process.communicate()
    ran = modern.call("bootstrap", "--yes", *FILES)

    assert ("", ExitCode.OK) == (ran.err, ran.code)
    assert as_wanted(modern) == accounts(modern)
    assert ExitCode.OK == plans(modern)


def both(place: Place, *files: tuple[str, ...]) -> list[tuple[int, str]]:
    """Two at once; the one that comes to the administrator first is held up there."""
    place.sandbox.add_fault(kind="slow_before", method="POST", delay=1.5, **USERS)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda names: place.run("bootstrap", "--yes", *names), files))
    return sorted((ran.code, ran.err) for ran in runs)


def test_of_two_at_once_one_finds_out(empty):
    """
    One administrator is made, the other run says that it came second and changes nothing.
    """
    mine = ("--admin-password-file", "mine-a.txt", "--password-file", "service.txt")
    theirs = ("--admin-password-file", "theirs-a.txt", "--password-file", "theirs-s.txt")
    (first, quiet), (second, words) = both(empty, mine, theirs)

    assert (ExitCode.OK, "") == (first, quiet)
    assert ExitCode.REMOTE == second
    assert "somebody else has set this dimail up" in words or "has users already" in words
    assert as_wanted(empty) == accounts(empty)


def test_two_at_once_with_the_same_files_agree(empty):
    """
    Both have the same passwords, so that either may have made either account.
    """
    (first, quiet), (second, words) = both(empty, FILES, FILES)

    assert (ExitCode.OK, "", ExitCode.OK, "") == (first, quiet, second, words)
    assert as_wanted(empty) == accounts(empty)
    assert ExitCode.OK == plans(empty)


@pytest.mark.parametrize("env", [{}, {"MAILSTATE_ADMIN_PASSWORD": "wrong"}])
def test_a_dimail_with_users_needs_its_administrator(empty, env):
    """
    Without working credentials: 4, what would help, and no file and no call that changes.
    """
    empty.sandbox.store.add_user("root", "secret", is_admin=True)
    option = () if env else ("--admin-password-file", "admin.txt")

    ran = empty.call("bootstrap", "--yes", *option, "--password-file", "service.txt", env=env)

    assert (ExitCode.REMOTE, "") == (ran.code, ran.out)
    assert "this dimail has users already" in ran.err
    assert "hint:" in ran.err
    assert 0 == writes(empty)
    assert not (empty.folder / "admin.txt").exists()
    assert not (empty.folder / "service.txt").exists()


def test_an_administrator_sets_up_the_rest(empty):
    """
    A dimail with users gets the service account, by name and password from the environment.
    """
    empty.sandbox.store.add_user("root", "canary-root", is_admin=True)
    env = {
        "MAILSTATE_ADMIN_USERNAME": "root",
        "MAILSTATE_ADMIN_PASSWORD": "canary-root",
        "MAILSTATE_USERNAME": "la_regie",
        "MAILSTATE_PASSWORD": "canary-service",
    }

    ran = empty.call("bootstrap", "--yes", "-v", env=env)

    assert ExitCode.OK == ran.code
    assert {"root", "la_regie"} == set(accounts(empty))
    assert "canary" not in ran.out + ran.err
    assert "POST /users/: 201 in" in ran.err
    assert ran.out.endswith("MAILSTATE_USERNAME=la_regie and MAILSTATE_PASSWORD\n")
    assert [] == [*empty.folder.glob("*.txt")]
    assert ExitCode.OK == plans(empty, **env)


def test_rights_that_are_missing(empty):
    """
    An old dimail makes the account an administrator; a new one has no call for it: 1, and told.
    """
    empty.sandbox.store.add_user("admin", "canary-admin", is_admin=True)
    empty.sandbox.store.add_user("mailstate", "canary-mine", is_admin=False)
    env = {"MAILSTATE_ADMIN_PASSWORD": "canary-admin", "MAILSTATE_PASSWORD": "canary-mine"}

    ran = empty.call("bootstrap", "--yes", env=env)

    if empty.sandbox.profile == "2026":
        assert (ExitCode.CHANGE_FAILED, 0) == (ran.code, writes(empty))
        assert "`mailstate` lacks new_domain, create_users, manage_users" in ran.err
    else:
        assert ("", ExitCode.OK) == (ran.err, ran.code)
        assert (
            "changed: the service account mailstate is now an administrator: this dimail knows "
            "no lesser rights\n"
        ) in ran.out
        assert (True, ()) == accounts(empty)["mailstate"]
    assert "canary" not in ran.out + ran.err


def test_an_administrator_as_service_account_is_enough(modern):
    """
    An account that may do everything needs nothing, and its password may stay unknown.
    """
    modern.sandbox.store.add_user("admin", "a", is_admin=True)
    modern.sandbox.store.add_user("mailstate", "unknown", is_admin=True)

    ran = modern.call(
        *("bootstrap", "--yes", "--password-file", "service.txt"),
        env={"MAILSTATE_ADMIN_PASSWORD": "a"},
    )

    assert ExitCode.OK == ran.code
    assert "nothing to do: the service account mailstate is an administrator\n" in ran.out
    assert not (modern.folder / "service.txt").exists()


def test_no_secret_is_seen(empty):
    """
    Neither password is in what is printed and logged, whatever goes wrong.
    """
    empty.sandbox.add_fault(kind="reset_after", method="POST", **USERS)
    empty.sandbox.add_fault(kind="500_after", method="POST", nth=2, **USERS)

    ran = empty.call("bootstrap", "--yes", "-v", "--log-format", "json", *FILES)
    empty.sandbox.store.api.delete_user("mailstate")
    empty.sandbox.store.add_user("mailstate", "other", is_admin=True)
    refused = empty.call("bootstrap", "--yes", "-v", *FILES)

    assert (ExitCode.OK, ExitCode.REMOTE) == (ran.code, refused.code)
    assert "POST /users/" in ran.err
    assert no_secret(empty, ran.out, ran.err, refused.out, refused.err)
    made = credentials.Credential(
        name="n", variable="V", given=None, file=empty.folder / "admin.txt"
    )
    assert no_secret(empty, repr(made), repr(made.made()), repr(made))


def test_on_a_terminal(modern):
    """
    It asks, shows each password once before it is used, and they work.
    """
    terminal = Terminal(modern, "bootstrap")
    terminal.expect("Go on? [y/N]: ")
    assert [] == modern.sandbox.effects()
    terminal.type("y\n")

    assert ExitCode.OK == terminal.end()
    assert "To do:\n  create the administrator admin\n  create the service account mailstate\n" in (
        terminal.screen
    )
    shown = re.findall(r"shown this once and written nowhere:\n\n    (\S+)\n", terminal.screen)
    assert 2 == len(shown)
    assert as_wanted(modern) == accounts(modern)
    env = {"MAILSTATE_USERNAME": "mailstate", "MAILSTATE_PASSWORD": shown[1]}
    assert ExitCode.OK == plans(modern, **env)


@pytest.mark.parametrize("typed", ["n\n", "\x04", ""], ids=["no", "end of file", "Ctrl-C"])
def test_on_a_terminal_that_says_no(modern, typed):
    """
    Nothing is changed, nothing is shown.
    """
    terminal = Terminal(modern, "bootstrap", *FILES)
    terminal.expect("Go on? [y/N]: ")
    if typed:
        terminal.type(typed)
    else:
        time.sleep(0.5)  # between showing its prompt and reading, Python is deaf for a moment
        terminal.process.send_signal(signal.SIGINT)

    assert ExitCode.INTERRUPTED == terminal.end()
    assert "nothing was changed" in terminal.screen
    assert 0 == writes(modern)
    assert not (modern.folder / "admin.txt").exists()


def test_an_interruption_says_what_to_do(modern):
    """
    Ctrl-C in the middle of a call: run it again.
    """
    modern.sandbox.add_fault(kind="slow_after", method="POST", delay=2, **USERS)
    with modern.start("bootstrap", "--yes", *FILES) as process:
        modern.wait_for("user")
        process.terminate()
        _, err = process.communicate()

    assert (ExitCode.INTERRUPTED, b"interrupted: run it again") == (process.returncode, err[:25])
    assert ExitCode.OK == modern.call("bootstrap", "--yes", *FILES).code


@pytest.mark.parametrize(
    ("arguments", "env", "code", "words"),
    [
        (FILES, {}, ExitCode.USAGE, "say --yes"),
        (("--yes",), {}, ExitCode.USAGE, "no place for the password of `admin`"),
        (("--yes", *FILES[:2]), {}, ExitCode.USAGE, "no place for the password of `mailstate`"),
        (
            ("--yes", *FILES),
            {"MAILSTATE_PASSWORD": "x"},
            ExitCode.USAGE,
            "--password-file and MAILSTATE_PASSWORD both give",
        ),
        (
            ("--yes", *FILES),
            {"MAILSTATE_ADMIN_PASSWORD_FILE": "other.txt"},
            ExitCode.USAGE,
            "--admin-password-file and MAILSTATE_ADMIN_PASSWORD both give",
        ),
        (
            ("--yes", *FILES[:3], "./admin.txt"),
            {},
            ExitCode.USAGE,
            "is to hold two passwords",
        ),
        (("--yes", *FILES), {"MAILSTATE_URL": ""}, ExitCode.INVALID, "no dimail is named"),
        (
            ("--yes", *FILES, "--url", "http://dimail.example"),
            {},
            ExitCode.INVALID,
            "is not this very machine",
        ),
        (("--yes", *FILES), {"MAILSTATE_USERNAME": "Admin"}, ExitCode.INVALID, "to be both"),
        (("--yes", *FILES), {"MAILSTATE_USERNAME": "a:b"}, ExitCode.INVALID, "cannot be the name"),
        (
            ("--yes", *FILES[:2]),
            {"MAILSTATE_PASSWORD": "pässword"},
            ExitCode.INVALID,
            "MAILSTATE_PASSWORD holds no password",
        ),
        (
            ("--yes", *FILES[:2]),
            {"MAILSTATE_PASSWORD_FILE": "nowhere.txt"},
            ExitCode.INVALID,
            "--password-file FILE has a new password made",
        ),
        (
            ("--yes", *FILES[:2], "--password-file", "nowhere/service.txt"),
            {},
            ExitCode.INVALID,
            "nowhere/service.txt cannot be written",
        ),
        (
            ("--yes", *FILES[:2], "--password-file", "state"),
            {},
            ExitCode.INVALID,
            "state is no regular file",
        ),
        (
            ("--yes", *FILES[:2], "--password-file", "empty.txt"),
            {},
            ExitCode.INVALID,
            "empty.txt holds no password",
        ),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_sent(modern, arguments, env, code, words):
    """
    Two passwords or none, a name that cannot be, a file that cannot be read or written.
    """
    modern.write("empty.txt", "\n")

    ran = modern.call("bootstrap", *arguments, env=env)

    assert code == ran.code
    assert words in ran.err
    assert [] == modern.sandbox.requests()
    assert not (modern.folder / "admin.txt").exists()


def test_the_variable_may_name_the_same_file(modern):
    """
    Who has set the environment for the other commands already can run this one as well.
    """
    env = {"MAILSTATE_PASSWORD_FILE": str(modern.folder / "service.txt")}

    assert ExitCode.OK == modern.call("bootstrap", "--yes", *FILES, env=env).code
    assert ExitCode.OK == plans(modern, MAILSTATE_USERNAME="mailstate", **env)


def made(file: Path | None) -> credentials.Credential:
    return credentials.Credential(name="n", variable="V", given=None, file=file)


def test_a_file_that_another_run_has_just_written_is_taken(tmp_path, monkeypatch):
    """
    A new password never replaces one that somebody may use already.
    """
    file = tmp_path / "p.txt"
    link = os.link

    def quicker(new, path):
        file.write_text("theirs\n")
        link(new, path)

    monkeypatch.setattr(os, "link", quicker)

    assert "theirs" == made(file).made().reveal()
    assert ["p.txt"] == [path.name for path in tmp_path.iterdir()]


def test_a_password_that_cannot_be_kept_is_not_made(tmp_path):
    """
    A directory that is gone, or a terminal that is: nobody could know the password afterwards.
    """
    with pytest.raises(SettingsError, match="cannot be written"):
        made(tmp_path / "nowhere" / "p.txt").made()
    with pytest.raises(SettingsError, match="the terminal is gone"):
        made(None).made()


def test_a_made_password_stays(tmp_path):
    """
    However often it is asked for, it is one, also without its file.
    """
    credential = made(tmp_path / "p.txt")
    assert credential.known() is None
    first = credential.made()
    (tmp_path / "p.txt").unlink()

    assert first is credential.made() is credential.known()
    assert isinstance(first, Secret)
