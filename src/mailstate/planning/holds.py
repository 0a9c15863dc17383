"""Whether the changes of a domain must wait, and why: one rule, one function."""

from mailstate.model.resources import Alias, DomainName, Mailbox
from mailstate.model.state import DomainState, LiveDomain
from mailstate.planning.checks import is_operators, missing_records
from mailstate.planning.plan import Actor, Change, Hold, HoldReason


def hold_on(domain: DomainName, live: LiveDomain | None, *, assume_enabled: bool) -> Hold | None:
    """
    Say why mailboxes and aliases of *domain* must wait, or None if they may go ahead.

    A domain that is not there waits even with *assume_enabled*: only the look after its creation
    tells whether this server keeps silent about states. If it does, that look releases what was
    held, so that one apply is enough; if it tells one, nothing opens on a `new` domain.
    """

    def hold(reason: HoldReason, actor: Actor, detail: str) -> Hold:
        return Hold(
            domain=domain,
            reason=reason,
            actor=actor,
            detail=detail,
            checks=live.failing if live else (),
            records=missing_records(live) if live else (),
        )

    if live is None:
        detail = "this plan creates the domain; dimail's checks decide after that"
        return hold(HoldReason.DOMAIN_ABSENT, Actor.MAILSTATE, detail)
    if not live.readable:
        detail = "what is on the domain cannot be read before the service account has its access"
        return hold(HoldReason.ACCESS_MISSING, Actor.MAILSTATE, detail)
    if live.state is DomainState.OK or (assume_enabled and live.state is DomainState.UNTOLD):
        return None
    if live.state is DomainState.UNTOLD:
        detail = "this dimail tells no state: set `assume_enabled` if its domains work"
        return hold(HoldReason.STATE_UNKNOWN, Actor.MAINTAINER, detail)
    if live.check_error is not None:
        return hold(HoldReason.CHECK_FAILED, Actor.MAILSTATE, live.check_error)
    match live.state:
        case DomainState.NEW:
            detail = "dimail has not finished its first checks of the domain"
            return hold(HoldReason.DOMAIN_PENDING, Actor.MAILSTATE, detail)
        case DomainState.BROKEN if not live.failing:
            detail = "dimail says that the domain is broken, but names no failing check"
            return hold(HoldReason.FAILED, Actor.OPERATOR, detail)
        case DomainState.BROKEN if is_operators(live.failing):
            detail = "a check of the provider's own set-up fails"
            return hold(HoldReason.FAILED, Actor.OPERATOR, detail)
        case DomainState.BROKEN:
            detail = "the domain's DNS is not as dimail needs it"
            return hold(HoldReason.ACTION_REQUIRED, Actor.OWNER, detail)
        case _:
            detail = "dimail tells a state of the domain that this version does not know"
            return hold(HoldReason.STATE_UNKNOWN, Actor.OPERATOR, detail)


def hold_unseen(domain: DomainName, why: str) -> Hold:
    """What holds the changes of *domain* while it cannot be looked at, for the reason *why*."""
    reason, actor = HoldReason.CHECK_FAILED, Actor.MAILSTATE
    return Hold(domain=domain, reason=reason, actor=actor, detail=why)


def waits_for_its_domain(change: Change) -> bool:
    """
    Whether *change* is of the sort that waits until its domain is enabled.

    Whatever opens or alters something waits. What closes something does not: a person who left
    is switched off even while the domain's DNS is broken.
    """
    match change:
        case Change(after=Mailbox(active=False), before=Mailbox(), fields=fields):
            return "active" not in fields
        case Change(after=Mailbox() | Alias()):
            return True
        case _:
            return False
