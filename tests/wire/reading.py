"""A dimail with something of everything, its answers on record, and plans made of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pytest

from mailstate.dimail.client import DimailClient
from mailstate.dimail.live import read_live
from mailstate.errors import ExitCode, RemoteError
from mailstate.model.resources import DomainName, Kind
from mailstate.model.secret import Secret
from mailstate.model.state import DesiredState, LiveDomain, LiveState
from mailstate.planning.plan import Policy
from mailstate.planning.planner import needs_check, plan
from mailstate.reporting.plan_json import Context, plan_json
from mailstate.sandbox import Sandbox
from tests.cli.support import ALICE, BOB, USERS
from tests.wire.proxy import Asked, Deed, Headers, Instead, Pass, Proxy, Rewrite, Silence
from tests.wire.support import Clock, Loop, desired

A, B, BROKEN = DomainName("a.example"), DomainName("b.example"), DomainName("broken.example")
STRANGER = "stranger"

BASIC = ("/allows/", "/users/", "/domains/", "/token/")
V2, V1 = f"/v2/domains/{A}/mailboxes/", f"/domains/{A}/mailboxes/"
ALIASES = f"/domains/{A}/aliases/"
CHECK = f"/domains/{BROKEN}/check"

_A = f"""\
domains:
  - name: {A}
    context: ville
    owners: [alice.martin]
    accesses: [{{user: bob.durand, role: administrator}}]
    mailboxes:
      - {{local_part: ada, first_name: Ada, last_name: Martin}}
      - {{local_part: kim, first_name: Kim, last_name: Petit}}
      - {{local_part: new, first_name: New, last_name: Comer}}
    aliases:
      - {{local_part: contact, destinations: [ada@{A}]}}
      - {{local_part: info, destinations: [kim@{A}]}}
"""
_OTHERS = f"""\
domains:
  - name: {B}
    context: ville
    owners: [bob.durand]
    mailboxes:
      - {{local_part: bob, first_name: Bob, last_name: Durand}}
    aliases:
      - {{local_part: contact, destinations: [bob@{B}]}}
  - name: {BROKEN}
    features: [mailbox, alias]
    owners: [alice.martin]
    mailboxes:
      - {{local_part: eve, first_name: Eve, last_name: Roux}}
    aliases:
      - {{local_part: contact, destinations: [sam@elsewhere.example]}}
  - name: to-be-made.example
    owners: [cleo.petit]
    mailboxes:
      - {{local_part: tom, first_name: Tom, last_name: Blanc}}
"""

FILES = (USERS, _A, _OTHERS)

ONE = desired(USERS, _A)
"""One domain, of which each call tells something that a plan depends on."""

ALL = desired(*FILES)
"""With it a second domain of its context, one that is broken, and one that is not there."""


def furnish(sandbox: Sandbox) -> None:
    """Have *sandbox* hold some of what is wanted, some of it otherwise, and more."""
    store = sandbox.store
    for name in (ALICE, BOB, STRANGER):
        store.add_user(name)
    store.add_domain(A, context="ville", state="ok")
    store.add_domain(B, context="ville", state="ok")
    store.add_domain(BROKEN, features=("mailbox", "alias"), state="broken")
    for name, domain in ((ALICE, A), (STRANGER, A), (BOB, B), (STRANGER, B), (ALICE, BROKEN)):
        store.add_allow(name, domain)
    for domain in (A, B, BROKEN):
        store.add_allow(sandbox.username, domain)
    store.add_mailbox(A, "ada", given_name="Ada", sur_name="Martine")
    store.add_mailbox(A, "kim", given_name="Kim", sur_name="Petit")
    store.add_mailbox(A, "max", given_name="Max", sur_name="Strange")
    store.add_mailbox(B, "bob", given_name="Bob", sur_name="Durand")
    store.add_mailbox(BROKEN, "sam", given_name="Sam", sur_name="Noir")
    store.add_alias(A, "contact", f"ada@{A}")
    store.add_alias(A, "old", "somebody@elsewhere.example")
    store.add_alias(B, "contact", f"bob@{B}")
    store.add_alias(BROKEN, "old", "somebody@elsewhere.example")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer on record, and where it was asked for."""

    url: str
    status: int
    headers: Headers
    body: bytes

    def again(self) -> Instead:
        """The same once more."""
        return Instead(self.status, body=self.body, headers=self.headers)


CANARY = "canary"
"""In what no message may repeat."""

Fault = Callable[[Said], Deed]
"""What becomes of the answer that is due."""


def policies(profile: str) -> tuple[Policy, ...]:
    """Nothing removed, and all that is in no file."""
    careful = Policy(service_account="la_regie", assume_enabled=profile == "2024")
    prune = frozenset({Kind.ACCESS, Kind.ALIAS, Kind.MAILBOX})
    return careful, replace(careful, prune=prune, delete_mailboxes=True, max_removals_percent=100)


class World:
    """
    What *sandbox* answers to a plan of *wanted*, told again by *proxy* as often as one likes.

    `answers` has them by path with query, in the order in which they were asked for.
    """

    def __init__(self, sandbox: Sandbox, proxy: Proxy, wanted: DesiredState) -> None:
        self.sandbox = sandbox
        self.proxy = proxy
        self.wanted = wanted
        self.answers: dict[str, Said] = {}
        proxy.decide = self._record
        self.live = self.read()
        self.unchecked = self.read(checks=False)
        self._plans: dict[str, tuple[str, ...]] = {}
        self.plans = self.planned(self.live)
        assert not sandbox.effects()

    def _record(self, asked: Asked) -> Deed:
        def remember(status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
            self.answers[asked.path] = Said(self.proxy.url + asked.path, status, headers, body)
            return status, headers, body

        return Rewrite(remember)

    def read(self, *, checks: bool = True, concurrency: int = 4) -> LiveState:
        """A live state, through the proxy, without waiting for anything."""
        loop = self._loop = Loop()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(self._read(checks=checks, concurrency=concurrency))

    async def _read(self, *, checks: bool, concurrency: int) -> LiveState:
        is_checked = partial(needs_check, self.wanted) if checks else _never
        async with DimailClient(
            self.proxy.url,
            self.sandbox.username,
            Secret(self.sandbox.password),
            concurrency=concurrency,
            clock=Clock(),
        ) as client:
            return await read_live(client, self.wanted, needs_check=is_checked)

    def planned(self, live: LiveState) -> tuple[str, ...]:
        """The plans that follow from *live*, byte for byte: a function of its value and order."""
        if (told := repr(live)) not in self._plans:
            self._plans[told] = tuple(
                plan_json(plan(self.wanted, live, policy), Context(target="", policy=policy))
                for policy in policies(self.sandbox.profile)
            )
        return self._plans[told]

    def read_with(self, path: str, fault: Fault, *, times: int | None = None) -> LiveState:
        """A live state for which the first *times* answers to *path*, or all, had a *fault*."""
        bad = self.spoil(path, fault, times=times)
        # The time runs out for all calls under way: let there be no others.
        return self.read(concurrency=1 if isinstance(bad, Silence) else 4)

    def spoil(self, path: str, fault: Fault, *, times: int | None = None) -> Deed:
        """Have the first *times* answers to *path*, or all, have a *fault*; say what that is."""
        left = times
        bad = fault(self.answers[path])

        def decide(asked: Asked) -> Deed:
            nonlocal left
            if asked.path != path or left == 0:
                said = self.answers.get(asked.path) or self.answers.get(_other_slash(asked.path))
                return said.again() if said else Pass()
            left = None if left is None else left - 1
            if isinstance(bad, Silence):
                self._loop.run_out()
            return bad

        self.proxy.decide = decide
        return bad

    def unseen(self, error: str) -> tuple[str, ...]:
        """The plans if the check of the broken domain fails, and is told as *error*."""
        told = replace(self.unchecked.domains[BROKEN], check_error=error)
        return self.planned(
            replace(self.unchecked, domains={**self.unchecked.domains, BROKEN: told})
        )


def stops(world: World, path: str, fault: Fault, times: int | None = None) -> None:
    """No plan comes of it, and the call is named; a check that fails has its domain wait."""
    if path == CHECK:
        live = world.read_with(path, fault, times=times)
        error = live.domains[BROKEN].check_error or ""
        plans = world.planned(live)
        assert world.unseen(error) == plans
        assert world.plans != plans
    else:
        with pytest.raises(RemoteError) as caught:
            world.read_with(path, fault, times=times)
        error = caught.value.message
        assert ExitCode.REMOTE is caught.value.exit_code
        assert CANARY not in caught.value.hint
    assert error.startswith(f"GET {path}: ")
    assert CANARY not in error


def changes_nothing(world: World, path: str, fault: Fault, times: int | None = None) -> None:
    """The plans are those that follow without it."""
    assert world.plans == world.planned(world.read_with(path, fault, times=times))


def _never(_live: LiveDomain) -> bool:
    return False


def _other_slash(path: str) -> str:
    return path.removesuffix("/") if path.endswith("/") else f"{path}/"
