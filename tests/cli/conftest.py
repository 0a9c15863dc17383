"""One running sandbox for all tests of the command, taken back to its beginning before each."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailstate.sandbox import Sandbox
from tests.cli.support import Place, Ran
from tests.forge.events import MERGED, RECORDED, TIP
from tests.forge.stub import TOKEN, Forge


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


@pytest.fixture
def forge() -> Iterator[Forge]:
    """A forge with one open pull request."""
    with Forge() as made:
        made.pulls[7] = {"number": 7, "head": {"sha": TIP}}
        yield made


@pytest.fixture
def step(place: Place, forge: Forge) -> Callable[..., Ran]:
    """
    A function that runs `mailstate ci …` as a step of a workflow that an event has started.

    The event is one of those that were recorded, or a name and what is told of it.
    """
    place.settings |= {
        "GITHUB_API_URL": forge.url,
        "GITHUB_SERVER_URL": "https://forge.example",
        "GITHUB_REPOSITORY": forge.repository,
        "GITHUB_EVENT_PATH": str(place.folder / "event.json"),
        "GITHUB_RUN_ID": "17",
        "GITHUB_ACTOR": "alice",
        "GITHUB_SHA": MERGED,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_STEP_SUMMARY": "",
        "GITHUB_WORKSPACE": "",
    }

    def run(event: str | tuple[str, Any], *arguments: str, **environment: str) -> Ran:
        name, told = RECORDED[event] if isinstance(event, str) else event
        place.write("event.json", json.dumps(told))
        return place.call("ci", *arguments, env={"GITHUB_EVENT_NAME": name, **environment})

    return run
