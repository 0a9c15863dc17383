"""The scanner: a quicker way to what the builder says, or no answer."""

import gc
import random
import tracemalloc
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstate.statefiles.builder import MAX_DEPTH
from mailstate.statefiles.documents import read_document
from mailstate.statefiles.inline import DEPTH
from mailstate.statefiles.marks import Map, Seq, place
from mailstate.statefiles.scanner import scan
from tests.fuzz import plainly
from tests.fuzz.mutate import mutated, seeds
from tests.fuzz.two_ways import is_scanned
from tests.statefiles import messy
from tests.statefiles.corpus import GOOD, RULES

ROOT = Path(__file__).parents[2]
CORPUS = seeds()
EXAMPLES = [
    *sorted((ROOT / "state").rglob("*.yaml")),
    *(path for folder in RULES for path in sorted((folder / "good").iterdir())),
]
# What these show is YAML that the scanner leaves to the builder.
LEFT = {
    *("anchored-key-and-list", "anchors", "block-texts", "document-end", "explicit-key"),
    *("flow-over-lines", "flow-style", "hundred-aliases", "json", "quoted-keys"),
    *("quoted-over-lines", "quotes-and-escapes", "text-over-lines"),
    *("yaml--alias-expansion", "yaml--anchor-twice", "yaml--recursive-alias"),
    *("yaml--too-many-aliases", "yaml--undefined-alias"),
}


@pytest.mark.parametrize("write", [plainly.lines, plainly.block])
@given(st.integers(0, 2**32))
def test_what_is_scanned_is_what_is_built(write, seed):
    """
    Values, their types and order, and the mark of each are those of the builder.
    """
    chance = random.Random(seed)

    for _ in range(20):
        is_scanned(write(chance))


@given(messy.chances, st.booleans())
def test_files_as_people_write_them_are_scanned_as_they_are_built(chance, comments):
    """
    The same, with whole documents in any style and indentation.
    """
    is_scanned(messy.Pen(chance, comments=comments).write(messy.document(chance)).encode())


@given(st.integers(0, 2**32), st.booleans())
def test_damaged_files_are_scanned_as_they_are_built(seed, libyaml):
    """
    The same, with files of the corpus that were damaged; PyYAML's own parser agrees.
    """
    chance = random.Random(seed)

    for _ in range(5):
        is_scanned(mutated(CORPUS, chance), libyaml=libyaml)


def test_the_generated_texts_are_often_scanned():
    """
    The tests above have something to compare.
    """
    chance = random.Random(1)

    taken = {
        write.__name__: sum(is_scanned(write(chance)) for _ in range(200))
        for write in (plainly.lines, plainly.block)
    }

    assert taken["lines"] > 3
    assert taken["block"] > 25


@pytest.mark.parametrize("path", [*EXAMPLES, *GOOD], ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_nearly_all_files_in_order_are_scanned(path):
    """
    Our examples, and the corpus but for what is there to be unusual, need no YAML parser.
    """
    is_unusual = bool(LEFT & {path.stem, path.parts[-3]})

    assert is_scanned(path.read_bytes()) != is_unusual


FORMS = {
    "a: b": True,
    "a: b\n": True,
    "a: b   # c\n": True,
    "# c\n\n---  # c\na: b\n": True,
    "a:\n- b\n- c: d\n  e: f\ng: h\n": True,
    "a:\n    b:\n     - c\n    d: e\n": True,
    "a:   'b''c'\nd: \"e\"\n": True,
    "a: [b, 'c', {d: e}, [], true]\n": True,
    "a:\n  - b: c  \n    d: e \n": True,
    "a: 5e0c-b\nb: Yann\nc: No way\nd: +x\n": True,
    "a: b\r\nc: d\r\n": True,
    "--- \na: b\n": True,
    "---\n---\na: b\n": False,
    " ---\na: b\n": False,
    "---#c\na: b\n": False,
    "--- a\n": False,
    "---\n": False,
    "": False,
    "# c\n": False,
    "a:\n": False,
    "a:\nb: c\n": False,
    "a: b\na: c\n": False,
    "- a\n": False,
    " a: b\n": False,
    "a: b\n  c\n": False,
    "a: b\n  c: d\n": False,
    "a:\n  - b\n c: d\n": False,
    "a:\n  - b: c\n  d: e\n": False,
    "a:\n  - b: c\n    b: d\n": False,
    "a:\n  - b: c\n    d: [e]\n    b: f\n": False,
    "a:\n  - b: c\n   - d: e\n": False,
    "a: no\n": False,
    "a: 12\n": False,
    "a: 12:30\n": False,
    "a: 2024-01-01\n": False,
    "a: [~]\n": False,
    "a: [b: c]\n": False,
    "a: {b}\n": False,
    "a: [b c,, d]\n": False,
    "a: [b] c\n": False,
    "a: 'b' c\n": False,
    "a: =\n": False,
    "no: a\n": False,
    "a:\n  - b: c\n    y: d\n": False,
    "a: {b: c, b: d}\n": False,
    "a: {y: c}\n": False,
    "a: b\n...\n": False,
    "a: b\n---\nc: d\n": False,
    "a: |\n  b\n": False,
    "a: &b c\n": False,
    "a: 'b\n  c'\n": False,
    "a: [b,\n  c]\n": False,
    'a: "\\x41"\n': False,
    "a: '\t'\n": False,
    f"{'k' * 65}: a\n": False,
    f"a: '{'b' * 65_536}'\n": False,
}  # fmt: skip


@pytest.mark.parametrize(("text", "taken"), FORMS.items())
def test_each_form_is_scanned_or_left_to_the_builder(text, taken):
    """
    What is sure is taken, what is a fault or unusual is left, alone and within a long file.
    """
    assert is_scanned(text.encode()) == taken
    assert (scan(text) is not None) == taken


def test_files_of_many_pieces_are_scanned_as_they_are_built():
    """
    Long files are taken apart piece by piece; entries that lie across two pieces stay whole.
    """
    for width in (1, 97):
        entries = (
            f"  - name: n{number}\n    text: {'x' * width}\n    more: z\n    is_so: true\n"
            for number in range(150_000 // (width + 40))
        )
        assert is_scanned(f"a:\n{''.join(entries)}b: c\n".encode())


@pytest.mark.parametrize("line", ["\n", "# c\n"])
def test_a_long_file_takes_no_more_memory_than_a_piece_of_it(line):
    """
    What a stranger's file may hold is taken apart piece by piece, never all at once.
    """
    text = line * 150_000
    tracemalloc.start()
    try:
        scan(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 16_000_000


def test_nesting_ends_before_the_limit_of_the_builder():
    """
    What is too deep for the builder is too deep for the scanner.
    """
    deepest = next(depth for depth in count(1) if not is_scanned(_nested(depth)))

    assert 5 < deepest < MAX_DEPTH
    assert deepest + DEPTH < MAX_DEPTH
    assert is_scanned(f"a: {'[' * DEPTH}{']' * DEPTH}".encode())
    assert not is_scanned(f"a: {'[' * (DEPTH + 1)}{']' * (DEPTH + 1)}".encode())


def _nested(depth):
    return "".join(f"{' ' * level}a:\n" for level in range(depth)).encode() + b" " * depth + b"- b"


def test_entries_alike_share_what_says_where_their_fields_are():
    """
    A hundred thousand mailboxes have one table of places, and places of their own all the same.
    """
    root = scan("a:\n  - b: c\n    d: e\n  - b: f\n    d: g\n")

    assert isinstance(root, Map)
    entries = root["a"]
    assert isinstance(entries, Seq)
    first, second = entries
    assert isinstance(first, Map)
    assert isinstance(second, Map)
    assert first.offsets is second.offsets
    assert (3, 8) == at(first.value_mark("d"))
    assert (5, 8) == at(second.value_mark("d"))


def test_reading_leaves_nothing_to_the_collector():
    """
    No file leaves a cycle behind: thousands are read while the collector rests.
    """
    sources = [text.encode() for text in (*FORMS, "a: '\t'\n\tb: c\n", "a: &b [c]\nd: *b\n")]
    for data in sources:
        read_document("a.yaml", data)  # what is kept for good is there
    gc.collect()
    gc.disable()
    try:
        for data in sources:
            read_document("a.yaml", data)

        assert 0 == gc.collect()
    finally:
        gc.enable()


def at(mark):
    """Line and column of a mark."""
    found = place("", mark)
    return found.line, found.column
