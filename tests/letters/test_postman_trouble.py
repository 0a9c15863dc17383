"""Letters on their way past a mail server that does what none should."""

import asyncio
import logging
import socket

import pytest

from mailstate.letters.compose import link_letter
from mailstate.letters.conversation import Conversation, Parcel, Trouble
from mailstate.letters.errors import Fate, UndeliveredError
from mailstate.letters.postman import GIVEN_UP, PAUSES
from mailstate.letters.server import read_mail_server
from mailstate.model.secret import Secret
from tests.letters.servers import DROP, SILENCE
from tests.letters.support import (
    JEAN,
    LINK,
    STAMP,
    TO,
    Waits,
    everything_about,
    head,
    impatient,
    letter,
    narrow,
    postman,
    refused_check,
    run,
    sending,
    undelivered,
    url,
)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "."])
def test_a_letter_that_is_put_off_is_sent_again(puppet, stage):
    """
    After a pause, until it is taken: once.
    """
    puppet.plays = [{stage: "451 4.3.0 later"}, {stage: "421 4.3.2 closing"}, {}]
    waits = Waits()
    sending(postman(url(puppet), waits), letter())

    assert 1 == puppet.taken
    assert list(PAUSES[:2]) == waits.slept


def test_a_letter_that_is_put_off_again_and_again_is_given_up(puppet):
    """
    With the last answer.
    """
    puppet.plays = [{"RCPT": "452 4.2.2 full"}]
    waits = Waits()
    error = undelivered(postman(url(puppet), waits), letter())

    assert Fate.POSTPONED is error.fate
    assert "the server put off the recipient: 452 4.2.2 full" in error.message
    assert list(PAUSES) == waits.slept


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY"])
def test_a_connection_lost_before_the_end_is_safe_to_repeat(puppet, stage):
    """
    The server cannot have taken what it did not get whole.
    """
    puppet.plays = [{stage: DROP}, {stage: DROP}, {}]
    waits = Waits()
    # Too long to wait in buffers as a whole while the server is gone.
    message = letter(text=("x" * 900 + "\n") * 1_000)
    sending(postman(url(puppet), waits, dial=narrow(puppet.port)), message)

    assert 1 == puppet.taken == len(puppet.letters)
    assert 3 == puppet.connections
    assert list(PAUSES[:2]) == waits.slept


@pytest.mark.parametrize("answer", [DROP, SILENCE, "what?", "250-and\r\nnonsense", "\x01"])
def test_a_letter_without_an_answer_is_not_sent_twice(puppet, answer):
    """
    It may have been delivered: nobody knows, and that is what is said.
    """
    puppet.plays = [{".": answer}, {}]
    error = undelivered(postman(url(puppet), dial=impatient(puppet.port)), letter())

    assert Fate.UNKNOWN is error.fate
    assert 1 == len(puppet.letters)
    assert 1 == puppet.commands.count("DATA")


def test_after_a_letter_without_an_answer_others_go_ahead(puppet):
    """
    Over a connection of their own.
    """
    puppet.plays = [{".": DROP}, {}]

    async def send():
        async with postman(url(puppet)) as to_send:
            with pytest.raises(UndeliveredError):
                await to_send.send(letter())
            await to_send.send(letter())

    run(send())

    assert 2 == len(puppet.letters)


def test_a_server_that_says_nothing_is_not_waited_for(puppet):
    """
    Seconds, not minutes; then it is told that it was slow.
    """
    puppet.plays = [{"RCPT": SILENCE}]
    error = undelivered(postman(url(puppet), dial=impatient(puppet.port)), letter())

    assert error.message.endswith("no answer within 30 s")
    assert Fate.NOT_SENT is error.fate


def test_a_connection_that_was_closed_meanwhile_is_opened_again(puppet):
    """
    At once, and without counting as a try; a check is no different.
    """
    waits = Waits()

    async def send():
        async with postman(url(puppet), waits) as to_send:
            await to_send.check()
            puppet.hang_up()
            await to_send.send(letter())
            puppet.hang_up()
            await to_send.check()

    run(send())

    assert 1 == len(puppet.letters)
    assert [] == waits.slept
    assert 3 == puppet.connections


def test_a_connection_that_the_server_closes_now_is_opened_again(puppet):
    """
    Servers take so many letters by one connection, and then say 421.
    """
    waits = Waits()
    puppet.plays = [{"RSET": "250 ok"}, {}]

    async def send():
        async with postman(url(puppet), waits) as to_send:
            await to_send.send(letter())
            puppet.plays[0]["MAIL"] = "421 4.7.0 that is enough"
            await to_send.send(letter())

    run(send())

    assert 2 == len(puppet.letters)
    assert [] == waits.slept


@pytest.mark.parametrize(
    ("play", "words"),
    [
        (
            {"CONNECT": "554 5.3.4 go away"},
            "the server refused the connection: 554 5.3.4 (too big for the mail system)",
        ),
        ({"CONNECT": "421 busy"}, "the server put off the connection: 421"),
        (
            {"CONNECT": "SSH-2.0-x"},
            "the server gave an answer about the connection that makes no sense",
        ),
        ({"EHLO": DROP}, "the connection was lost"),
        ({"CONNECT": "220 " + "x" * 9_000}, "the connection was lost"),
        ({"EHLO": "502 5.5.1 what?"}, "the server refused EHLO: 502 5.5.1 (protocol)"),
        (
            {"EHLO": "250 mail.example"},
            "the server offers no login with a password (AUTH PLAIN or LOGIN)",
        ),
        (
            {"EHLO": "250 AUTH NTLM"},
            "the server offers no login with a password (AUTH PLAIN or LOGIN)",
        ),
        (
            {"AUTH": "454 4.7.0 later"},
            "the server put off the login: 454 4.7.0 (security or policy)",
        ),
        ({"AUTH": "535 wrong"}, "the server refused the login: 535"),
        ({"AUTH": "334 more"}, "the server gave an answer about the login that makes no sense"),
        (
            {"MAIL": "553 5.7.1 not your address"},
            "the server refused the sender: 553 5.7.1 (not allowed, by the rules of the server)",
        ),
        (
            {"MAIL": "550 5.7.999 no"},
            "the server refused the sender: 550 5.7.999 (security or policy)",
        ),
        ({"MAIL": "550 5.99.1 no"}, "the server refused the sender: 550 5.99.1"),
        ({"MAIL": "550 5.7.12345 no"}, "the server refused the sender: 550"),
        ({"RSET": DROP}, "the connection was lost"),
    ],
)
def test_a_check_tells_why_the_server_cannot_be_used(puppet, play, words):
    """
    In our words: the server knows our password, and may repeat it anywhere.
    """
    puppet.plays = [play]
    error = refused_check(postman(url(puppet, user="user:canary@")))

    assert f"the mail server 127.0.0.1:{puppet.port} cannot be used: {words}" == error.message
    assert error.hint


@pytest.mark.parametrize(
    ("play", "words"),
    [
        (
            {"CONNECT": "554 5.7.1 go\u202e away"},
            r"the server refused the connection: 554 5.7.1 go\u202e away",
        ),
        ({"CONNECT": "421 busy"}, "the server put off the connection: 421 busy"),
        ({"EHLO": "502 5.5.1 what?"}, "the server refused EHLO: 502 5.5.1 what?"),
        (
            {"MAIL": "553 5.7.1 not your address"},
            "the server refused the sender: 553 5.7.1 not your address",
        ),
        ({"MAIL": "550 " + "x" * 500}, "the server refused the sender: 550 " + "x" * 159 + "…"),
        (
            {"RCPT": "550 5.1.1 nobody\r"},
            "the server refused the recipient: 550 5.1.1 nobody",
        ),
    ],
)
def test_a_server_that_knows_no_secret_is_quoted(puppet, play, words):
    """
    There is no login, and it has been given no letter.
    """
    puppet.plays = [play]
    error = undelivered(postman(url(puppet)), letter())

    assert f"mail server 127.0.0.1:{puppet.port}: {words}" == error.message


def test_after_the_first_letter_the_server_is_not_quoted(puppet):
    """
    It may repeat in an answer about the second letter, or to a new connection, what was in it.
    """
    puppet.plays = [{}, {"CONNECT": "554 5.3.2 {heard}"}]
    told = []

    async def refusal(to_send):
        with pytest.raises(UndeliveredError) as caught:
            await to_send.send(letter())
        return caught.value.message

    async def send():
        async with postman(url(puppet)) as to_send:
            await to_send.send(letter(text="canary\n"))
            puppet.plays[0]["RCPT"] = "550 5.1.1 {heard}"
            told.append(await refusal(to_send))
            puppet.hang_up()
            told.append(await refusal(to_send))

    run(send())

    assert [
        f"mail server 127.0.0.1:{puppet.port}: {words}"
        for words in (
            "the server refused the recipient: 550 5.1.1 (no such mailbox)",
            "the server refused the connection: 554 5.3.2 (mail system)",
        )
    ] == told


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (TimeoutError("timed out"), "no connection within 10 s"),
        (socket.gaierror(-2, "Name or service not known"), "its name is not known"),
        (ConnectionRefusedError(111, "Connection refused"), "no connection (Connection refused)"),
        (OSError("odd"), "no connection (refused)"),
    ],
)
def test_a_server_that_is_not_there_is_told(failure, words):
    """
    With what to look at.
    """

    def dial(_address, _timeout):
        raise failure

    error = refused_check(postman("smtp://user:canary@mail.example", dial=dial))

    assert f"the mail server mail.example:587 cannot be used: {words}" == error.message
    assert "check the host and the port" in error.hint


def test_a_server_that_is_gone_is_not_asked_for_every_letter():
    """
    The first letter finds out, the next ones do not wait; after a minute it is asked again.
    """
    waits, asked = Waits(), []

    def dial(address, timeout):
        asked.append((address, timeout))
        raise ConnectionRefusedError(111, "Connection refused")

    to_send = postman("smtp://mail.example", waits, dial=dial)

    async def send():
        with pytest.raises(UndeliveredError) as caught:
            await to_send.send(letter())
        return caught.value.fate

    async def all_letters():
        fates = [await send(), await send(), await send()]
        waits.now += GIVEN_UP
        return [*fates, await send()]

    fates = run(all_letters())

    assert [Fate.NOT_SENT] * 4 == fates
    assert [(("mail.example", 587), 10.0)] * 2 * (len(PAUSES) + 1) == asked
    assert list(PAUSES) * 2 == waits.slept


def test_a_letter_under_way_is_finished_though_the_run_is_interrupted(puppet):
    """
    Half a letter would leave nobody the wiser.
    """
    puppet.plays = [{"RCPT": SILENCE}]

    async def send():
        async with postman(url(puppet), dial=impatient(puppet.port)) as to_send:
            sent = asyncio.create_task(to_send.send(letter()))
            assert await asyncio.to_thread(puppet.silent.wait, 10)
            sent.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sent
            assert not to_send._conversation.is_open

    run(send())

    assert 1 == puppet.connections


def test_leaving_is_polite_and_not_patient(puppet):
    """
    A server that does not answer QUIT keeps nobody.
    """
    puppet.plays = [{"QUIT": SILENCE}]
    sending(postman(url(puppet), dial=impatient(puppet.port)), letter())

    assert "QUIT" == puppet.commands[-1]


def test_without_a_connection_nothing_is_said(ca_file):
    """
    Whoever forgets to open it is told that nothing was sent.
    """
    server = read_mail_server(Secret("smtp://mail.example"), ca_file=ca_file)
    conversation = Conversation(server, name="commune.example", dial=socket.create_connection)
    parcel = Parcel(sender="a@commune.example", recipient="b@perso.example", data=b"canary\r\n")

    assert Trouble(fate=Fate.NOT_SENT, words="the connection was lost") == conversation.deliver(
        parcel
    )
    assert "canary" not in repr(parcel)


# Secrets.


@pytest.mark.parametrize(
    "play",
    [
        {"AUTH": "535 5.7.8 wrong: {heard}"},
        {"AUTH": "{heard}"},
        {"AUTH": "334 {heard}"},
        {"MAIL": "553 5.7.1 {heard}"},
        {"MAIL": "{heard}"},
        {"RCPT": "550 5.1.1 {heard}"},
        {"RCPT": "450 4.1.1 {heard}"},
        {"DATA": "554 {heard}"},
        {"QUIT": "221 {heard}"},
        {"DATA": "554 5.6.0 no"},
        {".": "550 5.7.1 blocked: {heard}"},
        {".": "451 4.7.1 later: {heard}"},
        {".": "{heard}"},
        {".": DROP},
        {".": SILENCE},
        {"RSET": "500 {heard}", ".": "550 {heard}"},
        {},
    ],
)
def test_no_secret_is_shown_even_if_the_server_repeats_all_it_has_heard(
    puppet, caplog, capfd, play
):
    """
    Not in errors, their chains and frames, not in logs of any level, not on the terminal.
    """
    caplog.set_level(logging.DEBUG)
    puppet.plays = [play]
    message = link_letter(head(), TO, JEAN, LINK, STAMP)
    to_send = postman(url(puppet, user="canary-user:canary-pass@"), dial=impatient(puppet.port))
    told = repr(to_send)
    try:
        sending(to_send, message)
    except UndeliveredError as error:
        told += everything_about(error)
        assert play
    told += caplog.text + "".join(capfd.readouterr())

    for secret in ("canary", "Y2FuYXJ5", "AGNhbmFyeS"):  # and in base64, at two of its beginnings
        assert secret not in told
    assert (
        any("canary-code" in one.decode() for one in puppet.letters)
        or {"AUTH", "MAIL", "RCPT", "DATA"} & play.keys()
    )
