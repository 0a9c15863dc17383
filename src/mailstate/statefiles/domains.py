"""The rules of domains: once each, and with the features that what lives on them needs."""

from collections.abc import Iterator

from mailstate.errors import Place, Problem
from mailstate.model.resources import DomainName
from mailstate.statefiles.declared import Declared, DomainEntry
from mailstate.statefiles.marks import place
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.text import shown


def check_domains(declared: Declared) -> Iterator[Problem]:
    """Every fault of domains that shows across their fields, or across entries."""
    first_places: dict[DomainName, Place] = {}
    for domain in declared.domains:
        if domain.name is not None:
            at = domain.place("name")
            first = first_places.setdefault(domain.name, at)
            if first is not at:
                message = f"the domain {_called(domain)} is declared twice: first at {first}"
                yield problem("domain-declared-twice", at, message)
        yield from _features(domain)


def _features(domain: DomainEntry) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    for feature, mark in domain.texts("features"):
        at = place(domain.file, mark)
        first = seen.setdefault(feature, at)
        if first is not at:
            message = f"the feature `{shown(feature)}` is listed twice: first at {first}"
            yield problem("feature-declared-twice", at, message)
    if "features" in domain.node and not isinstance(domain.node["features"], list):
        return
    if "context" in domain.node and "webmail" not in domain.features:
        message = "a context without the feature `webmail` has no effect"
        yield problem("context-without-webmail", domain.field_place("context"), message)
    if domain.mailboxes and "mailbox" not in domain.features:
        message = "mailboxes on a domain without the feature `mailbox`"
        yield problem("mailboxes-without-feature", domain.field_place("mailboxes"), message)
    if domain.aliases and "alias" not in domain.features:
        message = "aliases on a domain without the feature `alias`"
        yield problem("aliases-without-feature", domain.field_place("aliases"), message)


def _called(domain: DomainEntry) -> str:
    written = domain.text("name") or ""
    return f"`{written}`" if written == domain.name else f"`{shown(written)}` (`{domain.name}`)"
