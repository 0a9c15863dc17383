"""
The state files as a whole: paths, or bytes, to a desired state and every problem on the way.

There are two ways to it, with equal results. The quick one judges file by file, keeps of each a
parcel of what it declares, and then judges what lies between the parcels; it holds neither
documents nor mailboxes, and gives up as soon as an error is to be told. The full one then reads
everything again and tells it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mailstate.errors import Problem, Severity
from mailstate.model.resources import DomainName, UserId, user_id
from mailstate.model.state import DesiredDomain, DesiredState, Person
from mailstate.statefiles.across import are_in_order, with_warnings
from mailstate.statefiles.builder import read_document
from mailstate.statefiles.collector import without_collector
from mailstate.statefiles.declared import declared
from mailstate.statefiles.files import read_files
from mailstate.statefiles.full import full_reading
from mailstate.statefiles.mailboxes import check_mailboxes
from mailstate.statefiles.marks import MAX_PROBLEMS
from mailstate.statefiles.parcel import FileFacts, desired_domain, person, unpack
from mailstate.statefiles.quick import judge
from mailstate.statefiles.reading import Reading, in_order
from mailstate.statefiles.schema import domain_fields


def read(paths: Sequence[Path]) -> Reading:
    """
    What the state files at *paths* say. Directories are walked, files are taken as they are.

    Every fault of every file is told in one go; none raises.
    """
    sources, problems = read_files(paths)
    return read_sources(sources, problems)


def read_sources(
    sources: Iterable[tuple[str, bytes]], file_problems: Iterable[Problem] = ()
) -> Reading:
    """
    What *sources* say: pairs of a file's name and its content. The pure core of `read`.

    *file_problems* are those of files that could not be read: what they may declare is unknown.
    """
    contents, problems = list(sources), list(file_problems)
    with without_collector():
        quick = None if problems else quick_reading(contents)
        return full_reading(contents, problems) if quick is None else quick


def quick_reading(sources: Sequence[tuple[str, bytes]]) -> Reading | None:
    """What *sources* say; None if there is an error to tell, or something unheard of."""
    contents = dict(sources)
    if len(contents) < len(sources):
        return None
    files: dict[str, FileFacts] = {}
    for file in sorted(contents):
        parcel = judge(read_document(file, contents[file]))
        if parcel is None:
            return None
        files[file] = unpack(parcel)
    if not are_in_order(files):
        return None
    concerned = sorted(with_warnings(files))
    documents = [read_document(file, contents[file]) for file in concerned]
    problems = list(check_mailboxes(declared(documents, domain_fields(), all_read=True)))
    if any(told.severity is Severity.ERROR for told in problems) or len(problems) > MAX_PROBLEMS:
        return None
    return Reading(desired=_desired(files), problems=in_order(problems), files=tuple(files))


def _desired(files: Mapping[str, FileFacts]) -> DesiredState:
    """The desired state that sound *files* declare; sorted, for the order means nothing."""
    people: dict[UserId, Person] = {}
    users: dict[str, tuple[str, UserId]] = {}
    domains: dict[DomainName, DesiredDomain] = {}
    for file, facts in files.items():
        for user in facts.users:
            who = user_id(user.uuid)
            people[who] = person(user, file)
            users[user.handle] = user.uuid, who
    for file, facts in files.items():
        for domain in facts.domains:
            domains[domain.facts.name] = desired_domain(domain, file, users)
    return DesiredState(
        people={who: people[who] for who in sorted(people)},
        domains={name: domains[name] for name in sorted(domains)},
    )
