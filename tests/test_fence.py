"""What a command printed reaches GitHub whole and inert, or says what is missing."""

import importlib.util
import re
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

_spec = importlib.util.spec_from_file_location(
    "fence", Path(__file__).parent.parent / ".github" / "fence.py"
)
assert _spec
assert _spec.loader
fence = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fence)

texts = st.text(st.sampled_from("ab`\n\ré😀 |<@")) | st.text(
    st.characters(exclude_categories=["Cs"])
)


def parts(page):
    """Give the opening fence, the lines within, and what follows the closing fence."""
    found = re.fullmatch(r"title\n\n(`+)text\n(.*\n)?\1\n(.*)", page, re.DOTALL)
    assert found, page
    return found[1], (found[2] or "").split("\n")[:-1], found[3]


@given(texts)
@example("```\n# out\n")
@example("`" * 70_000)
def test_nothing_closes_the_fence_early(text):
    """
    It is longer than every run of backticks within.
    """
    mark, lines, _ = parts(fence.fenced("title", text, 1_000, "see below"))

    assert mark not in "\n".join(lines)


@given(texts, st.integers(min_value=100, max_value=300))
@example("`" * 200 + "\n" + "a\n" * 100, 300)
@example("é" * 150, 200)
def test_the_page_keeps_to_its_limit_and_counts_what_it_leaves_out(text, limit):
    """
    In bytes, which are never fewer than characters however these are counted.
    """
    page = fence.fenced("title", text, limit, "see below")
    _, lines, after = parts(page)
    missing = len(re.split(r"\r\n|\r|\n", text.rstrip())) - len(lines)

    assert len(page.encode()) <= limit
    assert after == (
        f"\n**{missing} more lines are not shown here:** see below\n" if missing else ""
    )


def test_a_short_text_is_shown_whole():
    """
    With nothing added.
    """
    page = fence.fenced("title", "one\r\ntwo\n", 1_000, "see below")

    assert page == "title\n\n```text\none\ntwo\n```\n"
