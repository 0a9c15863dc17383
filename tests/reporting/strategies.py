"""Plans, reports and problems with anything at all in their texts, as strangers would write it."""

from dataclasses import fields, is_dataclass, replace

from hypothesis import strategies as st

from mailstate.applying.outcome import (
    Applied,
    Failed,
    LateLetter,
    Letter,
    NotBegun,
    Report,
    Skipped,
    StillHeld,
)
from mailstate.errors import Place, Problem, Severity
from mailstate.model.resources import Access, Alias, Domain, Kind, Mailbox, User, kind_of
from mailstate.model.state import Check, DnsRecord
from mailstate.planning.causes import Cause
from mailstate.planning.explain import Explanation
from mailstate.planning.plan import (
    Action,
    Actor,
    Blocked,
    Change,
    Held,
    Hold,
    HoldReason,
    Plan,
    Policy,
    Reason,
    Unmanaged,
)
from mailstate.planning.readiness import Readiness, Standing
from mailstate.reporting.plan_json import Context

TRICKS = (
    "::error::x",
    "  ::add-mask::x",
    "\u3000::warning file=a::x",
    ":",
    "##[error]x",
    "####[",
    "#",
    "[",
    "\n",
    "\r\n::error::x",
    "\u2028",
    "\x85",
    "\x0b",
    "\x1b[31m",
    "\x9b2J",
    "\x07",
    "\x00",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\u00a0",
    "\u3164",
    "\U000e0041",
    "\ufe0f",
    "\u0301",
    "\u0301" * 20,
    "\ud800",
    "\udfff",
    "|",
    "`",
    "```",
    "`" * 90,
    "~~~",
    "<script>",
    "</script>",
    "</details>",
    "</code></summary>",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "-->",
    "]]>",
    "&lt;",
    "&#64;",
    "@team",
    "#12",
    "GH-12",
    "owner/repository#12",
    "deadbeef" * 5,
    "https://evil.example/x",
    "www.evil.example",
    "mallory@evil.example",
    "[x](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "[^1]",
    "[x]: https://evil.example",
    ":smile:",
    "- [ ] x",
    "1. x",
    "# x",
    "**x**",
    "_x_",
    "$x$",
    "'",
    "x" * 2_000,
    '"',
    '" -> "',
    "\\",
    "%0A",
    "%25",
    ",",
    "=",
    "état",
    "日本",
    "  ",
    "+ mailbox/x@y",
)
anything = st.text(st.characters(exclude_categories=()), max_size=12)
POOL = [
    "Ada",
    "x.example",
    *(f"{a}{trick}{b}" for trick in TRICKS for a in ("", "a") for b in ("", "b")),
]
texts = st.sampled_from(POOL)
"""Quick to draw, for there are dozens in a plan."""

# Words of ours, on which the views depend: known checks and codes, the usual delivery.
OURS = (
    "mx",
    "spf",
    "dkim",
    "cname_imap",
    "domain_exist",
    "ox",
    "no_mx",
    "wrong_spf",
    "virtual",
    "mx",
    "CNAME",
    "txt",
)
words = st.sampled_from([*POOL, *OURS * 5])
empty_or = st.sampled_from(["", *POOL])
maybe = st.sampled_from([None, *POOL])

places = st.builds(Place, file=texts, line=st.integers(1, 10**6), column=st.integers(1, 10**6))
KINDS = (
    st.builds(User, name=texts),
    st.builds(
        Domain,
        name=texts,
        features=st.frozensets(texts, max_size=2),
        context=maybe,
        delivery=st.sampled_from([None, "virtual", *POOL]),
    ),
    st.builds(Access, domain=texts, user=texts),
    st.builds(
        Mailbox,
        domain=texts,
        local_part=texts,
        first_name=maybe,
        last_name=maybe,
        display_name=maybe,
        active=st.one_of(st.none(), st.booleans()),
        secondary_email=maybe,
    ),
    st.builds(Alias, domain=texts, local_part=texts, destination=texts),
)
resources = st.one_of(*KINDS)


@st.composite
def changes(draw):
    """A change of any sort."""
    action = draw(st.sampled_from(Action))
    kind = draw(st.sampled_from(KINDS))
    after = draw(kind)
    place, note = draw(st.one_of(st.none(), places)), draw(empty_or)
    if action is Action.CREATE:
        return Change(action=action, before=None, after=after, place=place, note=note)
    if action is Action.DELETE:
        return Change(action=action, before=after, after=None, place=place, note=note)
    names = [field.name for field in fields(after)]
    before = draw(kind)
    some = tuple(draw(st.lists(st.sampled_from(names), unique=True)))
    return Change(action=action, before=before, after=after, fields=some, place=place)


checks = st.builds(
    Check,
    name=words,
    internal=st.booleans(),
    codes=st.lists(words, max_size=3).map(tuple),
    details=st.lists(texts, max_size=2).map(tuple),
)
records = st.builds(
    DnsRecord, target=texts, type=st.sampled_from(["mx", "CNAME", "txt", *POOL]), value=texts
)
holds = st.builds(
    Hold,
    domain=texts,
    reason=st.sampled_from(HoldReason),
    actor=st.sampled_from(Actor),
    detail=texts,
    checks=st.lists(checks, max_size=3).map(tuple),
    records=st.lists(records, max_size=2).map(tuple),
)
blocked = st.builds(Blocked, change=changes(), reason=st.sampled_from(Reason), detail=texts)


def some(entries):
    """A few of *entries*."""
    return st.lists(entries, max_size=2).map(tuple)


plans = st.builds(
    Plan,
    changes=some(changes()),
    held=some(st.builds(Held, change=changes(), hold=holds)),
    conflicts=some(blocked),
    unmanaged=some(
        st.builds(Unmanaged, resource=resources, reason=st.sampled_from(Reason), detail=texts)
    ),
    refused=some(blocked),
)
contexts = st.builds(
    Context,
    target=texts,
    policy=st.builds(Policy, service_account=texts, assume_enabled=st.booleans()),
)
due = st.builds(Letter, to=texts, is_delivered=st.booleans(), detail=texts, hint=empty_or)
letters = st.none() | due
outcomes = st.one_of(
    st.builds(
        Applied, change=changes(), note=empty_or, password_lost=st.booleans(), letter=letters
    ),
    st.builds(
        Failed,
        change=changes(),
        message=texts,
        hint=empty_or,
        is_unknown=st.booleans(),
        letter=letters,
    ),
    st.builds(Skipped, change=changes(), because=texts),
    st.builds(StillHeld, change=changes(), hold=holds),
    st.builds(NotBegun, change=changes()),
)
reports = st.builds(
    Report,
    outcomes=st.lists(outcomes, max_size=6).map(tuple),
    interrupted=st.booleans(),
    late_letters=some(st.builds(LateLetter, key=texts, letter=due)),
)
problems = st.lists(
    st.builds(
        Problem,
        place=places,
        rule=texts,
        message=texts,
        hint=empty_or,
        severity=st.sampled_from(Severity),
    ),
    max_size=4,
).map(tuple)
explanations = st.builds(
    Explanation,
    key=texts,
    is_known=st.booleans(),
    place=st.one_of(st.none(), places),
    desired=st.one_of(st.none(), resources),
    live=st.one_of(st.none(), resources),
    verdict=texts,
    reasons=st.lists(texts, max_size=2).map(tuple),
    next_step=texts,
    similar=st.lists(texts, max_size=2).map(tuple),
)


standings = st.lists(
    st.builds(
        Readiness,
        domain=texts,
        standing=st.sampled_from(Standing),
        hold=st.one_of(st.none(), holds),
        held=st.integers(0, 3),
        mailboxes=st.integers(0, 3),
        records=st.lists(records, max_size=2).map(tuple),
    ),
    max_size=3,
)


def tamed(value, names=None):
    """*value* with a harmless text in the place of each; texts that differ still do."""
    names = {} if names is None else names
    match value:
        case Action() | Actor() | HoldReason() | Reason() | Severity() | Standing():
            return value
        case str():
            is_ours = not value or value in OURS or (value in _FIELDS)
            return value if is_ours else names.setdefault(value, f"w{len(names)}")
        case tuple() if hasattr(value, "_make"):
            return value._make(tamed(one, names) for one in value)
        case tuple() | frozenset() | list():
            return type(value)(tamed(one, names) for one in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: tamed(getattr(value, field.name), names) for field in fields(value)
            }
            return replace(value, **changed)
        case _:
            return value


_FIELDS = {field.name for kind in (User, Domain, Access, Mailbox, Alias) for field in fields(kind)}

causes_of_kinds = st.one_of(
    st.none(), st.lists(st.sampled_from(Cause), min_size=len(Kind), max_size=len(Kind))
)


def caused(plan, of_kinds):
    """Give a cause to all that is in a plan, by its kind; or none at all."""
    if of_kinds is None:
        return None
    changes = [*plan.changes, *(entry.change for entry in plan.held)]
    changes += [entry.change for entry in (*plan.conflicts, *plan.refused)]
    resources = [*(one.resource for one in changes), *(one.resource for one in plan.unmanaged)]
    causes = dict(zip(Kind, of_kinds, strict=True))
    return {one.key: causes[kind_of(one)] for one in resources}
