"""The real stack from plan to letter, over real sockets, without waiting for anything."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeVar

from mailstate.applying.applier import Applier
from mailstate.applying.outcome import Report
from mailstate.cli.post import Post, open_post, read_post
from mailstate.dimail.client import DimailClient
from mailstate.dimail.live import read_live
from mailstate.model.secret import Secret
from mailstate.model.state import DesiredState
from mailstate.planning.plan import Plan, Policy
from mailstate.planning.planner import needs_check, plan
from mailstate.sandbox import Sandbox
from mailstate.statefiles.reader import read_sources

T = TypeVar("T")

LONGER_THAN_ANY_PATIENCE = 1000.0


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be set forward, so that what is timed runs out at once."""

    _ahead = 0.0

    def time(self) -> float:
        return super().time() + self._ahead

    def run_out(self) -> None:
        """Have every time-out end that is running; may be called from any thread."""
        self.call_soon_threadsafe(self._set_forward)

    def _set_forward(self) -> None:
        self._ahead += LONGER_THAN_ANY_PATIENCE


@dataclass
class Clock:
    """The clock of client and applier: sleeping costs nothing; `on_pause` is the applier's."""

    slept: float = 0.0
    on_pause: Callable[[], object] | None = None

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)

    async def pause(self, seconds: float) -> None:
        await self.sleep(seconds)
        if self.on_pause:
            self.on_pause()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is wanted, and by which rules: everything of a run but the server."""

    desired: DesiredState
    policy: Policy
    letters: str = "auto"


@dataclass(slots=True)
class Runner:
    """Plans and applies, through any address that leads to *sandbox*, with one clock for all."""

    sandbox: Sandbox
    clock: Clock = field(default_factory=Clock)
    loop: Loop | None = None

    def plan(self, order: Order) -> Plan:
        """What is to be done."""
        return self._in_loop(self._planned(order))

    def apply(self, order: Order, plan: Plan, url: str) -> Report:
        """Carry *plan* out, and say what became of it."""
        return self._in_loop(self._applied(order, plan, url))

    def _in_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        self.loop = loop = Loop()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(coroutine)

    def _client(self, url: str) -> DimailClient:
        password = Secret(self.sandbox.password)
        return DimailClient(url, self.sandbox.username, password, clock=self.clock)

    async def _planned(self, order: Order) -> Plan:
        async with self._client(self.sandbox.url) as client:
            wanted = order.desired
            live = await read_live(client, wanted, needs_check=partial(needs_check, wanted))
            return plan(wanted, live, order.policy)

    async def _applied(self, order: Order, planned: Plan, url: str) -> Report:
        async with (
            self._client(url) as client,
            open_post(_post(self.sandbox.smtp_url, order.letters), client, tries_it=False) as post,
        ):
            applier = Applier(
                client,
                order.policy,
                welcome=post.greeter if post else None,
                sleep=self.clock.pause,
                clock=self.clock.monotonic,
            )
            return await applier.apply(planned)


@cache
def _post(smtp_url: str, letters: str) -> Post | None:
    # Reading the authorities and the templates takes longer than a whole run.
    return read_post({"notify": {"mode": letters}}, DesiredState(), sandbox_url=smtp_url)


def desired(*files: str) -> DesiredState:
    """The desired state of the texts of these files."""
    reading = read_sources((f"{number}.yaml", text.encode()) for number, text in enumerate(files))
    assert reading.desired is not None, reading.problems
    return reading.desired
