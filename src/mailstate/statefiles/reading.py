"""What a reading of the state files gives."""

from collections.abc import Iterable
from typing import NamedTuple

from mailstate.errors import Place, Problem
from mailstate.model.state import DesiredState


class Counts(NamedTuple):
    """How much the files declare."""

    domains: int
    people: int
    mailboxes: int
    aliases: int


class Verdict(NamedTuple):
    """
    Whether the files are in order: `counts` is None if any of `problems` is an error.

    `problems` and `files` are those of a `Reading`.
    """

    counts: Counts | None
    problems: tuple[Problem, ...]
    files: tuple[str, ...]


class Reading(NamedTuple):
    """
    What the files say: the desired state, or None if any of `problems` is an error.

    `problems` has errors and warnings in the order of their places, `files` what was read, as
    paths from the working directory.
    """

    desired: DesiredState | None
    problems: tuple[Problem, ...]
    files: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the files are in order."""
        counts = None if self.desired is None else _counts(self.desired)
        return Verdict(counts=counts, problems=self.problems, files=self.files)


def _counts(desired: DesiredState) -> Counts:
    domains = desired.domains.values()
    return Counts(
        domains=len(domains),
        people=len(desired.people),
        mailboxes=sum(len(domain.mailboxes) for domain in domains),
        aliases=sum(len(domain.aliases) for domain in domains),
    )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each of *problems* once, in the order of their places."""
    return tuple(sorted(set(problems), key=_order))


def _order(told: Problem) -> tuple[Place, str, str]:
    return told.place, told.rule, told.message
