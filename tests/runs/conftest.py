"""One running sandbox of each profile, taken back to its beginning before each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mailstate.sandbox import PROFILES, Sandbox
from tests.cli.support import Place


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    with ExitStack() as stack:
        yield {
            profile: stack.enter_context(Sandbox(profile=profile, seed=7, ox_unique=True))
            for profile in PROFILES
        }


@pytest.fixture
def place_of(sandboxes: dict[str, Sandbox], tmp_path: Path) -> Callable[[str], Place]:
    """A folder with the files of one commune, and an empty dimail of the profile asked for."""

    def place(profile: str) -> Place:
        sandboxes[profile].reset()
        made = Place(tmp_path, sandboxes[profile])
        if profile == "2024":
            made.write("mailstate.toml", "assume_enabled = true\n")
        return made

    return place
