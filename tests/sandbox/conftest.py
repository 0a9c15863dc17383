"""One running sandbox per profile, taken back to its beginning before each test."""

from collections.abc import Iterator

import pytest

from mailstate.sandbox import PROFILES, Sandbox
from tests.sandbox.asking import Asker


@pytest.fixture(scope="session")
def running() -> Iterator[dict[str, Asker]]:
    askers = {
        profile: Asker(Sandbox(profile=profile, seed=7, ox_unique=profile == "2026"))
        for profile in PROFILES
    }
    for asker in askers.values():
        asker.sandbox.start()
    yield askers
    for asker in askers.values():
        asker.close()
        asker.sandbox.stop()


@pytest.fixture
def ask(running: dict[str, Asker], profile: str) -> Asker:
    """Ask the sandbox of *profile*, which the test is parametrized with."""
    running[profile].sandbox.reset()
    return running[profile]


@pytest.fixture
def modern(running: dict[str, Asker]) -> Asker:
    running["2026"].sandbox.reset()
    return running["2026"]


@pytest.fixture
def old(running: dict[str, Asker]) -> Asker:
    running["2024"].sandbox.reset()
    return running["2024"]
