"""Strict YAML: marks that editors agree with, nothing dropped, no traceback whatever comes."""

import json
from unicodedata import category

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mailstate.statefiles.builder import MAX_ALIASES, MAX_DEPTH
from mailstate.statefiles.documents import read_document
from mailstate.statefiles.marks import ROOT, Map, Seq, place
from mailstate.statefiles.scalars import other_meaning
from mailstate.statefiles.syntax import explain
from mailstate.statefiles.text import MAX_BYTES, decode, shown, tabs_outside
from tests.statefiles.corpus import lines

both_parsers = pytest.mark.parametrize("libyaml", [True, False], ids=["libyaml", "pure"])


def at(mark):
    """Line and column of a mark."""
    found = place("", mark)
    return found.line, found.column


@both_parsers
@pytest.mark.parametrize("order_mark", ["", "\ufeff"], ids=["plain", "bom"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_places_count_lines_and_code_points_from_one(order_mark, line_end, libyaml):
    """
    An editor's cursor lands where the problem says, whatever stands before.
    """
    text = order_mark + line_end.join(["users:", "  - {'𝒳🌻é': x, name: [a, *b]}", ""])

    root = read_document("a.yaml", text.encode(), libyaml=libyaml).root

    assert isinstance(root, Map)
    users = root["users"]
    assert isinstance(users, Seq)
    user = users[0]
    assert isinstance(user, Map)
    assert (1, 1) == at(root.key_mark("users"))
    assert (2, 3) == at(root.value_mark("users"))
    assert [(2, 5)] == [at(mark) for mark in users.marks]
    assert (2, 6) == at(user.key_mark("𝒳🌻é"))
    assert (2, 13) == at(user.value_mark("𝒳🌻é"))
    assert (2, 16) == at(user.key_mark("name"))
    names = user["name"]
    assert isinstance(names, Seq)
    assert [(2, 23), (2, 26)] == [at(mark) for mark in names.marks]


def test_an_alias_is_the_value_that_was_anchored():
    """
    What an alias stands for is there as if it were written, at the place of the alias.
    """
    document = read_document("a.yaml", b"users: &a [x]\ndomains: *a\n")

    root = document.root
    assert isinstance(root, Map)
    assert ["x"] == root["domains"]
    assert (2, 10) == at(root.value_mark("domains"))


@both_parsers
@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "{a: " * 20_000, "- " * 100_000])
def test_nesting_without_end_is_told_and_quickly(text, libyaml):
    """
    A file of brackets ends at the limit: no RecursionError, no minutes in the parser.
    """
    document = read_document("a.yaml", text.encode(), libyaml=libyaml)

    assert ["yaml/too-deep"] == [problem.rule for problem in document.problems]


def test_the_deepest_nesting_allowed_is_read():
    """
    The limit is where it says.
    """
    depth = MAX_DEPTH
    document = read_document("a.yaml", b"[" * depth + b"]" * depth)

    assert [] == document.problems
    assert document.is_readable


def test_the_hundredth_alias_is_read_and_the_next_is_not():
    """
    100 aliases a file are allowed (design §11).
    """
    allowed = "a: &a x\nb: [" + ", ".join(["*a"] * MAX_ALIASES) + "]\n"

    assert [] == read_document("a.yaml", allowed.encode()).problems
    assert [
        "3:4 yaml/too-many-aliases: the file has more than 100 aliases",
    ] == lines(tuple(read_document("a.yaml", f"{allowed}c: *a\n".encode()).problems))


def test_a_file_of_more_than_32_mib_is_not_parsed():
    """
    The limit is on bytes, before anything else looks at them.
    """
    document = read_document("a.yaml", b"#" * (MAX_BYTES + 1))

    assert ["1:1 file/too-large: the file has more than 32 MiB"] == lines(tuple(document.problems))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_other_encodings_are_told(encoding):
    """
    UTF-16 and UTF-32, with and without a byte order mark, are no state files.
    """
    document = read_document("a.yaml", "users: []\n".encode(encoding))

    assert not document.is_readable
    assert {"yaml/encoding", "yaml/control-character"} >= {p.rule for p in document.problems}


def test_the_place_of_a_wrong_byte_counts_characters():
    """
    Line and column of a byte that is not UTF-8 are those that an editor shows.
    """
    _, problems = decode("a.yaml", b"\xef\xbb\xbf# \xc3\xa9\n\xc3\xa9\xc3\xa9 \xff")

    assert ["2:4 yaml/encoding: byte 0xFF is not UTF-8"] == lines(tuple(problems))


def test_each_character_is_let_pass_or_refused_for_what_it_is():
    """
    Refused are controls, foreign line ends, what turns the direction of text, and non-characters.
    """
    odd = {*"\u061c\u200e\u200f\u2028\u2029\ufeff\ufffe\uffff", *map(chr, range(0x202A, 0x202F))}
    odd |= {*map(chr, range(0x2066, 0x206A))}
    chars = [chr(code) for code in range(0x10000) if not 0xD800 <= code <= 0xDFFF]

    refused = {char for char in chars if decode("a.yaml", f"a{char}".encode())[0] is None}

    assert {
        char for char in chars if category(char) == "Cc" and char not in "\t\n"
    } | odd == refused
    assert "a\r\nb" == decode("a.yaml", b"a\r\nb")[0]
    assert decode("a.yaml", b"a\r\nb\rc")[0] is None


def test_tabs_in_quotes_are_passed_over():
    """
    Only tabs outside quotes are told, one for each line.
    """
    text = "'\t'\t\t\n\t'\t'"

    found = list(tabs_outside(text, [(0, 3), (7, 10)], len(text)))

    assert [(0, 3), (1, 0)] == found


def test_a_message_never_holds_a_character_that_cannot_be_seen():
    """
    What strangers wrote is shown with its invisible characters spelt out, and cut.
    """
    assert "a\\u{1b}b\\u{202e}" == shown("a\x1bb\u202e")
    assert 60 == len(shown("x" * 1_000))


# Text, as YAML may hold it in a plain scalar within a list.
words = st.text(
    st.characters(codec="utf-8", exclude_characters="[]{},#&*!|>'\"%@`:?-", categories=("L", "N")),
    min_size=1,
    max_size=8,
) | st.from_regex(r"[-+0-9._:eExobTtZz ]{1,12}", fullmatch=True)


@given(words | st.sampled_from(["yes", "No", "ON", "off", "y", "~", "null", "=", "<<", ".nan"]))
def test_a_plain_scalar_taken_for_text_is_text_to_yaml_1_1_too(word):
    """
    What PyYAML (YAML 1.1) reads as something else is never taken for text.
    """
    word = word.strip()
    try:
        value = yaml.safe_load(f"[{word}]")
    except (yaml.YAMLError, ValueError):
        return
    if word and other_meaning(word) is None and word not in {"true", "false"}:
        assert all(isinstance(item, str | dict) for item in value)


plain = st.text(
    st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs")), max_size=20
)
values = st.recursive(
    plain | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain, inner, max_size=4),
    max_leaves=20,
)


def scalars(value):
    """All texts and booleans within *value*, keys included."""
    if isinstance(value, dict):
        return [x for k, v in value.items() for x in [k, *scalars(v)]]
    if isinstance(value, list):
        return [x for item in value for x in scalars(item)]
    return [value]


@both_parsers
@given(
    st.dictionaries(plain, values, min_size=1, max_size=4),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "'", '"']),
)
def test_nothing_that_was_written_is_dropped(libyaml, written, flow, style):
    """
    What a YAML writer wrote is read as it was meant, whole and like `yaml.safe_load`, or refused.
    """
    text = yaml.safe_dump(
        written, allow_unicode=True, default_flow_style=flow, default_style=style, sort_keys=False
    )
    document = read_document("a.yaml", text.encode(), libyaml=libyaml)
    if document.problems:
        return

    assert yaml.safe_load(text) == document.root
    assert scalars(written) == scalars(document.root)


@given(st.dictionaries(st.sampled_from("abcdef"), values, min_size=1, max_size=4))
def test_json_is_read_as_json(written):
    """
    Every JSON text without numbers and nulls is a file that means the same.
    """
    document = read_document("a.yaml", json.dumps(written, ensure_ascii=False).encode())

    assert [] == document.problems
    assert written == document.root


def test_whatever_the_parser_says_is_said_in_other_words():
    """
    Also what a future PyYAML may say.
    """
    assert "from here on the file is not YAML" == explain("gibberish", "while musing", "x").message


def test_each_entry_has_two_marks_and_each_item_one():
    """
    The marks are as many as the entries, also where a key was left out.
    """
    document = read_document("a.yaml", b"a: 1\na: 2\n? [x]\n: y\nb: [c, d]\n")

    root = document.root
    assert isinstance(root, Map)
    assert ["a", "b"] == list(root)
    assert 4 == len(root.marks)
    assert not root.is_whole
    assert root.has_odd_keys


def test_a_file_begins_in_its_first_column():
    """
    Problems of a file as a whole are told at its beginning.
    """
    assert (1, 1) == at(ROOT)
