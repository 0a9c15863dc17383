"""Whatever dimail says, and whatever comes of it: no command shows or writes a secret."""

import logging
from asyncio import BaseEventLoop

import click
import pytest

from mailstate.cli.plan import command as plan_command
from tests.secrets.canaries import CODE, FIRST, PASSWORD, RESET, SMTP_PASSWORD, TOKEN, found
from tests.secrets.parrot import SPEECHES
from tests.secrets.support import ALL_FILES, SETTINGS

TWO = """\
domains:
  - name: commune.example
    owners: [alice.martin]
    mailboxes:
      - {local_part: ada, first_name: Ada, last_name: Roux, secondary_email: ada@perso.example}
      - {local_part: zoe, first_name: Zoe, last_name: Roux, secondary_email: zoe@perso.example}
    aliases:
      - {local_part: contact, destinations: [ada@commune.example]}
"""

FORMATS = next(
    option.type.choices
    for option in plan_command.params
    if option.name == "format" and isinstance(option.type, click.Choice)
)


@pytest.fixture
def log(caplog):
    """The log of all libraries, down to DEBUG."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
def talkative(monkeypatch):
    """An asyncio that logs each thing it does, with what it does it to."""
    begin = BaseEventLoop.__init__

    def impatient(loop: BaseEventLoop) -> None:
        begin(loop)
        loop.slow_callback_duration = 0.0

    monkeypatch.setattr(BaseEventLoop, "__init__", impatient)


def test_a_run_that_goes_well_shows_nothing(nest, log, talkative):
    """
    Though each answer repeats all secrets, every logger is at DEBUG, and asyncio tells all.
    """
    nest.sandbox.publish_dns("commune.example")
    ran = nest.call("apply", "--yes", "-v", *ALL_FILES, env={"PYTHONASYNCIODEBUG": "1"})
    letters = b"".join(nest.puppet.letters)

    assert (0, []) == (ran.code, nest.leaks(ran))
    assert [] == found(log.text)
    assert "Executing <" in log.text
    assert "POST /domains/commune.example/mailboxes/ada/code: 200 in" in ran.err
    assert {"journal.jsonl", "report.json"} <= {path.name for path in nest.folder.iterdir()}
    # What is not to be seen was there to be seen.
    assert {canary.core for canary in (PASSWORD, TOKEN, FIRST, CODE)} <= {
        *found(" ".join(nest.parrot.heard))
    }
    assert SMTP_PASSWORD.core in found("\n".join(nest.puppet.commands))
    assert [CODE.core] == found(letters)


@pytest.mark.parametrize(
    ("mode", "told"),
    [("password", FIRST), ("login-link", CODE), ("none", None)],
)
def test_only_the_letter_brings_the_way_in_and_only_the_one_that_was_asked_for(nest, mode, told):
    """
    To the secondary address, in the text of the letter; not in its headers, nor to anybody else.
    """
    nest.write("mailstate.toml", SETTINGS.format(mode=mode))
    nest.sandbox.publish_dns("commune.example")
    ran = nest.call("apply", "--yes", *ALL_FILES)
    recipients = [line for line in nest.puppet.commands if line.startswith("RCPT")]
    heads = b"".join(letter.partition(b"\r\n\r\n")[0] for letter in nest.puppet.letters)

    assert (0, []) == (ran.code, nest.leaks(ran))
    assert ([told.core] if told else []) == found(b"".join(nest.puppet.letters))
    assert ["RCPT TO:<ada@perso.example>"] * bool(told) == recipients
    assert [] == found(heads)


@pytest.mark.parametrize("speech", SPEECHES)
@pytest.mark.parametrize("calls", ["GET /token/", "GET /users/", "GET /v2/.*", "GET .*/check"])
def test_an_answer_to_a_read_that_repeats_secrets_is_not_shown(nest, log, calls, speech):
    """
    Neither in what is said nor in a log, and there is no traceback.
    """
    nest.sandbox.store.add_domain("commune.example", state="broken")
    nest.sandbox.store.add_allow(nest.sandbox.username, "commune.example")
    nest.parrot.say(calls, speech)
    ran = nest.call("status", "-v")

    assert [] == nest.leaks(ran) + found(log.text)
    assert ran.code == (0 if "check" in calls else 4) or (calls, speech) == ("GET /v2/.*", "404")


@pytest.mark.parametrize("speech", SPEECHES)
def test_an_answer_to_a_write_that_repeats_secrets_is_not_shown(nest, log, speech):
    """
    Not in the report, the journal or the log, be it about an account or about a mailbox.
    """
    nest.write("state/commune.yaml", TWO)
    nest.sandbox.publish_dns("commune.example")
    for call in ("users/", ".*/mailboxes/ada", ".*/code", ".*/reset_password/"):
        nest.parrot.say(f"POST /{call}", speech)
    first = nest.call("apply", "--yes", "-v", *ALL_FILES)
    nest.parrot.say("POST /users/", "honestly")
    ran = nest.call("apply", "--yes", "-v", *ALL_FILES)

    assert [] == nest.leaks(first, ran) + found(log.text)
    assert (1, 1) == (first.code, ran.code)


@pytest.mark.parametrize(
    ("mode", "told"), [("password", RESET), ("auto", CODE)], ids=["password", "link"]
)
def test_a_letter_sent_afterwards_shows_nothing_either(nest, log, mode, told):
    """
    Nor does the journal that knows to whom it is due.
    """
    nest.sandbox.publish_dns("commune.example")
    assert nest.call("apply", "--yes", "--no-notify").code == 0
    nest.write("mailstate.toml", SETTINGS.format(mode=mode))
    ran = nest.call("notify", "ada@commune.example", "-v", "--journal", "journal.jsonl")

    assert (0, []) == (ran.code, nest.leaks(ran))
    assert [] == found(log.text)
    assert [told.core] == found(b"".join(nest.puppet.letters))


@pytest.mark.parametrize(
    "command",
    [
        *(("plan", "--format", form) for form in FORMATS),
        ("plan", "--out", "plan.json"),
        ("snapshot", "--out", "snapshot.json"),
        ("import", "--out", "imported"),
        ("explain", "mailbox/ada@commune.example"),
        ("status", "--format", "json"),
        ("validate",),
        ("fmt", "state"),
    ],
    ids=" ".join,
)
def test_what_reads_shows_nothing(nest, log, command):
    """
    In no view and no file.
    """
    ran = nest.call(*command)

    assert (0, []) == (ran.code, nest.leaks(ran))
    assert [] == found(log.text)


@pytest.mark.parametrize(
    "command",
    [("plan",), ("apply", "--yes"), ("snapshot", "--out", "x"), ("notify", "ada@commune.example")],
    ids=" ".join,
)
def test_a_refused_password_is_not_shown(nest, log, command):
    """
    Though it is what has to be corrected.
    """
    ran = nest.call(*command, "-v", env={"MAILSTATE_PASSWORD": f"{PASSWORD.text}!"})

    assert (4, []) == (ran.code, nest.leaks(ran))
    assert [] == found(log.text)


def test_a_password_from_a_file_is_not_shown(nest, log):
    """
    Nor is it copied from there.
    """
    nest.write("password.txt", f"{PASSWORD.text}\n")
    env = {"MAILSTATE_PASSWORD": "", "MAILSTATE_PASSWORD_FILE": "password.txt"}
    ran = nest.call("plan", "--out", "plan.json", "-v", env=env)

    assert (0, []) == (ran.code, nest.leaks(ran, besides=("password.txt",)))
    assert [] == found(log.text)


@pytest.mark.parametrize("name", ["MAILSTATE_PASSWORD_FILE", "MAILSTATE_ADMIN_PASSWORD_FILE"])
@pytest.mark.parametrize("text", [PASSWORD.word, f"/{PASSWORD.word}", PASSWORD.word * 20])
def test_a_password_where_its_file_should_be_named_is_not_shown(nest, name, text):
    """
    An easy mistake; also if it is too long for the name of a file.
    """
    env = {"MAILSTATE_PASSWORD": "", "MAILSTATE_PASSWORD_FILE": "", name: text}
    for command in (
        ("plan",),
        ("bootstrap", "--yes", "--password-file", "service.txt"),
        ("bootstrap", "--yes", "--admin-password-file", "admin.txt"),
    ):
        ran = nest.call(*command, env=env)

        assert ran.code in {2, 3}
        assert [] == nest.leaks(ran)
