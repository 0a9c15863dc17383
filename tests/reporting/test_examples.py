"""
What the views show, whole: a folder of expected texts for each example.

`UPDATE_GOLDEN=1 pytest tests/reporting/test_examples.py` writes them anew; read what changed.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mailstate import __version__
from mailstate.reporting.html import plan_html
from mailstate.reporting.links import Links
from mailstate.reporting.markdown import plan_markdown
from mailstate.reporting.paint import plain
from mailstate.reporting.plan_github import plan_github
from mailstate.reporting.plan_text import plan_text
from mailstate.reporting.problems import problems_github, problems_text
from mailstate.reporting.report import report_text
from tests.reporting.examples import CONTEXT, EXAMPLES

LINKS = Links(files="https://forge.example/o/r/blob/0123abc")
GOLDEN = Path(__file__).parent / "golden"


def views(example):
    """Give the name and the text of each view of an example."""
    if example.problems:
        yield "problems.txt", problems_text(example.problems, plain)
        yield "annotations.txt", problems_github(example.problems)
    if example.name != "problems":
        yield (
            "plan.txt",
            plan_text(
                example.plan,
                target=CONTEXT.target,
                paint=plain,
                selection=example.selection,
                causes=example.causes,
            ),
        )
        context = replace(CONTEXT, selection=example.selection, causes=example.causes)
        yield "plan.html", _without_assets(plan_html(example.plan, context, links=LINKS))
        yield "plan.md", plan_markdown(example.plan, context, links=LINKS)
        if notes := plan_github(example.plan, causes=example.causes):
            yield "plan_annotations.txt", notes
    if example.report is not None:
        yield "report.txt", report_text(example.report, plain)


def _without_assets(page):
    """Give a page without its style, its script (files of their own), their hashes, the version."""
    page = re.sub(r"(?s)(<(style|script)>).*?(</\2>)", r"\1…\3", page)
    return re.sub(r'content="default-src[^"]*"', 'content="…"', page).replace(__version__, "1.2.3")


VIEWS = {f"{example.name}/{name}": text for example in EXAMPLES for name, text in views(example)}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_reads_as_it_should(name):
    """
    Complete, and byte for byte.
    """
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(VIEWS[name], "utf-8")

    assert path.read_text("utf-8") == VIEWS[name]


def test_no_expected_text_is_left_over():
    """
    Each belongs to an example.
    """
    found = {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*.*")}

    assert set(VIEWS) == found
