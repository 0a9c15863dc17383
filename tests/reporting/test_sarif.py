"""Problems in SARIF, as code scanning and editors read it."""

import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from mailstate.errors import Severity
from mailstate.reporting.paint import visible
from mailstate.reporting.sarif import problems_sarif
from mailstate.statefiles.rulebook import RULES
from tests.reporting.strategies import problems
from tests.reporting.test_annotations import problem
from tests.reporting.test_hostile_values import assert_json
from tests.strategies import fewer


def closed(required, /, **optional):
    """Give the schema of an object that has these keys and no others."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


# What SARIF 2.1.0 and GitHub's code scanning ask of the parts that there are.
ONE = {"type": "integer", "minimum": 1}
WORD = {"type": "string", "minLength": 1}
TEXT = closed({"text": WORD})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RELATIVE = closed(
    {
        "uri": {"type": "string", "pattern": r"^(?!/)[A-Za-z0-9._~%/-]*$"},
        "uriBaseId": {"const": "%SRCROOT%"},
    }
)
ABSOLUTE = closed({"uri": {"type": "string", "pattern": r"^file:///[A-Za-z0-9._~%/-]*$"}})
RULE = closed(
    {
        "id": WORD,
        "shortDescription": closed({"text": {**WORD, "maxLength": 1024}}),
        "fullDescription": closed({"text": {**WORD, "maxLength": 1024}}),
        "help": TEXT,
        "defaultConfiguration": closed({"level": LEVEL}),
    }
)
PLACE = closed(
    {
        "artifactLocation": {"oneOf": [RELATIVE, ABSOLUTE]},
        "region": closed({"startLine": ONE, "startColumn": ONE}),
    }
)
RESULT = closed(
    {
        "ruleId": {"type": "string"},
        "level": LEVEL,
        "message": closed({"text": {"type": "string"}}),
        "locations": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": closed({"physicalLocation": PLACE}),
        },
        "partialFingerprints": closed(
            {"mailstateProblem/v1": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
        ),
    },
    ruleIndex={"type": "integer", "minimum": 0},
)
RUN = closed(
    {
        "tool": closed(
            {
                "driver": closed(
                    {
                        "name": {"const": "mailstate"},
                        "version": WORD,
                        "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                    }
                )
            }
        ),
        "columnKind": {"const": "unicodeCodePoints"},
        "originalUriBaseIds": closed({"%SRCROOT%": closed({"description": TEXT})}),
        "invocations": {
            "type": "array",
            "items": closed({"executionSuccessful": {"const": True}}),
            "maxItems": 1,
        },
        "results": {"type": "array", "items": RESULT},
    }
)
SARIF = Draft202012Validator(
    closed(
        {
            "$schema": {"type": "string", "pattern": r"/v2\.1\.0/.*sarif-schema-2\.1\.0\.json$"},
            "version": {"const": "2.1.0"},
            "runs": {"type": "array", "items": RUN, "minItems": 1, "maxItems": 1},
        }
    )
)


def results(*some, **more):
    """Give the results of a document that is as SARIF asks."""
    document = json.loads(problems_sarif(some, **more))
    SARIF.validate(document)
    return document["runs"][0]["results"]


def fingerprints(*some):
    """Give what problems are known by."""
    return [one["partialFingerprints"]["mailstateProblem/v1"] for one in results(*some)]


@fewer
@given(problems)
def test_each_problem_is_a_result_with_its_place(some):
    """
    And the document is as SARIF asks, whatever names and messages hold.
    """
    assert_json(problems_sarif(some))
    found = results(*some)

    regions = [one["locations"][0]["physicalLocation"]["region"] for one in found]
    assert [(one.rule, str(one.severity), one.place.line, one.place.column) for one in some] == [
        (one["ruleId"], one["level"], region["startLine"], region["startColumn"])
        for one, region in zip(found, regions, strict=True)
    ]
    for one in found:
        text = one["message"]["text"]
        assert text == visible(text)
        assert not re.search(r"\]\(|\{[0-9]+\}", text)
    assert len(some) == len(set(fingerprints(*some)))


def test_every_rule_is_told_with_its_reason_and_what_to_do():
    """
    Also without a problem: code scanning then closes what it had.
    """
    document = json.loads(problems_sarif([]))
    SARIF.validate(document)

    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [] == run["results"]
    assert [(rule.id, rule.title, rule.reason, str(rule.severity)) for rule in RULES.values()] == [
        (
            rule["id"],
            rule["shortDescription"]["text"],
            rule["fullDescription"]["text"],
            rule["defaultConfiguration"]["level"],
        )
        for rule in rules
    ]
    assert all(
        rule.remedy in told["help"]["text"]
        for rule, told in zip(RULES.values(), rules, strict=True)
    )


def test_a_result_points_to_its_rule():
    """
    By the number that the rule has in the list.
    """
    document = json.loads(problems_sarif([problem(rule="unknown-handle", severity="warning")]))

    (run,) = document["runs"]
    (found,) = run["results"]
    assert "unknown-handle" == run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"]
    assert Severity.WARNING == found["level"]


@pytest.mark.parametrize(
    ("file", "below", "uri"),
    [
        ("state/a.yaml", "", "state/a.yaml"),
        ("state/a.yaml", "mail/été", "mail/%C3%A9t%C3%A9/state/a.yaml"),
        ("javascript:alert(1).yaml", "", "javascript%3Aalert%281%29.yaml"),
        ("state/a b#c?%41.yaml", "", "state/a%20b%23c%3F%2541.yaml"),
    ],
)
def test_files_are_named_from_the_root_of_the_sources(file, below, uri):
    """
    Where a name cannot pass for another scheme, a query or a fragment.
    """
    (found,) = results(problem(file=file), below=below)

    artifact = found["locations"][0]["physicalLocation"]["artifactLocation"]
    assert {"uri": uri, "uriBaseId": "%SRCROOT%"} == artifact
    assert unquote(uri).endswith(file)


def test_a_file_elsewhere_has_its_whole_address():
    """
    It lies below no root that the reader knows.
    """
    (found,) = results(problem(file="/srv/state/a.yaml"), below="mail")

    artifact = found["locations"][0]["physicalLocation"]["artifactLocation"]
    assert {"uri": "file:///srv/state/a.yaml"} == artifact


def test_a_message_is_neither_a_link_nor_a_form_to_fill():
    """
    As `[text](target)` and `{0}` would be to a reader of SARIF.
    """
    (found,) = results(problem("`[a](https://evil.example)` {0} {x}", hint="do [b](1)"))

    assert (
        r"`[a]\u0028https://evil.example)` \u007b0} {x} (do [b]\u00281))"
        == found["message"]["text"]
    )


def test_a_problem_is_known_again_when_lines_have_moved():
    """
    Two that are alike in one file are still two.
    """
    one = problem("`a` is declared at state/b.yaml:3:5 already")
    moved = problem("`a` is declared at state/b.yaml:13:7 already")
    elsewhere = problem(one.message, file="state/c.yaml")

    assert fingerprints(one) == fingerprints(moved)
    assert 3 == len(set(fingerprints(one, moved, elsewhere)))
