"""One house for all the stages of a session: a nursery, and a sandbox of each profile."""

from collections.abc import Iterator

import pytest

from tests.chaos.stage import House


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with House() as made:
        yield made
