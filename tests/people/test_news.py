"""Contract §11: "a mail goes to the domain's support address on each status change"."""

import pytest

from mailstate.errors import ExitCode
from mailstate.sandbox import PROFILES
from tests.letters.servers import Inbox
from tests.people.support import D, a_domain, box, events, outcomes, said, text_of

SUPPORT = "dsi@a.example"
SUPPORTED = a_domain(D, support_email=SUPPORT)
WAITING = a_domain(D, box("ada", secondary=None), support_email=SUPPORT)
WORDS = {
    "is ready": "enabled",
    "something is left to do": "action_required",
    "a problem on our side": "failed",
}


def news(place):
    """What the support address has heard since `forget`, in one word each."""
    assert {SUPPORT} >= {*place.welcomed()}
    subjects = [str(letter["Subject"]) for letter in place.letters()]
    heard = [WORDS[words] for subject in subjects for words in WORDS if words in subject]
    assert len(subjects) == len(heard), subjects
    place.forget()
    return heard


def journaled(place):
    """An apply that keeps a journal."""
    place.apply("--journal", "journal.jsonl")


def without(place):
    """An apply that keeps none."""
    place.apply()


def break_inside(place):
    """Only the provider's own set-up fails."""
    place.sandbox.publish_dns(D)
    place.sandbox.set_internal(D, "cert", ok=False, fixable=False)


@pytest.mark.parametrize("run", [journaled, without])
@pytest.mark.parametrize("declared", [WAITING, SUPPORTED], ids=["something held", "nothing held"])
def test_news_of_a_domain_from_its_creation_on(place, run, declared):
    """
    Once that records are to be published, once that it is enabled, and nothing in between.
    """
    place.declare(declared)
    run(place)

    assert ["action_required"] == news(place)

    run(place)

    assert [] == news(place)

    place.sandbox.publish_dns(D)
    run(place)

    assert ["enabled"] == news(place)

    run(place)

    assert [] == news(place)


@pytest.mark.parametrize("profile", PROFILES)
def test_news_of_a_domain_that_works_at_once(place_of, profile):
    """
    Enabled, by one letter, on every version of dimail.
    """
    place = place_of(profile)
    place.declare(WAITING)
    place.sandbox.publish_dns(D)
    place.apply()

    assert ["enabled"] == news(place)

    place.apply()

    assert [] == news(place)


@pytest.mark.parametrize("declared", [WAITING, SUPPORTED], ids=["something held", "nothing held"])
def test_news_of_a_domain_that_fails(place, declared):
    """
    Failed, once; then enabled once the operator has mended it.
    """
    break_inside(place)
    place.declare(declared)
    place.apply()

    assert ["failed"] == news(place)

    place.apply()

    assert [] == news(place)

    place.sandbox.set_internal(D, "cert", ok=True)
    place.apply()

    assert ["enabled"] == news(place)


@pytest.mark.parametrize(("declared", "command"), [(WAITING, "plan"), (SUPPORTED, "status")])
def test_the_journal_remembers_what_was_told(place, declared, command):
    """
    Every change is told once, also that from one fault to another, and whoever looked in between.
    """
    place.declare(declared)
    for change, expected in (
        (lambda: None, ["action_required"]),
        (lambda: break_inside(place), ["failed"]),
        (lambda: place.sandbox.remove_record(D, "mx"), ["action_required"]),
        (lambda: place.sandbox.publish_dns(D), ["failed"]),
        (lambda: place.sandbox.set_internal(D, "cert", ok=True), ["enabled"]),
    ):
        change()
        assert ExitCode.OK == place.call(command).code
        place.forget()
        journaled(place)

        assert expected == news(place)

        journaled(place)

        assert [] == news(place)
    assert ["action_required", "failed", "action_required", "failed", "enabled"] == [
        line["standing"] for line in events(place) if line["event"] == "told"
    ]


def test_news_of_an_enabled_domain_that_breaks(place):
    """
    What an owner must mend is told to be that, though nothing waits for it and nobody checks it.
    """
    place.declare(SUPPORTED)
    place.sandbox.publish_dns(D)
    journaled(place)

    assert ["enabled"] == news(place)

    place.sandbox.remove_record(D, "mx")
    place.sandbox.store.set_state(D, "broken")
    journaled(place)
    [letter] = place.letters()

    assert ["action_required"] == news(place)
    assert f"{D}. MX 10 mx.ox.numerique.gouv.fr." in text_of(letter) or "mx.ox.numerique" in (
        text_of(letter)
    )


def test_what_news_say(place):
    """
    The records to publish, as dimail gives them, under their full names.
    """
    place.declare(WAITING)
    place.apply()
    [letter] = place.letters()
    text = text_of(letter)

    assert SUPPORT == str(letter["To"])
    for name in ("webmail", "imap", "smtp", "dimail._domainkey"):
        assert f"{name}.{D}" in text
    assert "v=spf1" in text
    assert "v=DKIM1" in text


@pytest.mark.parametrize("how", ["refused", "down"])
def test_news_that_cannot_be_delivered(place, how):
    """
    A warning, and no more: the exit code is that of the changes. With a journal it is told later.
    """
    place.declare(SUPPORTED)
    with Inbox(refused={SUPPORT: "550 nobody"}) as inbox:
        port = inbox.port if how == "refused" else 1
        server = {"MAILSTATE_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        ran = place.call("apply", "--yes", "--journal", "journal.jsonl", env=server)

    assert ExitCode.OK == ran.code
    assert f"warning: the support address of {D} was not told: " in ran.err
    assert "told" not in {line["event"] for line in events(place)}


def test_news_that_could_not_be_delivered_come_later(place):
    """
    A journal without the news has not told them: the next change is told, once.
    """
    place.declare(SUPPORTED)
    down = {"MAILSTATE_SMTP_URL": "smtp://127.0.0.1:1"}
    place.apply("--journal", "journal.jsonl", env=down)
    place.sandbox.publish_dns(D)
    journaled(place)

    assert ["enabled"] == news(place)


@pytest.mark.parametrize("path", ["spec/", "check"])
@pytest.mark.parametrize("declared", [WAITING, SUPPORTED], ids=["something held", "nothing held"])
def test_news_though_dimail_goes_wrong(place, path, declared):
    """
    Neither the report nor the exit code suffers from what the news needed to know.
    """
    place.sandbox.add_fault(kind="500_before", path=f"/domains/{D}/{path}", times=None)
    place.declare(declared)
    report = place.apply()

    assert {D: "applied"} == outcomes(report, "domain")
    assert (["action_required"] if path == "spec/" else []) == news(place)


def test_no_news(place):
    """
    None without a support address, with --no-notify, without a mail server, with letters off.
    """
    place.declare(a_domain(D))
    place.apply()
    place.declare(a_domain("b.example", support_email=SUPPORT))
    place.apply("--no-notify")
    place.declare(a_domain("c.example", support_email=SUPPORT))
    place.set(notify='[notify]\nsender = "a@b.example"\nmode = "none"\n')
    place.apply()
    place.declare(a_domain("d.example", support_email=SUPPORT))
    ran = place.call("apply", "--yes", env={"MAILSTATE_SMTP_URL": ""})

    assert (ExitCode.OK, "") == (ran.code, ran.err), said(ran)
    assert [] == news(place)
