"""`mailstate notify`: to whom a letter is still due, and how it is made up for."""

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES
from tests.people.support import D, a_domain, box, events, killed_after_begun, outcomes, said

EVERYBODY = "Everybody has got the letter that was due\n"
JOURNAL = ("--journal", "journal.jsonl")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_fresh_way_in(place_of, profile, secrets_made):
    """
    A link, or a new password, as the server allows; one that allows neither says who can help.
    """
    place = place_of(profile)
    place.enable(a_domain(D, box("ada")))
    place.forget()
    secrets_made.clear()
    ran = place.call("notify", f"ada@{D}")

    if profile == "2026":
        assert (ExitCode.OK, "") == (ran.code, ran.err)
        assert ["ada@perso.example"] == place.welcomed()
        place.set(notify='[notify]\nsender = "a@b.example"\nmode = "password"\n')
        place.forget()

        assert ExitCode.OK == place.call("notify", f"mailbox/Ada@{D}", f"ada@{D}").code
        assert secrets_made == place.keys()
        assert ["ada@perso.example"] == place.welcomed()
    else:
        assert ExitCode.CHANGE_FAILED == ran.code
        assert "have the operator of dimail reset the password" in ran.out
        assert [] == place.welcomed()


def test_a_mailbox_whose_creation_was_never_known(place):
    """
    Created, the answer lost and not to be read back either: the journal keeps that a letter is due.
    """
    place.enable(a_domain())
    place.declare(a_domain(D, box("ada")))
    path = f"/domains/{D}/mailboxes/ada"
    place.sandbox.add_fault(kind="reset_after", method="POST", path=path)
    place.sandbox.add_fault(kind="500_before", method="GET", path=path, times=None)
    report = place.apply(*JOURNAL, code=ExitCode.CHANGE_FAILED)
    place.sandbox.clear_faults()
    place.forget()

    assert {"ada": "failed"} == outcomes(report)
    assert [True] == [entry["unknown"] for entry in report["outcomes"]]

    ran = place.call("notify", *JOURNAL)

    assert ExitCode.OK == ran.code, said(ran)
    assert ["ada@perso.example"] == place.welcomed()
    assert EVERYBODY == place.call("notify", *JOURNAL).out


def test_a_mailbox_whose_creation_failed_for_good(place):
    """
    Nobody is owed a letter for what is not there.
    """
    place.enable(a_domain())
    place.declare(a_domain(D, box("ada")))
    place.sandbox.add_fault(
        kind="answer", method="POST", path=f"/domains/{D}/mailboxes/ada", status=422
    )
    place.apply(*JOURNAL, code=ExitCode.CHANGE_FAILED)

    assert EVERYBODY == place.call("notify", *JOURNAL).out


def test_a_journal_with_a_mailbox_that_was_never_made(place):
    """
    Killed before the call: told, exit code 1; the apply that makes it sends the letter.
    """
    place.enable(a_domain())
    place.declare(a_domain(D, box("ada")))
    killed_after_begun(place, "ada")
    place.forget()
    ran = place.call("notify", *JOURNAL)

    assert ExitCode.CHANGE_FAILED == ran.code
    assert "dimail does not have this mailbox" in ran.out
    assert "apply first" in ran.out

    place.apply(*JOURNAL)

    assert ["ada@perso.example"] == place.welcomed()
    assert EVERYBODY == place.call("notify", *JOURNAL).out


def test_a_journal_with_mailboxes_for_which_no_letter_is_due(place):
    """
    Without a secondary address, or inactive: nothing is due, whenever the run was killed.
    """
    place.enable(a_domain(D, box("ada", secondary=None), box("bob", active=False)))
    killed_after_begun(place, "ada", "bob")
    place.forget()
    ran = place.call("notify", *JOURNAL)

    assert (ExitCode.OK, EVERYBODY) == (ran.code, ran.out)
    assert [] == place.asked()


def test_a_journal_with_a_mailbox_that_left_the_files(place):
    """
    It is told and passed over; the others get their letters.
    """
    place.enable(a_domain(D, box("ada"), box("bob")))
    killed_after_begun(place, "ada", "bob")
    place.declare(a_domain(D, box("bob")))
    place.forget()
    ran = place.call("notify", *JOURNAL)

    assert ExitCode.OK == ran.code
    assert f"note: mailbox/ada@{D} is in no file any more, and so gets no letter\n" == ran.err
    assert ["bob@perso.example"] == place.welcomed()


def test_a_journal_of_another_dimail(place):
    """
    What is due there is not sent here, where nobody knows who made the mailbox: told, exit code 0.
    """
    place.enable(a_domain(D, box("ada")))
    killed_after_begun(place, "ada", target="https://dimail.example")
    place.forget()
    ran = place.call("notify", *JOURNAL)

    assert (ExitCode.OK, EVERYBODY) == (ran.code, ran.out)
    assert "note: 1 letter is due for mailboxes on another dimail, https://dimail.example\n" == (
        ran.err
    )
    assert [] == place.asked()


@pytest.mark.parametrize("torn", ["{", '{"at": "20', '{"at": "2026", "event": "ended", "addr'])
def test_a_journal_whose_last_line_was_torn(place, torn):
    """
    A kill may tear the last line; what stands before it counts, and the next run appends to it.
    """
    place.enable(a_domain(D, box("ada")))
    killed_after_begun(place, "ada")
    place.write("journal.jsonl", place.read("journal.jsonl") + torn)
    place.forget()

    assert ExitCode.OK == place.call("notify", *JOURNAL).code
    assert ["ada@perso.example"] == place.welcomed()
    ran = place.call("notify", *JOURNAL)

    assert (ExitCode.OK, EVERYBODY) == (ran.code, ran.out), said(ran)
    assert 0 == place.apply(*JOURNAL)["summary"]["planned"]


@pytest.mark.parametrize(
    "text", ["users: []\n", "[]\n", '{"at": "2026", "event": "ended"}\n', "\xff"]
)
def test_a_file_that_is_no_journal(place, text):
    """
    Exit code 3, and not one line is added to it.
    """
    place.enable(a_domain(D, box("ada")))
    place.write("journal.jsonl", text.encode("latin-1"))
    for command in (("notify", *JOURNAL), ("apply", "--yes", *JOURNAL)):
        ran = place.call(*command)

        assert ExitCode.INVALID == ran.code
        assert "error: journal.jsonl is no journal of mailstate that can be read\n" in ran.err
        assert text.encode("latin-1") == (place.folder / "journal.jsonl").read_bytes()


def test_nobody_is_named(place):
    """
    Exit code 2; as with an address that no file declares.
    """
    place.enable(a_domain())

    assert ExitCode.USAGE == place.call("notify").code
    ran = place.call("notify", f"nobody@{D}")

    assert ExitCode.USAGE == ran.code
    assert f"error: no file declares mailbox/nobody@{D}\n" in ran.err


def test_without_a_mail_server(place):
    """
    Exit code 3, and 4 where it is down: before a password is reset.
    """
    place.enable(a_domain(D, box("ada")))
    place.forget()
    missing = place.call("notify", f"ada@{D}", env={"MAILSTATE_SMTP_URL": ""})
    down = place.call("notify", f"ada@{D}", env={"MAILSTATE_SMTP_URL": "smtp://127.0.0.1:1"})

    assert (ExitCode.INVALID, ExitCode.REMOTE) == (missing.code, down.code)
    assert [] == place.sent()


def test_notified_is_in_the_journal(place):
    """
    So that the next run knows.
    """
    place.enable(a_domain(D, box("ada")))
    killed_after_begun(place, "ada")
    assert ExitCode.OK == place.call("notify", *JOURNAL).code

    assert [("notified", f"mailbox/ada@{D}", "delivered")] == [
        (line["event"], line["address"], line["letter"]) for line in events(place)[2:]
    ]


def test_a_letter_that_nobody_can_send(place_of):
    """
    Where dimail has no way in to give, its operator helps the holder, and the debt is settled.
    """
    place = place_of("2024")
    place.enable(a_domain())
    place.declare(a_domain(D, box("ada")))
    path = f"/domains/{D}/mailboxes/ada"
    place.sandbox.add_fault(kind="reset_after", method="POST", path=path)
    lost = place.call("apply", "--yes", *JOURNAL)
    again = place.call("apply", "--yes", *JOURNAL)
    settled = place.call("notify", "--settled", f"ada@{D}", f"bob@{D}", *JOURNAL)
    after = place.call("apply", "--yes", *JOURNAL)

    assert [ExitCode.CHANGE_FAILED] * 2 == [lost.code, again.code]
    assert "`mailstate notify --settled`" in again.out
    assert (ExitCode.OK, "") == (settled.code, settled.err)
    assert f"settled mailbox/ada@{D}\nnothing was due for mailbox/bob@{D}\n" == settled.out
    assert ExitCode.OK == after.code, said(after)
    assert [] == place.letters()


@pytest.mark.parametrize("arguments", [(), (f"ada@{D}",), JOURNAL])
def test_only_what_is_named_is_settled(place, arguments):
    """
    And only in a journal.
    """
    ran = place.call("notify", "--settled", *arguments)

    assert ExitCode.USAGE == ran.code
    assert "--settled is about mailboxes that a journal owes a letter" in ran.err
