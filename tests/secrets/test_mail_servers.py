"""Whatever the mail server says, no command shows or writes a secret."""

import logging

import pytest

from tests.letters.servers import DROP
from tests.secrets.canaries import CODE, FIRST, SMTP_PASSWORD, SMTP_USER, found
from tests.secrets.support import ALL_FILES, SETTINGS, smtp_url

ALL_IT_KNOWS = f"{{heard}} {SMTP_USER.text} {SMTP_PASSWORD.text} {FIRST.text} {CODE.text}"
BEFORE = {
    "CONNECT": ["554 5.7.1", "220-x\r\n554", "nonsense"],
    "EHLO": ["502 5.5.1", "nonsense", "250-AUTH NTLM\r\n250"],
    "AUTH": ["535 5.7.8", "334", "nonsense", "5.7.8"],
    "MAIL": ["553 5.7.1", "nonsense"],
}
DURING = {
    "RCPT": ["550 5.1.1", "nonsense"],
    "DATA": ["554 5.6.0", "nonsense"],
    ".": ["550 5.7.1", "250", "nonsense", "550-5.7.1 x\r\n550 5.7.1"],
    "QUIT": ["221", "500"],
}


def plays(answers):
    return [
        pytest.param({verb: f"{answer} {ALL_IT_KNOWS}"}, id=f"{verb} {answer!r}")
        for verb, all_answers in answers.items()
        for answer in all_answers
    ]


@pytest.fixture
def ready(nest, caplog):
    """Letters with passwords, a domain that is enabled at once, and the log of all libraries."""
    caplog.set_level(logging.DEBUG)
    nest.write("mailstate.toml", SETTINGS.format(mode="password"))
    nest.sandbox.publish_dns("commune.example")
    return nest


@pytest.mark.parametrize("play", plays(BEFORE))
def test_a_mail_server_that_is_of_no_use_and_tells_all_is_not_quoted(ready, caplog, play):
    """
    It is found before anything is created, and our words say why.
    """
    ready.puppet.plays = [play]
    ran = ready.call("apply", "--yes", "-v", *ALL_FILES)

    assert (4, []) == (ran.code, ready.leaks(ran))
    assert "mail server 127.0.0.1:" in ran.err
    assert [] == found(caplog.text)


@pytest.mark.parametrize("play", plays(DURING))
def test_a_mail_server_that_tells_all_about_a_letter_is_not_quoted(ready, caplog, play):
    """
    Not in the report or the journal, whether it takes the letter or not.
    """
    ready.puppet.plays = [play]
    ran = ready.call("apply", "--yes", "-v", *ALL_FILES)
    is_taken = next(iter(play.values())).startswith(("250", "221", "500"))

    assert (0 if is_taken else 1, []) == (ran.code, ready.leaks(ran))
    assert [] == found(caplog.text)


def test_a_connection_that_is_lost_with_a_letter_in_it_shows_nothing(ready):
    """
    Then nobody knows whether it was delivered, and that is all there is to say.
    """
    ready.puppet.plays = [{".": DROP}]
    ran = ready.call("apply", "--yes", "-v", *ALL_FILES)

    assert (1, []) == (ran.code, ready.leaks(ran))
    assert [FIRST.core] == found(b"".join(ready.puppet.letters))


@pytest.mark.parametrize(
    "url",
    [
        smtp_url(0),
        smtp_url(99999),
        smtp_url(25, host=""),
        smtp_url(25, host="mail..example"),
        smtp_url(25, host="[127.0.0.1"),
        smtp_url(25, host="m\u2100il.example"),
        smtp_url(25, host="mail.example/x"),
        smtp_url(25).replace("smtp://", "https://"),
        smtp_url(25).replace("smtp://", ""),
        smtp_url(25).replace("%", "%z"),
        smtp_url(25).replace("%", "%ff%"),
        smtp_url(25).replace("%", "\udcff"),
        smtp_url(25).replace("%", "@/?#[:"),
        f"smtp://{SMTP_PASSWORD.text}",
        f"smtp://{SMTP_USER.word}@127.0.0.1",
        f"smtp://{SMTP_USER.word}:@127.0.0.1",
        f"smtp://:{SMTP_PASSWORD.word}@127.0.0.1",
    ],
)
def test_an_smtp_url_that_cannot_be_used_is_not_shown(ready, url):
    """
    Whatever is wrong with it; the run stops before anything is created.
    """
    ran = ready.call("apply", "--yes", env={"MAILSTATE_SMTP_URL": url})

    assert (3, []) == (ran.code, ready.leaks(ran))
    assert "the URL of the mail server cannot be used" in ran.err
    assert [] == ready.sandbox.effects()


def test_a_template_cannot_put_a_password_into_the_subject(ready):
    """
    Programs show subjects on locked screens; the run stops before anything is created.
    """
    settings = SETTINGS.format(mode="password")
    ready.write("mailstate.toml", f'{settings}templates = "letters"\n')
    page = "$address $password $webmail"
    ready.write("letters/confirmation-password.fr.txt", f"Voici $password\n\n{page}\n")
    ready.write("letters/confirmation-password.fr.html", page)
    ran = ready.call("apply", "--yes")

    assert 3 == ran.code
    assert "confirmation-password.fr.txt:1: `$password` is no placeholder here" in ran.err
    assert [] == ready.sandbox.effects()
