"""
A mail server in memory, with trouble to order, and a clock that jumps instead of sleeping.

It keeps to the server's rules and asserts that whoever drives it does: an access needs its user
and domain, a mailbox the right of the account in use and an enabled domain, an update the
spelling that the server has.
"""

import asyncio
import selectors
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from mailstate.errors import (
    BusyCallError,
    ConflictCallError,
    DoubtfulCallError,
    LostAnswerError,
    RefusedCallError,
)
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    Mailbox,
    User,
    access_key,
    domain_key,
    user_key,
)
from mailstate.model.secret import Secret
from mailstate.model.state import DomainState, Found, LiveDomain, LiveState
from tests.strategies import as_stored, full_name


class Trouble(Enum):
    """What may go wrong with one call."""

    REFUSED = "no effect, for good"
    BUSY = "no effect, for now"
    DOUBTFUL_BEFORE = "no effect, and nobody knows"
    DOUBTFUL_AFTER = "done, and nobody knows"
    LATE_ONE = "done after it was read once"
    LATE_TWO = "done after it was read twice"
    LATE_THREE = "done after it was read three times"
    LATE_NINE = "done after it was read nine times, when nobody looks any more"
    LATE_NEXT = "done just before it is sent again"
    UNDER_WAY = "half done while it is read twice, then done"
    HALF_MADE = "a mailbox in one of two stores, for good"
    HALF_UNDONE = "a mailbox in one of two stores while it is read twice, then in none"
    OTHERS = "a mailbox that somebody else makes just before"
    OTHERS_UNDER_WAY = "a mailbox that somebody else is making while it is read twice"


LATE = {
    Trouble.LATE_ONE: 1,
    Trouble.LATE_TWO: 2,
    Trouble.LATE_THREE: 3,
    Trouble.LATE_NINE: 9,
}
OPEN = (DomainState.OK, DomainState.UNTOLD)


@dataclass(frozen=True)
class Call:
    """One call that was made, and when it began."""

    verb: str
    key: str
    at: float


@dataclass
class Late:
    """
    An effect that is still to come: after so many *reads*, or just before the next try.

    Of what *is_begun* half is there already: whoever sends it again now is too early.
    """

    key: str
    effect: Callable[[], None]
    reads: int
    is_next: bool = False
    is_begun: bool = False


class FakeMail:
    """A `MailApi` over the live state *truth*; *troubles* come one per call of a verb and key."""

    def __init__(self, truth=LiveState(), *, policy, troubles=None, states=None, seconds=None):  # noqa: B008 - frozen
        self.users = dict(truth.users)
        self.accesses = dict(truth.accesses)
        self.domains = dict(truth.domains)
        self.tells_active = truth.tells_active
        self.policy = policy
        self.troubles = defaultdict(list, {key: [*some] for key, some in (troubles or {}).items()})
        self.states = defaultdict(list, {name: [*some] for name, some in (states or {}).items()})
        self.seconds = seconds or {}
        self.new_state = DomainState.NEW
        self.composes_names = False
        self.is_shared = False
        self.retry_after = 7.0
        self.on_call = lambda _call: None
        self.calls = []
        self.effects = []
        self.gone = []
        self.others = []
        self.most_at_once = 0
        self._under_way = 0
        self._late = []
        self._readable = {name for name, domain in self.domains.items() if domain.readable}

    @property
    def live(self):
        """What a complete reading tells."""
        return LiveState(
            users=dict(self.users),
            accesses=dict(self.accesses),
            domains={name: self._read(name, is_whole=True) for name in self.domains},
            tells_active=self.tells_active,
        )

    def calm_down(self):
        """No more trouble; what was to come late comes now."""
        self.troubles.clear()
        for late in self._late:
            late.effect()
        self._late.clear()

    def hide(self, field, mailbox):
        """Tell *field* of *mailbox* no more."""
        stored = self.stored(mailbox)
        assert stored is not None
        self._store(replace(stored, **{field: None}))

    def stored(self, resource):
        """What the server has under the key of *resource*."""
        match resource:
            case User(key=key):
                return self.users.get(key)
            case Access(key=key):
                return self.accesses.get(key)
            case Domain(name=name):
                return self.domains[name].domain if name in self.domains else None
            case Mailbox(key=key, domain=name):
                return self.domains[name].mailboxes.get(key) if name in self.domains else None
            case Alias(key=key, domain=name):
                return self.domains[name].aliases.get(key) if name in self.domains else None
            case _:
                raise AssertionError(resource)

    async def create(self, resource):
        """Create *resource*, or not, as troubled."""
        trouble = await self._call("create", resource.key)
        self._assert_allowed(resource)
        self._raise_without_effect(trouble)
        if isinstance(resource, Mailbox) and self.stored(resource) is None:
            self._make_for_others(resource, trouble)
        if self.stored(resource) is not None:
            raise ConflictCallError("409: exists already")
        self._delay(resource.key, trouble, lambda: self._create(resource))
        self._create(resource)
        if isinstance(resource, Mailbox):
            self._make_half(resource, trouble)
        if trouble is not None:
            raise LostAnswerError("connection lost")
        return Secret("once") if isinstance(resource, Mailbox) else None

    async def update(self, before, after, fields):
        """Change *fields* of the mailbox *before*, or not, as troubled."""
        trouble = await self._call("update", after.key)
        stored = self.stored(before)
        assert stored is not None, "an update needs its mailbox"
        assert stored.address == before.address, "paths are compared with case"
        assert fields
        closes = after.active is False and "active" in fields
        self._assert_open(after.domain, is_enough=closes)
        self._raise_without_effect(trouble)
        self._delay(after.key, trouble, lambda: self._update(before, after, fields))
        if trouble is Trouble.UNDER_WAY:
            untold = dict.fromkeys(fields)
            self._store(replace(stored, **untold))
            self._begin(after.key, lambda: self._update(before, after, fields))
            raise LostAnswerError("timed out")
        self._update(before, after, fields)
        if trouble is not None:
            raise LostAnswerError("connection lost")

    async def delete(self, resource):
        """Delete an access, alias or mailbox, or not, as troubled."""
        trouble = await self._call("delete", resource.key)
        self._raise_without_effect(trouble)
        self._delay(resource.key, trouble, lambda: self._delete(resource))
        if trouble is Trouble.UNDER_WAY and isinstance(resource, Mailbox):
            if self.stored(resource) is not None:
                self._halve(resource)
            self._begin(resource.key, lambda: self._delete(resource))
            raise LostAnswerError("timed out")
        self._delete(resource)
        if trouble is not None:
            raise LostAnswerError("connection lost")

    async def find(self, resource):
        """Read one thing; what is late comes nearer."""
        trouble = await self._call("find", resource.key)
        self._raise_without_effect(trouble)
        if trouble is not None:
            raise DoubtfulCallError("reading timed out")
        stored = self.stored(resource)
        found = None
        if stored is not None:
            half = isinstance(stored, Mailbox) and (
                stored.key in self.domains[stored.domain].half_made
            )
            found = Found(resource=stored, half_made=half)
        for late in [*self._late]:
            late.reads -= 1
            if late.reads == 0:
                self._late.remove(late)
                late.effect()
        return found

    async def look(self, domain):
        """Check *domain*, which takes it to the next of its states, and read it anew."""
        trouble = await self._call("look", domain_key(domain))
        self._raise_without_effect(trouble)
        if trouble is not None:
            raise DoubtfulCallError("GET check: timed out")
        assert domain in self.domains, "a domain is looked at once it is there"
        if self.states[domain]:
            state, failing = self.states[domain].pop(0)
            self.domains[domain] = replace(
                self.domains[domain], state=state, failing=failing, check_error=None
            )
        return self._read(domain, is_whole=self.domains[domain].state in OPEN)

    async def _call(self, verb, key):
        call = Call(verb, key, asyncio.get_running_loop().time())
        self.calls.append(call)
        self.on_call(call)
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        await asyncio.sleep(self.seconds.get((verb, key), 1.0))
        self._under_way -= 1
        if verb in {"create", "update", "delete"}:
            self._arrive(key)
        ordered = self.troubles[verb, key]
        return ordered.pop(0) if ordered else None

    def _arrive(self, key):
        """Take in that something is sent about *key*."""
        for late in [*self._late]:
            if late.key != key:
                continue
            is_too_early = late.is_begun and not self.is_shared
            assert not is_too_early, "nothing is sent while the server is at work on it"
            if late.is_next:
                self._late.remove(late)
                late.effect()

    def _delay(self, key, trouble, effect):
        """Have *effect* later, and no answer, if that is the trouble."""
        if trouble in LATE or trouble is Trouble.LATE_NEXT:
            is_next = trouble is Trouble.LATE_NEXT
            self._late.append(Late(key, effect, reads=LATE.get(trouble, 0), is_next=is_next))
            raise LostAnswerError("timed out")

    def _begin(self, key, effect):
        """Have *effect*, of which half is there already, after two readings."""
        self._late.append(Late(key, effect, reads=2, is_begun=True))

    def _make_half(self, mailbox, trouble):
        """Have half of *mailbox*, if that is the trouble."""
        match trouble:
            case Trouble.UNDER_WAY:
                self._halve(mailbox)
                self._begin(mailbox.key, lambda: self._make_whole(mailbox))
                raise LostAnswerError("timed out")
            case Trouble.HALF_MADE:
                self._halve(mailbox)
                raise DoubtfulCallError("500")
            case Trouble.HALF_UNDONE:
                self.effects.remove(mailbox.key)
                self._halve(mailbox)
                self._begin(mailbox.key, lambda: self._forget(mailbox))
                raise DoubtfulCallError("500")
            case _:
                pass

    def _make_for_others(self, mailbox, trouble):
        """Let somebody else make *mailbox*, if that is the trouble."""
        if trouble in {Trouble.OTHERS, Trouble.OTHERS_UNDER_WAY}:
            self._store(replace(mailbox, active=True))
            self.others.append(mailbox.key)
        if trouble is Trouble.OTHERS_UNDER_WAY:
            self._halve(mailbox)
            self._begin(mailbox.key, lambda: self._make_whole(mailbox))

    def _halve(self, mailbox):
        here = self.domains[mailbox.domain]
        half_made = here.half_made | {mailbox.key}
        self.domains[mailbox.domain] = replace(here, half_made=half_made)

    def _make_whole(self, mailbox):
        here = self.domains[mailbox.domain]
        half_made = here.half_made - {mailbox.key}
        self.domains[mailbox.domain] = replace(here, half_made=half_made)

    def _raise_without_effect(self, trouble):
        match trouble:
            case Trouble.REFUSED:
                raise RefusedCallError("403: no", hint="ask the operator")
            case Trouble.BUSY:
                raise BusyCallError("429: later", retry_after=self.retry_after)
            case Trouble.DOUBTFUL_BEFORE:
                raise DoubtfulCallError("500")
            case _:
                pass

    def _assert_allowed(self, resource):
        match resource:
            case Access(user=user, domain=name):
                assert user_key(user) in self.users, "an access needs its user"
                assert name in self.domains, "an access needs its domain"
            case Mailbox(domain=name) | Alias(domain=name):
                self._assert_open(name)
            case _:
                pass

    def _assert_open(self, name, *, is_enough=False):
        own = access_key(name, self.policy.service_account)
        assert name in self.domains, "the domain comes first"
        assert own in self.accesses or is_enough, "the account in use needs its access"
        assume = self.policy.assume_enabled
        state = self.domains[name].state
        assert is_enough or state is DomainState.OK or (assume and state is DomainState.UNTOLD), (
            "nothing opens on a domain that is not enabled"
        )

    def _create(self, resource):
        if self.stored(resource) is not None:
            return
        self.effects.append(resource.key)
        match resource:
            case User():
                self.users[resource.key] = resource
            case Access():
                self.accesses[resource.key] = resource
            case Domain(name=name):
                self.domains[name] = LiveDomain(domain=resource, state=self.new_state)
            case Mailbox(domain=name):
                name_given = full_name(resource) if self.composes_names else resource.display_name
                self._store(replace(resource, active=True, display_name=name_given))
            case Alias(domain=name):
                here = self.domains[name]
                aliases = {**here.aliases, resource.key: resource}
                self.domains[name] = replace(here, aliases=aliases)
            case _:
                raise AssertionError(resource)

    def _delete(self, resource):
        if self.stored(resource) is not None:
            self.gone.append(resource.key)
        if isinstance(resource, Access):
            self.accesses.pop(resource.key, None)
        else:
            self._forget(resource)

    def _forget(self, resource):
        """Have no such mailbox or alias."""
        here = self.domains[resource.domain]
        self.domains[resource.domain] = replace(
            here,
            mailboxes={key: one for key, one in here.mailboxes.items() if key != resource.key},
            aliases={key: one for key, one in here.aliases.items() if key != resource.key},
            half_made=here.half_made - {resource.key},
        )

    def _update(self, before, after, fields):
        stored = self.stored(before)
        values = {name: getattr(after, name) for name in fields}
        if stored.active is False and after.active:
            names = ("first_name", "last_name", "display_name")
            values |= {name: getattr(after, name) for name in names}
        self._store(replace(stored, **values))

    def _store(self, mailbox):
        here = self.domains[mailbox.domain]
        told = as_stored(mailbox, here.domain, tells_active=self.tells_active)
        mailboxes = {**here.mailboxes, mailbox.key: told}
        self.domains[mailbox.domain] = replace(here, mailboxes=mailboxes)

    def _read(self, name, *, is_whole):
        here = self.domains[name]
        own = access_key(name, self.policy.service_account)
        is_readable = own in self.accesses or name in self._readable
        if is_readable and is_whole:
            return replace(here, readable=True)
        return replace(here, readable=is_readable, mailboxes={}, aliases={}, half_made=frozenset())


class _Jump(selectors.DefaultSelector):
    """Waits for nothing: time jumps to whatever is due next."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def select(self, timeout=None):
        assert timeout is not None, "everybody waits, and nothing is going to happen"
        self.now += max(timeout, 0)
        return super().select(0)


class _JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self):
        """Give the seconds since the loop began."""
        return self._jump.now


def run(coroutine):
    """What *coroutine* gives, in time that jumps: nothing really sleeps."""
    with asyncio.Runner(loop_factory=_JumpingLoop) as runner:
        return runner.run(coroutine)
