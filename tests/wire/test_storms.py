"""A whole plan while anything may happen to any call: nothing twice, nothing untrue."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from mailstate.applying.outcome import Applied, Failed
from mailstate.planning.plan import Change
from mailstate.sandbox import PROFILES, Sandbox
from tests.cli.support import COMMUNE
from tests.wire.proxy import (
    Asked,
    Close,
    Cut,
    Deed,
    Instead,
    LoseAnswer,
    Pass,
    Proxy,
    Reset,
    Silence,
    Withhold,
)
from tests.wire.scenes import D, Scene, order
from tests.wire.support import Order, Runner

_CRASH = b"Internal Server Error"
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
STORM: tuple[Deed, ...] = (
    Reset(),
    Close(),
    LoseAnswer(),
    Cut(),
    Cut(framing="head"),
    Instead(500, _CRASH, close=True),
    Instead(500, _CRASH, effect=True, close=True),
    Instead(502, _PAGE),
    Instead(504, _PAGE, effect=True),
    Instead(429, b'{"detail":"Too Many Requests"}', (("Retry-After", "3"),)),
    Instead(200, _PAGE),
    Instead(403, b'{"detail":"Permission denied"}'),
    Silence(),
    Withhold(),
)


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    with ExitStack() as stack:
        yield {
            profile: stack.enter_context(Sandbox(profile=profile, seed=7, ox_unique=True))
            for profile in PROFILES
        }


class Storm:
    """Strikes one call in three; which, and with what, is drawn from *seed* and the call alone."""

    def __init__(self, seed: int, runner: Runner) -> None:
        self.seed = seed
        self.runner = runner

    def __call__(self, asked: Asked) -> Deed:
        drawn = random.Random(f"{self.seed} {asked.method} {asked.path} {asked.nth}")
        deed = drawn.choice(STORM) if drawn.random() < 1 / 3 else Pass()
        if isinstance(deed, Silence | Withhold) and self.runner.loop:
            self.runner.loop.run_out()
        return deed


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(6))
def test_a_storm_does_nothing_twice_and_is_survived(sandboxes, profile, seed):
    """
    What is told of a run in a storm is so; a few runs in it and one after it do all of the plan.
    """
    sandbox = sandboxes[profile]
    sandbox.reset()
    sandbox.publish_dns(D)
    wanted = order(COMMUNE)
    first = Runner(sandbox).plan(wanted)
    for number in range(3):
        run_in_a_storm(sandbox, wanted, seed=10 * seed + number)
        assert_nothing_is_made_twice(sandbox)
    last = Runner(sandbox)
    report = last.apply(wanted, last.plan(wanted), sandbox.url)

    assert all(isinstance(one, Applied) for one in report.outcomes), report
    everything = [*first.changes, *(entry.change for entry in first.held)]
    assert [] == [one.key for one in everything if not Scene.is_as_asked(sandbox, one)]
    again = last.plan(wanted)
    assert () == again.changes + again.held + again.conflicts
    assert_nothing_is_made_twice(sandbox)


def run_in_a_storm(sandbox: Sandbox, wanted: Order, *, seed: int) -> None:
    """Plan in good weather and apply in a storm; what is told must be so on the server."""
    runner = Runner(sandbox)
    with Proxy(sandbox.url) as proxy:
        proxy.decide = Storm(seed, runner)
        report = runner.apply(wanted, runner.plan(wanted), proxy.url)
        proxy.settle()
    for one in report.outcomes:
        is_done = Scene.is_as_asked(sandbox, one.change)
        if isinstance(one, Applied):
            assert is_done, one
        elif isinstance(one, Failed) and not one.is_unknown:
            assert not is_done or is_gift(sandbox, one.change), one


def is_gift(sandbox: Sandbox, change: Change) -> bool:
    """Whether it was the server that did *change*, unasked: who creates a domain may manage it."""
    gifts = [one.object for one in sandbox.effects() if one.detail == "given to the creator"]
    return change.kind == "access" and change.key.partition("/")[2] in gifts


def assert_nothing_is_made_twice(sandbox: Sandbox) -> None:
    effects = sandbox.effects()
    times = Counter((one.kind, one.object) for one in effects if one.action == "create")
    assert set(times.values()) <= {1}, effects
    assert all(one.action != "delete" for one in effects), effects
