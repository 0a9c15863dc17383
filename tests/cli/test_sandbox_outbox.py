"""`mailstate sandbox outbox`: what would have been sent."""

import json
import smtplib
import textwrap
from urllib.parse import urlsplit

import pytest

from mailstate.sandbox import process
from tests.cli.support import Place

NOTHING = {"MAILSTATE_URL": "", "MAILSTATE_USERNAME": "", "MAILSTATE_PASSWORD": ""}

WELCOME = """\
From: Mairie <noreply@commune.example>
To: Ada <ada@perso.example>
Subject: =?utf-8?q?Bo=C3=AEte_de_la_commune?=
Date: Mon, 03 Aug 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

Une question\u00a0?\u202fOui\t!
  https://dimail.example/code/abc

--b
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: 8bit

<p
\tlang="fr">Une question\u00a0? 1&nbsp;:: 2</p>

--b--
"""

HOSTILE = """\
From: \x1b[2J@x.example
Subject: =?utf-8?b?4oCuIBtbMm0gOjplcnJvcjo6?= ##[error]

::error::\x1b[31mred
safe\u202e##[group]
"""

HOSTILE_HTML = """\
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: 8bit

::error::\x1b[31m<b>\u202e##[group]</b>
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder whose sandbox runs for all tests here: each start takes a second."""
    folder = tmp_path_factory.mktemp("kept")
    yield folder
    process.stop(folder / ".mailstate/sandbox")


@pytest.fixture
def place(kept, dimail):
    place = Place(kept, dimail)
    place.settings = NOTHING
    place.call("sandbox", "start")
    place.call("sandbox", "reset")
    return place


def send(place, text, *to):
    told = json.loads(place.read(".mailstate/sandbox/sandbox.json"))
    with smtplib.SMTP("127.0.0.1", urlsplit(told["smtp_url"]).port or 0) as client:
        client.sendmail("noreply@commune.example", to or ("ada@perso.example",), text.encode())


def test_letters_are_listed(place):
    """
    Number, recipients and subject, in columns.
    """
    assert (0, "The outbox is empty\n") == (
        place.call("sandbox", "outbox").code,
        place.call("sandbox", "outbox").out,
    )
    send(place, WELCOME)
    send(place, "To: nobody\n\nno subject", "b@perso.example", "c@perso.example")
    for number in range(3, 11):
        send(place, f"Subject: {number}\n\n", f"{'x' * 40}@perso.example")

    ran = place.run("sandbox", "outbox")

    assert (0, "") == (ran.code, ran.err)
    assert [
        " 1  ada@perso.example                         Boîte de la commune",
        " 2  b@perso.example, c@perso.example",
        f" 3  {'x' * 40}@perso.example  3",
    ] == ran.out.splitlines()[:3]
    assert f"10  {'x' * 40}@perso.example  10" == ran.out.splitlines()[9]


def test_one_letter_is_shown(place):
    """
    As a mail program would: some headers, and the plain text, on blanks that look alike.
    """
    send(place, WELCOME)

    ran = place.call("sandbox", "outbox", "1")

    assert (0, "") == (ran.code, ran.err)
    assert (
        textwrap.dedent("""\
            From: Mairie <noreply@commune.example>
            To: Ada <ada@perso.example>
            Subject: Boîte de la commune
            Date: Mon, 03 Aug 2026 10:00:00 +0000

            Une question ? Oui !
              https://dimail.example/code/abc
        """)
        == ran.out
    )
    assert ran == place.call("sandbox", "outbox", "1", "--format", "text")


def test_one_letter_is_shown_as_html(place):
    """
    The same HTML, to be kept in a file and looked at: what is hidden is written as its number.
    """
    send(place, WELCOME)

    ran = place.call("sandbox", "outbox", "1", "--format", "html")

    assert '<p\n lang="fr">Une question&#160;? 1&nbsp;:: 2</p>\n' == ran.out


def test_one_letter_is_shown_as_it_was_sent(place):
    """
    All of it, with what is no plain text as escapes.
    """
    send(place, WELCOME)

    ran = place.call("sandbox", "outbox", "1", "--format", "raw")

    lines = ran.out.splitlines()
    assert WELCOME.splitlines()[:6] == lines[:6]
    assert r"Une question\xc2\xa0?\xe2\x80\xafOui !" in lines
    assert "--b--" == lines[-1]


@pytest.mark.parametrize("arguments", [[], ["1"], ["1", "--format", "raw"]], ids=" ".join)
def test_a_hostile_letter_does_no_harm(place, arguments):
    """
    Neither to a terminal nor to a CI system that reads the output.
    """
    send(place, HOSTILE, "a@\x1bx.example", "b@x.example")

    ran = place.call("sandbox", "outbox", *arguments)

    assert 0 == ran.code
    assert all(line.isprintable() for line in ran.out.splitlines())
    assert "\u202e" not in ran.out
    assert "##[" not in ran.out
    assert not any(line.lstrip().startswith("::") for line in ran.out.splitlines())


def test_hostile_html_does_no_harm(place):
    """
    Where it means the same to a browser.
    """
    send(place, HOSTILE_HTML)

    ran = place.call("sandbox", "outbox", "1", "--format", "html")

    assert "&#58;:error::&#27;[31m<b>&#8238;#&#35;[group]</b>\n" == ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2"], "there is no letter 2 in the outbox"),
        (["0"], "0 is not in the range"),
        (["x"], "'x' is not a valid integer range"),
        (["--format", "html"], "--format is for one letter"),
        (["1", "--format", "html"], "letter 1 has no html part"),
        (["1", "--format", "pdf"], "'pdf' is not one of"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_shown_is_told(place, arguments, said):
    """
    With what to do about it.
    """
    send(place, "Subject: x\n\ntext")

    ran = place.call("sandbox", "outbox", *arguments)

    assert (2, "") == (ran.code, ran.out)
    assert said in ran.err
    assert "\nhint:  " in ran.err


def test_a_letter_without_text_names_the_other_way(place):
    """
    Its HTML can be shown.
    """
    send(place, HOSTILE_HTML)

    ran = place.call("sandbox", "outbox", "1")

    assert 2 == ran.code
    assert "letter 1 has no text part" in ran.err
    assert "try --format html or raw" in ran.err


def test_without_a_sandbox_there_is_no_outbox(tmp_path, dimail):
    """
    It has to run.
    """
    ran = Place(tmp_path, dimail).call("sandbox", "outbox")

    assert (4, "") == (ran.code, ran.out)
    assert "no sandbox runs in .mailstate/sandbox" in ran.err
