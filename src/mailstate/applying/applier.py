"""
A whole plan, carried out: in the order of needs, a few at a time, on past failures.

There are no barriers between kinds: a change starts as soon as what it needs is done, so that no
domain waits for another. A held change needs a look at its domain, which comes once nothing else
is ready; what is found enabled is released in the same run.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from mailstate.applying.carry_out import Carrier
from mailstate.applying.mail_api import MailApi, Welcome
from mailstate.applying.outcome import (
    Applied,
    NotBegun,
    Outcome,
    Report,
    Skipped,
    StillHeld,
)
from mailstate.applying.schedule import Schedule
from mailstate.applying.watch import Watch
from mailstate.errors import RemoteError
from mailstate.model.resources import DomainName, Key, access_key, domain_key
from mailstate.model.state import LiveDomain
from mailstate.planning.holds import hold_on, hold_unseen
from mailstate.planning.plan import (
    Action,
    Actor,
    Blocked,
    Change,
    Held,
    Hold,
    HoldReason,
    Plan,
    Policy,
)
from mailstate.planning.planner import recheck
from mailstate.planning.stages import comes_after, needs


class Observer(Protocol):
    """Hears what happens while it happens: a progress display, a journal."""

    def begun(self, change: Change) -> None:
        """*change* is about to be sent, once the applier's `kept` has come back."""

    def ended(self, outcome: Outcome) -> None:
        """Hear what became of a change."""

    def looked(self, domain: DomainName, hold: Hold | None) -> None:
        """A held domain was looked at again; without a *hold*, its changes are released."""


class Applier:
    """
    Carries out one plan over *api*, once, with at most *concurrency* calls at once.

    `stop` may be set at any time from the same event loop: calls under way are finished, nothing
    new is begun, and the report says so. With *fail_fast* the first failure does the same. For
    *wait* seconds from its first look, each held domain is looked at again and again. Before each
    change is sent, *kept* says whether what the observers have heard is safe; if not, it is not.
    """

    def __init__(  # noqa: PLR0913 - all but two are choices, given by name
        self,
        api: MailApi,
        policy: Policy,
        *,
        observers: Iterable[Observer] = (),
        welcome: Welcome | None = None,
        concurrency: int = 4,
        fail_fast: bool = False,
        wait: float = 0.0,
        kept: Callable[[], Awaitable[bool]] | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stop = asyncio.Event()
        self._api = api
        self._policy = policy
        self._observers = tuple(observers)
        self._concurrency = concurrency
        self._fail_fast = fail_fast
        self._given_up = asyncio.Event()
        self._wait = wait
        self._kept = kept
        self._sleep = sleep or asyncio.sleep
        self._clock = clock
        self._watches: dict[DomainName, Watch] = {}
        self._timers: set[asyncio.Task[None]] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._due: deque[Key] = deque()
        self._carrier = Carrier(api=api, pause=self._pause, welcome=welcome)
        self._seen: dict[DomainName, LiveDomain] = {}
        self._changes: dict[Key, Change] = {}
        self._held: dict[Key, Held] = {}
        self._looks: dict[Key, DomainName] = {}
        self._outcomes: dict[Key, Outcome] = {}
        self._schedule = Schedule({})

    async def apply(self, plan: Plan) -> Report:
        """Carry out *plan*: one outcome for each of its changes and held changes."""
        self._held = {entry.change.key: entry for entry in plan.held}
        self._looks = {_look_key(entry.hold.domain): entry.hold.domain for entry in plan.held}
        held_changes = {key: entry.change for key, entry in self._held.items()}
        self._changes = {change.key: change for change in plan.changes} | held_changes
        self._schedule = Schedule(self._needs(plan))
        await self._work_through()
        outcomes = (
            self._outcomes.get(key) or NotBegun(change=change)
            for key, change in self._changes.items()
        )
        return Report(outcomes=tuple(outcomes), interrupted=self.stop.is_set())

    def _needs(self, plan: Plan) -> dict[Key, tuple[Key, ...]]:
        """
        What each change and each look needs, in the order in which they should start.

        A look comes once its domain and the right to read it are there. With a held change it is
        the look that makes the difference: its hold may concern another domain than its own.
        """
        own = self._policy.service_account
        # What is only updated is there: an alias need not wait until its mailbox has a new name.
        created = {key for key, one in self._changes.items() if one.action is Action.CREATE}

        def wanted(change: Change) -> tuple[Key, ...]:
            return tuple(key for key in needs(change, service_account=own) if key in created)

        later = comes_after(plan.changes)
        graph = {
            change.key: (*wanted(change), *later.get(change.key, ())) for change in plan.changes
        }
        for look, domain in self._looks.items():
            graph[look] = (domain_key(domain), access_key(domain, own))
        for entry in plan.held:
            graph[entry.change.key] = (_look_key(entry.hold.domain), *wanted(entry.change))
        return graph

    async def _work_through(self) -> None:
        running = self._running
        try:
            while True:
                while not self._is_full and not self._is_over:
                    key = self._next()
                    if key is None:
                        break
                    running.add(asyncio.create_task(self._work(key)))
                if not running and not self._timers:
                    break
                # A domain that is waited for takes no turn from what can be done meanwhile.
                under_way = running | self._timers
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                running -= done
                self._timers -= done
                for task in done:
                    task.result()
        finally:
            for task in running | self._timers:
                task.cancel()
        for domain, watch in [*self._watches.items()]:
            self._decide(domain, watch.hold)

    def _next(self) -> Key | None:
        """What may start now; a look at a domain that is waited for comes after all else."""
        return self._schedule.pop_ready() or (self._due.popleft() if self._due else None)

    @property
    def _is_over(self) -> bool:
        return self.stop.is_set() or self._given_up.is_set()

    @property
    def _is_full(self) -> bool:
        return len(self._running) >= self._concurrency

    async def _work(self, key: Key | None) -> None:
        """Do *key*, and what comes next as long as nobody else could begin it."""
        # What is not begun because it is over by now counts as not begun.
        while key is not None and not self._is_over:
            if key in self._looks:
                await self._look_at(self._looks[key])
            elif key in self._held:
                await self._release(self._held[key])
            else:
                await self._carry_out(self._changes[key])
            key = self._next() if self._is_full else None

    async def _look_at(self, domain: DomainName) -> None:
        """See whether *domain* is enabled by now: its held changes become ready, or stay held."""
        watch = self._watches.get(domain)
        if watch is not None and self._clock() >= watch.end:  # it has waited for its turn too long
            self._decide(domain, watch.hold)
            return
        hold = await self._look(domain)
        if watch is None and hold is not None and self._wait and hold.actor is not Actor.MAINTAINER:
            watch = Watch(end=self._clock() + self._wait, hold=hold)
            self._watches[domain] = watch
        elif watch is None or watch.confirms(hold):
            self._decide(domain, hold)
            return
        pause = watch.pause(self._clock())
        if pause is None:
            self._decide(domain, watch.hold)
        else:
            self._timers.add(asyncio.create_task(self._make_due(domain, pause)))

    async def _make_due(self, domain: DomainName, pause: float) -> None:
        if await self._pause(pause):
            self._due.append(_look_key(domain))

    def _decide(self, domain: DomainName, hold: Hold | None) -> None:
        self._watches.pop(domain, None)
        if hold is None:
            self._schedule.succeed(_look_key(domain))
        else:
            self._keep_held(_look_key(domain), hold)

    async def _look(self, domain: DomainName) -> Hold | None:
        """What holds the changes of *domain* as of now."""
        hold: Hold | None
        try:
            self._seen[domain] = await self._api.look(domain)
        except RemoteError as error:
            hold = hold_unseen(domain, error.message)
        else:
            assume = self._policy.assume_enabled
            hold = hold_on(domain, self._seen[domain], assume_enabled=assume)
        for observer in self._observers:
            observer.looked(domain, hold)
        return hold

    async def _release(self, entry: Held) -> None:
        """Carry out a change that was held, if it is still what the plan saw."""
        change = entry.change
        # An alias that waits for a mailbox on another domain is not found there, and goes ahead.
        found = recheck(change, self._seen[entry.hold.domain])
        if found is None:
            self._end(Applied(change=change, note="found done already"))
        elif isinstance(found, Blocked):
            self._end(StillHeld(change=change, hold=_overtaken(entry.hold.domain, found)))
        else:
            await self._carry_out(change)

    async def _carry_out(self, change: Change) -> None:
        for observer in self._observers:
            observer.begun(change)
        if self._is_over:  # an observer has stopped the run: its journal cannot be written
            return
        # From here on it has begun, and is finished even if the run is stopped meanwhile.
        if self._kept is not None and not await self._kept():
            return
        self._end(await self._carrier.carry_out(change))

    def _end(self, outcome: Outcome) -> None:
        """Note what became of a change, and what that means for those that need it."""
        key = outcome.change.key
        self._note(outcome)
        match outcome:
            case Applied():
                self._schedule.succeed(key)
            case StillHeld(hold=hold):
                self._keep_held(key, hold)
            case _:
                if self._fail_fast:
                    self._given_up.set()
                self._skip_what_needs(key)

    def _skip_what_needs(self, failed: Key) -> None:
        for key in self._schedule.fail(failed):
            if key in self._changes:
                self._note(Skipped(change=self._changes[key], because=failed))

    def _keep_held(self, cause: Key, hold: Hold) -> None:
        for key in self._schedule.fail(cause):
            self._note(StillHeld(change=self._changes[key], hold=hold))

    def _note(self, outcome: Outcome) -> None:
        self._outcomes[outcome.change.key] = outcome
        for observer in self._observers:
            observer.ended(outcome)

    async def _pause(self, seconds: float) -> bool:
        """Wait *seconds*, or until nothing new is to begin; say whether to go on."""
        waiting = [
            asyncio.ensure_future(one)
            for one in (self._sleep(seconds), self.stop.wait(), self._given_up.wait())
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        return not self._is_over


def _look_key(domain: DomainName) -> Key:
    """What stands for a look at *domain* among the keys of changes."""
    return Key(f"look/{domain}")


def _overtaken(domain: DomainName, found: Blocked) -> Hold:
    """The hold of a change that is not what the plan saw any more: the next plan tells."""
    reason, actor = HoldReason.OVERTAKEN, Actor.MAILSTATE
    return Hold(domain=domain, reason=reason, actor=actor, detail=found.detail)
