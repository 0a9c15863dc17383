"""Problems as GitHub shows them on the lines of a pull request, and as text."""

import pytest
from hypothesis import given

from mailstate.errors import Place, Problem, Severity
from mailstate.reporting.paint import plain, visible
from mailstate.reporting.problems import problems_github, problems_summary, problems_text
from tests.reporting.strategies import problems

DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))


def unescaped(text, escapes):
    """Undo escapes as the runner of GitHub Actions does: in this order, one after the other."""
    for escape, char in escapes:
        text = text.replace(escape, char)
    return text


def commands(output):
    """Read workflow commands as the runner does (ActionCommand.TryParseV2 in actions/runner)."""
    for line in output.splitlines():
        assert "##[" not in line
        message = line.lstrip()
        if not message.startswith("::"):
            continue
        end = message.find("::", 2)
        if end < 0:
            continue
        name, _, rest = message[2:end].partition(" ")
        properties = {}
        for pair in filter(None, rest.strip().split(",")):
            key, _, value = pair.partition("=")
            if value:
                properties[key] = unescaped(value, PROPERTY)
        yield name, properties, unescaped(message[end + 2 :], DATA)


def problem(
    message="is wrong", *, rule="some-rule", hint="", file="state/a.yaml", severity="error"
):
    """Give a problem of which only some is of interest."""
    place = Place(file=file, line=3, column=5)
    return Problem(place=place, rule=rule, message=message, hint=hint, severity=Severity(severity))


def expected_command(one):
    """Give what the runner must find for a problem; it strips the last property."""
    message = f"{one.message} ({one.hint})" if one.hint else one.message
    place = {"file": visible(one.place.file), "line": str(one.place.line)}
    place |= {"col": str(one.place.column), "title": visible(one.rule).rstrip(" ")}
    return str(one.severity), {key: value for key, value in place.items() if value}, message


@given(problems)
def test_the_runner_finds_each_problem_and_nothing_else(some):
    """
    One command a line, whatever the names and messages hold; what is hidden is an escape.
    """
    output = problems_github(some)

    expected = [
        (name, place, visible(message)) for name, place, message in map(expected_command, some)
    ]
    assert expected == list(commands(output))
    assert len(some) == len(output.splitlines()) == output.count("\n")


@pytest.mark.parametrize(
    "file",
    ["état/a b.yaml", "100%.yaml", "a,line=1.yaml", "a::b.yaml", "a%2Cb.yaml", "C:\\a.yaml", "a=b"],
)
def test_the_runner_finds_the_file(file):
    """
    Commas, colons and percent signs are allowed in names.
    """
    ((_, properties, _),) = commands(problems_github([problem(file=file)]))

    assert file == properties["file"]


def test_an_annotation_says_what_to_do():
    """
    After what is wrong: GitHub shows one text.
    """
    output = problems_github([problem("`x` is no field", hint="take it out")])

    assert (
        "::error file=state/a.yaml,line=3,col=5,title=some-rule::`x` is no field (take it out)\n"
        == output
    )


@pytest.mark.parametrize(
    ("file", "expected"),
    [("state/a.yaml", "mail,x/state/a.yaml"), ("/srv/a.yaml", "/srv/a.yaml")],
)
def test_files_are_named_from_the_root_of_the_checkout(file, expected):
    """
    The forge would look for others in vain.
    """
    ((_, properties, _),) = commands(problems_github([problem(file=file)], below="mail,x"))

    assert expected == properties["file"]


def test_no_problems_are_no_lines():
    """
    In all views.
    """
    assert "" == problems_github([]) == problems_text([], plain)


@pytest.mark.parametrize(
    ("severities", "files", "expected"),
    [
        ([], 0, "0 files, no problems"),
        ([], 1, "1 file, no problems"),
        (["error"], 1, "1 error in 1 file"),
        (["warning"] * 2, 2, "2 warnings in 2 files"),
        (["warning", "error", "error"], 7, "2 errors and 1 warning in 7 files"),
    ],
)
def test_a_summary_counts(severities, files, expected):
    """
    In words that fit the numbers.
    """
    some = [problem(severity=severity) for severity in severities]

    assert expected == problems_summary(some, files)
