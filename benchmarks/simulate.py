"""
How long a dimail takes for a plan and an apply of any size, in virtual time.

    python -m benchmarks.simulate --mailboxes 1000000 --shards 1,8 --cores 1,4

The client is the real one: what may start when (`mailstate.applying`), how many calls at once, how
fast, what is tried again, when a token is renewed (`mailstate.dimail`). The server is a model: it
works on one call per core, first come first served, and takes for each kind of call what a dimail
of 2024 was seen to take. Nothing is random: the same arguments print the same table.
"""

import argparse
import asyncio
import json
import math
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import assert_never

from benchmarks.virtual import VirtualClock, run
from mailstate.applying.applier import Applier
from mailstate.applying.mail_api import Found
from mailstate.dimail import calls
from mailstate.dimail.caller import Caller
from mailstate.dimail.calls import Call
from mailstate.dimail.connections import Answer
from mailstate.errors import RemoteError
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Key,
    Mailbox,
    Resource,
    User,
)
from mailstate.model.secret import Secret
from mailstate.model.state import LiveDomain
from mailstate.planning.plan import Action, Change, Plan, Policy

_SERVICE = "la_regie"
_PASSWORD_CHECK = 1 / 6
_SECONDS = {
    "GET /token/": _PASSWORD_CHECK,
    "POST /users/": 2 * _PASSWORD_CHECK,  # checks one password, and hashes another
    "POST /domains/": _PASSWORD_CHECK,
    "POST /allows/": _PASSWORD_CHECK,
    "POST /domains/*/aliases/": 1 / 170,
    "GET /domains/*/mailboxes/": 1 / 330,
    "GET /domains/*/aliases/": 1 / 330,
    "GET /domains/*/mailboxes/*": 1 / 220,
}
"""What a core takes for each kind of call, measured one by one."""

_LISTS = {"GET /users/", "GET /domains/", "GET /allows/"}
_SECONDS_A_ROW = 0.25 / 5000
"""What a core takes for each row of a list of all users, domains or allows, besides a password."""

_CREATION = 1 / 5.8
"""What a core takes to create a mailbox: it hashes the password that it makes up."""

_TOKEN_LASTS = 47 * 60
_STALL = 30.0


@dataclass(kw_only=True)
class Server:
    """
    A dimail that takes its time.

    *rows* are in each of its long lists, and *creation* is what a mailbox takes. With *limit* it
    refuses what is more than so many calls a second; with *stalls_at*, so many calls at once have
    it stand still, and end in 500.
    """

    cores: int
    rows: int
    limit: float = math.inf
    stalls_at: float = math.inf
    creation: float = _CREATION
    calls: Counter[str] = field(default_factory=Counter)
    busy: float = 0.0
    refused: int = 0
    stalls: int = 0
    _free_at: list[float] = field(default_factory=list)
    _tokens: float = 1.0
    _seen: float = 0.0
    _under_way: int = 0
    _stalled_until: float = -1.0

    async def send(self, call: Call, _authorization: str) -> Answer:
        """Answer *call*, as `mailstate.dimail` has it answered over a network."""
        now = asyncio.get_running_loop().time()
        if not self._admits(now):
            self.refused += 1
            return Answer(status=429)
        self.calls[call.kind.like] += 1
        self._under_way += 1
        try:
            if self._under_way >= self.stalls_at and now >= self._stalled_until:
                self._stalled_until = now + _STALL
                self.stalls += 1
            if now < self._stalled_until:
                await asyncio.sleep(self._stalled_until - now)
                return Answer(status=500)
            await asyncio.sleep(self._work(call, now) - now)
        finally:
            self._under_way -= 1
        return self._answer(call)

    def _work(self, call: Call, now: float) -> float:
        """When *call* is done: the core that is free first takes it."""
        self._free_at = self._free_at or [0.0] * self.cores
        core = self._free_at.index(min(self._free_at))
        if call.kind.like == "POST /domains/*/mailboxes/*":
            seconds = self.creation
        elif call.kind.like in _LISTS:
            seconds = _PASSWORD_CHECK + self.rows * _SECONDS_A_ROW
        else:
            seconds = _SECONDS[call.kind.like]
        self.busy += seconds
        self._free_at[core] = max(now, self._free_at[core]) + seconds
        return self._free_at[core]

    def _admits(self, now: float) -> bool:
        if self.limit == math.inf:
            return True
        self._tokens = min(self.limit, self._tokens + (now - self._seen) * self.limit)
        self._seen = now
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True

    def _answer(self, call: Call) -> Answer:
        if call.path != "/token/":
            return Answer(status=200 if call.kind.method == "GET" else 201)
        end = VirtualClock().wall() + _TOKEN_LASTS
        claims = json.dumps({"sub": _SERVICE, "exp": end}).encode()
        text = f"x.{urlsafe_b64encode(claims).decode().rstrip('=')}.x"
        return Answer(status=200, body=json.dumps({"access_token": text}).encode())


class Api:
    """What an applier asks of dimail, as the calls that `mailstate.dimail` makes of it."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._there: set[Key] = set()

    async def create(self, resource: Resource) -> Secret | None:
        """Create *resource*."""
        match resource:
            case User():
                call = calls.create_user(resource)
            case Domain():
                call = calls.create_domain(resource)
            case Access():
                call = calls.create_access(resource)
            case Mailbox():
                call = calls.create_mailbox(resource)
            case Alias():
                call = calls.create_alias(resource)
            case _:
                assert_never(resource)
        await self._caller.write(call, promised={201})
        self._there.add(resource.key)
        return None

    async def update(self, before: Mailbox, after: Mailbox, fields: tuple[str, ...]) -> None:
        """Never asked for here."""
        raise NotImplementedError

    async def delete(self, resource: Access | Alias | Mailbox) -> None:
        """Never asked for here."""
        raise NotImplementedError

    async def find(self, resource: Resource) -> Found | None:
        """Read *resource* back."""
        match resource:
            case Mailbox():
                call = calls.mailbox(resource.domain, resource.local_part)
            case Alias():
                call = calls.aliases(resource.domain)
            case _:
                call = calls.users()
        await self._caller.read(call)
        return Found(resource=resource) if resource.key in self._there else None

    async def look(self, domain: DomainName) -> LiveDomain:
        """Never asked for here."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is, and how it is shared."""

    mailboxes: int
    a_domain: int
    shards: int
    concurrency: int
    cores: int

    @property
    def domains(self) -> int:
        """How many there are."""
        return -(-self.mailboxes // self.a_domain)

    def shard(self, which: int) -> Iterator[DomainName]:
        """The domains of one shard; of a hash, each has as many."""
        return (
            DomainName(f"d{number}.example") for number in range(which, self.domains, self.shards)
        )


def _changes(domains: Iterator[DomainName], mailboxes: int) -> Iterator[Change]:
    """What is new: each domain with two accesses, its mailboxes, and an alias for each ten."""
    made: dict[str, list[Resource]] = {"domain": [], "access": [], "mailbox": [], "alias": []}
    for name in domains:
        made["domain"].append(
            Domain(name=name, features=frozenset({"mailbox"}), context=name, delivery="virtual")
        )
        made["access"] += [Access(domain=name, user=user) for user in (_SERVICE, f"owner-{name}")]
        boxes = [
            Mailbox(
                domain=name,
                local_part=f"u{number}",
                first_name="Ada",
                last_name=f"Roux {number}",
                display_name=f"Ada Roux {number}",
                active=True,
            )
            for number in range(mailboxes)
        ]
        made["mailbox"] += boxes
        made["alias"] += [
            Alias(domain=name, local_part=f"a{number}", destination=box.address)
            for number, box in enumerate(boxes[::10])
        ]
    for kind in made.values():
        for resource in kind:
            yield Change(action=Action.CREATE, before=None, after=resource)


async def _read(caller: Caller, domains: Sequence[DomainName], concurrency: int) -> None:
    """Ask for what a plan asks for: three long lists, and two short ones for each domain."""
    for call in (calls.users(), calls.domains(), calls.accesses()):
        await caller.read(call)
    asked = iter([call(name) for name in domains for call in (calls.mailboxes, calls.aliases)])

    async def work() -> None:
        for call in asked:
            await caller.read(call)

    await asyncio.gather(*(work() for _ in range(concurrency)))


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long a plan and an apply took, in seconds, and what was not done in the end."""

    plan: float
    apply: float
    left: int


async def simulate(server: Server, size: Size) -> Took:
    """Plan, then apply, in all shards at once; nothing of what is to be made is there yet."""
    clock = VirtualClock()
    callers = [
        Caller(server, _SERVICE, Secret("x"), concurrency=size.concurrency, clock=clock)  # type: ignore[arg-type]  # it answers as connections do
        for _ in range(size.shards)
    ]
    begun = clock.monotonic()
    domains = [[*size.shard(which)] for which in range(size.shards)]
    reading = (
        _read(caller, mine, size.concurrency) for caller, mine in zip(callers, domains, strict=True)
    )
    read = await asyncio.gather(*reading, return_exceptions=True)
    failed = [one for one in read if isinstance(one, RemoteError)]
    planned = clock.monotonic()
    appliers = [
        Applier(
            Api(caller),
            Policy(service_account=_SERVICE),
            concurrency=size.concurrency,
            sleep=clock.sleep,
            clock=clock.monotonic,
        ).apply(Plan(changes=tuple(_changes(iter(mine), size.a_domain))))
        for caller, mine in zip(callers, domains, strict=True)
    ]
    reports = await asyncio.gather(*appliers)
    summaries = [report.summary() for report in reports]
    left = sum(one["planned"] - one["applied"] for one in summaries)
    return Took(
        plan=math.inf if failed else planned - begun, apply=clock.monotonic() - planned, left=left
    )


def _duration(seconds: float) -> str:
    if seconds == math.inf:
        return "none"
    return f"{seconds:.0f} s" if seconds < 3600 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def main() -> None:
    """Print a table: a line for each number of shards, calls at once, and cores."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__.splitlines()[1])
    parser.add_argument("--mailboxes", type=int, default=10_000)
    parser.add_argument("--a-domain", type=int, default=50, help="mailboxes of each domain")
    parser.add_argument("--shards", type=_numbers, default=[1], metavar="N,N")
    parser.add_argument("--concurrency", type=_numbers, default=[4], metavar="N,N")
    parser.add_argument("--cores", type=_numbers, default=[1], metavar="N,N")
    parser.add_argument(
        "--limit", type=float, default=math.inf, help="calls that it takes a second"
    )
    parser.add_argument("--stalls-at", type=float, default=math.inf, metavar="N")
    parser.add_argument("--creation", type=float, default=_CREATION, help="seconds for a mailbox")
    asked = parser.parse_args()
    print(
        "| shards | at once, each | cores | calls | plan | apply | busy | refused | stalls | left |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for cores, shards, concurrency in product(asked.cores, asked.shards, asked.concurrency):
        size = Size(
            mailboxes=asked.mailboxes,
            a_domain=asked.a_domain,
            shards=shards,
            concurrency=concurrency,
            cores=cores,
        )
        server = Server(
            cores=cores,
            rows=size.domains,
            limit=asked.limit,
            stalls_at=asked.stalls_at,
            creation=asked.creation,
        )
        took = run(simulate(server, size))
        total = took.apply + (0 if took.plan == math.inf else took.plan)
        cells = (
            f"{shards} | {concurrency} | {cores} | {server.calls.total():,}",
            f"{_duration(took.plan)} | {_duration(took.apply)}",
            f"{server.busy / cores / total:.0%} | {server.refused:,}",
            f"{server.stalls} | {took.left:,}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
