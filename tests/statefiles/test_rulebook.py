"""The rulebook: complete, and the only source of problems."""

import pytest

from mailstate.errors import Severity
from mailstate.statefiles import RULES, read_sources
from mailstate.statefiles.rulebook import problem
from tests.statefiles.corpus import all_sources


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_why_and_what_to_do(rule):
    """
    Each rule has a title, a reason that ends as a sentence does, and a remedy to follow it.
    """
    assert rule.title[0] in "`%" or rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.reason.endswith(".")
    assert rule.remedy
    assert not rule.remedy.endswith(".")


def test_only_two_rules_are_warnings():
    """
    The design names the warnings; all else is an error.
    """
    warnings = {rule.id for rule in RULES.values() if rule.severity is Severity.WARNING}

    assert {"local-part-in-context", "secondary-email-shared"} == warnings


def test_every_problem_of_the_corpus_is_of_a_known_rule():
    """
    A problem has the severity of its rule, a message and a hint.
    """
    for data in all_sources():
        for told in read_sources([("a.yaml", data)]).problems:
            assert told.severity is RULES[told.rule].severity
            assert told.message
            assert told.hint


def test_a_problem_of_an_unknown_rule_cannot_be_made(place):
    """
    Nobody can tell of a fault that the documentation does not know.
    """
    with pytest.raises(KeyError):
        problem("made-up", place, "a message")


@pytest.fixture
def place():
    """Somewhere."""
    from mailstate.errors import Place  # noqa: PLC0415 - for this fixture alone

    return Place("a.yaml", 1, 1)
