"""Mail servers on loopback, and certificates for them."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.letters.servers import Inbox, Puppet

HOST = "mail.example"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate authority that signs for the tests' servers."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server named mail.example, or localhost, speaks TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, "localhost").configure_cert(context)
    return context


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A mail server that takes everything, without TLS or login."""
    with Inbox() as server:
        yield server


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    """A mail server that answers as it is told."""
    with Puppet() as server:
        yield server
