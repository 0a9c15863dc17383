"""The corpus: what is accepted, and what each fault is called, where, and in which words."""

import pytest

from mailstate.errors import Severity
from mailstate.statefiles import RULES as RULEBOOK
from mailstate.statefiles import read_sources
from mailstate.statefiles.documents import read_document
from tests.statefiles.corpus import BAD, GOOD, RULES, lines

WITHOUT_TEXT = {
    "file/missing",
    "file/nothing-found",
    "file/symbolic-link",
    "file/not-regular",
    "file/unreadable",
    "file/too-large",
    "file/too-many-problems",
    "schema/form",
}
"""Rules that no text can show; `test_files.py` and `test_schema.py` reach them."""


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_gives_exactly_the_expected_problems(path):
    """
    Rule, line, column and words of every problem are those beside the file.
    """
    expected = path.with_suffix(".expected").read_text("utf-8").splitlines()

    reading = read_sources([(path.name, path.read_bytes())])

    assert expected == lines(reading.problems)
    assert reading.desired is None


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_is_taken_without_a_word(path):
    """
    Every oddity that the design allows is read, and no problem is told.
    """
    reading = read_sources([(path.name, path.read_bytes())])

    assert [] == lines(reading.problems)
    assert reading.desired is not None


def test_there_are_more_than_a_hundred_bad_files():
    """
    The corpus is a corpus.
    """
    assert len(BAD) > 200
    assert len(GOOD) > 30


@pytest.mark.parametrize("folder", RULES, ids=lambda folder: folder.name)
def test_the_bad_example_of_a_rule_breaks_it_and_no_other(folder):
    """
    Each rule has an example that shows it alone.
    """
    rule = folder.name.replace("--", "/")
    sources = [(path.name, path.read_bytes()) for path in sorted((folder / "bad").iterdir())]

    reading = read_sources(sources)

    assert {rule} == {problem.rule for problem in reading.problems}
    assert (reading.desired is None) == (RULEBOOK[rule].severity is Severity.ERROR)


@pytest.mark.parametrize("folder", RULES, ids=lambda folder: folder.name)
def test_the_good_example_of_a_rule_breaks_none(folder):
    """
    Beside each bad example stands how it should be.
    """
    sources = [(path.name, path.read_bytes()) for path in sorted((folder / "good").iterdir())]

    assert () == read_sources(sources).problems


def test_every_rule_has_its_two_examples():
    """
    No rule without an example, but for those that no text can show.
    """
    shown = {folder.name.replace("--", "/") for folder in RULES}

    assert set(RULEBOOK) - WITHOUT_TEXT == shown


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_parser_without_libyaml_reads_good_files_alike(path):
    """
    Where PyYAML lacks libyaml, the same files say the same at the same places.
    """
    with_c = read_document(path.name, path.read_bytes())
    without = read_document(path.name, path.read_bytes(), libyaml=False)

    assert with_c.root == without.root
    assert with_c.problems == without.problems
    assert marks(with_c.root) == marks(without.root)


# PyYAML's own parser goes on after `[? ]`, which libyaml does not.
_SAME_WITHOUT_LIBYAML = [path for path in BAD if path.stem != "question-mark-in-flow"]


@pytest.mark.parametrize("path", _SAME_WITHOUT_LIBYAML, ids=lambda path: path.stem)
def test_the_parser_without_libyaml_refuses_what_libyaml_refuses(path):
    """
    Where PyYAML lacks libyaml, each bad file breaks the same YAML rules.
    """
    with_c = read_document(path.name, path.read_bytes())
    without = read_document(path.name, path.read_bytes(), libyaml=False)

    assert {p.rule for p in with_c.problems} == {p.rule for p in without.problems}


def marks(value):
    """All marks within *value*, in order."""
    found = list(getattr(value, "marks", ()))
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for child in children:
            found += marks(child)
    return found
