"""Whom the password is told: nobody but a server whose certificate was verified."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from mailstate.errors import ExitCode
from mailstate.sandbox import Sandbox
from tests.cli.support import Place
from tests.wire.tls import Front

NAME = "dimail.example"
SWITCHES = {
    "PYTHONHTTPSVERIFY": "0",
    "SSL_VERIFY": "0",
    "SSL_NO_VERIFY": "1",
    "GIT_SSL_NO_VERIFY": "1",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "REQUESTS_CA_BUNDLE": "",
    "CURL_CA_BUNDLE": "",
    "HTTPX_SSL_VERIFY": "false",
    "MAILSTATE_VERIFY": "false",
    "MAILSTATE_INSECURE": "1",
    "SSL_CERT_FILE": "",
    "SSL_CERT_DIR": "",
}
"""What switches verification off elsewhere."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


Behind = Callable[[trustme.LeafCert], Place]


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    """Makes a dimail that is reached through TLS alone, with that certificate."""
    with ExitStack() as stack:

        def make(certificate: trustme.LeafCert) -> Place:
            sandbox = stack.enter_context(Sandbox(seed=7))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            port = urlsplit(sandbox.url).port or 0
            front = stack.enter_context(Front(port, context=context))
            place = Place(tmp_path, sandbox)
            place.settings["MAILSTATE_URL"] = f"https://127.0.0.1:{front.port}"
            place.settings["MAILSTATE_CA_FILE"] = ""  # other tests set it
            return place

        yield make


def assert_refused(place: Place, **env: str) -> None:
    ran = place.call("plan", env=env)

    assert (ExitCode.REMOTE, "") == (ran.code, ran.out)
    assert "the certificate of the server cannot be verified" in ran.err
    assert [] == place.sandbox.requests()


def test_a_server_of_an_authority_that_is_named_is_trusted(behind, authority, ca_file):
    """
    By the setting, or by the variable that OpenSSL and others look at.
    """
    place = behind(authority.issue_cert("127.0.0.1"))

    assert ExitCode.OK == place.call("plan", env={"MAILSTATE_CA_FILE": str(ca_file)}).code
    assert ExitCode.OK == place.call("plan", env={"SSL_CERT_FILE": str(ca_file)}).code
    place.write("mailstate.toml", f'ca_file = "{ca_file}"\n')
    assert ExitCode.OK == place.call("plan").code


def test_a_server_that_nobody_vouches_for_is_refused(behind, authority):
    """
    Exit code 4, and not a byte of a request, in whatever way others are told to look away.
    """
    place = behind(authority.issue_cert("127.0.0.1"))

    assert_refused(place)
    assert_refused(place, **SWITCHES)


@pytest.mark.parametrize("who", ["another name", "another authority", "too old", "not yet"])
def test_a_certificate_that_is_not_right_is_refused(behind, authority, ca_file, who):
    """
    Though the authority is trusted: another server's, another's, an old one.
    """
    now = datetime.now(UTC)
    make = {
        "another name": lambda: authority.issue_cert("127.0.0.2", "localhost"),
        "another authority": lambda: trustme.CA().issue_cert("127.0.0.1"),
        "too old": lambda: authority.issue_cert("127.0.0.1", not_after=now - timedelta(days=1)),
        "not yet": lambda: authority.issue_cert("127.0.0.1", not_before=now + timedelta(days=1)),
    }[who]

    assert_refused(behind(make()), MAILSTATE_CA_FILE=str(ca_file))


def test_no_option_and_no_setting_trusts_everybody(place_help):
    """
    There is none that could be given by mistake.
    """
    for word in ("insecure", "verify", "tls"):
        assert word not in place_help.lower()


@pytest.fixture
def place_help(tmp_path: Path) -> str:
    with Sandbox() as sandbox:
        place = Place(tmp_path, sandbox)
        texts = [place.call(command, "--help").out for command in ("plan", "apply", "bootstrap")]
        return "".join([*texts, place.call("schema", "settings").out])


def test_the_keys_of_a_connection_are_written_nowhere(behind, authority, ca_file, tmp_path):
    """
    A variable that some tools heed would let others read the password on the wire.
    """
    place = behind(authority.issue_cert("127.0.0.1"))
    keys = tmp_path / "keys"
    env = {"MAILSTATE_CA_FILE": str(ca_file), "SSLKEYLOGFILE": str(keys)}

    assert ExitCode.OK == place.call("plan", env=env).code
    assert not keys.exists() or b"SECRET" not in keys.read_bytes()


@pytest.mark.parametrize(
    "env",
    [
        {"SSL_CERT_FILE": "nowhere"},
        {"SSL_CERT_FILE": "mailstate.toml"},
        {"SSLKEYLOGFILE": "no/folder/keys"},
    ],
    ids=str,
)
def test_certificates_that_cannot_be_read_are_told(behind, authority, env):
    """
    Exit code 3, and which variables to look at.
    """
    place = behind(authority.issue_cert("127.0.0.1"))
    place.write("mailstate.toml", "# no certificate\n")
    ran = place.call("plan", env=env)

    assert (ExitCode.INVALID, "") == (ran.code, ran.out)
    assert "the certificates of the authorities to trust cannot be read" in ran.err
    assert next(iter(env)) in ran.err


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_of_the_environment_sees_no_request(behind, authority, ca_file, trusted):
    """
    It is asked for a tunnel, though it is spoken to in the clear; inside, the server's own
    certificate counts.
    """
    place = behind(authority.issue_cert(NAME))
    port = urlsplit(place.settings["MAILSTATE_URL"]).port or 0
    place.settings["MAILSTATE_URL"] = f"https://{NAME}"
    with Front(port, connects=True) as proxy:
        env = {"HTTPS_PROXY": f"http://user:canary@127.0.0.1:{proxy.port}"}
        if trusted:
            ran = place.call("plan", env={**env, "MAILSTATE_CA_FILE": str(ca_file)})
            assert ExitCode.OK == ran.code
        else:
            assert_refused(place, **env)

    asked = [data for data in proxy.heard if data.startswith(b"CONNECT ")]
    assert asked
    assert all(data.startswith(f"CONNECT {NAME}:443 HTTP/1.1\r\n".encode()) for data in asked)
    for secret in (b"Bearer", b"GET /", place.sandbox.password.encode()):
        assert secret not in b"".join(proxy.heard)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"])
def test_no_proxy_comes_between_this_machine_and_itself(tmp_path, variable):
    """
    What is on loopback is spoken to directly: in the clear, and so by nobody else.
    """
    with Sandbox(seed=7) as sandbox, Front(1) as proxy:
        place = Place(tmp_path, sandbox)

        assert (
            ExitCode.OK == place.call("plan", env={variable: f"http://127.0.0.1:{proxy.port}"}).code
        )
        assert [] == proxy.heard


@pytest.mark.parametrize(
    "host", [NAME, "0.0.0.0", "127.0.0.1.example", "localhost.example", "[::]"]
)
@pytest.mark.parametrize("proxy", [{}, {"HTTP_PROXY": "http://127.0.0.1:1"}], ids=["", "proxy"])
def test_nothing_is_said_in_the_clear_to_others(tmp_path, host, proxy):
    """
    Exit code 3, before anything is sent, proxy or not.
    """
    with Sandbox(seed=7) as sandbox:
        ran = Place(tmp_path, sandbox).call("plan", "--url", f"http://{host}", env=proxy)

    assert (ExitCode.INVALID, "") == (ran.code, ran.out)
    assert "begins with http://" in ran.err
