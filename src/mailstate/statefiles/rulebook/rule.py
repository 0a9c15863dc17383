"""What a rule is: its name, its weight, why it is there and what to do."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from mailstate.errors import Severity


class Rule(NamedTuple):
    """
    One thing that can be wrong with the files.

    `reason` says what would happen without the rule, and where it comes from; `remedy` is the hint
    of its problems unless a problem has a better one.
    """

    id: str
    title: str
    reason: str
    remedy: str
    severity: Severity = Severity.ERROR


def by_id(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    """*rules* by their id, in the order given."""
    return MappingProxyType({rule.id: rule for rule in rules})
