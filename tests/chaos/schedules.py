"""
What befalls the runs of one schedule, drawn from its seed and nothing else.

What becomes of a request is decided by the run, its method, its path and how many of the same
the run has made before; what becomes of a letter, by its recipient. Neither time nor the order
in which requests of different kinds come has a say: a seed decides the same every time. How far
the calls under way have come when a run is killed is up to the machine.
"""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from mailstate.sandbox import PROFILES
from tests.chaos import oracle
from tests.chaos.ear import is_there
from tests.chaos.mail_relay import Carry, Mishap, Posted
from tests.chaos.recovery import recover
from tests.chaos.stage import House, Stage, decided, posted
from tests.chaos.world import PEOPLE, Role, World, drawn
from tests.wire.deeds import (
    Asked,
    Close,
    Cut,
    Deed,
    Hook,
    Instead,
    Late,
    LoseAnswer,
    Pass,
    Raw,
    Reset,
    Rewrite,
    Slow,
    Withhold,
)

HASTE = 20
"""How much faster time goes by where runs meet trouble: they wait a lot."""

_INTERNAL_ERROR = b"Internal Server Error"
_BUSY = b"<html><head><title>503 Service Unavailable</title></head></html>"
_JSON = (("content-type", "application/json"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A run is hit by *signal* at a *moment* of the *nth* request of one method and path."""

    method: str
    path: str
    nth: int
    moment: str
    signal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A world, how many runs meet trouble, how much of it, and which of them are hit where."""

    seed: int
    world: World
    rate: float
    blows: int
    publishes_after: int
    """The run after which the owners of pending domains publish their DNS."""

    @property
    def repeat(self) -> str:
        """The command that repeats exactly this."""
        return f".venv/bin/python -m tests.chaos --first {self.seed} --seeds 1"


@dataclass(slots=True)
class Tally:
    """What schedules have met."""

    schedules: int = 0
    runs: int = 0
    requests: int = 0
    deeds: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    signals: int = 0

    def count(self, what: str) -> None:
        self.deeds[what] = self.deeds.get(what, 0) + 1

    @property
    def faults(self) -> int:
        return sum(self.deeds.values())


def schedule(seed: int) -> Schedule:
    """The schedule of *seed*."""
    random = Random(seed)
    profile = PROFILES[seed % len(PROFILES)]
    others = [role for role in Role if role is not Role.WORKS]
    roles = [Role.WORKS, *random.sample(others, random.randint(1, 3))]
    world = drawn(random, profile, boxes=random.randint(2, 4), roles=roles)
    return Schedule(
        seed=seed,
        world=world,
        rate=random.choice((0.02, 0.08, 0.15, 0.3)),
        blows=random.choice((0, 1, 1, 2, 3)),
        publishes_after=random.randint(0, 1),
    )


def _blow(one: Schedule, number: int, stage: Stage) -> Blow:
    """Where and how run *number* is hit: at a request that it has reason to make."""
    random = Random(f"{one.seed}/{number}/blow")
    is_published = number > one.publishes_after
    requests = sorted(_requests(one.world, stage, is_published=is_published))
    method, path = random.choice(requests)
    return Blow(
        method=method,
        path=path,
        nth=random.randint(1, requests.count((method, path))),
        moment=random.choice(("before", "after", "answered")),
        signal=random.choice((signal.SIGKILL,) * 4 + (signal.SIGINT, signal.SIGTERM)),
    )


def _requests(world: World, stage: Stage, *, is_published: bool) -> list[tuple[str, str]]:
    """What the next run is likely to ask for, as often as it may."""
    store = stage.sandbox.store
    found = [("GET", "/users/"), ("GET", "/token/")]
    for commune in world.communes:
        if commune.role is Role.CLOSED:
            continue
        name, path = commune.name, f"/domains/{commune.name}"
        managers = (*commune.owners, *commune.administrators)
        access = [one for one in managers if not is_there(store, f"access/{name}/{PEOPLE[one]}")]
        found += [("POST", "/allows/")] * len(access)
        if not is_there(store, f"domain/{name}"):
            found += [("POST", "/domains/"), ("GET", f"{path}/check")]
        if not world.opens(commune, is_published=is_published):
            continue
        for box in commune.boxes:
            if not is_there(store, f"mailbox/{box.local_part}@{name}"):
                post = "POST", f"{path}/mailboxes/{box.local_part}"
                found.append(post)
                if box.secondary and box.active and world.profile == "2026":
                    found.append((post[0], f"{post[1]}/code"))
        for local_part, destination in commune.aliases:
            if not is_there(store, f"alias/{local_part}@{name}/{destination}"):
                found.append(("POST", f"{path}/aliases/"))
    return found


def play(house: House, one: Schedule, tally: Tally | None = None) -> None:
    """Run through the schedule *one*, to its quiet end; raises if any promise is broken."""
    tally = tally or Tally()
    tally.schedules += 1
    with house.stage(one.world, haste=HASTE) as stage:
        # One run for each blow, and one that meets trouble alone.
        for number in range(one.blows + 1):
            blow = _blow(one, number, stage) if number < one.blows else None
            stage.proxy.decide = decided(_troubles(one, number, blow, stage, tally))
            stage.relay.decide = posted(_mishaps(one, number, tally))
            oracle.check(stage, stage.apply())
            if Random(f"{one.seed}/{number}/notify").random() < 0.25:
                stage.proxy.decide = decided(_troubles(one, number, None, stage, tally))
                oracle.check(stage, stage.notify())
            stage.sandbox.clear_faults()
            stage.have_halves_removed()
            if number == one.publishes_after:
                one.world.publish(stage.sandbox)
        one.world.publish(stage.sandbox)
        recover(stage)
        tally.runs += len(stage.acts)
        tally.requests += len(stage.proxy.asked)


def _troubles(
    one: Schedule, number: int, blow: Blow | None, stage: Stage, tally: Tally
) -> Callable[[Asked], Deed]:
    """What befalls each request of run *number*."""

    def strike() -> None:
        assert blow is not None
        tally.kills += blow.signal == signal.SIGKILL
        tally.signals += blow.signal != signal.SIGKILL
        stage.nursery.hit(blow.signal)

    def decide(asked: Asked) -> Deed:
        random = Random(f"{one.seed}/{number}/{asked.method}/{asked.path}/{asked.nth}")
        deed: Deed = Pass()
        if random.random() < one.rate:
            name, deed = trouble(random, asked, stage)
            tally.count(name)
        if blow and (blow.method, blow.path, blow.nth) == (asked.method, asked.path, asked.nth):
            match blow.moment:
                case "before":
                    return Hook(random.choice((deed, Reset())), before=strike)
                case "after":
                    return Hook(deed, after=strike)
                case _:
                    return Hook(deed, answered=strike)
        return deed

    return decide


def trouble(random: Random, asked: Asked, stage: Stage) -> tuple[str, Deed]:
    """Any of the troubles there are, for one request, and what to call it."""
    if random.random() < 0.05 and asked.path != "/token/":
        stage.sandbox.expire_tokens()
        return "token ended", Pass()
    if asked.method == "POST" and random.random() < 0.1 and "/mailboxes/" in asked.path:
        stage.sandbox.add_fault(kind="500_half", method=asked.method, path=asked.path)
        return "half made", Pass()
    has_effect = random.random() < 0.5
    wait = ("retry-after", str(random.randint(0, 6)))
    troubles: tuple[Deed, ...] = (
        Reset(),
        Close(),
        LoseAnswer(),
        Instead(500, _INTERNAL_ERROR, effect=has_effect, close=True),
        Instead(500, b'{"detail": "Internal server error"}', _JSON, effect=has_effect),
        Instead(502, _BUSY, effect=has_effect),
        Instead(503, _BUSY, (wait,), effect=has_effect),
        Instead(504, _BUSY, effect=has_effect),
        Instead(429, b"", (wait,)),
        Instead(401, b'{"detail": "Not authenticated"}', _JSON),
        Instead(403, b'{"detail": "Permission denied"}', _JSON),
        Instead(200, b"", _JSON, effect=has_effect),
        Cut(random.random()),
        Cut(random.random(), "chunked"),
        Cut(random.random(), "head"),
        Rewrite(lambda status, headers, body: (status, headers, body[: len(body) // 2])),
        Raw(b"SSH-2.0-OpenSSH_9.6\r\n", effect=has_effect),
        Raw(b"", effect=has_effect),
        Slow(after=random.uniform(0, 0.1)),
    )
    silent: tuple[Deed, ...] = (Late(random.uniform(0.5, 2.5)), Withhold())
    deed = random.choice(silent if random.random() < 0.04 else troubles)
    return type(deed).__name__.lower(), deed


_MISHAPS: Mapping[Mishap, int] = {
    Mishap.PUT_OFF: 2,
    Mishap.REFUSED: 2,
    Mishap.LOST: 1,
    Mishap.UNTOLD: 2,
}


def _mishaps(one: Schedule, number: int, tally: Tally) -> Callable[[Posted], Carry]:
    """What befalls each letter of run *number*."""

    def decide(letter: Posted) -> Carry:
        random = Random(f"{one.seed}/{number}/{letter.recipient}/{letter.nth}")
        if random.random() >= one.rate:
            return Carry()
        [mishap] = random.choices([*_MISHAPS], weights=[*_MISHAPS.values()])
        tally.count(f"letter {mishap.name.lower()}")
        return Carry(mishap=mishap)

    return decide
