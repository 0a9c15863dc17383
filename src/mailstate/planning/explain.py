"""One address, whole: where it is written, what is live, what is planned, and the next step."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from mailstate.errors import Place
from mailstate.model.resources import (
    Access,
    Alias,
    Key,
    Mailbox,
    Resource,
    Role,
    access_key,
    domain_key,
)
from mailstate.model.state import DesiredState, LiveState
from mailstate.planning.checks import what_is_wrong, what_to_do
from mailstate.planning.plan import Actor, Blocked, Held, Hold, Plan, Policy

_NEXT_STEP = {
    Actor.MAILSTATE: "nothing to do by hand: the next apply looks again",
    Actor.OWNER: "an owner of the domain acts; the next apply looks again",
    Actor.OPERATOR: "the operator of dimail acts; the next apply looks again",
    Actor.MAINTAINER: "whoever keeps mailstate's settings decides",
}

_Verdict = tuple[str, tuple[str, ...], str]
"""A sentence, the reasons for it, and the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    All there is to say about one address.

    `verdict` is one sentence; `next_step` is for the reader; `similar` names near addresses when
    nothing is known under this one, in which case `is_known` is false.
    """

    key: Key
    is_known: bool
    place: Place | None = None
    desired: Resource | None = None
    live: Resource | None = None
    verdict: str
    reasons: tuple[str, ...] = ()
    next_step: str
    similar: tuple[Key, ...] = ()


def explain(
    key: Key, desired: DesiredState, live: LiveState, plan: Plan, policy: Policy
) -> Explanation:
    """Say everything that is known about *key*."""
    wanted = {resource.key: resource for resource in _desired_resources(desired, policy)}
    existing = {resource.key: resource for resource in _live_resources(live)}
    places = _places(desired, policy)
    known = {*wanted, *existing, *places}
    is_known = key in known
    verdict, reasons, next_step = (
        _verdict(key, plan)
        or _unread(wanted.get(key), live)
        or _verdict_without_entry(is_written=key in places, is_live=key in existing)
    )
    return Explanation(
        key=key,
        is_known=is_known,
        place=places.get(key),
        desired=wanted.get(key),
        live=existing.get(key),
        verdict=verdict,
        reasons=reasons,
        next_step=next_step,
        similar=() if is_known else tuple(map(Key, get_close_matches(key, sorted(known)))),
    )


def _verdict(key: Key, plan: Plan) -> _Verdict | None:
    for change in plan.changes:
        if change.key == key:
            fields = f" ({', '.join(change.fields)})" if change.fields else ""
            return f"planned: {change.action}{fields}", (), "`mailstate apply` carries it out"
    for entry in plan.held:
        if entry.change.key == key:
            return _held(entry)
    for conflict in plan.conflicts:
        if conflict.change.key == key:
            return _blocked("in conflict", conflict)
    for refused in plan.refused:
        if refused.change.key == key:
            return _blocked("refused", refused)
    for stray in plan.unmanaged:
        if stray.resource.key == key:
            step = "leave it alone, or write it into the files to manage it"
            return f"unmanaged: {stray.reason}", (stray.detail,), step
    return None


def _held(entry: Held) -> _Verdict:
    hold = entry.hold
    verdict = f"held: {entry.change.action} waits for {hold.domain} ({hold.reason})"
    return verdict, (hold.detail, *_check_lines(hold)), _NEXT_STEP[hold.actor]


def _check_lines(hold: Hold) -> Iterator[str]:
    for check in hold.checks:
        yield f"{check.name}: {what_is_wrong(check)}; {what_to_do(check, hold.domain)}"


def _blocked(word: str, entry: Blocked) -> _Verdict:
    fields = f" ({', '.join(entry.change.fields)})" if entry.change.fields else ""
    verdict = f"{word}: {entry.change.action}{fields}, {entry.reason}"
    return verdict, (entry.detail,), "correct what is said above, then plan again"


def _unread(wanted: Resource | None, live: LiveState) -> _Verdict | None:
    """What to say of *wanted*, if what is on its domain could not be read."""
    if not isinstance(wanted, Mailbox | Alias):
        return None
    existing = live.domains.get(wanted.domain)
    if existing is None or existing.readable:
        return None
    verdict = f"unknown: the service account may not read what is on {wanted.domain}"
    return verdict, (), f"`mailstate explain {domain_key(wanted.domain)}` says why"


def _verdict_without_entry(*, is_written: bool, is_live: bool) -> _Verdict:
    if is_written and is_live:
        return "live as the files ask: nothing to do", (), "nothing"
    if is_written:
        return "recorded in the files; dimail has no need of it", (), "nothing"
    if is_live:
        return "live in dimail, outside what the files declare", (), "nothing"
    verdict = "neither in the files nor, as far as they declare it, in dimail"
    return verdict, (), "check the spelling; addresses are as in `mailstate plan`"


def _desired_resources(desired: DesiredState, policy: Policy) -> Iterator[Resource]:
    for person in desired.people.values():
        yield person.user
    for name, domain in desired.domains.items():
        yield domain.domain
        if not domain.disabled:
            yield Access(domain=name, user=policy.service_account)
        for user, role in domain.roles.items():
            if role is not Role.VIEWER:
                yield Access(domain=name, user=desired.people[user].user.name)
        yield from domain.mailboxes.values()
        yield from domain.aliases.values()


def _live_resources(live: LiveState) -> Iterable[Resource]:
    yield from live.users.values()
    yield from live.accesses.values()
    for domain in live.domains.values():
        yield domain.domain
        yield from domain.mailboxes.values()
        yield from domain.aliases.values()


def _places(desired: DesiredState, policy: Policy) -> dict[Key, Place]:
    places = {person.user.key: person.place for person in desired.people.values()}
    for name, domain in desired.domains.items():
        places |= domain.places
        if domain.domain.key in places and not domain.disabled:
            own = access_key(name, policy.service_account)
            places.setdefault(own, places[domain.domain.key])
    return places
