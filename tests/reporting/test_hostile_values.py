"""Whatever strangers write into names and answers, no view lets it out of its place."""

import json
import re
import unicodedata
from functools import partial
from html import escape
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.reporting import paint, tags
from mailstate.reporting.explanation import explanation_json, explanation_text
from mailstate.reporting.paint import ansi, plain, visible
from mailstate.reporting.plan_json import plan_json, to_text
from mailstate.reporting.plan_text import headline, plan_text, summary_line
from mailstate.reporting.problems import problems_json, problems_text
from mailstate.reporting.report import outcome_line, report_json, report_text
from mailstate.reporting.status import status_bind, status_json, status_octodns, status_text
from tests.reporting.strategies import (
    TRICKS,
    anything,
    contexts,
    explanations,
    outcomes,
    plans,
    problems,
    reports,
    standings,
    tamed,
    texts,
)
from tests.strategies import fewer

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def assert_harmless(text):
    """Nothing in *text* acts on a terminal or on a runner, and it can be printed."""
    text.encode("utf-8")
    for line in text.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert not [char for char in line if unicodedata.category(char) in HIDDEN]


def assert_json(text):
    """*text* is JSON in printable ASCII, harmless as well."""
    assert_harmless(text)
    assert re.fullmatch(r"[ -~\n]*", text)
    assert isinstance(json.loads(text), dict)


@fewer
@given(plans, texts)
def test_a_plan_has_the_lines_that_it_would_have_with_harmless_values(plan, target):
    """
    One for each thing that is told, and no other.
    """
    text = plan_text(plan, target=target, paint=plain)

    assert_harmless(text)
    usual = plan_text(tamed(plan), target="https://dimail.example", paint=plain)
    assert len(usual.split("\n")) == len(text.split("\n")) == len(text.splitlines()) + 1


@fewer
@given(reports)
def test_a_report_has_the_lines_that_it_would_have_with_harmless_values(report):
    """
    The server's messages are in it, and stay in their line.
    """
    text = report_text(report, plain)

    assert_harmless(text)
    assert len(report_text(tamed(report), plain).split("\n")) == len(text.split("\n"))
    assert len(text.splitlines()) == text.count("\n")


@fewer
@given(outcomes)
def test_an_outcome_is_one_line(outcome):
    """
    As it is shown while the run goes on.
    """
    line = outcome_line(outcome, plain)

    assert_harmless(line)
    assert [line] == line.splitlines()


@fewer
@given(problems)
def test_problems_have_two_lines_each_or_one_without_a_hint(some):
    """
    Whatever the names of files are, and whatever is quoted from them.
    """
    text = problems_text(some, plain)

    assert_harmless(text)
    expected = len(some) + sum(bool(problem.hint) for problem in some)
    assert expected == len(text.splitlines()) == text.count("\n")


@fewer
@given(explanations)
def test_an_explanation_has_the_lines_that_it_would_have_with_harmless_values(explanation):
    """
    The address in it is whatever somebody typed.
    """
    text = explanation_text(explanation, plain)

    assert_harmless(text)
    assert len(explanation_text(tamed(explanation), plain).split("\n")) == len(text.split("\n"))
    assert len(text.splitlines()) == text.count("\n")


@fewer
@given(standings)
def test_a_status_has_the_lines_that_it_would_have_with_harmless_values(rows):
    """
    Also as records for name servers, where a line break would be a record of its own.
    """
    for view in (partial(status_text, paint=plain), status_bind, status_octodns):
        text = view(rows)
        assert_harmless(text)
        assert len(view(tamed(rows)).split("\n")) == len(text.split("\n"))
        assert len(text.splitlines()) == text.count("\n")
    assert_json(status_json(rows))


@fewer
@given(plans, reports, contexts, problems, explanations)
def test_json_views_are_printable_ascii(plan, report, context, some, explanation):
    """
    They are printed into logs too; what is hidden stays an escape of JSON.
    """
    assert_json(plan_json(plan, context))
    assert_json(report_json(report, plan, context))
    assert_json(problems_json(some, [problem.place.file for problem in some]))
    assert_json(explanation_json(explanation))


@fewer
@given(st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_json_says_what_it_was_given(value):
    """
    What is broken up for the runner is the same again once it is read.
    """
    assert value == json.loads(to_text(value))


@fewer
@given(plans, reports, problems, explanations, texts)
def test_colours_are_all_that_colour_adds(plan, report, some, explanation, target):
    """
    Each is put back before another one or the line ends.
    """
    for view in (
        lambda paint: plan_text(plan, target=target, paint=paint),
        lambda paint: headline(plan, target, paint),
        lambda paint: report_text(report, paint),
        lambda paint: problems_text(some, paint),
        lambda paint: explanation_text(explanation, paint),
    ):
        coloured = view(ansi)
        assert view(plain) == re.sub(r"\x1b\[[0-9]+m", "", coloured)
        for line in coloured.split("\n"):
            codes = re.findall(r"\x1b\[([0-9]+)m", line)
            assert ["0"] * (len(codes) // 2) == codes[1::2]
            assert "0" not in codes[::2]
            assert len(codes) % 2 == 0


@fewer
@given(plans)
def test_a_summary_has_no_value_in_it(plan):
    """
    Only counts: it is printed as a title.
    """
    assert summary_line(tamed(plan)) == summary_line(plan)


def test_no_character_that_hides_is_shown():
    """
    All of Unicode where something is assigned and short of private use, in one go.
    """
    every = "".join(map(chr, (*range(0x20000), *range(0xE0000, 0xE0200))))

    shown = visible(every)

    assert not {char for char in set(shown) if unicodedata.category(char) in {*HIDDEN, "Zs"}} - {
        " "
    }
    assert [shown] == shown.splitlines()


def test_no_character_stands_in_json_as_it_is_but_printable_ascii():
    """
    All that are of one byte, with the ones that JSON itself leaves alone.
    """
    for char in map(chr, range(256)):
        assert_json(to_text({char: f"##[{char}"}))
        assert {char: f"##[{char}"} == json.loads(to_text({char: f"##[{char}"}))


@given(st.one_of(anything, texts))
@example("#\u200b#[")
@example("##\u0023[")
@example("\u3000::x")
@example(" : :")
def test_visible_text_is_one_harmless_line(text):
    """
    Shown twice is shown once, so that nobody has to know whether a text is safe already.
    """
    shown = visible(text)

    assert_harmless(shown)
    assert len(shown.splitlines()) <= 1
    assert shown == visible(shown)


@pytest.mark.parametrize(
    "text",
    [
        "Jean-Noël d’Été",
        "Ünïcode",
        "日本語",
        "שלום",
        "::1"[1:],
        "a::b",
        "# [x]",
        "e\u0301",
        "กำ่",
        "",
    ],
)
def test_plain_text_is_shown_as_it_is(text):
    """
    Names of all languages, with the marks that they need.
    """
    assert text == visible(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u202eb", r"a\u202eb"),
        ("a\nb", r"a\u000ab"),
        ("a\u00a0b", r"a\u00a0b"),
        ("a\u3164b", r"a\u3164b"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("::error::x", r"\u003a:error::x"),
        ("x ##[error]", r"x #\u0023[error]"),
        ("\u0301a", r"\u0301a"),
        ("a" + "\u0301" * 5, "a" + "\u0301" * 4 + r"\u0301"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text, expected):
    """
    With the number of the character, so that it can be looked up.
    """
    assert expected == visible(text)


@pytest.mark.parametrize("trick", TRICKS)
def test_two_values_that_differ_look_it(trick):
    """
    An update that swaps a blank for another is not shown as `"x" -> "x"`.
    """
    assert visible(f"a{trick}b") not in {"ab", "a b"} or trick == " "


def test_what_passes_at_a_glance_is_what_the_long_way_leaves_as_it_is():
    """
    Most values need no escape, and are not looked at one character after the other.
    """
    for char, form in product(map(chr, range(0x400)), ("{}", "a{}", "{}a", "a{}{}[a", " {}{}")):
        text = form.format(char, char)
        shown = paint._escaped(text)
        if shown.lstrip().startswith("::"):
            shown = shown.replace(":", r"\u003a", 1)
        shown = shown.replace("##[", r"#\u0023[")
        assert shown == visible(text)
        assert f"<code>{escape(shown)}</code>" == tags.code(text)
        assert escape(shown) == tags.attribute(text)


@pytest.mark.parametrize("length", [499, 500, 501, 502])
def test_a_long_value_is_cut_where_it_was(length):
    """
    At a glance, too.
    """
    cut = f"{'a' * 500}… ({length} characters)"
    assert f"<code>{'a' * length if length <= 500 else cut}</code>" == tags.code("a" * length)
