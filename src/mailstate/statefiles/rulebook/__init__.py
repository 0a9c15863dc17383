"""Every rule that the files are held to, with its reason: the documentation is made from this."""

from collections.abc import Mapping

from mailstate.errors import Place, Problem
from mailstate.statefiles.rulebook.meaning import MEANING
from mailstate.statefiles.rulebook.rule import Rule, by_id
from mailstate.statefiles.rulebook.writing import WRITING

__all__ = ["RULES", "Rule", "problem"]

RULES: Mapping[str, Rule] = by_id((*WRITING, *MEANING))
"""All rules by id: those of the files, of YAML, of the schema, and of what is declared."""


def problem(rule: str, place: Place, message: str, hint: str | None = None) -> Problem:
    """A problem of the rule called *rule*; without *hint*, its remedy is what to do."""
    found = RULES[rule]
    return Problem(
        place=place,
        rule=rule,
        message=message,
        hint=found.remedy if hint is None else hint,
        severity=found.severity,
    )
