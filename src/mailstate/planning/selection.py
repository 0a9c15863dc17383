"""
Which domains a run looks at: all of them, or a part that is told in the plan.

A selection picks domains of the desired state; what is not picked is neither read nor planned.
People stay, since the domains that are left may need any of them.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from mailstate.errors import UsageError
from mailstate.model.resources import DomainName
from mailstate.model.state import DesiredDomain, DesiredState


class Selection(NamedTuple):
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

    Shards are cut so that their plans together are the whole plan. Other selections may leave out
    a mailbox that an alias leads to: the alias is then planned as if the mailbox were there.
    """
    for pattern in selection.only:
        if not any(fnmatchcase(name, pattern.lower()) for name in desired.domains):
            raise UsageError(
                f"--only {pattern}: no declared domain fits",
                hint="the pattern is matched with whole domain names, as in plans",
            )
    if not selection.is_partial:
        return desired
    shard = _in_shard(desired, selection.shard)
    return replace(
        desired,
        domains={
            name: domain
            for name, domain in desired.domains.items()
            if _fits(name, selection.only)
            and name in shard
            and (changed_files is None or _files_of(domain, desired) & set(changed_files))
        },
    )


def _fits(name: DomainName, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern.lower()) for pattern in patterns)


def _in_shard(desired: DesiredState, shard: tuple[int, int] | None) -> Collection[DomainName]:
    """The domains of *shard*, by a hash of their group's name alone."""
    if shard is None:
        return desired.domains.keys()
    which, of = shard
    return {
        name
        for name, group in _groups(desired).items()
        if int.from_bytes(hashlib.sha256(group.encode()).digest()[:8]) % of == which - 1
    }


def _groups(desired: DesiredState) -> Mapping[DomainName, str]:
    """
    For each domain the name of its group: what must be planned together for the plan to be true.

    Domains share a group if they share an OX context, whose names are compared, or if an alias
    leads from one to the other, since it waits for the mailbox there. A new domain moves no other
    unless it links two groups.
    """
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        while (above := leader.get(name, name)) != name:
            # Whoever comes this way again has half as far: long chains stay cheap.
            leader[name] = leader.get(above, above)
            name = leader[name]
        return name

    def context(domain: DesiredDomain) -> str:
        return domain.domain.context or domain.domain.name

    for domain in desired.domains.values():
        for alias in domain.aliases.values():
            other = desired.domains.get(DomainName(alias.destination.rpartition("@")[2].lower()))
            if other is not None:
                low, high = sorted((first(context(domain)), first(context(other))))
                leader[high] = low
    return {name: first(context(domain)) for name, domain in desired.domains.items()}


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
