"""
Which domains a run looks at: all of them, or a part that is told in the plan.

A selection picks domains of the desired state; what is not picked is neither read nor planned.
People stay, since the domains that are left may need any of them.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from mailstate.errors import UsageError
from mailstate.model.resources import DomainName
from mailstate.model.state import DesiredDomain, DesiredState


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """
    What options ask for: `only` are patterns of domain names, `shard` is (which, of how many).

    `changed_since` is a Git revision; which files differ from it is found out elsewhere.
    """

    only: tuple[str, ...] = ()
    changed_since: str | None = None
    shard: tuple[int, int] | None = None

    @property
    def is_partial(self) -> bool:
        """Whether anything may be left out."""
        return bool(self.only or self.changed_since or self.shard)


def select(
    desired: DesiredState, selection: Selection, *, changed_files: Collection[str] | None = None
) -> DesiredState:
    """
    *desired* with the selected domains alone.

    *changed_files* are the files that differ from `changed_since`, as places name them; None
    stands for all of them. Raises `UsageError` for a pattern that no declared domain fits: a
    misspelt one would look like nothing to do.
    """
    for pattern in selection.only:
        if not any(fnmatchcase(name, pattern.lower()) for name in desired.domains):
            raise UsageError(
                f"--only {pattern}: no declared domain fits",
                hint="the pattern is matched with whole domain names, as in plans",
            )
    if not selection.is_partial:
        return desired
    return replace(
        desired,
        domains={
            name: domain
            for name, domain in desired.domains.items()
            if _fits(name, selection.only)
            and _is_in_shard(domain, selection.shard)
            and (changed_files is None or _files_of(domain, desired) & set(changed_files))
        },
    )


def _fits(name: DomainName, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern.lower()) for pattern in patterns)


def _is_in_shard(domain: DesiredDomain, shard: tuple[int, int] | None) -> bool:
    """
    Whether the shard is the one of *domain*'s OX context.

    Domains that share a context share a shard, so that its names are compared in one plan. The
    hash depends on the name alone: adding a domain moves no other.
    """
    if shard is None:
        return True
    which, of = shard
    group = domain.domain.context or domain.domain.name
    number = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8])
    return number % of == which - 1


def _files_of(domain: DesiredDomain, desired: DesiredState) -> set[str]:
    """The files in which *domain* and its people are written."""
    places = [*domain.places.values(), *(desired.people[user].place for user in domain.roles)]
    return {place.file for place in places}


def selected(
    selection: Selection, *, desired: DesiredState, declared: DesiredState
) -> Mapping[str, object] | None:
    """What a plan says of its *selection*, and of how many domains it left; None for all."""
    if not selection.is_partial:
        return None
    return {
        "only": list(selection.only),
        "changed_since": selection.changed_since,
        "shard": f"{selection.shard[0]}/{selection.shard[1]}" if selection.shard else None,
        "domains": len(desired.domains),
        "declared": len(declared.domains),
    }
