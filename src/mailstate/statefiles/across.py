"""
What lies between files and domains, judged on parcels: names once, references to what there is.

Only the rows that a rule is about are unpacked: those of domains that share a context, and of
domains whose aliases lead to each other.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from mailstate.model.resources import DomainName, user_id
from mailstate.statefiles.at_once import folded
from mailstate.statefiles.mailboxes import MAX_SHARED
from mailstate.statefiles.parcel import DomainParcel, FileFacts
from mailstate.statefiles.rows import are_unique, lead_somewhere


def are_in_order(files: Mapping[str, FileFacts]) -> bool:
    """Whether nothing between *files* is an error."""
    users = [user for facts in files.values() for user in facts.users]
    domains = {domain.facts.name: domain for facts in files.values() for domain in facts.domains}
    handles = {user.handle for user in users}
    return (
        len(handles) == len(users)
        and are_unique([user_id(user.uuid) for user in users])
        and len(domains) == sum(len(facts.domains) for facts in files.values())
        and all(
            handle in handles for domain in domains.values() for handle, *_ in domain.facts.roles
        )
        and all(map(_have_names_of_their_own, _sharing_a_context(domains.values())))
        and _lead_somewhere(domains)
    )


def with_warnings(files: Mapping[str, FileFacts]) -> set[str]:
    """
    The names of those of *files*, without errors, that a warning may be about.

    If it is about one of them, all that it is about are among them.
    """
    return {*_with_shared_addresses(files), *_with_same_local_parts(files)}


def _sharing_a_context(domains: Iterable[DomainParcel]) -> Iterator[list[DomainParcel]]:
    """Each two or more domains that share one context."""
    contexts: dict[str, list[DomainParcel]] = defaultdict(list)
    for domain in domains:
        if domain.facts.context is not None:
            contexts[domain.facts.context].append(domain)
    return (sharing for sharing in contexts.values() if len(sharing) > 1)


def _have_names_of_their_own(domains: Sequence[DomainParcel]) -> bool:
    """Whether first and last names, and display names, are those of one mailbox each."""
    columns = [domain.mailboxes() for domain in domains]
    full_names = [each.full_names() for each in columns]
    display_names = [
        each.display_names or full for each, full in zip(columns, full_names, strict=True)
    ]
    return are_unique(folded([*chain(*full_names)])) and are_unique(
        folded([*chain(*display_names)])
    )


def _lead_somewhere(domains: Mapping[DomainName, DomainParcel]) -> bool:
    """Whether aliases that lead from one declared domain to another are in order."""
    leading = {
        name: others
        for name, domain in domains.items()
        if (others := [DomainName(to) for to in domain.facts.leads_to if to in domains])
    }
    concerned = {*leading, *chain(*leading.values())}
    leads: dict[str, list[str]] = {}
    mailboxes: set[str] = set()
    for name in concerned:
        mailboxes.update(f"{part}@{name}" for part in domains[name].mailboxes().local_parts)
        for part, target in zip(*domains[name].aliases(), strict=True):
            leads.setdefault(f"{part}@{name}", []).append(target)
    return lead_somewhere(leads, mailboxes, concerned)


def _with_same_local_parts(files: Mapping[str, FileFacts]) -> Iterator[str]:
    """The files of domains that share a context and a local part in it."""
    file_of = {domain.facts.name: file for file, facts in files.items() for domain in facts.domains}
    for sharing in _sharing_a_context(chain(*(facts.domains for facts in files.values()))):
        parts = chain(*(domain.mailboxes().local_parts for domain in sharing))
        if not are_unique([*parts]):
            yield from (file_of[domain.facts.name] for domain in sharing)


def _with_shared_addresses(files: Mapping[str, FileFacts]) -> Iterator[str]:
    """The files with a secondary address that seems to serve too many mailboxes."""
    numbers = array("I")
    for facts in files.values():
        numbers.frombytes(facts.secondary)
    counts = Counter(numbers)
    if max(counts.values(), default=0) <= MAX_SHARED:
        return
    shared = {number for number, count in counts.items() if count > MAX_SHARED}
    for file, facts in files.items():
        if not shared.isdisjoint(array("I", facts.secondary)):
            yield file
