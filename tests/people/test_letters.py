"""Letters to holders: one for each mailbox that is due one, through whatever goes wrong."""

import json

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES
from tests.letters.servers import DROP, Inbox, Puppet
from tests.people.support import NOTIFY, D, a_domain, box, events, said

KEPT = ("--journal", "journal.jsonl", "--report", "report.json")
APPLY = ("apply", "--yes", "--concurrency", "1", *KEPT)
THREE = ("ada", "bob", "zoe")


def letters_in(report):
    """What the report says of each mailbox's letter: delivered, and by which way or why not."""
    return {
        entry["address"].removeprefix("mailbox/").removesuffix(f"@{D}"): entry["letter"]
        for entry in report["outcomes"]
        if entry["kind"] == "mailbox"
    }


def delivered(report):
    return {name: letter and letter["delivered"] for name, letter in letters_in(report).items()}


def ready(place, *boxes, **more):
    """An enabled domain that is to get mailboxes."""
    place.enable(a_domain())
    place.forget()
    place.declare(a_domain(D, *(boxes or [box(name) for name in THREE]), **more))
    return place


def mode(name):
    return f'{NOTIFY}mode = "{name}"\n'


@pytest.mark.parametrize("profile", PROFILES)
def test_one_letter_for_each_mailbox_with_a_secondary_address(place_of, profile):
    """
    Exactly one, none to anybody else, and none again in the runs that follow.
    """
    place = ready(place_of(profile), *map(box, THREE), box("eve", secondary=None))
    report = place.apply()

    assert [f"{name}@perso.example" for name in THREE] == place.welcomed()
    assert {"ada": True, "bob": True, "zoe": True, "eve": None} == delivered(report)
    assert {f"{name}@perso.example" for name in THREE} == {
        str(letter["To"]) for letter in place.letters()
    }

    place.apply()
    place.declare(a_domain(D, *(box(name, last_name="Roux") for name in THREE), box("eve")))
    place.apply()

    assert 3 == len(place.letters())


def test_no_letter_for_an_inactive_mailbox(place):
    """
    Neither when it is made nor when it is switched on, which is no creation.
    """
    ready(place, box("ada", active=False))
    place.apply()
    place.declare(a_domain(D, box("ada")))
    place.apply()

    assert [f"ada@{D}"] == place.made()
    assert [] == place.welcomed()


WAYS = {
    ("2024", "auto"): "password",
    ("2024", "password"): "password",
    ("2024", "login-link"): None,
    ("2024", "none"): "",
    ("2026", "auto"): "login-link",
    ("2026", "password"): "password",
    ("2026", "login-link"): "login-link",
    ("2026", "none"): "",
}
"""What each mode comes to: a way, None for a letter that cannot be, and nothing for no letter."""


@pytest.mark.parametrize(("profile", "chosen"), WAYS)
def test_the_way_in(place_of, profile, chosen, secrets_made):
    """
    A link where the server has them, else the password of the creation; the mode decides.
    """
    place = ready(place_of(profile), box("ada"))
    place.set(notify=mode(chosen))
    way = WAYS[profile, chosen]
    report = place.apply(code=ExitCode.CHANGE_FAILED if way is None else ExitCode.OK)
    letter = letters_in(report)["ada"]

    assert [f"ada@{D}"] == place.made()
    assert (1 if way else 0) == len(place.letters())
    if way == "":
        assert letter is None
    elif way is None:
        assert letter["delivered"] is False
        assert "neither a login link nor a password" in letter["detail"]
    else:
        assert (True, way) == (letter["delivered"], letter["detail"])
        assert (way == "password") == (place.keys() == secrets_made)


def test_without_a_mail_server_nothing_is_begun(place):
    """
    Mailboxes whose holders would wait: exit code 3, with what to do; also while they are held.
    """
    del place.settings["MAILSTATE_SMTP_URL"]
    place.declare(a_domain(D, box("ada"), box("zoe", secondary=None)))
    ran = place.call("apply", "--yes")

    assert ExitCode.INVALID == ran.code
    assert (
        "error: 1 mailbox has a secondary address for the confirmation, and no mail server is "
        "configured\nhint:  set MAILSTATE_SMTP_URL; or --no-notify"
    ) in ran.err
    assert [] == place.sandbox.effects()


def test_without_a_mail_server_and_without_letters(place):
    """
    `--no-notify` creates them all the same, and says of no letter that it was due.
    """
    del place.settings["MAILSTATE_SMTP_URL"]
    report = ready(place).apply("--no-notify", "--journal", "journal.jsonl")

    assert {"ada": None, "bob": None, "zoe": None} == delivered(report)
    assert 0 == report["summary"]["undelivered"]
    assert [f"{name}@{D}" for name in THREE] == place.made()


def test_no_notify_asks_no_mail_server(place):
    """
    `--no-notify` with a mail server that is out of order.
    """
    ready(place, support_email="dsi@a.example")
    place.settings["MAILSTATE_SMTP_URL"] = "smtp://127.0.0.1:1"
    place.apply("--no-notify")

    assert [f"{name}@{D}" for name in THREE] == place.made()
    assert [] == place.asked(path=".*/code")


@pytest.mark.parametrize("held", [False, True])
def test_a_mail_server_that_is_down(place, held):
    """
    Nothing is created, exit code 4, in words that name the server and what is wrong.
    """
    if held:
        place.declare(a_domain(D, box("ada")))
    else:
        ready(place)
    before = len(place.sandbox.effects())
    place.settings["MAILSTATE_SMTP_URL"] = "smtp://127.0.0.1:1"
    ran = place.call("apply", "--yes", "--journal", "journal.jsonl", "--report", "report.json")

    assert ExitCode.REMOTE == ran.code
    assert "error: the mail server 127.0.0.1:1 cannot be used: " in ran.err
    assert "hint:" in ran.err
    assert before == len(place.sandbox.effects())
    assert [] == place.sent()
    assert "begun" not in place.read("journal.jsonl")


def test_a_mail_server_that_does_not_take_our_sender(place):
    """
    Found out before anything is created, too.
    """
    ready(place)
    with Puppet() as puppet:
        puppet.plays = [{"MAIL": "550 who are you"}]
        place.settings["MAILSTATE_SMTP_URL"] = f"smtp://127.0.0.1:{puppet.port}"
        ran = place.call("apply", "--yes")

    assert ExitCode.REMOTE == ran.code
    assert [] == place.sent()


def test_a_mail_server_that_is_down_and_not_needed(place):
    """
    Where no letter is due it is not asked.
    """
    place.settings["MAILSTATE_SMTP_URL"] = "smtp://127.0.0.1:1"
    ready(place, box("ada", secondary=None)).apply()

    assert [f"ada@{D}"] == place.made()


def refused(place):
    """One recipient is refused."""
    ready(place)
    with Inbox(refused={"bob@perso.example": "550 no such user here"}) as inbox:
        place.inbox = inbox
        place.settings["MAILSTATE_SMTP_URL"] = f"smtp://127.0.0.1:{inbox.port}"
        ran = place.call(*APPLY)
        assert ["ada@perso.example", "zoe@perso.example"] == place.welcomed()
    return ran


def healed(place, inbox):
    """Have the mail server back."""
    place.inbox = inbox
    place.settings["MAILSTATE_SMTP_URL"] = f"smtp://127.0.0.1:{inbox.port}"
    place.forget()


def test_a_recipient_that_is_refused(place):
    """
    Created all the same, and told in text, report and journal: exit code 1.
    """
    ran = refused(place)
    report = json.loads(place.read("report.json"))
    letters = {
        line["address"]: line["letter"]
        for line in events(place)
        if line["event"] == "ended" and line["address"].startswith("mailbox/")
    }

    assert ExitCode.CHANGE_FAILED == ran.code
    assert "3 changes planned: 3 applied\n" in ran.out
    assert (
        "Made, but the confirmation did not go out: `mailstate notify`\n"
        f"  mailbox/bob@{D}  to bob@perso.example\n"
    ) in ran.out
    assert (3, 1) == (report["summary"]["applied"], report["summary"]["undelivered"])
    assert {"ada": True, "bob": False, "zoe": True} == delivered(report)
    assert "550" in letters_in(report)["bob"]["detail"]
    assert {
        f"mailbox/ada@{D}": "delivered",
        f"mailbox/bob@{D}": "undelivered",
        f"mailbox/zoe@{D}": "delivered",
    } == letters
    assert [f"{name}@{D}" for name in THREE] == place.made()


@pytest.mark.parametrize("how", ["address", "journal"])
def test_notify_repairs_a_refused_letter(place, inbox, how):
    """
    By address or by journal: one fresh letter, to whom it is due alone; then nobody is left.
    """
    refused(place)
    healed(place, inbox)
    options = (f"bob@{D}",) if how == "address" else ("--journal", "journal.jsonl")
    ran = place.call("notify", *options)

    assert (ExitCode.OK, "") == (ran.code, ran.err)
    assert f"sent      mailbox/bob@{D}  to bob@perso.example: login-link\n" == ran.out
    assert ["bob@perso.example"] == place.welcomed()
    assert [("POST", f"/domains/{D}/mailboxes/bob/code")] == place.sent()

    if how == "journal":
        again = place.call("notify", *options)

        assert (ExitCode.OK, "Everybody has got the letter that was due\n") == (
            again.code,
            again.out,
        )
        assert 1 == len(place.letters())


def test_notify_whose_letter_is_refused_too(place):
    """
    Exit code 1, and still due in the journal.
    """
    refused(place)
    with Inbox(refused={"bob@perso.example": "550 still nobody"}) as inbox:
        healed(place, inbox)
        ran = place.call("notify", "--journal", "journal.jsonl")

    assert ExitCode.CHANGE_FAILED == ran.code
    assert ran.out.startswith(f"not sent  mailbox/bob@{D}  to bob@perso.example: mail server ")

    with Inbox() as inbox:
        healed(place, inbox)

        assert ExitCode.OK == place.call("notify", "--journal", "journal.jsonl").code
        assert ["bob@perso.example"] == place.welcomed()


class Leaving(Puppet):
    """A mail server that is gone for good after it has taken *letters*."""

    def __init__(self, letters):
        super().__init__()
        self.plays = [{}, {"CONNECT": DROP}]
        self._left = letters + 1  # the first sender that is offered is the try at the start

    def _answer(self, connection, stream, play, verb):
        if verb == "MAIL":
            self._left -= 1
        gone = {"MAIL": DROP} if self._left < 0 else play
        return super()._answer(connection, stream, gone, verb)


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_mail_server_that_goes_away_midway(place, inbox, taken):
    """
    All are created, those after the last letter taken are told as undelivered, and repaired.
    """
    ready(place)
    with Leaving(taken) as puppet:
        place.settings["MAILSTATE_SMTP_URL"] = f"smtp://127.0.0.1:{puppet.port}"
        ran = place.call(*APPLY)
    report = json.loads(place.read("report.json"))
    owed = [f"{name}@perso.example" for name in THREE[taken:]]

    assert ExitCode.CHANGE_FAILED == ran.code
    assert [f"{name}@{D}" for name in THREE] == place.made()
    assert [name in THREE[:taken] for name in THREE] == [delivered(report)[name] for name in THREE]
    assert 3 - taken == report["summary"]["undelivered"] == ran.out.count("@perso.example")

    healed(place, inbox)

    assert ExitCode.OK == place.call("notify", "--journal", "journal.jsonl").code
    assert owed == place.welcomed()


@pytest.mark.parametrize(
    ("profile", "kind"),
    [("2026", "reset_after"), ("2026", "500_after"), ("2026", "cut"), ("2024", "reset_after")],
)
def test_a_creation_whose_answer_is_lost(place_of, profile, kind):
    """
    The letter comes all the same: a link, where there are none a password; in 2024 there is
    neither, which is told.
    """
    place = ready(place_of(profile), box("ada"))
    place.sandbox.add_fault(kind=kind, method="POST", path=f"/domains/{D}/mailboxes/ada")
    modern = profile == "2026"
    report = place.apply(code=ExitCode.OK if modern else ExitCode.CHANGE_FAILED)

    assert [f"ada@{D}"] == place.made()
    assert (["ada@perso.example"] if modern else []) == place.welcomed()
    assert {"ada": modern} == delivered(report)


def test_a_creation_whose_password_is_lost(place, secrets_made):
    """
    With passwords as the way in, the holder gets a new one: that of the lost answer is nobody's.
    """
    ready(place, box("ada"))
    place.set(notify=mode("password"))
    place.sandbox.add_fault(kind="reset_after", method="POST", path=f"/domains/{D}/mailboxes/ada")
    report = place.apply()

    assert "reset-password" == letters_in(report)["ada"]["detail"]
    assert 2 == len(secrets_made)
    assert secrets_made[1:] == place.keys()


@pytest.mark.parametrize("when", ["slow_after", "letter"])
def test_a_run_that_is_killed_before_the_letter(place, inbox, when):
    """
    SIGKILL between creation and letter: the journal knows to whom one is due, and the next run
    has nothing to create.
    """
    ready(place, box("ada"))
    with Puppet() as puppet:
        if when == "letter":
            # The password is known, the code is being asked for.
            place.sandbox.add_fault(kind="slow_before", path=f"/domains/{D}/mailboxes/ada/code")
        else:
            place.sandbox.add_fault(
                kind="slow_after", method="POST", path=f"/domains/{D}/mailboxes/ada"
            )
        place.settings["MAILSTATE_SMTP_URL"] = f"smtp://127.0.0.1:{puppet.port}"
        with place.start(*APPLY) as process:
            place.wait_for("mailbox")
            process.kill()
            process.communicate()
        assert [] == puppet.letters
    healed(place, inbox)
    again = place.apply("--journal", "journal.jsonl")
    ran = place.call("notify", "--journal", "journal.jsonl")

    assert 0 == again["summary"]["planned"]
    assert ExitCode.OK == ran.code, said(ran)
    assert ["ada@perso.example"] == place.welcomed()
    assert "Everybody" in place.call("notify", "--journal", "journal.jsonl").out
    assert [f"ada@{D}"] == place.made()


@pytest.mark.parametrize("profile", ["2024", "2026"])
def test_no_key_is_seen_anywhere_but_in_the_letter(place_of, profile, secrets_made):
    """
    Neither passwords nor codes are in what is printed, logged, reported, journaled or planned,
    though one letter is refused, one answer lost, and one name has to be set afterwards.
    """
    place = ready(place_of(profile), box("bob"), box("zoe"), box("ada", display_name="A. M."))
    assert ExitCode.OK == place.call("plan", "--out", "plan.json").code
    place.sandbox.add_fault(kind="cut", method="POST", path=f"/domains/{D}/mailboxes/zoe")
    place.sandbox.add_fault(kind="500_after", method="PATCH")
    with Inbox(refused={"bob@perso.example": "550 no {heard}"}) as inbox:
        place.inbox = inbox
        place.settings["MAILSTATE_SMTP_URL"] = f"smtp://127.0.0.1:{inbox.port}"
        ran = place.call(*APPLY, "-v", "--log-format", "json", "plan.json")
        told = place.call("notify", f"bob@{D}", f"ada@{D}", "-v")
        keys = {*secrets_made, *place.keys(), place.sandbox.password}
    files = [path.read_text("utf-8") for path in place.folder.rglob("*") if path.is_file()]

    assert ExitCode.CHANGE_FAILED == ran.code
    assert {"report.json", "journal.jsonl", "plan.json"} <= {
        path.name for path in place.folder.iterdir()
    }
    assert "POST" in ran.err
    assert (5 if profile == "2026" else 4) <= len(keys)
    assert [] == [key for key in keys for text in (said(ran), said(told), *files) if key in text]
