"""Small cases, each with a plan, and perhaps a report and problems, that a person should read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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
from mailstate.model.resources import (
    Access,
    Alias,
    Domain,
    DomainName,
    Key,
    Kind,
    Mailbox,
    Role,
    User,
    access_key,
    user_id,
)
from mailstate.model.state import (
    Check,
    DesiredDomain,
    DesiredState,
    DomainState,
    LiveDomain,
    LiveState,
    Person,
)
from mailstate.planning.causes import Cause, causes
from mailstate.planning.plan import Action, Actor, Blocked, Change, Hold, HoldReason, Plan, Policy
from mailstate.planning.plan import Reason as Why
from mailstate.planning.planner import plan
from mailstate.reporting.plan_json import Context

ALL = frozenset({"webmail", "mailbox", "alias"})
COMMUNE, VILLE = DomainName("commune.example"), DomainName("ville.example")
POLICY = Policy(service_account="la_regie")
CONTEXT = Context(target="https://dimail.example", policy=POLICY)
ALICE, BOB = "5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e", "6f1d3a7f-4d2c-4a1b-8e4f-2a3b4c5d6e7f"
FAILING = (
    Check(name="mx", internal=False, codes=("wrong_mx",), details=("Je veux autre chose",)),
    Check(name="spf", internal=False, codes=("no_spf",)),
    Check(name="cert", internal=True, codes=("no_cert",)),
    Check(name="brand_new", internal=False, codes=("what",), details=("Ce n'est pas prêt",)),
)


@dataclass(frozen=True, kw_only=True)
class Example:
    """What is shown, and by which name."""

    name: str
    plan: Plan = field(default_factory=Plan)
    report: Report | None = None
    problems: tuple[Problem, ...] = ()
    selection: dict[str, object] | None = None
    causes: Mapping[Key, Cause] | None = None


def at(line, domain=COMMUNE):
    """Give a place in the file of a domain."""
    return Place(file=f"state/{domain}.yaml", line=line, column=5)


def domain(name=COMMUNE, **more):
    """Give a usual domain."""
    return Domain(name=name, **{"features": ALL, "context": name, "delivery": "virtual", **more})


def mailbox(local_part, full_name, name=COMMUNE, **more):
    """Give a usual mailbox."""
    first, _, last = full_name.partition(" ")
    usual = {"first_name": first, "last_name": last, "display_name": full_name, "active": True}
    return Mailbox(domain=name, local_part=local_part, **{**usual, **more})


def alias(local_part, destination, name=COMMUNE):
    """Give an alias."""
    return Alias(domain=name, local_part=local_part, destination=destination)


def declared(wanted, *resources, roles=None, **more):
    """Give a domain of the files; each thing on it has a line of its own."""
    roles = roles or {user_id(ALICE): Role.OWNER}
    name = wanted.name
    keys = [wanted.key, *(access_key(name, user) for user in roles)]
    keys += [resource.key for resource in resources]
    return DesiredDomain(
        domain=wanted,
        roles=roles,
        mailboxes={one.key: one for one in resources if isinstance(one, Mailbox)},
        aliases={one.key: one for one in resources if isinstance(one, Alias)},
        places={key: at(line, name) for line, key in enumerate(keys, start=2)},
        **more,
    )


def live(existing, *resources, state=DomainState.OK, **more):
    """Give a domain that dimail has."""
    return LiveDomain(
        domain=existing,
        state=state,
        mailboxes={one.key: one for one in resources if isinstance(one, Mailbox)},
        aliases={one.key: one for one in resources if isinstance(one, Alias)},
        **more,
    )


def people():
    """Give the people of the files, by their uuid."""
    return {
        user_id(uuid): Person(
            handle=handle,
            user=User(name=uuid),
            email=None,
            place=Place(file="state/users.yaml", line=line, column=5),
        )
        for line, (handle, uuid) in enumerate(
            [("alice.martin", ALICE), ("bob.durand", BOB)], start=2
        )
    }


def states(wanted, existing, *, strangers=(), tells_active=True):
    """Give both states; dimail knows the owner and the service account already."""
    users = [User(name=name) for name in (ALICE, POLICY.service_account, *strangers)]
    accesses = [
        Access(domain=one.domain.name, user=user.name)
        for one in existing
        for user in users
        if one.domain.name != VILLE or user.name != ALICE
    ]
    desired = DesiredState(people=people(), domains={one.domain.name: one for one in wanted})
    return desired, LiveState(
        users={user.key: user for user in users},
        accesses={access.key: access for access in accesses},
        domains={one.domain.name: one for one in existing},
        tells_active=tells_active,
    )


def planned(wanted, existing, **more):
    """Plan for such states."""
    desired, there = states(wanted, existing, **more)
    return plan(desired, there, POLICY)


def nothing_to_do():
    """Everything is as the files ask, and nothing else is there."""
    return Example(
        name="nothing_to_do", plan=planned([declared(domain())], [live(domain())]), report=Report()
    )


def a_new_domain():
    """The first plan of a commune: its mailboxes wait until its DNS is ready."""
    made = planned(
        [
            declared(
                domain(),
                mailbox("jean.dupont", "Jean Dupont", secondary_email="jean@perso.example"),
                mailbox("zoe", "Zoé L'Été", display_name="Mairie, accueil"),
                alias("contact", f"jean.dupont@{COMMUNE}"),
                roles={user_id(ALICE): Role.OWNER, user_id(BOB): Role.ADMINISTRATOR},
            ),
            declared(domain(VILLE, features=frozenset({"alias"}), context=None, delivery="relay")),
        ],
        [],
    )
    done = tuple(Applied(change=change) for change in made.changes)
    waiting = tuple(StillHeld(change=one.change, hold=one.hold) for one in made.held)
    return Example(name="a_new_domain", plan=made, report=Report(outcomes=(*done, *waiting)))


def updates():
    """What changes has its values before and after; what closes does not wait."""
    old = (
        mailbox("jean.dupont", "Jean Dupond"),
        mailbox("gone", "Max Petit"),
        mailbox("back", "Ève Roux", first_name=None, last_name=None, display_name=None),
    )
    new = (
        mailbox("jean.dupont", "Jean Dupont"),
        mailbox("gone", "Max Petit", active=False),
        mailbox("back", "Ève Roux", active=True),
        mailbox("new", "Léa Blanc", secondary_email="lea@perso.example"),
        alias("info", f"new@{COMMUNE}"),
        alias("info", "somebody@elsewhere.example"),
    )
    switched_off = (*old[:2], replace(old[2], active=False))
    made = planned([declared(domain(), *new)], [live(domain(), *switched_off)])
    removed = Change(action=Action.DELETE, before=alias("old", "x@elsewhere.example"), after=None)
    made = replace(made, changes=(*made.changes, removed))
    back, gone, jean, created, first, second, _ = made.changes
    outcomes = (
        Applied(change=back, note="found done already"),
        Failed(
            change=gone,
            message="PATCH /domains/commune.example/mailboxes/gone: dimail answered 422",
            hint="correct what it says, then run it again",
        ),
        Applied(change=jean),
        Applied(change=created, note="found done after: the answer was lost", password_lost=True),
        Skipped(change=first, because=created.key),
        NotBegun(change=second),
        NotBegun(change=removed),
    )
    report = Report(outcomes=outcomes, interrupted=True)
    return Example(name="updates", plan=made, report=report)


def held():
    """Each hold with its reason, who must act and what is to be done."""
    states: dict[str, dict[str, Any]] = {
        "action-required": {"state": DomainState.BROKEN, "failing": FAILING},
        "check-failed": {
            "state": DomainState.NEW,
            "check_error": "GET /domains/check-failed.example/check: no answer within 30 s",
        },
        "failed": {"state": DomainState.BROKEN, "failing": FAILING[2:3]},
        "pending": {"state": DomainState.NEW},
        "unknown": {"state": DomainState.OTHER},
        "unreadable": {"state": DomainState.OK, "readable": False},
        "untold": {"state": DomainState.UNTOLD},
    }
    names = {label: DomainName(f"{label}.example") for label in states}
    made = planned(
        [
            declared(
                domain(name), mailbox("ada", "Ada Martin", name), alias("info", f"ada@{name}", name)
            )
            for name in names.values()
        ],
        [live(domain(names[label]), **more) for label, more in states.items()],
    )
    hold = made.held[0].hold
    other = replace(hold, detail="dimail has it otherwise than the plan saw: plan again", checks=())
    waiting = [StillHeld(change=one.change, hold=one.hold) for one in made.held[:4]]
    waiting.append(StillHeld(change=made.held[-1].change, hold=other))
    return Example(name="held", plan=made, report=Report(outcomes=tuple(waiting)))


def left_as_it_is():
    """What is told and not done: conflicts, refusals, and what is in no file."""
    shut = DomainName("closed.example")
    half = mailbox("half", "Moitié Faite")
    made = planned(
        [
            declared(
                domain(delivery="relay"),
                mailbox("off", "Max Petit", active=False),
                mailbox("half", "Moitié Faite"),
                mailbox("twin", "Jean Dupont"),
                roles={user_id(ALICE): Role.OWNER, user_id(BOB): Role.VIEWER},
            ),
            declared(domain(shut), mailbox("ada", "Ada Martin", shut), disabled=True),
        ],
        [
            live(
                domain(features=frozenset({"mailbox"}), context="other.example"),
                mailbox("off", "Max Petit", active=None),
                half,
                mailbox("jean", "Jean Dupont"),
                mailbox("broken", "Zoé Blanc"),
                alias("old", "somebody@elsewhere.example"),
                half_made=frozenset({half.key, mailbox("broken", "Zoé Blanc").key}),
            ),
            live(domain(shut)),
        ],
        strangers=("stranger", BOB),
        tells_active=False,
    )
    return Example(name="left_as_it_is", plan=made)


def hostile():
    """Names from a stranger's pull request that would like to be something else."""
    tricky = mailbox(
        "x",
        'Ada"  state/other.yaml:1\n::error::owned \x1b[31m',
        display_name="\u202eadA\u00a0|`<b>@team ##[error]x",
        secondary_email="\u2066x@y.example",
    )
    change = Change(
        action=Action.CREATE,
        before=None,
        after=tricky,
        place=Place(file="state/\n::warning::a.yaml", line=1, column=1),
    )
    renamed = Change(
        action=Action.UPDATE,
        before=mailbox("y", "Jean Dupont"),
        after=mailbox("y", "Jean\u00a0Dupont", display_name='" -> "'),
        fields=("first_name", "display_name"),
    )
    hold = Hold(
        domain=COMMUNE,
        reason=HoldReason.CHECK_FAILED,
        actor=Actor.MAILSTATE,
        detail="::add-mask::GET check: \x07",
    )
    made = Plan(
        changes=(change, renamed),
        conflicts=(Blocked(change=change, reason=Why.HALF_MADE, detail="  ::stop-commands::x"),),
    )
    outcomes = (
        Failed(change=change, message="answered\n::error::x", hint="::debug::ask"),
        StillHeld(change=renamed, hold=hold),
    )
    problem = Problem(
        place=Place(file="state/\n::warning::a.yaml", line=1, column=1),
        rule="control-character",
        message="`a\u202eb##[error]` has a control character: 100 %, really",
        hint="take it out",
    )
    return Example(name="hostile", plan=made, report=Report(outcomes=outcomes), problems=(problem,))


def letters():
    """Mailboxes that are made, and letters that did not reach anybody."""
    box = mailbox("jean.dupont", "Jean Dupont", secondary_email="jean@perso.example")
    made = planned([declared(domain(), box)], [live(domain())])
    other = replace(made.changes[0], after=replace(box, local_part="jd"))
    sent = Letter(to="jean@perso.example", is_delivered=True, detail="a login link")
    lost = Letter(
        to="jean@perso.example",
        is_delivered=False,
        detail="the mail server refused the address: 550 no such user",
        hint="correct the secondary address",
    )
    vague = replace(lost, detail="the connection broke while it was sent", hint="")
    outcomes = (
        Applied(change=made.changes[0], letter=lost),
        Failed(change=other, message="created, but not yet as asked", letter=vague),
        Applied(change=other, letter=sent),
    )
    late = [
        LateLetter(key=Key(f"mailbox/{name}@commune.example"), letter=letter)
        for name, letter in (("ada", sent), ("bob", vague), ("zoe", sent))
    ]
    report = Report(outcomes=outcomes, late_letters=tuple(late))
    return Example(name="letters", plan=made, report=report)


def some_domains():
    """A plan that looked at some of the domains only."""
    made = planned([declared(domain(), mailbox("zoe", "Zoé Blanc"))], [live(domain())])
    return Example(name="some_domains", plan=made, selection={"domains": 1, "declared": 7})


def a_pull_request():
    """What it asks for, beside what was due and what others have changed in dimail."""
    shut = {"state": DomainState.BROKEN, "failing": FAILING[:1]}
    before = [mailbox("jean.dupont", "Jean Dupond"), mailbox("due", "Zoé Blanc")]
    before_there = [mailbox("ève", "Ève Roux", VILLE), mailbox("max", "Max Petit", VILLE)]
    now = [mailbox("jean.dupont", "Jean Dupont"), before[1]]
    now_there = [*before_there, mailbox("new", "Léa Blanc", VILLE)]
    desired, there = states(
        [declared(domain(), *now), declared(domain(VILLE), *now_there)],
        [
            live(domain(), before[0], alias("strange", "x@elsewhere.example")),
            live(domain(VILLE), mailbox("ève", "Ève Blanc", VILLE), **shut),
        ],
    )
    base = DesiredState(
        people=people(),
        domains={
            one.domain.name: one
            for one in (declared(domain(), *before), declared(domain(VILLE), *before_there))
        },
    )
    policy = replace(POLICY, prune=frozenset({Kind.ALIAS}), max_removals_percent=100)
    made = plan(desired, there, policy)
    return Example(name="a_pull_request", plan=made, causes=causes(made, desired, base, policy))


def problems():
    """Faults of files, an error and a warning."""
    return Example(
        name="problems",
        problems=(
            Problem(
                place=Place(file="state/commune.yaml", line=14, column=9),
                rule="unknown-field",
                message="mailbox `ada`: `displayname` is no field (did you mean `display_name`?)",
                hint="correct the name, or take the line out",
            ),
            Problem(
                place=Place(file="state/users.yaml", line=3, column=5),
                rule="shared-secondary",
                message="`x@perso.example` is the secondary address of 11 mailboxes",
                hint="",
                severity=Severity.WARNING,
            ),
        ),
    )


EXAMPLES = [
    nothing_to_do(),
    a_new_domain(),
    updates(),
    held(),
    left_as_it_is(),
    hostile(),
    letters(),
    some_domains(),
    a_pull_request(),
    problems(),
]
