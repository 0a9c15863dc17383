"""The SMTP URL: read in all its forms, and never shown."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.errors import ExitCode, SettingsError
from mailstate.letters.server import Login, read_mail_server
from mailstate.model.secret import Secret
from tests.letters.support import everything_about


def read(url, **options):
    return read_mail_server(Secret(url), **options)


@pytest.mark.parametrize(
    ("url", "shown", "is_tls"),
    [
        ("smtp://mail.example", "mail.example:587", False),
        ("smtps://mail.example", "mail.example:465", True),
        ("SMTP://Mail.Example:25/", "mail.example:25", False),
        ("smtp://château.example", "xn--chteau-xta.example:587", False),
        ("smtp://user:canary@192.0.2.1:2525", "192.0.2.1:2525", False),
        ("smtps://user:canary@[2001:db8::1]", "[2001:db8::1]:465", True),
    ],
)
def test_a_url_names_host_port_and_tls(url, shown, is_tls):
    """
    The ports are those of submission.
    """
    server = read(url)

    assert (shown, is_tls) == (str(server), server.is_tls)


@pytest.mark.parametrize(
    ("url", "needs_tls"),
    [
        ("smtp://mail.example", True),
        ("smtp://192.0.2.1", True),
        ("smtp://localhost.example", True),
        ("smtp://127.0.0.1.example", True),
        ("smtps://localhost", True),
        ("smtp://localhost", False),
        ("smtp://127.0.0.2:25", False),
        ("smtp://[::1]", False),
    ],
)
def test_only_this_very_machine_is_spoken_to_in_the_clear(url, needs_tls):
    """
    By its address or as localhost, not by what a name server makes of a name.
    """
    assert needs_tls is read(url).needs_tls


def revealed(login: Login | None) -> tuple[str, str]:
    assert login
    return login.user.reveal(), login.password.reveal()


def test_user_name_and_password_are_percent_decoded():
    """
    Signs of URLs, blanks and accents can all be written.
    """
    server = read("smtp://us%40er:p%3A%2F%3F%23%25%20%C3%A9+@mail.example")

    assert ("us@er", "p:/?#% é+") == revealed(server.login)


def test_a_url_without_user_name_needs_no_login():
    """
    A relay may know us by our address.
    """
    assert None is read("smtp://mail.example").login


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "it does not begin with smtp:// or smtps://"),
        ("canary", "it does not begin with smtp:// or smtps://"),
        ("https://canary:canary@mail.example", "it does not begin with smtp:// or smtps://"),
        ("smtp://", "it names no host"),
        ("smtp://user:canary@", "it names no host"),
        ("smtp://user:canary@mail..example", "it names no host"),
        ("smtp://user:canary@mail.example:0", "it names no host"),
        ("smtp://user:canary@mail.example:canary", "it cannot be taken apart"),
        ("smtp://user:canary@[mail.example", "it cannot be taken apart"),
        ("smtp://user:canary\u2100@mail.example", "it cannot be taken apart"),
        ("smtp://user:can/ary@mail.example", "it cannot be taken apart"),
        ("smtp://user:12/canary@mail.example", "something follows the host and the port"),
        ("smtp://user:12?canary@mail.example", "something follows the host and the port"),
        ("smtp://user:12#canary@mail.example", "something follows the host and the port"),
        ("smtp://user@mail.example", "a user name and a password belong together"),
        ("smtp://user:@mail.example", "a user name and a password belong together"),
        ("smtp://:canary@mail.example", "a user name and a password belong together"),
        (
            "smtp://user:canary%zz@mail.example",
            "a percent sign in the user name or the password is not written %25",
        ),
        ("smtp://user:canary%ff@mail.example", "the user name or the password is not UTF-8"),
        ("smtp://user:canary\udcff@mail.example", "the user name or the password is not UTF-8"),
        ("smtp://\udcff:canary@mail.example", "the user name or the password is not UTF-8"),
        ("smtp://user:canary@mail\udcff.example", "it names no host"),
        ("smtp://user:canary%00@mail.example", "the user name or the password holds a zero byte"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_a_word_of_it(url, reason):
    """
    What looks like its host may be a piece of the password.
    """
    with pytest.raises(SettingsError) as caught:
        read(url)

    assert f"the URL of the mail server cannot be used: {reason}" == caught.value.message
    assert "percent-encode" in caught.value.hint
    assert ExitCode.INVALID is caught.value.exit_code


@given(rest=st.text())
def test_no_url_shows_itself(ca_file, rest):
    """
    Neither what could be read nor what could not: in no text, chain or frame of the error.
    """
    url = Secret(f"smtp://user:canary{rest}@mail.example")
    try:
        server = read_mail_server(url, ca_file=ca_file)
    except SettingsError as error:
        shown = everything_about(error)
    else:
        shown = f"{server} {server!r}"

    assert "canary" not in shown


def test_the_authorities_to_trust_can_be_named(ca_file):
    """
    Instead of the system's; certificates are verified, whoever signed them.
    """
    tls = read("smtp://mail.example", ca_file=ca_file).tls

    assert 1 == len(tls.get_ca_certs())
    assert tls.check_hostname
    assert ssl.CERT_REQUIRED is tls.verify_mode
    assert ssl.TLSVersion.TLSv1_2 <= tls.minimum_version


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_stops_the_run(tmp_path, content):
    """
    With its name.
    """
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(SettingsError, match=r"ca\.pem: no certificates can be read"):
        read("smtp://user:canary@mail.example", ca_file=path)


def test_the_keys_of_a_connection_are_not_written_down(tmp_path, monkeypatch):
    """
    Whatever the environment asks for: they would open what is on the wire.
    """
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))

    assert None is read("smtps://mail.example").tls.keylog_filename


def test_an_environment_in_which_no_tls_can_be_had_is_told(tmp_path, monkeypatch):
    """
    With the variables that may be to blame.
    """
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "nowhere" / "keys"))

    with pytest.raises(SettingsError, match="authorities to trust cannot be read") as caught:
        read("smtps://mail.example", ca_file=None)
    assert "SSLKEYLOGFILE" in caught.value.hint
