"""A plan in one sentence, for a reviewer who has never seen one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailstate.model.resources import DomainName, Key, Kind, kind_of
from mailstate.model.state import DnsRecord
from mailstate.planning.causes import Cause
from mailstate.planning.plan import Action, Actor, Change, Held, HoldReason, Plan
from mailstate.reporting.arranged import PLURALS, is_removal
from mailstate.reporting.pieces import Piece, Value

_FEW = 3


def number(count: int, kind: Kind) -> str:
    """`1 mailbox`, `5,000 mailboxes`."""
    return f"{count:,} {kind if count == 1 else PLURALS[kind]}"


def changes_number(count: int) -> str:
    """`1 change`, `5,000 changes`."""
    return f"{count:,} change{'' if count == 1 else 's'}"


def lead(
    plan: Plan, *, is_partial: bool = False, causes: Mapping[Key, Cause] | None = None
) -> tuple[Piece, ...]:
    """What *plan* does, what waits for whom, and whether anything is removed."""
    if causes is None:
        clauses = list(_clauses(plan))
        if not clauses:
            verdict = "as far as was looked" if is_partial else "dimail is as the files ask"
            return (f"Nothing to do: {verdict}.",)
        if not plan.changes:
            clauses.insert(0, ["nothing changes now"])
    else:
        asked = list(_clauses(_caused_by(plan, causes, Cause.ASKED)))
        first: list[Piece] = [_ASKS_FOR_NOTHING]
        if asked:
            first = ["this pull request:", *asked[0]]
        clauses = [first, *asked[1:], *_beside(plan, causes)]
    if plan.changes and not any(map(is_removal, plan.changes)):
        clauses.append(["nothing is removed"])
    pieces = [piece for clause in clauses for piece in (";", *clause)][1:]
    start = pieces[0]
    if isinstance(start, str):
        pieces[0] = f"{start[0].upper()}{start[1:]}"
    return (*pieces, ".")


_ASKS_FOR_NOTHING = "this pull request asks for nothing new in dimail"


def _clauses(plan: Plan) -> Iterator[list[Piece]]:
    if plan.changes:
        yield [_work(plan.changes)]
    if plan.held:
        yield list(_waiting(plan.held))
    if plan.conflicts:
        count = len(plan.conflicts)
        verb = "difference needs" if count == 1 else "differences need"
        yield [f"{count:,} {verb} somebody to decide"]
    if plan.refused:
        yield [f"a guard refuses {changes_number(len(plan.refused))}"]


def _caused_by(plan: Plan, causes: Mapping[Key, Cause], cause: Cause) -> Plan:
    """The part of *plan* that is there by *cause*."""
    return Plan(
        changes=tuple(one for one in plan.changes if causes[one.key] is cause),
        held=tuple(one for one in plan.held if causes[one.change.key] is cause),
        conflicts=tuple(one for one in plan.conflicts if causes[one.change.key] is cause),
        refused=tuple(one for one in plan.refused if causes[one.change.key] is cause),
    )


def _beside(plan: Plan, causes: Mapping[Key, Cause]) -> Iterator[list[Piece]]:
    """`beside it 4 changes already due and 1 change against drift, 1 of them a removal`."""
    others, removals = [], 0
    for cause, said in ((Cause.DUE, "already due"), (Cause.DRIFT, "against drift")):
        part = _caused_by(plan, causes, cause)
        count = sum(map(len, (part.changes, part.held, part.conflicts, part.refused)))
        removals += sum(map(is_removal, part.changes))
        if count:
            others.append(f"{changes_number(count)} {said}")
    if others:
        which = "a removal" if removals == 1 else "removals"
        yield [f"beside it {_and(others)}{f', {removals:,} of them {which}' if removals else ''}"]


def _work(changes: Sequence[Change]) -> str:
    """`3 mailboxes and 1 alias will be created, 1 mailbox renamed`."""
    counts = Counter([(_participle(change), kind_of(change.resource)) for change in changes])
    parts: list[str] = []
    for participle in _PARTICIPLES:
        kinds = [kind for kind in PLURALS if counts[participle, kind]]
        if kinds:
            things = _and([number(counts[participle, kind], kind) for kind in kinds])
            parts.append(f"{things} {'' if parts else 'will be '}{participle}")
    return ", ".join(parts)


_PARTICIPLES = ("created", "renamed", "changed", "switched on", "switched off", "removed")


def _participle(change: Change) -> str:
    match change.action:
        case Action.CREATE:
            return "created"
        case Action.DELETE:
            return "removed"
        case Action.UPDATE if "active" in change.fields:
            return "switched on" if getattr(change.after, "active", None) else "switched off"
        case _:
            return "renamed" if change.kind is Kind.MAILBOX else "changed"


def _waiting(held: Sequence[Held]) -> Iterator[Piece]:
    """`27 mailboxes wait until commune.example publishes its MX record`."""
    groups: dict[Actor, list[Held]] = {}
    for entry in held:
        groups.setdefault(entry.hold.actor, []).append(entry)
    verb = True
    for actor in (Actor.OWNER, Actor.OPERATOR, Actor.MAINTAINER, Actor.MAILSTATE):
        if not (some := groups.get(actor)):
            continue
        kinds = {entry.change.kind for entry in some}
        things = number(len(some), kinds.pop()) if len(kinds) == 1 else changes_number(len(some))
        waits = f" wait{'s' if len(some) == 1 else ''}" if verb else ""
        yield f"{things}{waits}" if verb else f", {things}"
        yield from _until(actor, some)
        verb = False


def _until(actor: Actor, held: Sequence[Held]) -> Iterator[Piece]:
    domains = {entry.hold.domain: entry.hold for entry in held}
    match actor:
        case Actor.OWNER if len(domains) == 1:
            ((domain, hold),) = domains.items()
            yield from ("until", Value(domain))
            yield f"publishes {_its(hold.records)}" if hold.records else "has its DNS set right"
        case Actor.OWNER:
            yield f"until {len(domains):,} domains publish their DNS records"
        case Actor.OPERATOR:
            yield "for the operator of dimail"
        case Actor.MAINTAINER:
            yield "for whoever keeps mailstate's settings"
        case Actor.MAILSTATE:
            is_new = all(hold.reason is HoldReason.DOMAIN_ABSENT for hold in domains.values())
            verb = "is" if len(domains) == 1 else "are"
            yield "until"
            yield from _domains(domains)
            yield f"{verb} {'created and ' if is_new else ''}found working"


def _domains(domains: Mapping[DomainName, object]) -> Iterator[Piece]:
    if len(domains) == 1:
        yield from map(Value, domains)
    else:
        yield f"{len(domains):,} domains"


def _its(records: Sequence[DnsRecord]) -> str:
    """`its MX and SPF records`, or how many."""
    names = list(dict.fromkeys(map(_record_name, records)))
    if len(names) < len(records) or len(names) > _FEW:
        return f"its {len(records)} DNS records"
    return f"its {_and(names)} record{'' if len(names) == 1 else 's'}"


def _record_name(record: DnsRecord) -> str:
    match record.type.lower():
        case "mx":
            return "MX"
        case "txt" if record.target.endswith("_domainkey"):
            return "DKIM"
        case "txt" if record.value.lower().startswith("v=spf1"):
            return "SPF"
        case _:
            return "DNS"


def _and(parts: Iterable[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last
