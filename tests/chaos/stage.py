"""One dimail, what stands before it, and the runs that meet both."""

import json
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from mailstate.errors import ExitCode
from mailstate.sandbox import Sandbox
from mailstate.sandbox.effects import Effect
from mailstate.sandbox.outbox import Letter
from tests.chaos.ear import Ear
from tests.chaos.mail_relay import Carry, MailRelay, Posted
from tests.chaos.runs import Nursery, Ran
from tests.chaos.world import World
from tests.wire.deeds import Asked, Deed, Pass

JOURNAL, REPORT = "journal.jsonl", "report.json"
APPLY = ("apply", "--yes", "--format", "json", "--journal", JOURNAL, "--report", REPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One run: how it ended, and what the server did while it went on."""

    ran: Ran
    effects: tuple[Effect, ...]
    letters: tuple[Letter, ...]
    untold: frozenset[str]
    """To whom a letter was taken, and the answer was lost."""

    report: dict[str, Any] | None

    @property
    def is_cut_off(self) -> bool:
        """Whether its journal may lack what happened last: it was killed, or its disk was full."""
        return self.ran.was_killed or self.ran.code == ExitCode.INVALID


@dataclass(kw_only=True)
class Stage:
    """
    A folder, a sandbox with a proxy before each of its doors, and the runs so far.

    `removed` says of each object that others took away after which effect they did it.
    """

    world: World
    folder: Path
    sandbox: Sandbox
    proxy: Ear
    relay: MailRelay
    nursery: Nursery
    acts: list[Act] = field(default_factory=list)
    removed: dict[str, list[int]] = field(default_factory=dict)
    journal_runs: int = 0
    """Of how many runs the journal told when it was last looked at."""

    delivered: frozenset[str] = frozenset()
    """The mailboxes of which it said by then that their letter was taken."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "MAILSTATE_URL": self.proxy.url,
            "MAILSTATE_USERNAME": self.sandbox.username,
            "MAILSTATE_PASSWORD": self.sandbox.password,
            "MAILSTATE_SMTP_URL": self.relay.url,
        }

    def calm(self) -> None:
        """No faults from here on."""
        self.proxy.decide = lambda _: Pass()
        self.relay.decide = lambda _: Carry()
        self.sandbox.clear_faults()
        self.sandbox.accept_recipients()

    def apply(self, *, file_size: int | None = None) -> Act:
        """Run apply, and come back when all that it has set going has come to rest."""
        return self.watch(lambda: self.call(*APPLY, file_size=file_size))

    def watch(self, run: Callable[[], Ran]) -> Act:
        """What comes of *run*, which works in this folder, however it was started."""
        (self.folder / REPORT).unlink(missing_ok=True)
        effects, letters = self.sandbox.store.effects.count(), len(self.sandbox.outbox())
        self.relay.untold.clear()
        ran = run()
        self.settle()
        path = self.folder / REPORT
        act = Act(
            ran=ran,
            effects=tuple(self.sandbox.effects()[effects:]),
            letters=tuple(self.sandbox.outbox()[letters:]),
            untold=frozenset(self.relay.untold),
            report=json.loads(path.read_text("utf-8")) if path.exists() else None,
        )
        self.acts.append(act)
        return act

    def call(self, *arguments: str, file_size: int | None = None) -> Ran:
        """Run any command."""
        return self.nursery.run(self.folder, self.environment, arguments, file_size=file_size)

    def notify(self) -> Act:
        """Have those written to whose letter is due."""
        return self.watch(lambda: self.call("notify", "--journal", JOURNAL))

    def settle(self) -> None:
        """Come back when nothing is under way any more, to the server or to the mail server."""
        self.proxy.settle()
        self.relay.settle()

    def note_removal(self, one: str) -> None:
        self.removed.setdefault(one, []).append(self.sandbox.store.effects.count())

    def have_halves_removed(self, domains: Iterable[str] = ()) -> list[str]:
        """The operator removes mailboxes of which there is half, as only he can; gives which."""
        store = self.sandbox.store
        halves = []
        for name in domains or (commune.name for commune in self.world.communes):
            context = store.ox.context_of(name)
            whole = {row.email for row in store.mail.mailboxes(name)}
            for account in store.ox.users(context) if context else ():
                local_part = account.email.partition("@")[0]
                if account.email not in whole and local_part != "oxadmin":
                    store.remove_mailbox(name, local_part, half="ox")
                    self.note_removal(f"mailbox/{account.email}")
                    halves.append(account.email)
        return halves

    def passwords(self) -> Iterator[tuple[str, str]]:
        """What was heard that opens a mailbox: its address, and the password or the code."""
        for heard in self.proxy.heard:
            if "email" in heard:
                for kind in ("password", "code"):
                    if kind in heard:
                        yield heard["email"], heard[kind]

    def other_secrets(self) -> Iterator[str]:
        """What nobody is to see at all."""
        sandbox = self.sandbox
        yield sandbox.password
        yield b64encode(f"{sandbox.username}:{sandbox.password}".encode()).decode()
        for heard in self.proxy.heard:
            if "email" not in heard:
                yield from (heard[kind] for kind in ("password", "access_token") if kind in heard)


class House:
    """The parts of stages that last: nurseries, and a running sandbox of each profile."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._nurseries: dict[float, Nursery] = {}
        self._sandboxes: dict[str, Sandbox] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def stage(self, world: World, *, haste: float = 1) -> Iterator[Stage]:
        """
        A stage for *world*, with everything in its place.

        With *haste*, time goes by so much faster in its runs: pauses are short, and so are
        time-outs, which a slow machine then meets.
        """
        if haste not in self._nurseries:
            self._nurseries[haste] = self._stack.enter_context(Nursery(haste=haste))
        sandbox = self._sandboxes.get(world.profile)
        if sandbox is None:
            sandbox = self._stack.enter_context(Sandbox(profile=world.profile, seed=7))
            self._sandboxes[world.profile] = sandbox
        sandbox.reset()
        folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        try:
            world.write(folder)
            world.plant(sandbox)
            with Ear(sandbox) as proxy, MailRelay(sandbox.smtp_url) as relay:
                yield Stage(
                    world=world,
                    folder=folder,
                    sandbox=sandbox,
                    proxy=proxy,
                    relay=relay,
                    nursery=self._nurseries[haste],
                )
        finally:
            shutil.rmtree(folder)


def decided(function: Callable[[Asked], Deed]) -> Callable[[Asked], Deed]:
    """*function*, with `nth` counted from one in this run."""
    times: dict[tuple[str, str], int] = {}

    def decide(asked: Asked) -> Deed:
        key = asked.method, asked.path
        times[key] = times.get(key, 0) + 1
        return function(
            Asked(
                number=sum(times.values()),
                method=asked.method,
                path=asked.path,
                body=asked.body,
                nth=times[key],
            )
        )

    return decide


def posted(function: Callable[[Posted], Carry]) -> Callable[[Posted], Carry]:
    """*function*, with `nth` counted from one in this run."""
    times: dict[str, int] = {}

    def decide(letter: Posted) -> Carry:
        times[letter.recipient] = times.get(letter.recipient, 0) + 1
        return function(Posted(recipient=letter.recipient, nth=times[letter.recipient]))

    return decide
