"""A place whose dimail is a parrot, and whose mail server is one too."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailstate.sandbox import Sandbox
from tests.letters.servers import Puppet
from tests.secrets.parrot import Parrot
from tests.secrets.support import Nest


@pytest.fixture(scope="session")
def parrot() -> Iterator[Parrot]:
    with Sandbox(seed=7) as sandbox, Parrot(sandbox) as parrot:
        yield parrot


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    """A mail server that answers as it is told, and wants a login."""
    with Puppet() as server:
        yield server


@pytest.fixture
def nest(tmp_path: Path, parrot: Parrot, puppet: Puppet) -> Nest:
    """The folder of somebody whose every secret is a canary."""
    parrot.hush()
    parrot.sandbox.reset()
    return Nest(tmp_path, parrot, puppet)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two tries."""
    sleep = asyncio.sleep

    async def doze(seconds: float) -> None:
        await sleep(min(seconds, 0.001))

    monkeypatch.setattr(asyncio, "sleep", doze)


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """What `-v` sets up holds for one command alone."""
    logger = logging.getLogger("mailstate")
    before = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = before
