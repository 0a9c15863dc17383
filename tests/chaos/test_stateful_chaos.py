"""
Runs without end in a storm: files and server change, and the runs between are troubled and killed.

The rules are those of `tests/runs`, whose own runs stay undisturbed: what a storm leaves behind,
the next calm run must put right.
"""

from contextlib import ExitStack
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from mailstate.sandbox import PROFILES, Sandbox
from tests.chaos import oracle
from tests.chaos.boundaries import MOMENTS, at_request, is_write
from tests.chaos.ear import Ear
from tests.chaos.mail_relay import MailRelay
from tests.chaos.runs import Nursery
from tests.chaos.schedules import HASTE, trouble
from tests.chaos.stage import JOURNAL, Stage
from tests.chaos.witness import read
from tests.chaos.world import World
from tests.runs.test_stateful import DOMAINS, Runs
from tests.wire.deeds import Asked, Deed, Pass

_stack = ExitStack()
_nurseries: list[Nursery] = []


def setup_module():
    Storms.sandboxes = {
        profile: _stack.enter_context(Sandbox(profile=profile, seed=7)) for profile in PROFILES
    }
    _nurseries.append(_stack.enter_context(Nursery(haste=HASTE)))


def teardown_module():
    _stack.close()
    _nurseries.clear()


class Storms(Runs):
    """Files, a server, whoever else works on either, and a network that cannot be trusted."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.stage = None

    def teardown(self):
        self.stack.close()
        super().teardown()

    @rule(
        seed=st.integers(0, 10**9),
        rate=st.sampled_from([0.0, 0.1, 0.3]),
        is_published=st.booleans(),
    )
    def it_is_applied_in_a_storm(self, seed, rate, is_published):
        self.storm(seed, rate, 0, "before", is_published=is_published)

    @rule(
        seed=st.integers(0, 10**9),
        rate=st.sampled_from([0.0, 0.1]),
        nth=st.integers(1, 20),
        moment=st.sampled_from(MOMENTS),
    )
    def it_is_killed(self, seed, rate, nth, moment):
        self.storm(seed, rate, nth, moment, is_published=True)

    def storm(self, seed, rate, nth, moment, *, is_published):
        for domain in DOMAINS if is_published else ():
            self.sandbox.publish_dns(domain)
        stage = self.stage = self.stage or self.a_stage()
        killed = at_request(stage, nth, moment, is_write)
        times: dict[tuple[str, str], int] = {}

        def decide(asked: Asked) -> Deed:
            key = asked.method, asked.path
            times[key] = times.get(key, 0) + 1
            random = Random(f"{seed}/{key}/{times[key]}")
            deed = killed(asked)
            if isinstance(deed, Pass) and random.random() < rate:
                _, deed = trouble(random, asked, stage)
            return deed

        stage.proxy.decide = decide
        act = stage.apply()
        stage.sandbox.clear_faults()
        oracle.check_end(act, oracle.ENDS)
        told = read(stage.folder / JOURNAL)
        if len(told) > stage.journal_runs:
            oracle.check_journal(stage, act, told[-1])
            stage.journal_runs = len(told)
        oracle.check_secrets(stage)
        for address in stage.have_halves_removed(DOMAINS):
            self.note_removal(address)

    def a_stage(self):
        proxy = self.stack.enter_context(Ear(self.sandbox))
        relay = self.stack.enter_context(MailRelay(self.sandbox.smtp_url))
        world = World(profile=self.profile, prunes=False, communes=())
        world.write_settings(self.folder)
        return Stage(
            world=world,
            folder=self.folder,
            sandbox=self.sandbox,
            proxy=proxy,
            relay=relay,
            nursery=_nurseries[0],
        )


# A failure is made smaller before it is shown, which takes its time.
TestStorms = pytest.mark.timeout(900)(Storms.TestCase)
TestStorms.settings = settings(
    max_examples=max(20, settings().max_examples // 3), stateful_step_count=20
)
