"""Letters on their way through a real mail server: TLS, login, refusals."""

import asyncio

import pytest

from mailstate.errors import ExitCode
from mailstate.letters.compose import link_letter
from mailstate.letters.errors import Fate, UndeliveredError
from tests.letters.conftest import HOST
from tests.letters.servers import Inbox
from tests.letters.support import (
    JEAN,
    LINK,
    STAMP,
    TO,
    Waits,
    dial_to,
    head,
    impatient,
    letter,
    postman,
    refused_check,
    run,
    sending,
    undelivered,
    url,
)

# aiosmtpd does not see TLS that was there from the start.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def test_a_letter_arrives_once_and_whole(inbox):
    """
    With our envelope, and not a byte more or less.
    """
    message = link_letter(head(), TO, JEAN, LINK, STAMP)
    sending(postman(url(inbox)), message)

    (received,) = inbox.letters
    assert "noreply@commune.example" == received.mail_from
    assert ["jean@perso.example"] == received.rcpt_tos
    assert message.as_bytes() == received.original_content
    assert "commune.example" == inbox.sessions[0].host_name


def test_lines_that_begin_with_a_dot_arrive_as_they_are(inbox):
    """
    The end of a letter is a line with nothing but a dot.
    """
    message = letter(text=".\r\n..\r\n.x\r\nMAIL FROM:<x>\r\n")
    sending(postman(url(inbox)), message)

    (received,) = inbox.letters
    assert b"\r\n\r\n.\r\n..\r\n.x\r\nMAIL FROM:<x>\r\n" in received.original_content


def test_many_letters_take_one_connection(inbox):
    """
    Also if they are sent at the same time.
    """

    async def send():
        async with postman(url(inbox)) as to_send:
            await to_send.check()
            await asyncio.gather(*(to_send.send(letter(f"j{n}@perso.example")) for n in range(20)))

    run(send())

    assert 20 == len(inbox.letters)
    assert 1 == len({session.peer for session in inbox.sessions})


@pytest.mark.parametrize("mechanisms", [("PLAIN",), ("LOGIN",), ("PLAIN", "LOGIN")])
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_tls_and_login_work_either_way(tls, ca_file, scheme, mechanisms):
    """
    STARTTLS or TLS from the start; passwords may hold what they like.
    """
    login = ("us@er", "p:/é ")
    with Inbox(tls=tls, is_tls=scheme == "smtps", login=login, mechanisms=mechanisms) as inbox:
        to_send = postman(
            f"{scheme}://us%40er:p%3A%2F%C3%A9%20@{HOST}:{inbox.port}",
            ca_file=ca_file,
            dial=dial_to(inbox.port),
        )
        sending(to_send, letter())

        (session,) = inbox.sessions
        assert session.authenticated
        assert scheme == "smtps" or session.ssl


def test_a_good_check_sends_nothing(tls, ca_file):
    """
    And the connection serves for the letters that follow.
    """

    async def send(to_send):
        async with to_send:
            await to_send.check()
            assert [] == inbox.letters
            await to_send.send(letter())

    with Inbox(tls=tls, login=("user", "password")) as inbox:
        run(
            send(
                postman(
                    f"smtp://user:password@{HOST}:{inbox.port}",
                    ca_file=ca_file,
                    dial=dial_to(inbox.port),
                )
            )
        )

        assert 1 == len(inbox.letters)


def test_a_refused_login_is_found_by_the_check(tls, ca_file):
    """
    Before a mailbox is made.
    """
    with Inbox(tls=tls, login=("user", "password")) as inbox:
        error = refused_check(
            postman(
                f"smtp://user:canary@{HOST}:{inbox.port}", ca_file=ca_file, dial=dial_to(inbox.port)
            )
        )

    assert (
        f"the mail server mail.example:{inbox.port} cannot be used: the server refused the login:"
        " 535 5.7.8 (user name or password wrong)"
    ) == error.message
    assert "check the user name and the password of the SMTP URL" == error.hint
    assert ExitCode.REMOTE is error.exit_code


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_of_somebody_else_is_refused(tls, ca_file, scheme):
    """
    Before user name and password are told; there is no switch to change that.
    """
    with Inbox(tls=tls, is_tls=scheme == "smtps", login=("user", "canary")) as inbox:
        error = refused_check(
            postman(
                f"{scheme}://user:canary@other.example:{inbox.port}",
                ca_file=ca_file,
                dial=dial_to(inbox.port),
            )
        )

    assert "its certificate cannot be verified" in error.message
    assert "other.example" in error.message
    assert "certificate authority" in error.hint


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tls, scheme):
    """
    On loopback as well.
    """
    with Inbox(tls=tls, is_tls=scheme == "smtps") as inbox:
        error = refused_check(postman(f"{scheme}://localhost:{inbox.port}"))

    assert "its certificate cannot be verified" in error.message


def test_nothing_is_said_in_the_clear_to_another_machine(inbox):
    """
    A server without STARTTLS gets neither login nor letter.
    """
    error = refused_check(
        postman(f"smtp://user:canary@{HOST}:{inbox.port}", dial=dial_to(inbox.port))
    )

    assert "offers no STARTTLS, and nothing is sent in the clear" in error.message
    assert "smtps://" in error.hint


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_speaks_no_tls_after_all_is_not_trusted(puppet, ca_file, scheme):
    """
    Whatever it has promised.
    """
    puppet.plays = [{"EHLO": "250-mail.example\r\n250 STARTTLS", "STARTTLS": "220 go on\r\n250 ok"}]
    error = refused_check(
        postman(f"{scheme}://localhost:{puppet.port}", ca_file=ca_file, dial=impatient(puppet.port))
    )

    assert "no TLS could be agreed on" in error.message
    assert "port 465" in error.hint


def test_a_refused_recipient_is_refused_for_good():
    """
    Not tried again; the next letter goes over the same connection.
    """
    waits = Waits()
    with Inbox(
        refused={"x@perso.example": "550 5.1.1 <x@perso.example> is\tnot\x1b here"}
    ) as inbox:

        async def send():
            async with postman(url(inbox), waits) as to_send:
                with pytest.raises(UndeliveredError) as caught:
                    await to_send.send(letter("x@perso.example"))
                await to_send.send(letter())
                return caught.value

        error = run(send())

    assert (
        f"mail server 127.0.0.1:{inbox.port}: the server refused the recipient: 550 5.1.1"
        r" <x@perso.example> is not\u001b here"
    ) == error.message
    assert Fate.REFUSED is error.fate
    assert ExitCode.CHANGE_FAILED is error.exit_code
    assert [] == waits.slept
    assert [["jean@perso.example"]] == [one.rcpt_tos for one in inbox.letters]


def test_addresses_with_accents_need_a_server_that_takes_them():
    """
    SMTPUTF8, said to the server only where it is needed.
    """
    message, plain = letter("jérôme@château.example"), letter()
    with Inbox(smtputf8=True) as modern:
        sending(postman(url(modern)), message, plain)
        with Inbox() as old:
            error = undelivered(postman(url(old)), message)

    assert [["jérôme@xn--chteau-xta.example"], ["jean@perso.example"]] == [
        one.rcpt_tos for one in modern.letters
    ]
    assert [True, False] == [one.smtp_utf8 for one in modern.letters]
    assert [] == old.letters
    assert "SMTPUTF8" in error.message
    assert Fate.REFUSED is error.fate
