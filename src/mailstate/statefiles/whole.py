"""
All files, judged quickly: one parcel after the other, and then what lies between them.

Nothing else is held: neither documents nor mailboxes. An error ends it, for `full` to tell it;
warnings are told from those files alone that they may be about.
"""

from collections.abc import Mapping
from typing import NamedTuple

from mailstate.errors import Problem, Severity
from mailstate.statefiles.across import are_in_order, with_warnings
from mailstate.statefiles.declared import declared
from mailstate.statefiles.documents import read_document
from mailstate.statefiles.gathered import Gathered, gathered
from mailstate.statefiles.mailboxes import check_mailboxes
from mailstate.statefiles.marks import MAX_PROBLEMS
from mailstate.statefiles.parcel import FileFacts
from mailstate.statefiles.quick import judge
from mailstate.statefiles.reading import Counts, Verdict, in_order
from mailstate.statefiles.schema import domain_fields
from mailstate.statefiles.sources import Sources


class Sound(NamedTuple):
    """Files without an error: what each of them declares, and what there is to warn of."""

    files: Mapping[str, FileFacts]
    problems: tuple[Problem, ...]

    def verdict(self) -> Verdict:
        """That they are in order."""
        domains = [domain.facts for facts in self.files.values() for domain in facts.domains]
        counts = Counts(
            domains=len(domains),
            people=sum(len(facts.users) for facts in self.files.values()),
            mailboxes=sum(domain.mailbox_count for domain in domains),
            aliases=sum(domain.alias_count for domain in domains),
        )
        return Verdict(counts=counts, problems=self.problems, files=tuple(self.files))

    def gathered(self) -> Gathered:
        """What they ask for."""
        return gathered(self.files)


def judged(sources: Sources) -> Sound | None:
    """What *sources* say; None if there is an error to tell."""
    files: dict[str, FileFacts] = {}
    for file, known_facts in sources.facts():
        facts = known_facts
        if facts is None:
            facts = judge(read_document(file, sources.content(file), tables=True))
            if facts is None:
                return None
            sources.keep_facts(file, facts)
        files[file] = facts
    # Only now is it sure which contents are spoken of.
    known = sources.verdict()
    if known is None:
        problems = _warnings(sources, files)
    else:
        problems = None if known.counts is None else known.problems
    return None if problems is None else Sound(files=files, problems=problems)


def _warnings(sources: Sources, files: Mapping[str, FileFacts]) -> tuple[Problem, ...] | None:
    """What is to be told of *files*, each of them sound; None if an error is."""
    if not are_in_order(files):
        return None
    documents = []
    for file in sorted(with_warnings(files)):
        document = read_document(file, sources.content(file))
        if judge(document) != files[file]:
            return None  # it was written to meanwhile
        documents.append(document)
    problems = list(check_mailboxes(declared(documents, domain_fields(), all_read=True)))
    if len(problems) > MAX_PROBLEMS or any(told.severity is Severity.ERROR for told in problems):
        return None
    return in_order(problems)
