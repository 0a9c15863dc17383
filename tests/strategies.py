"""
Any two states and a policy, small enough to shrink and few enough names to meet.

Desired states obey the rules of files (design, §2 and §11). A `World` holds what is really on the
server, so that what cannot be read may turn up later; `World.live` is what mailstate sees of it.
"""

from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, permutations, product
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st

from mailstate.errors import Place
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
    user_key,
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
from mailstate.planning.plan import Policy

SERVICE = "la_regie"
UUIDS = tuple(str(UUID(int=n << 96 | 0xABC)) for n in (1, 2, 3))
STRANGERS = ("admin", str(UUID(int=9 << 96)))
fewer = settings(max_examples=max(20, settings().max_examples // 3))
"""For what costs much or is tried often: the profile still decides how hard to try."""

REMOVABLE = (Kind.ACCESS, Kind.ALIAS, Kind.MAILBOX)
HANDLES = ("ann", "ben", "cat")
DOMAINS = tuple(map(DomainName, ("a.example", "b.example", "c.example")))
NAMES = (("Ada", "Lovelace"), ("Bob", "Noyce"), ("Zoé", "L'Été"), ("Cy", "Twombly"))
OUTSIDE = ("someone@elsewhere.test", "devnull@devnull")
EVERYTHING = frozenset({"webmail", "mailbox", "alias"})

EXTERNAL = Check(name="mx", internal=False, codes=("no_mx",), details=("pas de MX",))
INTERNAL = Check(name="cert", internal=True, codes=("no_cert",))


@cache
def any_of(*choices):
    """One of each of *choices*, in one draw: many small draws would make the tests slow."""
    return st.sampled_from(list(product(*choices)))


policies = st.builds(
    Policy,
    service_account=st.sampled_from([SERVICE, SERVICE, UUIDS[0].upper()]),
    assume_enabled=st.booleans(),
)
prunings = st.builds(
    Policy,
    service_account=st.sampled_from([SERVICE, SERVICE, UUIDS[0].upper()]),
    account=st.sampled_from(["", "admin", STRANGERS[1].upper()]),
    assume_enabled=st.booleans(),
    prune=st.sampled_from(
        [frozenset(kinds) for count in (3, 1, 2) for kinds in combinations(REMOVABLE, count)]
    ),
    delete_mailboxes=st.booleans(),
    max_removals=st.sampled_from([99, 10, 1]),
    max_removals_percent=st.sampled_from([100, 50, 20]),
    protected=st.sampled_from(
        [(), ("mailbox/dee@*",), ("*/b.example/*", "alias/INFO@?.example/*")]
    ),
)
"""Policies that remove what is in no file."""

KINDS_OF_DOMAIN = (
    (*[EVERYTHING] * 4, frozenset({"mailbox", "alias"}), frozenset({"alias"}), frozenset()),
    (None, "shared.example"),
    ("virtual", "virtual", "relay"),
    (False, False, False, True),
)
MAILBOXES = (NAMES, (False, False, True), (True, True, True, False), (False, True))
ROLES = [
    dict(zip(who, [Role.OWNER, *others], strict=False))
    for who in permutations(map(user_id, UUIDS))
    for count in range(len(UUIDS))
    for others in product(Role, repeat=count)
]


def spellings(name):
    """Ways in which dimail may spell the user *name*."""
    plain = user_id(name)
    is_uuid = plain in map(user_id, (*UUIDS, *STRANGERS[1:]))
    return (plain, plain.upper(), plain.replace("-", "")) if is_uuid else (name,)


def full_name(mailbox):
    """The display name that People and a 2024 server give to *mailbox*."""
    return f"{mailbox.first_name} {mailbox.last_name}"


@st.composite
def mailboxes_on(draw, domain, local_parts=("ada", "bob", "cy")):
    """Mailboxes of one domain as files may ask for them, but for the uniqueness of names."""
    found = []
    for local_part in draw(st.sets(st.sampled_from(local_parts)).map(sorted)):
        (first, last), has_own_form, active, is_told = draw(any_of(*MAILBOXES))
        found.append(
            Mailbox(
                domain=domain.name,
                local_part=local_part,
                first_name=first,
                last_name=last,
                display_name=f"{last}, {first}" if has_own_form else f"{first} {last}",
                active=active,
                secondary_email=f"{local_part}@home.test" if is_told else None,
            )
        )
    return found


def _with_names_of_their_own(domains, mailboxes):
    """Leave out those who share a name within an OX context, or an address."""
    taken: set[tuple[str | None, str]] = set()
    kept = []
    for mailbox in mailboxes:
        context = domains[mailbox.domain].context
        names = {
            (context, full_name(mailbox).casefold()),
            (context, (mailbox.display_name or "").casefold()),
        }
        if not names & taken:
            taken |= names
            kept.append(mailbox)
    return kept


@st.composite
def aliases_on(draw, domain, addresses):
    """Aliases of one domain, to *addresses*, outside, and (without loops) to one another."""
    found = []
    own = [address for address in addresses if address.endswith(f"@{domain.name}")]
    pairs = [("info", target) for target in (*addresses, *OUTSIDE)]
    pairs += [("sales", f"info@{name}") for name in DOMAINS]
    # A copy is kept: an alias on a mailbox's own address has that address as a destination.
    for address in own[:1]:
        pairs.append((address.partition("@")[0], address))
    for local_part, destination in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=4)):
        found.append(Alias(domain=domain.name, local_part=local_part, destination=destination))
    return found


@st.composite
def desired_states(draw):
    """What files may ask for."""
    disabled = set()
    domains = {}
    for name in draw(st.sets(st.sampled_from(DOMAINS)).map(sorted)):
        features, context, delivery, is_disabled = draw(any_of(*KINDS_OF_DOMAIN))
        domains[name] = Domain(
            name=name, features=features, context=context or name, delivery=delivery
        )
        if is_disabled:
            disabled.add(name)
    mailboxes = _with_names_of_their_own(
        domains,
        [
            mailbox
            for domain in domains.values()
            if "mailbox" in domain.features
            for mailbox in draw(mailboxes_on(domain))
        ],
    )
    addresses = [mailbox.address for mailbox in mailboxes]
    aliases = [
        alias
        for domain in domains.values()
        if "alias" in domain.features
        for alias in draw(aliases_on(domain, addresses))
    ]
    written = {alias.address for alias in aliases if alias.local_part == "info"}
    declared = tuple(f"@{name}" for name in domains)
    aliases = [
        alias
        for alias in aliases
        if alias.local_part != "sales"
        or alias.destination in written
        or not alias.destination.endswith(declared)
    ]
    people = {
        user_id(uuid): Person(
            handle=handle,
            user=User(name=draw(st.sampled_from(spellings(uuid)))),
            email=None,
            place=Place(file="state/users.yaml", line=number, column=5),
        )
        for number, (handle, uuid) in enumerate(zip(HANDLES, UUIDS, strict=True), 2)
    }
    return DesiredState(
        people=people,
        domains={
            name: _written(
                domain,
                draw(st.sampled_from(ROLES)),
                [mailbox for mailbox in mailboxes if mailbox.domain == name],
                [alias for alias in aliases if alias.domain == name],
                is_disabled=name in disabled,
            )
            for name, domain in domains.items()
        },
    )


def _written(domain, who, mailboxes, aliases, *, is_disabled):
    keys = [
        domain.key,
        *(access_key(domain.name, user) for user in who),
        *(resource.key for resource in (*mailboxes, *aliases)),
    ]
    return DesiredDomain(
        domain=domain,
        roles=who,
        mailboxes={mailbox.key: mailbox for mailbox in mailboxes},
        aliases={alias.key: alias for alias in aliases},
        disabled=is_disabled,
        places={
            key: Place(file=f"state/{domain.name}.yaml", line=line, column=5)
            for line, key in enumerate(keys, 2)
        },
    )


def as_stored(mailbox, domain, *, tells_active):
    """*mailbox* as dimail tells it: names only of active ones with an account in OX."""
    has_names = "webmail" in domain.features and mailbox.active is not False
    return replace(
        mailbox,
        first_name=mailbox.first_name if has_names else None,
        last_name=mailbox.last_name if has_names else None,
        display_name=mailbox.display_name if has_names else None,
        active=mailbox.active if tells_active else None,
        secondary_email=None,
    )


@dataclass(frozen=True, kw_only=True)
class World:
    """What the files ask for, and what is really on the server, readable or not."""

    desired: DesiredState
    truth: LiveState
    policy: Policy

    @property
    def live(self):
        """What mailstate sees."""
        return LiveState(
            users=self.truth.users,
            accesses=self.truth.accesses,
            domains={
                name: domain
                if domain.readable
                else replace(domain, mailboxes={}, aliases={}, half_made=frozenset())
                for name, domain in self.truth.domains.items()
            },
            tells_active=self.truth.tells_active,
        )


LIVE_MAILBOXES = (
    (True, True, False),
    (False, True),
    (None, None, *NAMES[:2], (None, None)),
    (lambda name: name, lambda name: name, lambda _: "Somebody Else", lambda _: None),
    (lambda active: active, lambda active: active, lambda active: not active, lambda _: None),
)


@st.composite
def _live_mailboxes(draw, wanted, *, tells_active):
    domain = wanted.domain
    found = {}
    for mailbox in wanted.mailboxes.values():
        is_there, is_capital, names, display_name, active = draw(any_of(*LIVE_MAILBOXES))
        if is_there:
            first, last = names or (mailbox.first_name, mailbox.last_name)
            other = replace(
                mailbox,
                local_part=mailbox.local_part.capitalize() if is_capital else mailbox.local_part,
                first_name=first,
                last_name=last,
                display_name=display_name(mailbox.display_name),
                active=active(mailbox.active),
            )
            stored = as_stored(other, domain, tells_active=tells_active)
            found[stored.key] = stored
    for stranger in draw(mailboxes_on(domain, local_parts=("dee", "eve"))):
        stored = as_stored(stranger, domain, tells_active=tells_active)
        found[stored.key] = stored
    return found


def _live_aliases(wanted):
    name = wanted.domain.name
    strangers = [
        Alias(domain=name, local_part="info", destination="old@elsewhere.test"),
        Alias(domain=name, local_part="Old", destination=OUTSIDE[0]),
    ]
    capitals = [
        replace(alias, local_part=alias.local_part.capitalize())
        for alias in wanted.aliases.values()
    ]
    pool = [*wanted.aliases.values(), *capitals, *strangers]
    return st.sets(st.sampled_from(range(len(pool)))).map(
        lambda chosen: {pool[index].key: pool[index] for index in sorted(chosen)}
    )


CHECK_ERRORS = (None, None, None, "GET check: timed out")
FAILING = ((), (EXTERNAL,), (INTERNAL,), (EXTERNAL, INTERNAL))
STATES = (
    *[(state, ()) for state in (DomainState.OK, *DomainState) if state is not DomainState.BROKEN],
    *[(DomainState.BROKEN, checks) for checks in FAILING],
)


@st.composite
def _live_domains(draw, wanted, *, tells_active, has_access):
    domain = wanted.domain
    mailboxes = draw(_live_mailboxes(wanted, tells_active=tells_active))
    (state, failing), check_error, is_readable, is_half_made = draw(
        any_of(
            STATES,
            (None, None, None, "GET check: timed out"),
            (True, False),
            (False, False, False, True),
        )
    )
    features, context, delivery = draw(
        any_of(
            (*[domain.features] * 4, frozenset({"mailbox"})),
            (domain.context, None, "other.example"),
            (domain.delivery, None, "virtual"),
        )
    )
    half_made: frozenset[Key] = frozenset()
    if mailboxes and is_half_made:
        half_made = frozenset({draw(st.sampled_from(sorted(mailboxes)))})
    return LiveDomain(
        domain=replace(domain, features=features, context=context, delivery=delivery),
        state=state,
        failing=failing,
        check_error=check_error,
        readable=has_access or is_readable,
        mailboxes=mailboxes,
        half_made=half_made,
        aliases=draw(_live_aliases(wanted)),
    )


@st.composite
def worlds(draw, desired=None, policy=policies):
    """Any two states and a policy."""
    wanted = draw(desired_states() if desired is None else desired)
    rules = draw(policy)
    tells_active = draw(st.booleans())
    users = [User(name=rules.service_account)]
    for name in (*UUIDS, *STRANGERS):
        is_there, spelling = draw(any_of((True, False), spellings(name)))
        if is_there:
            users.append(User(name=spelling))
    known = {user.key: user for user in users}
    accesses, domains = {}, {}
    for name, domain in wanted.domains.items():
        is_there, has_access = draw(any_of((True, True, True, False), (True, True, True, False)))
        if is_there:
            with_access = draw(st.sets(st.sampled_from(sorted(known))))
            own = user_key(rules.service_account)
            for key in sorted({*with_access, own} if has_access else with_access - {own}):
                access = Access(domain=name, user=known[key].name)
                accesses[access.key] = access
            domains[name] = draw(
                _live_domains(domain, tells_active=tells_active, has_access=has_access)
            )
    truth = LiveState(users=known, accesses=accesses, domains=domains, tells_active=tells_active)
    return World(desired=wanted, truth=truth, policy=rules)


def as_desired(desired, policy):
    """The live state in which everything is as *desired*, every domain enabled."""
    users, accesses, domains = {}, {}, {}
    service = User(name=policy.service_account)
    users[service.key] = service
    for name, wanted in desired.domains.items():
        managers = [user for user, role in wanted.roles.items() if role is not Role.VIEWER]
        for user in (*(desired.people[one].user for one in managers), service):
            users.setdefault(user.key, user)
            access = Access(domain=name, user=user.name)
            accesses[access.key] = access
        domains[name] = LiveDomain(
            domain=wanted.domain,
            state=DomainState.OK,
            mailboxes={
                key: as_stored(mailbox, wanted.domain, tells_active=True)
                for key, mailbox in wanted.mailboxes.items()
            },
            aliases=wanted.aliases,
        )
    return LiveState(users=users, accesses=accesses, domains=domains)


def shuffled(mapping):
    """The same mapping, in any other order."""
    return st.permutations(list(mapping.items())).map(dict)


def person(number, handle="ann"):
    """A person of whom only the uuid matters."""
    uuid = UUIDS[number]
    place = Place(file="state/users.yaml", line=number + 1, column=1)
    return Person(handle=handle, user=User(name=uuid), email=None, place=place)
