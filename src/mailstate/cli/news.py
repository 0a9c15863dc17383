"""
News of domains for their support addresses: enabled, needs action, failed; once for each change.

There is no database that remembers what was told. The journal does, where one is kept; without
one, a domain has changed if this run saw it stand otherwise at its beginning: as dimail listed it
before it was checked, or not there at all.

Domains for which nothing waited were not looked at in the run: those of them that are new or not
enabled are checked at its end.
"""

import asyncio
from collections.abc import Iterator, Mapping

from mailstate.applying.outcome import Applied, Outcome
from mailstate.cli import output
from mailstate.cli.journal import Journal
from mailstate.cli.session import Session
from mailstate.errors import RemoteError
from mailstate.letters.compose import News
from mailstate.letters.delivery import Undelivered
from mailstate.letters.records import records_for
from mailstate.letters.support import Support
from mailstate.model.resources import Domain, DomainName
from mailstate.model.state import DnsRecord, DomainState
from mailstate.planning.holds import hold_on, hold_unseen
from mailstate.planning.plan import Action, Change, Hold
from mailstate.planning.readiness import Standing, standing_of
from mailstate.reporting.paint import visible

_NEWS = {
    Standing.ENABLED: News.ENABLED,
    Standing.ACTION_REQUIRED: News.ACTION_REQUIRED,
    Standing.FAILED: News.FAILED,
}
_BROKEN = frozenset({Standing.ACTION_REQUIRED, Standing.FAILED})
_SETTLED = frozenset({DomainState.OK, DomainState.UNTOLD})


class Herald:
    """Watches how domains come to stand, and tells it at the end of a run; an `Observer`."""

    def __init__(self, run: Session, *, told: Mapping[DomainName, str]) -> None:
        self._run = run
        self._told = told
        self._last: dict[DomainName, Hold | None] = {}
        self._made: set[DomainName] = set()

    def begun(self, change: Change) -> None:
        """Nothing: only looks at domains count."""

    def ended(self, outcome: Outcome) -> None:
        """A new domain is to be looked at, whether or not something waits for it."""
        match outcome:
            case Applied(change=Change(action=Action.CREATE, after=Domain(name=name))):
                self._made.add(name)
            case _:
                pass

    def looked(self, domain: DomainName, hold: Hold | None) -> None:
        self._last[domain] = hold

    async def spread(self, support: Support, journal: Journal | None, stop: asyncio.Event) -> None:
        """Tell each support address what is new, until *stop*; what cannot be delivered is said."""
        await asyncio.gather(*map(self._look, [*self._unseen()]))
        for domain, hold in self._changed():
            if stop.is_set():
                break
            standing = standing_of(hold)
            checks = hold.checks if hold else ()
            delivery = await support.tell(
                domain,
                self._run.desired.domains[domain].support_email,
                _NEWS[standing],
                checks=checks,
                records=records_for(checks, domain, await self._spec(domain) if checks else None),
            )
            if isinstance(delivery, Undelivered):
                reason = visible(delivery.reason)
                output.say(f"warning: the support address of {domain} was not told: {reason}")
            elif journal:
                journal.told(domain, standing.value)

    def _unseen(self) -> Iterator[DomainName]:
        """The domains of which nobody knows yet how they stand now."""
        for name, domain in self._run.desired.domains.items():
            live = self._run.live.domains.get(name)
            is_open = live is not None and live.state not in _SETTLED
            if (
                domain.support_email
                and not domain.disabled
                and name not in self._last
                and name not in self._run.listed
                and (is_open or name in self._made)
            ):
                yield name

    async def _look(self, name: DomainName) -> None:
        """See how *name* stands; where that cannot be seen there is no news of it."""
        try:
            live = await self._run.client.reader.repaired(name)
        except RemoteError as error:
            self._last[name] = hold_unseen(name, error.message)
        else:
            assume = self._run.target.policy.assume_enabled
            self._last[name] = hold_on(name, live, assume_enabled=assume)

    async def _spec(self, name: DomainName) -> tuple[DnsRecord, ...] | None:
        """The records that dimail gives for *name*; None if it tells none, for whatever reason."""
        try:
            return await self._run.client.spec(name)
        except RemoteError:
            return None

    def _changed(self) -> Iterator[tuple[DomainName, Hold | None]]:
        policy = self._run.target.policy
        for name, domain in self._run.desired.domains.items():
            if not domain.support_email or domain.disabled:
                continue
            live = self._run.live.domains.get(name)
            if name in self._last:
                hold = self._last[name]
            elif live is not None:
                hold = hold_on(name, live, assume_enabled=policy.assume_enabled)
            else:
                continue
            standing = standing_of(hold)
            if standing in _NEWS and self._is_new(name, standing):
                yield name, hold

    def _is_new(self, name: DomainName, standing: Standing) -> bool:
        if name in self._told:
            return self._told[name] != standing
        live = self._run.live.domains.get(name)
        if live is None:
            return True
        match self._run.listed.get(name, live.state):
            case DomainState.BROKEN:
                return standing not in _BROKEN
            case DomainState.OK | DomainState.UNTOLD:
                return standing is not Standing.ENABLED
            case _:
                return True
