"""One running sandbox for all tests of the command, taken back to its beginning before each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailstate.sandbox import Sandbox
from tests.cli.support import Place


@pytest.fixture(scope="session")
def dimail() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as sandbox:
        yield sandbox


@pytest.fixture
def place(tmp_path: Path, dimail: Sandbox) -> Place:
    """A folder with the files of one commune, and an empty dimail."""
    dimail.reset()
    return Place(tmp_path, dimail)


@pytest.fixture
def settled(place: Place) -> Place:
    """The same with everything applied, its domain enabled."""
    place.sandbox.publish_dns("commune.example")
    assert place.call("apply", "--yes").code == 0
    return place
