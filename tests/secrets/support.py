"""The real command in a place where every secret is a canary."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from tests.cli.support import SECONDARY, Place, Ran
from tests.letters.servers import Puppet
from tests.secrets.canaries import PASSWORD, SMTP_PASSWORD, SMTP_USER, found, written
from tests.secrets.parrot import Parrot

SETTINGS = """\
[notify]
sender = "Mairie <noreply@commune.example>"
mode = "{mode}"
"""
ALL_FILES = ("--journal", "journal.jsonl", "--report", "report.json")


class Nest(Place):
    """A `Place` whose dimail is *parrot*, and whose mail server is *puppet*."""

    def __init__(self, folder: Path, parrot: Parrot, puppet: Puppet) -> None:
        super().__init__(folder, parrot.sandbox)
        self.parrot = parrot
        self.puppet = puppet
        self.settings = {
            "MAILSTATE_URL": parrot.url,
            "MAILSTATE_USERNAME": parrot.sandbox.username,
            "MAILSTATE_PASSWORD": PASSWORD.text,
            "MAILSTATE_SMTP_URL": smtp_url(puppet.port),
        }
        self.write("mailstate.toml", SETTINGS.format(mode="auto"))
        self.write("state/commune.yaml", SECONDARY)

    def leaks(self, *runs: Ran, besides: tuple[str, ...] = ()) -> list[str]:
        """The canaries that were shown by *runs*, or written into any file but those given."""
        said = "\n".join(f"{ran.out}\n{ran.err}" for ran in runs)
        return found(said) + found(written(self.folder, besides=besides))


def smtp_url(port: int, *, host: str = "127.0.0.1") -> str:
    user, password = (quote(canary.text, safe="") for canary in (SMTP_USER, SMTP_PASSWORD))
    return f"smtp://{user}:{password}@{host}:{port}"


@contextmanager
def server_that_says(answer: str) -> Iterator[int]:
    """A server that answers everything by *answer*, in which `{}` is what it has heard."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                heard = " ".join(connection.recv(65536).decode().split())
                connection.sendall(answer.replace("{}", heard).encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
