"""A plan as a page: complete, on its own, readable by all, and nothing in it breaks out."""

import base64
import hashlib
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given

from mailstate.planning.plan import Plan
from mailstate.reporting.html import plan_html
from mailstate.reporting.links import Links
from mailstate.reporting.picture import picture
from mailstate.reporting.pieces import Value
from tests.reporting.examples import CONTEXT, EXAMPLES
from tests.reporting.rendered import Element, Page
from tests.reporting.strategies import caused, causes_of_kinds, plans, tamed, texts
from tests.reporting.test_hostile_values import assert_harmless
from tests.reporting.test_markdown import created, held, removed
from tests.strategies import fewer

BASE = "https://forge.example/o/r/blob/0123abc"
LINKS = Links(files=BASE)
PAGES = {
    one.name: plan_html(
        one.plan, replace(CONTEXT, selection=one.selection, causes=one.causes), links=LINKS
    )
    for one in EXAMPLES
}
pages = pytest.mark.parametrize("page", [Page(text) for text in PAGES.values()], ids=list(PAGES))


def by_html5lib(text):
    """Give what the algorithm of browsers makes of *text*."""
    html5lib = pytest.importorskip("html5lib", reason="the parser of browsers is not installed")
    tree = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    found = Page("")
    for element in tree.iter():
        if isinstance(element.tag, str):
            found.elements.append(Element(element.tag, dict(element.attrib)))
        else:
            found.comments.append(element.text)
    return found


@pytest.mark.parametrize("parse", [Page, by_html5lib])
@fewer
@given(plan=plans, target=texts, of_kinds=causes_of_kinds)
def test_a_page_has_the_elements_that_it_would_have_with_harmless_values(
    parse, plan, target, of_kinds
):
    """
    With the same attributes. (Code is where values go; links lead to files alone.)
    """
    context = replace(CONTEXT, target=target, causes=caused(plan, of_kinds))
    text = plan_html(plan, context, links=LINKS)
    usual = tamed(plan)
    context = replace(CONTEXT, causes=caused(usual, of_kinds))
    usual = parse(plan_html(usual, context, links=LINKS))

    page = parse(text)
    values = {"code", "em", "a"}
    expected, found = usual.shape(but=values), page.shape(but=values)
    assert (expected - found, found - expected) == (Counter(), Counter())
    assert [] == page.comments
    assert_harmless(text)
    for link in page.named("a"):
        assert re.fullmatch(
            rf"#main|{re.escape(BASE)}/[\w.%~/-]+#L[0-9]+", link.attributes["href"], re.ASCII
        )
    assert {"href", "src", "style"} & {
        name for element in page.elements for name in element.attributes
    } <= {"href"}


@fewer
@given(plan=plans)
def test_each_value_is_shown_as_it_is(plan):
    """
    Every address that the plan names is read on the page, character by character.
    """
    page = Page(plan_html(plan, CONTEXT))

    read = {element.text for element in page.named("code")}
    stopped = (*plan.held, *plan.conflicts, *plan.refused)
    told = {*(change.key for change in plan.changes), *(entry.change.key for entry in stopped)}
    told |= {entry.resource.key for entry in plan.unmanaged}
    assert {Value(key).shown for key in told} <= read


@pages
def test_nothing_is_fetched_and_no_script_runs_but_ours(page):
    """
    The policy names the one style and the one script by what is in them.
    """
    (policy,) = (
        element.attributes["content"]
        for element in page.named("meta")
        if element.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for name in ("style", "script"):
        (element,) = page.named(name)
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" == rules.pop(f"{name}-src")
    assert {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"} == rules
    assert not page.named("img", "iframe", "object", "embed", "audio", "video", "base", "link")
    assert not re.search(r"url\((?!\"#)|@import|https?:", page.named("style")[0].text)
    assert not re.search(r"fetch|XMLHttp|innerHTML|eval|https?:", page.named("script")[0].text)


@pages
def test_a_page_is_in_order_for_those_who_hear_it(page):
    """
    A language, landmarks, headings without gaps, names for what can be reached.
    """
    (html,) = page.named("html")
    assert "en" == html.attributes["lang"]
    assert [1, 1, 1] == [len(page.named(name)) for name in ("header", "main", "footer")]
    levels = [int(one.name[1]) for one in page.named("h1", "h2", "h3", "h4")]
    assert 1 == levels[0]
    assert 1 not in levels[1:]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    identities = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(set(identities)) == len(identities)
    for element in page.named("th"):
        assert element.attributes["scope"] in {"row", "col"}
    for element in page.named("input", "select"):
        assert "label" in element.path
    for element in page.named("svg"):
        named = element.attributes["aria-labelledby"].split()
        assert {"img"} == {element.attributes["role"]}
        assert set(named) <= set(identities)
    assert all("summary" in part.path[-1:] for part in page.named("h3") if "details" in part.path)


@pages
def test_a_page_can_be_read_without_its_script(page):
    """
    What only the script can do is hidden until it has come.
    """
    hidden = [element for element in page.elements if "hidden" in element.attributes]

    assert {"form"} >= {element.name for element in hidden}
    assert page.named("form") == hidden


def test_a_large_plan_is_folded_and_complete():
    """
    Five thousand changes; each is there, none is spread out.
    """
    plan = Plan(changes=(*created(5_000, 300), *removed(2)), held=held(200, 30))
    page = Page(plan_html(plan, CONTEXT, links=LINKS))

    rows = [element for element in page.named("li") if "data-kind" in element.attributes]
    assert 5_202 == len(rows)
    assert {"create": 5_200, "remove": 2} == Counter(row.attributes["data-action"] for row in rows)
    assert not [element for element in page.named("details") if "open" in element.attributes]
    assert 301 - 1 + 30 == len(page.named("details"))


def test_a_small_plan_is_not_folded():
    """
    Its readers need not click.
    """
    page = Page(plan_html(Plan(changes=created(40), held=held(40)), CONTEXT))

    assert {True} == {"open" in element.attributes for element in page.named("details")}


@pytest.mark.parametrize(("domains", "rows"), [(1, 1), (10, 10), (11, 1), (300, 1)])
def test_a_picture_shows_domains_or_if_they_are_many_their_states(domains, rows):
    """
    As long as something waits; what there is to see is also told.
    """
    drawn = Page(picture(Plan(held=held(domains * 2, domains))))

    assert 2 * rows == len(drawn.named("rect"))
    assert [] == [one for one in drawn.named("rect") if one.attributes["class"] == "now"]
    (told,) = drawn.named("desc")
    assert rows == told.text.count(" later, action required: an owner must act")
    assert "" == picture(Plan(changes=created(3)))


@pytest.mark.slow
def test_a_browser_reads_a_hostile_page_like_a_harmless_one(tmp_path):
    """
    The script runs under the policy, and the elements are the same.
    """
    browser = shutil.which("chromium") or pytest.skip("there is no Chromium here")
    (hostile,) = (one.plan for one in EXAMPLES if one.name == "hostile")
    seen = []
    for plan in (hostile, tamed(hostile)):
        file = tmp_path / "page.html"
        file.write_text(plan_html(plan, CONTEXT), "utf-8")
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", file.as_uri()],
            check=True,
            capture_output=True,
            text=True,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            timeout=50,
        )
        page = Page(done.stdout)
        assert ["form"] == [
            one.name for one in page.named("form") if "hidden" not in one.attributes
        ]
        seen.append(page.shape(but={"code", "option"}))
    assert seen[0] == seen[1]
