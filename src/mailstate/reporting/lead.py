"""A plan in one sentence, for a reviewer who has never seen one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailstate.model.resources import DomainName, Kind
from mailstate.model.state import DnsRecord
from mailstate.planning.plan import Action, Actor, Change, Held, HoldReason, Plan
from mailstate.reporting.pieces import Piece, Value

PLURALS = {
    Kind.DOMAIN: "domains",
    Kind.MAILBOX: "mailboxes",
    Kind.ALIAS: "aliases",
    Kind.ACCESS: "accesses",
    Kind.USER: "users",
}
"""What a plan may change, in the order in which it is told, each with its plural."""

_FEW = 3


def number(count: int, kind: Kind) -> str:
    """`1 mailbox`, `5,000 mailboxes`."""
    return f"{count:,} {kind if count == 1 else PLURALS[kind]}"


def changes_number(count: int) -> str:
    """`1 change`, `5,000 changes`."""
    return f"{count:,} change{'' if count == 1 else 's'}"


def is_removal(change: Change) -> bool:
    """Whether *change* takes away what no file asks for: a mailbox may be switched off instead."""
    if change.action is Action.UPDATE:
        return change.place is None and change.fields == ("active",)
    return change.action is Action.DELETE


def lead(plan: Plan, *, is_partial: bool = False) -> tuple[Piece, ...]:
    """What *plan* does, what waits for whom, and whether anything is removed."""
    clauses: list[list[Piece]] = []
    if work := _work(plan.changes):
        clauses.append([work])
    if waiting := list(_waiting(plan.held)):
        clauses.append(waiting)
    if plan.conflicts:
        count = len(plan.conflicts)
        verb = "difference needs" if count == 1 else "differences need"
        clauses.append([f"{count:,} {verb} somebody to decide"])
    if plan.refused:
        clauses.append([f"a guard refuses {changes_number(len(plan.refused))}"])
    if not clauses:
        verdict = "as far as was looked" if is_partial else "dimail is as the files ask"
        return (f"Nothing to do: {verdict}.",)
    if not plan.changes:
        clauses.insert(0, ["nothing changes now"])
    elif not any(map(is_removal, plan.changes)):
        clauses.append(["nothing is removed"])
    pieces: list[Piece] = []
    for clause in clauses:
        pieces += [";", *clause] if pieces else clause
    first = pieces[0]
    start = [f"{first[0].upper()}{first[1:]}"] if isinstance(first, str) else [first]
    return (*start, *pieces[1:], ".")


def _work(changes: Sequence[Change]) -> str:
    """`3 mailboxes and 1 alias will be created, 1 mailbox renamed`."""
    counts = Counter((_participle(change), change.kind) for change in changes)
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
