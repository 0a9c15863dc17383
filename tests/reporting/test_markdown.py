"""A plan as a comment on a pull request: what it says, its length, and that nothing breaks out."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.errors import Place
from mailstate.model.resources import DomainName
from mailstate.planning.causes import Cause
from mailstate.planning.plan import (
    Action,
    Actor,
    Blocked,
    Change,
    Held,
    Hold,
    HoldReason,
    Plan,
    Unmanaged,
)
from mailstate.planning.plan import Reason as Why
from mailstate.reporting.arranged import CAUSED, domain_of
from mailstate.reporting.html import plan_html
from mailstate.reporting.lead import lead
from mailstate.reporting.links import Links
from mailstate.reporting.markdown import LIMIT, plan_markdown
from mailstate.reporting.paint import visible
from mailstate.reporting.pieces import Value
from mailstate.reporting.spans import block, code, in_html, joined, place_link, sentence
from tests.reporting.examples import CONTEXT, EXAMPLES, alias, mailbox
from tests.reporting.rendered import PARSERS, by_markdown_it
from tests.reporting.strategies import anything, caused, causes_of_kinds, plans, tamed, texts
from tests.reporting.test_hostile_values import assert_harmless
from tests.strategies import fewer

BASE = "https://forge.example/o/r/blob/0123abc"
LINKS = Links(files=BASE, run="https://forge.example/o/r/actions/runs/7")
BY_NAME = {one.name: one for one in EXAMPLES}

parsers = pytest.mark.parametrize("parse", PARSERS)


def shown(value):
    """Give how a value is to be read."""
    short = re.sub("`{8,}", lambda run: r"\u0060" * len(run[0]), Value(value).shown)
    return short or "empty"


def unescaped(text):
    """Give *text* without blanks, with what was escaped in its place."""
    escape = re.compile(r"\\u([0-9a-f]{4})")
    return escape.sub(lambda found: chr(int(found[1], 16)), text).replace(" ", "")


def words(page):
    """Give all the text of a page that is not a value of somebody's."""
    return "".join(
        element.text for element in page.elements if not {"code", "pre"} & {element.name}
    )


@parsers
@fewer
@given(plan=plans, target=texts, of_kinds=causes_of_kinds)
def test_a_comment_has_the_elements_that_it_would_have_with_harmless_values(
    parse, plan, target, of_kinds
):
    """
    The same lists, tables and folds, and nothing else. (Code is where values go; links lead to
    files alone.)
    """
    context = replace(CONTEXT, target=target, causes=caused(plan, of_kinds))
    text = plan_markdown(plan, context, links=LINKS)
    usual = tamed(plan)
    context = replace(CONTEXT, causes=caused(usual, of_kinds))
    usual = plan_markdown(usual, context, links=LINKS)

    page = parse(text)
    values = {"code", "em", "a"}
    expected = parse(usual).shape(but=values)
    assert (expected - page.shape(but=values), page.shape(but=values) - expected) == ({}, {})
    assert [] == page.comments
    assert_harmless(text)
    for link in page.named("a"):
        assert re.fullmatch(rf"{BASE}/[\w.%~/-]+#L[0-9]+", link.attributes["href"] or "", re.ASCII)
    assert not re.search(r"[@#<>&\[\]_*~|\\$^`]|://|www\.", words(page))


@parsers
@fewer
@given(plan=plans)
def test_each_value_is_shown_as_it_is(parse, plan):
    """
    Every address that the plan names is read in the comment, character by character.
    """
    page = parse(plan_markdown(plan, CONTEXT, links=LINKS))

    read = [element.text for element in page.named("code")]
    told = [
        *plan.changes,
        *(entry.change for entry in (*plan.held, *plan.conflicts, *plan.refused)),
    ]
    assert {shown(change.key) for change in told} <= set(read)
    for change in told:
        if change.place:
            assert shown(f"{change.place.file}:{change.place.line}") in read


@parsers
@given(text=st.one_of(texts, anything, st.text("` ab\\|", max_size=12)))
@example("`")
@example(" ` ")
@example("``` x")
@example("`" * 80)
@example("a\\")
def test_a_value_is_a_code_span_and_nothing_else(parse, text):
    """
    In a paragraph, in a list, in a link, and beside another one.
    """
    for frame in ("{}", "- {} x", "x {} {} x", "[{}](https://x.example)", "**x {}**"):
        page = parse(frame.format(code(text), code(text)) + "\n")
        read = [element.text for element in page.named("code", "em")]
        assert [shown(text)] * frame.count("{}") == read


@parsers
@given(text=st.one_of(texts, anything))
def test_a_value_in_a_summary_is_text(parse, text):
    """
    Markdown is not read there, HTML is.
    """
    page = parse(f"<details>\n<summary>{in_html(text)}: 1</summary>\n\n- x\n\n</details>\n")

    (found,) = page.named("code")
    assert Value(text).shown == found.text
    assert ["", "details", "summary", "code", "ul", "li"] == [one.name for one in page.elements]


@parsers
@given(lines=st.lists(st.one_of(texts, anything), min_size=1, max_size=3))
def test_a_block_has_its_lines_and_no_other(parse, lines):
    """
    Records to publish: whatever a server says they are, they stay in the block.
    """
    page = parse(f"x:\n\n{block(lines)}\ny\n")

    (found,) = page.named("code")
    expected = [shown(line) if line else "" for line in lines]
    assert expected == found.text.removesuffix("\n").split("\n")
    assert ["", "p", "pre", "code", "p"] == [one.name for one in page.elements]


@parsers
@given(text=st.one_of(texts, anything, st.lists(texts).map(" ".join)))
def test_a_sentence_is_one_paragraph_of_words_and_values(parse, text):
    """
    Plain words are left as they are, all else is code; no character is lost but blanks.
    """
    page = parse(f"Why: {sentence(text)}\n")

    assert {"", "p", "code"} >= {one.name for one in page.elements}
    assert not re.search(r"[@#<>&\[\]_*~|\\$^`]|://|www\.|[0-9a-f]{7}", words(page))
    if len(text) <= 500 and "`" not in text:
        read = page.elements[0].whole.strip().removeprefix("Why:")
        # What is broken up or escaped at the start of a text may be so at the start of a value.
        assert unescaped(visible(text)) == unescaped(read)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the DNS is not as it should be", "the DNS is not as it should be"),
        ("ada@x.example, to which it leads, is", "`ada@x.example`, to which it leads, is"),
        ("half of it (status `broken`): have", "half of it (status `broken`): have"),
        ("at most 20 % of 12 are (see `a b`)", "at most 20 % of 12 are (see `a b`)"),
        ("GET /check: no answer", "GET `/check`: no answer"),
        ("seen in deadbeef and #12 by @team", "seen in `deadbeef` and `#12` by `@team`"),
        ("Ce n'est pas prêt", "Ce n'est pas prêt"),
        ("", ""),
    ],
)
def test_a_sentence_keeps_plain_words(text, expected):
    """
    So that it is read as a sentence.
    """
    assert expected == sentence(text)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("state/a.yaml", f"[`state/a.yaml:3`]({BASE}/state/a.yaml#L3)"),
        ("état/a b.yaml", f"[`état/a b.yaml:3`]({BASE}/%C3%A9tat/a%20b.yaml#L3)"),
        ("a](x).yaml", f"[`a](x).yaml:3`]({BASE}/a%5D%28x%29.yaml#L3)"),
        ("../a.yaml", "`../a.yaml:3`"),
        ("/elsewhere/a.yaml", "`/elsewhere/a.yaml:3`"),
        ("a/./b.yaml", "`a/./b.yaml:3`"),
    ],
)
def test_a_place_is_a_link_to_its_line(file, expected):
    """
    Below the address of the files, and nowhere else.
    """
    assert expected == place_link(Place(file, 3, 1), BASE)
    assert f"`{file}:3`" == place_link(Place(file, 3, 1), None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nothing_to_do", "Nothing to do: dimail is as the files ask."),
        ("some_domains", "1 mailbox will be created; nothing is removed."),
        (
            "a_new_domain",
            (
                "2 domains, 5 accesses and 1 user will be created; 3 changes wait until "
                "`commune.example` is created and found working; nothing is removed."
            ),
        ),
        (
            "updates",
            (
                "1 mailbox and 2 aliases will be created, 1 mailbox renamed, 1 mailbox switched "
                "on, 1 mailbox switched off, 1 alias removed."
            ),
        ),
        (
            "held",
            (
                "Nothing changes now; 2 changes wait until `action-required.example` publishes its "
                "MX and SPF records, 4 changes for the operator of dimail, 2 changes for whoever "
                "keeps mailstate's settings, 6 changes until 3 domains are found working."
            ),
        ),
        (
            "left_as_it_is",
            "Nothing changes now; 4 differences need somebody to decide; a guard refuses 1 change.",
        ),
    ],
)
def test_the_first_sentence_says_what_matters(name, expected):
    """
    To somebody who has never seen a plan.
    """
    assert expected == joined(lead(BY_NAME[name].plan))


@pytest.mark.parametrize(
    ("causes", "expected"),
    [
        (
            {"ann": Cause.ASKED, "bob": Cause.DUE, "cy": Cause.DRIFT},
            (
                "This pull request: 1 mailbox will be created; beside it 1 change already due and "
                "1 change against drift; nothing is removed."
            ),
        ),
        (
            dict.fromkeys(("ann", "bob", "cy"), Cause.DRIFT),
            (
                "This pull request asks for nothing new in dimail; beside it 3 changes against "
                "drift; nothing is removed."
            ),
        ),
        (
            dict.fromkeys(("ann", "bob", "cy"), Cause.ASKED),
            "This pull request: 3 mailboxes will be created; nothing is removed.",
        ),
    ],
)
def test_the_first_sentence_is_about_the_pull_request(causes, expected):
    """
    What was due or has drifted is counted beside it, for apply does that too.
    """
    changes = tuple(
        Change(action=Action.CREATE, before=None, after=mailbox(name, "Ada Martin"))
        for name in causes
    )
    by_key = {change.key: cause for change, cause in zip(changes, causes.values(), strict=True)}

    assert expected == joined(lead(Plan(changes=changes), causes=by_key))
    text = plan_markdown(Plan(changes=changes[::-1]), replace(CONTEXT, causes=by_key))
    titles = [CAUSED[cause] for cause in CAUSED if cause in by_key.values()]
    assert titles == re.findall("^### (.*)", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, ", 1 of them a removal."), (2, ", 2 of them removals."), (0, "; nothing is removed.")],
)
def test_a_removal_that_nobody_asked_for_here_is_told_all_the_same(count, expected):
    """
    It happens on merge, whoever is behind it.
    """
    changes = (*created(2), *removed(count))
    causes = {change.key: Cause.DRIFT for change in changes}
    causes[changes[0].key] = Cause.ASKED

    assert joined(lead(Plan(changes=changes), causes=causes)).endswith(f"against drift{expected}")


def test_what_waits_or_is_refused_says_that_it_is_not_of_this_pull_request():
    """
    Its list is one for all causes, with what is asked first.
    """
    waiting, no = held(3, 1), blocked(2)
    changes = [*(entry.change for entry in (*waiting, *no))]
    causes = [Cause.DRIFT, Cause.DUE, Cause.ASKED, Cause.DRIFT, Cause.ASKED]
    by_key = {change.key: cause for change, cause in zip(changes, causes, strict=True)}
    text = plan_markdown(Plan(held=waiting, refused=no), replace(CONTEXT, causes=by_key))

    line = r"^ *- (?:create|\*\*remove\*\*) `([^`]*)`.*?(?: · \*([a-z ]+)\*)?$"
    said = re.findall(line, text, re.MULTILINE)
    assert said == [
        ("alias/old1@commune.example/x@elsewhere.example", ""),
        ("alias/old0@commune.example/x@elsewhere.example", "drift"),
        ("mailbox/m2@d0.example", ""),
        ("mailbox/m1@d0.example", "already due"),
        ("mailbox/m0@d0.example", "drift"),
    ]


def test_a_partial_plan_promises_no_more_than_it_saw():
    """
    Nobody looked at the other domains.
    """
    assert "Nothing to do: as far as was looked." == joined(lead(Plan(), is_partial=True))
    text = plan_markdown(Plan(), replace(CONTEXT, selection={"domains": 1, "declared": 7}))
    assert "About 1 of 7 domains; nobody looked at the others." in text


def created(count, domains=7, letter="m"):
    """Give as many changes, on some domains."""
    return tuple(
        Change(
            action=Action.CREATE,
            before=None,
            after=mailbox(
                f"{letter}{number}", f"Ada {number}", DomainName(f"d{number % domains}.example")
            ),
            place=Place(f"state/d{number % domains}.yaml", number + 1, 1),
        )
        for number in range(count)
    )


def removed(count):
    """Give as many removals."""
    some = (alias(f"old{number}", "x@elsewhere.example") for number in range(count))
    return tuple(Change(action=Action.DELETE, before=one, after=None) for one in some)


def held(count, domains=7):
    """Give as many changes that wait, on some domains."""
    return tuple(
        Held(
            change=change,
            hold=Hold(
                domain=domain_of(change.resource),
                reason=HoldReason.ACTION_REQUIRED,
                actor=Actor.OWNER,
                detail="the domain's DNS is not as dimail needs it",
            ),
        )
        for change in created(count, domains)
    )


def blocked(count):
    """Give as many that a guard refuses, each for a reason of its own."""
    return tuple(
        Blocked(change=change, reason=Why.TOO_MANY_REMOVALS, detail=f"too many {number}")
        for number, change in enumerate(removed(count))
    )


def test_a_mailbox_that_pruning_switches_off_counts_as_removed():
    """
    No file asks for it any more; one that a file switches off is a change like others.
    """
    before, after = mailbox("ada", "Ada Martin"), mailbox("ada", "Ada Martin", active=False)
    change = Change(
        action=Action.UPDATE,
        before=before,
        after=after,
        fields=("active",),
        note="in no file, to be switched off",
    )
    asked = replace(change, note="", place=Place("state/a.yaml", 3, 1))

    text = plan_markdown(Plan(changes=(change,)), CONTEXT)
    assert text.startswith("**1 mailbox will be switched off.**\n")
    assert "### Removed\n\n- change `mailbox/ada@commune.example`: in no file, to be" in text
    text = plan_markdown(Plan(changes=(asked,)), CONTEXT)
    assert text.startswith("**1 mailbox will be switched off; nothing is removed.**\n")
    assert "- change `mailbox/ada@commune.example`: switched off · `state/a.yaml:3`\n" in text


@pytest.mark.parametrize("view", [plan_markdown, plan_html])
def test_many_domains_that_wait_for_the_same_are_told_at_once(view):
    """
    The first ten by name; what waits has them all.
    """
    some = [
        entry._replace(hold=replace(entry.hold, actor=Actor.OPERATOR)) for entry in held(24, 12)
    ]
    text = view(Plan(held=tuple(some)), CONTEXT)

    assert 1 == text.count(" and 2 more domains: the domain")
    assert 1 == text.count("24 to create")


def test_where_there_is_not_room_for_all_each_domain_has_its_count():
    """
    As many as fit into a part of the comment, so that what must be told has its place.
    """
    text = plan_markdown(Plan(changes=created(3_000, 6), held=held(900, 3)), CONTEXT)

    assert " 3,000 of 3,000 changes; " in text
    for number in range(6):
        assert f"- `d{number}.example`: 500 to create\n" in text
    assert text.endswith("\n### Changes\n\n3,000, for which there is no room here.\n")
    text = plan_markdown(Plan(changes=created(60_000, 20_000)), CONTEXT)
    told = len(re.findall(r"^- `d[0-9]+\.example`: 3 to create$", text, re.MULTILINE))
    assert 100 < told < 400
    assert f"…and {20_000 - told:,} more, for which there is no room here." in text
    assert "Changes in numbers" not in plan_markdown(Plan(changes=created(100)), CONTEXT)


def test_what_waits_is_counted_also_where_it_is_not_listed():
    """
    For each domain that somebody must act for.
    """
    text = plan_markdown(Plan(held=held(3_000, 3)), CONTEXT)

    assert "There is not room" in text
    assert 3 == text.count("What waits: 1,000 to create")
    assert text.count("<details>") < 3


counts = st.sampled_from([0, 1, 19, 21, 400])


@fewer
@given(
    counts, counts, counts, counts, counts, st.sampled_from([2_000, 4_000, 20_000, LIMIT, 10**6])
)
@example(1_500, 1, 1_500, 1, 1, LIMIT)
@example(1_500, 400, 0, 0, 0, LIMIT)
def test_a_comment_fits_and_tells_exactly_what_is_left_out(new, away, waiting, no, stray, limit):
    """
    Whatever there is not room for is counted, and what is shown is whole.
    """
    plan = Plan(
        changes=(*created(new, letter="n"), *removed(away)),
        held=held(waiting, 200),
        refused=blocked(no),
        unmanaged=tuple(
            Unmanaged(
                resource=alias(f"s{number}", "x@elsewhere.example"),
                reason=Why.NOT_IN_FILES,
                detail="live, but in no file",
            )
            for number in range(stray)
        ),
    )

    text = plan_markdown(plan, CONTEXT, links=LINKS, limit=limit)

    assert len(text.encode()) <= limit
    by_markdown_it(text)
    # What a reviewer must not miss goes before what is created.
    if away or waiting or no:
        cut = re.search(r"Left out: [^;]*(removals|refused changes|held changes)", text)
        assert not cut or not re.search(r"^- create `mailbox/n", text, re.MULTILINE)
    listed = len(re.findall(r"^ *- (?:create|change|\*\*remove\*\*|stays:) ", text, re.MULTILINE))
    left_out = {
        what: (int(cut.replace(",", "")), int(of.replace(",", "")))
        for cut, of, what in re.findall(
            r"([\d,]+) of ([\d,]+) (removals|refused changes|held changes|(?:other )?changes"
            r"|entries left alone)",
            text,
        )
    }
    total = new + away + waiting + no + stray
    assert total == listed + sum(cut for cut, _ in left_out.values())
    assert bool(left_out) == (listed < total) == ("There is not room" in text)
    expected = {"removals": away, "refused changes": no, "held changes": waiting}
    expected |= {"other changes": new, "changes": new, "entries left alone": stray}
    assert {what: expected[what] for what in left_out} == {
        what: of for what, (_, of) in left_out.items()
    }
