"""One dimail of each version and one mail server for all, taken back to their beginning."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import pytest
import trustme

from mailstate.sandbox import PROFILES, Sandbox
from tests.letters.servers import Inbox
from tests.people.support import Communes


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    with ExitStack() as stack:
        yield {
            profile: stack.enter_context(Sandbox(profile=profile, seed=7)) for profile in PROFILES
        }


@pytest.fixture(scope="session")
def server() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


@pytest.fixture
def inbox(server: Inbox) -> Inbox:
    """A mail server that takes everything, and has nothing yet."""
    server.letters.clear()
    server.sessions.clear()
    return server


@pytest.fixture
def place_of(
    sandboxes: dict[str, Sandbox], inbox: Inbox, tmp_path: Path
) -> Callable[[str], Communes]:
    """A folder that declares people alone, and an empty dimail of the profile asked for."""

    def place(profile: str) -> Communes:
        sandboxes[profile].reset()
        return Communes(tmp_path, sandboxes[profile], inbox)

    return place


@pytest.fixture
def place(place_of: Callable[[str], Communes]) -> Communes:
    """The same with today's dimail."""
    return place_of("2026")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are tested where they are made."""
    monkeypatch.setattr("mailstate.applying.carry_out._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("mailstate.dimail.caller._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("mailstate.letters.postman.PAUSES", (0.01, 0.01, 0.01))


@pytest.fixture(autouse=True, scope="session")
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust one authority: reading those of the system takes longer than most applies here."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    with mock.patch.dict(os.environ, {"MAILSTATE_CA_FILE": str(path)}):
        yield


@pytest.fixture
def secrets_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that dimail makes up, in the order in which it does."""
    from mailstate.sandbox import passwords  # noqa: PLC0415 - replaced below

    made: list[str] = []

    def generate() -> str:
        made.append(passwords.generate())
        return made[-1]

    for module in ("routes_mailboxes", "routes_modern"):
        monkeypatch.setattr(f"mailstate.sandbox.{module}.generate", generate)
    return made
