"""The real command, in the surroundings in which most is said: development mode, every log."""

import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from mailstate.sandbox import Sandbox
from tests.cli.support import Ran, Terminal
from tests.secrets.canaries import (
    ADMIN,
    CODE,
    FIRST,
    PASSWORD,
    SERVICE,
    SMTP_PASSWORD,
    URL,
    found,
    written,
)
from tests.secrets.parrot import Parrot, Said
from tests.secrets.support import ALL_FILES, SETTINGS, Nest

LOUD = {
    "PYTHONPATH": str(Path(__file__).parent / "loud"),
    "PYTHONDEVMODE": "1",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONFAULTHANDLER": "1",
}


@pytest.fixture
def loud(nest):
    """A place that is noisy, with a domain that is enabled at once."""
    nest.sandbox.publish_dns("commune.example")
    nest.settings |= LOUD
    return nest


@pytest.mark.parametrize("options", [("-v",), ("-v", "--log-format", "json")], ids=" ".join)
def test_a_whole_run_on_a_terminal_shows_nothing(loud, options):
    """
    With its question, its bar and its log; nor does its command line while it runs.
    """
    terminal = Terminal(loud, "apply", *options, *ALL_FILES)
    terminal.expect("[y/N]: ")
    called = Path(f"/proc/{terminal.process.pid}/cmdline").read_bytes()
    terminal.type("y\n")
    code = terminal.end()

    assert (0, []) == (code, loud.leaks(Ran(code, terminal.screen, "")))
    assert [] == found(called)
    assert "Executing <" in terminal.screen
    assert "POST /domains/commune.example/mailboxes/ada: 201 in" in terminal.screen
    assert [CODE.core] == found(b"".join(loud.puppet.letters))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_shows_nothing(loud, number):
    """
    Stopped while dimail is asked for a way in.
    """
    asked, answered = threading.Event(), threading.Event()

    def late(heard: str) -> Said:
        asked.set()
        answered.wait(20)
        return Said(status=422, body=heard.encode())

    loud.parrot.say("POST .*/code", late)
    with loud.start("apply", "--yes", "-v", *ALL_FILES) as process:
        assert asked.wait(20)
        process.send_signal(number)
        answered.set()
        out, err = process.communicate(timeout=40)

    assert (5, []) == (process.returncode, loud.leaks(Ran(5, out.decode(), err.decode())))


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ("asyncio", "connections.py"),
        ("smtplib.docmd", "conversation.py"),
        ("smtplib.send", "_fail"),
    ],
)
def test_a_bug_keeps_its_traceback_and_shows_nothing(loud, broken, where):
    """
    Its words, notes and causes may quote what was sent; where it happened can be reported.
    """
    loud.write("mailstate.toml", SETTINGS.format(mode="password"))
    ran = loud.run("apply", "--yes", "-v", *ALL_FILES, env={"BROKEN": broken})

    assert (1, []) == (ran.code, loud.leaks(ran))
    assert "Traceback (most recent call last)" in ran.err
    assert where in ran.err
    assert "KeyError, whose text is left out: it may hold a secret" in ran.err


@pytest.mark.parametrize(
    ("env", "options", "code"),
    [
        ({"MAILSTATE_SMTP_URL": f"smtp://u:{SMTP_PASSWORD.word}@127.0.0.1:1"}, (), 4),
        ({"MAILSTATE_URL": "http://127.0.0.1:1"}, (), 4),
        ({"MAILSTATE_PASSWORD": "\udcff" + PASSWORD.word}, (), 3),
        ({}, ("--report", "/dev/full"), 3),
        ({}, ("--journal", "/dev/full"), 3),
    ],
    ids=["no mail server", "no dimail", "no text", "no room for the report", "no journal"],
)
def test_what_is_not_to_be_had_shows_nothing(loud, env, options, code):
    """
    Servers that are not there, a disk that is full.
    """
    ran = loud.run("apply", "--yes", "-v", *options, env=env)

    assert (code, []) == (ran.code, loud.leaks(ran))


def test_letters_that_are_put_off_show_nothing(loud):
    """
    Tried several times, each time with an answer that repeats all.
    """
    loud.write("mailstate.toml", SETTINGS.format(mode="password"))
    loud.puppet.plays = [{".": f"451 4.7.1 later: {FIRST.text}"}]
    ran = loud.run("apply", "--yes", "-v", *ALL_FILES)

    assert (1, []) == (ran.code, loud.leaks(ran))
    assert loud.puppet.commands.count("DATA") > 3


def test_new_passwords_are_shown_once_on_a_terminal_and_nowhere_else(tmp_path, puppet):
    """
    Where no file was named for them; what is logged goes elsewhere and has none.
    """
    with Sandbox(seed=7, bootstrap=False) as sandbox, Parrot(sandbox) as parrot:
        nest = Nest(tmp_path, parrot, puppet)
        nest.settings = {"MAILSTATE_URL": parrot.url, **LOUD}
        terminal = Terminal(nest, "bootstrap", "-v", stderr=subprocess.PIPE)
        terminal.expect("create the service account")  # Python puts the question to stderr
        terminal.type("y\n")
        logged: list[bytes] = []
        reader = threading.Thread(target=lambda: logged.append(terminal.process.stderr.read()))
        reader.start()
        while terminal._read():
            pass
        reader.join()
        code = terminal.end()
    passwords = re.findall(r"^    (\S{43})$", terminal.screen, re.MULTILINE)

    assert (0, 2) == (code, len(passwords))
    assert [1, 1] == [terminal.screen.count(password) for password in passwords]
    assert b"POST /users/: 201 in" in logged[0]
    for password in passwords:
        assert any(password in heard for heard in parrot.heard)
        assert password.encode() not in logged[0] + written(tmp_path)


def test_git_inherits_no_secret(nest):
    """
    Whatever it starts in turn.
    """
    nest.write("bin/git", '#!/bin/sh\nenv > "$DUMP"\npwd\n').chmod(0o755)
    dump = nest.folder.parent / f"{nest.folder.name}.env"
    env = {"PATH": f"{nest.folder}/bin:/usr/bin:/bin", "DUMP": str(dump)}
    more = {"MAILSTATE_ADMIN_PASSWORD": ADMIN.word, "MAILSTATE_URL": f"https://{URL.word}"}
    ran = nest.call("plan", "--changed-since", "main", env={**env, **more})

    assert ran.code
    assert f"DUMP={dump}" in dump.read_text()
    assert [] == found(dump.read_bytes())
    assert SERVICE.core not in ran.err
