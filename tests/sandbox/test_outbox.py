"""Letters: they come in by real SMTP, and stay."""

import gc
import json
import os
import smtplib
import socket
import threading
import time
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from mailstate.sandbox import Letter, Sandbox, SandboxError, process
from tests.sandbox.asking import Asker

BENT = {
    "no headers at all": b"\r\n\r\n\x00\xff",
    "nothing": b"",
    "no such charset": b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff!\r\n",
    "no such encoding": b"Content-Transfer-Encoding: magic\r\n\r\nx\r\n",
    "bytes in the headers": b"Subject: \xff\xfe=?utf-8?q?=FF?= \xe9\r\nTo: @<,;\r\n\r\nx\r\n",
    "parts without end": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n--b\r\n',
    "no boundary": b"Content-Type: multipart/alternative\r\n\r\nx\r\n",
    "a message as attachment": b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n",
    "a type that is none": b"Content-Type: ;;\r\n\r\nx\r\n",
}


@pytest.fixture(scope="module")
def shared():
    with Sandbox() as sandbox:
        assert sandbox.smtp_url
        yield sandbox


@pytest.fixture
def sandbox(shared):
    shared.reset()
    return shared


@pytest.fixture
def place(tmp_path):
    yield tmp_path
    process.stop(tmp_path)


def connected(url, **more):
    parts = urlsplit(url)
    assert ("smtp", "127.0.0.1") == (parts.scheme, parts.hostname)
    return smtplib.SMTP("127.0.0.1", parts.port or 0, timeout=20, **more)


def letter(subject="Bienvenue", text="Voilà\n.\nfin\n"):
    message = EmailMessage()
    message["From"] = "sender@mail.example"
    message["To"] = "Ada <ada@perso.example>"
    message["Subject"] = subject
    message.set_content(text)
    message.add_alternative("<p>Voilà</p>\n", subtype="html")
    return message


def send(url, message=None, to=("ada@perso.example",)):
    with connected(url) as client:
        client.send_message(message or letter(), "bounces@mail.example", to)


def test_a_letter_that_is_sent_is_in_the_outbox(sandbox):
    """
    With its envelope and all of its content, under the next number.
    """
    send(sandbox.smtp_url)
    send(sandbox.smtp_url, letter("Encore"), ["b@perso.example", "c@perso.example"])

    first, second = sandbox.outbox()

    assert (1, "bounces@mail.example", ("ada@perso.example",)) == (
        first.number,
        first.sender,
        first.recipients,
    )
    assert (2, ("b@perso.example", "c@perso.example")) == (second.number, second.recipients)
    assert "Ada <ada@perso.example>" == first.message["To"]
    assert ("Bienvenue", "Voilà\n.\nfin\n", "<p>Voilà</p>\n") == (
        first.header("Subject"),
        first.text,
        first.html,
    )
    assert "" == first.header("Cc")
    assert "Voil" not in repr(first)
    assert [second] == sandbox.outbox(2)
    assert [] == sandbox.outbox(3)


def test_what_was_sent_is_kept_byte_for_byte(sandbox):
    """
    Whatever the bytes are: a mail server has no opinion on them.
    """
    raw = b"Subject: x\r\n\r\n\x00\xff\r\n.dot\r\n..dots\r\n\r\n"
    with connected(sandbox.smtp_url) as client:
        client.sendmail("<>", ["ada@perso.example"], raw)

    [kept] = sandbox.outbox()

    assert raw == kept.raw
    assert "<>" == kept.sender


def test_addresses_may_be_in_any_script(sandbox):
    """
    The server speaks SMTPUTF8; what is no UTF-8 comes out as question marks.
    """
    with connected(sandbox.smtp_url) as client:
        client.sendmail("é@mail.example", ["ζωή@perso.example"], b"x", ["SMTPUTF8"])
        client.docmd("MAIL FROM:<a@mail.example>")
        client.send(b"RCPT TO:<\xff@perso.example>\r\n")
        assert 250 == client.getreply()[0]
        client.data(b"x")

    assert [
        ("é@mail.example", ("ζωή@perso.example",)),
        ("a@mail.example", ("?@perso.example",)),
    ] == [(letter.sender, letter.recipients) for letter in sandbox.outbox()]


@pytest.mark.parametrize("raw", BENT.values(), ids=BENT.keys())
def test_no_letter_is_too_bent_to_be_shown(sandbox, raw):
    """
    What can be read of it is, and JSON takes it.
    """
    sandbox.store.outbox.add("a@mail.example", ["b@perso.example"], raw)
    ask = Asker(sandbox)

    [told] = ask("GET /_sandbox/outbox").json()
    ask.close()

    assert {"number", "sender", "recipients", "subject", "text", "html"} == set(told)
    assert ["b@perso.example"] == told["recipients"]


def test_a_letter_in_an_unknown_charset_is_read_all_the_same(sandbox):
    """
    As far as it goes.
    """
    sandbox.store.outbox.add("", [], BENT["no such charset"])

    assert ["�!\n"] == [letter.text for letter in sandbox.outbox()]


def test_a_letter_that_cannot_be_parsed_says_so():
    """
    Thousands of parts in parts are more than Python's parser takes.
    """
    part = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    raw = b"Subject: x\r\n" + b"".join(part % (n, n) for n in range(1000))
    bent = Letter(number=1, sender="", recipients=(), raw=raw)

    assert ("x", "(cannot be read)") == (bent.header("Subject"), bent.text)


def test_the_outbox_is_emptied_alone_or_with_all_the_rest(sandbox):
    """
    By its own call, which leaves everything else, or by a reset; numbers begin again.
    """
    sandbox.publish_dns("a.example")
    send(sandbox.smtp_url)
    assert 1 == sandbox.clear_outbox()
    assert ([], True) == (sandbox.outbox(), bool(sandbox.store.dns.records()))

    send(sandbox.smtp_url)
    assert [1] == [letter.number for letter in sandbox.outbox()]
    sandbox.reset()
    assert [] == sandbox.outbox()


def test_recipients_are_refused_on_request(sandbox):
    """
    Those that fit the pattern, with the code that was asked for, until all are accepted again.
    """
    sandbox.refuse_recipients("*@FULL.example", 452)
    sandbox.refuse_recipients("gone@*")

    for to, code in (("ada@full.example", 452), ("Gone@perso.example", 550)):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            send(sandbox.smtp_url, to=[to])
        assert code == refusal.value.recipients[to][0]
    assert [] == sandbox.outbox()
    send(sandbox.smtp_url, to=["gone@perso.example", "ada@perso.example"])
    assert [("ada@perso.example",)] == [letter.recipients for letter in sandbox.outbox()]

    sandbox.accept_recipients()
    send(sandbox.smtp_url, to=["gone@full.example"])
    sandbox.refuse_recipients("*")
    sandbox.reset()
    send(sandbox.smtp_url)


def test_recipients_are_refused_a_number_of_times(sandbox):
    """
    As by a server that first puts letters off.
    """
    sandbox.refuse_recipients("*", 451, times=2)

    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(sandbox.smtp_url)
    send(sandbox.smtp_url)

    assert 1 == len(sandbox.outbox())


@pytest.mark.parametrize("code", [250, 399, 600, -450])
def test_a_refusal_needs_a_code_that_is_one(sandbox, code):
    """
    Anything else would confuse the client in ways that no server does.
    """
    with pytest.raises(SandboxError, match=f"refuses nobody with {code}") as refusal:
        sandbox.refuse_recipients("*", code)
    assert "400" in refusal.value.hint


def test_the_mail_server_goes_and_comes_back(sandbox):
    """
    At the same place; an open connection is broken off, and letters stay.
    """
    url = sandbox.smtp_url
    send(url)
    client = connected(url)
    sandbox.stop_mail()
    sandbox.stop_mail()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    with pytest.raises(ConnectionRefusedError):
        send(url)

    sandbox.start_mail()
    sandbox.start_mail()
    send(url)

    assert url == sandbox.smtp_url
    assert 2 == len(sandbox.outbox())
    sandbox.stop_mail()
    sandbox.reset()
    send(url)


def test_the_mail_server_may_be_away_from_the_beginning():
    """
    Then its place is known all the same, and it comes when it is started.
    """
    with Sandbox() as sandbox:
        sandbox.stop_mail()
        url = sandbox.smtp_url
        with pytest.raises(ConnectionRefusedError):
            send(url)
        sandbox.start_mail()
        send(url)


def mail_threads():
    return [thread for thread in threading.enumerate() if thread.name == "mail sandbox"]


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_mail_server_leaves_nothing_behind(caplog):
    """
    No thread, socket, warning or word, even if clients hang on or vanish in the middle of a letter.
    """
    caplog.set_level(0)
    before, descriptors = len(mail_threads()), open_files()
    sandbox = Sandbox().start()
    assert before == len(mail_threads())
    url = sandbox.smtp_url
    assert before + 1 == len(mail_threads())
    port = urlsplit(url).port
    with connected(url) as vanishing:
        vanishing.ehlo()
        vanishing.docmd("MAIL FROM:<a@mail.example>")
        vanishing.docmd("RCPT TO:<b@perso.example>")
        vanishing.docmd("DATA")
        vanishing.send(b"half a letter with a s3cret\r\n")
        vanishing.close()
    hanging = connected(url)
    silent = socket.create_connection(("127.0.0.1", port))
    letters = sandbox.outbox()
    sandbox.stop()
    sandbox.stop()
    hanging.close()
    silent.close()
    gc.collect()

    assert [] == letters
    assert (before, descriptors) == (len(mail_threads()), open_files())
    assert "s3cret" not in caplog.text
    assert [] == [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    with pytest.raises(SandboxError, match="is stopped") as refusal:
        assert sandbox.smtp_url
    assert refusal.value.hint


def test_asked_at_once_it_is_still_one_server():
    """
    Whoever comes second gets the first one's place.
    """
    with Sandbox() as sandbox:
        urls = []
        threads = [threading.Thread(target=lambda: urls.append(sandbox.smtp_url)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 == len(set(urls))


def test_starting_is_quick():
    """
    In a thread, with or without mail: each test may have a sandbox of its own.
    """
    with Sandbox() as sandbox:
        assert sandbox.smtp_url  # what has to be imported is by now
    times = []
    for _ in range(10):
        before = time.perf_counter()
        with Sandbox() as sandbox:
            assert sandbox.smtp_url
            times.append(time.perf_counter() - before)

    assert 0.03 > min(times)


def test_letters_are_looked_at_through_control_routes(sandbox):
    """
    Read or as they are, all or one; and thrown away.
    """
    ask = Asker(sandbox)
    send(sandbox.smtp_url)
    send(sandbox.smtp_url, letter("Encore", "Salut\n"))

    first, second = ask("GET /_sandbox/outbox").json()

    assert {
        "number": 2,
        "sender": "bounces@mail.example",
        "recipients": ["ada@perso.example"],
        "subject": "Encore",
        "text": "Salut\n",
        "html": "<p>Voilà</p>\n",
    } == second
    assert [first] == ask("GET /_sandbox/outbox?number=1").json()
    [packed] = ask("GET /_sandbox/outbox?raw=1&number=2").json()
    assert sandbox.outbox(2) == [Letter.unpacked(packed)]
    assert 400 == ask("GET /_sandbox/outbox?number=x").status_code
    assert {"removed": 2} == ask("DELETE /_sandbox/outbox").json()
    assert [] == ask("GET /_sandbox/outbox").json()
    ask.close()


def test_a_sandbox_that_lives_on_takes_letters(place):
    """
    From its start; they survive a stop, and go with a reset.
    """
    running = process.start(place)
    assert running.smtp_url
    assert running.smtp_url == json.loads((place / "sandbox.json").read_text())["smtp_url"]
    send(running.smtp_url)
    process.stop(place)
    with pytest.raises(SandboxError, match="no sandbox runs"):
        process.outbox(place)
    again = process.start(place)
    send(again.smtp_url, letter("Encore"))

    assert ["Bienvenue", "Encore"] == [each.header("Subject") for each in process.outbox(place)]
    assert ["Encore"] == [each.message["Subject"] for each in process.outbox(place, 2)]
    assert [] == process.outbox(place, 3)
    process.reset(place)
    assert [] == httpx.get(f"{again.url}/_sandbox/outbox").json()


def test_one_that_an_older_mailstate_started_is_told(place):
    """
    Its file names no mail server: it still can be used and stopped, but has no outbox.
    """
    lock = process.hold(place) or 0
    try:
        told = {"url": "http://127.0.0.1:1", "pid": 1, "profile": "2026"}
        told |= {"username": "u", "password": "p"}
        (place / "sandbox.json").write_text(json.dumps(told))
        running = process.status(place)
        assert running
        assert running.smtp_url is None
        with pytest.raises(SandboxError, match="has no outbox") as refusal:
            process.outbox(place)
        assert "stop and start it" == refusal.value.hint
    finally:
        (place / "sandbox.json").unlink()
        os.close(lock)
