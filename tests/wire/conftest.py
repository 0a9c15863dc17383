"""Answers on record, for all that is tested about reading."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from mailstate.sandbox import PROFILES, Sandbox
from tests.wire.proxy import Proxy
from tests.wire.reading import ALL, ONE, World, furnish


class Worlds(NamedTuple):
    """What a plan of one domain is told, and a plan of several."""

    one: World
    all: World


@pytest.fixture(scope="session")
def worlds() -> Iterator[dict[str, Worlds]]:
    """Those of each version of dimail."""
    with ExitStack() as stack:
        found = {}
        for profile in PROFILES:
            sandbox = stack.enter_context(Sandbox(profile, seed=7, background_check=False))
            furnish(sandbox)
            proxy = stack.enter_context(Proxy(sandbox.url))
            found[profile] = Worlds(World(sandbox, proxy, ONE), World(sandbox, proxy, ALL))
        yield found
