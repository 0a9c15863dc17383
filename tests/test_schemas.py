"""
Three judges, one mind: jsonschema, the quick one, and jsonschema-rs where it is installed.

What counts is that neither of the quick ones ever takes what jsonschema refuses; and that they do
say yes to what is in order, or they would be of no use.
"""

import copy
import re
import subprocess
import sys
from itertools import chain
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mailstate import schemas
from mailstate.shape import fits
from tests.strategies import fewer

NAMES = ["state", "plan", "report", "settings", "snapshot"]


def rust_judge(schema):
    """Give the judge of jsonschema-rs, which whoever runs the tests has."""
    judge = schemas.rust_judge(schema)
    assert judge
    return judge


PLAIN = {name: fits(schemas.schema(name)) for name in NAMES}
RUST = {name: rust_judge(schemas.schema(name)) for name in NAMES}
SLOW = {name: Draft202012Validator(schemas.schema(name)).is_valid for name in NAMES}
# What is a blank to one of Python, ECMAScript and Unicode, and not to another; what ends a line to
# one of them; half of a pair, which is no text to Rust.
BLANKS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x7f\x85\xa0\u1680\u180e\u2000\u200a\u200b\u2028\u2029"
ODD = [*BLANKS, *"\u202f\u205f\u2060\u3000\ufeff\ud800\U0001f600", "\u0660", "é", "e\u0301"]


def values(schema, root):
    """Draw what a schema takes."""
    for part in schema.get("allOf", ()):
        inner = values(part, root)
        own = {key: value for key, value in schema.items() if key != "allOf"}
        return st.tuples(inner, values(own, root)).map(lambda pair: {**pair[0], **pair[1]})
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return values(target, root)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([of_kind(kind, schema, root) for kind in kinds])


def of_kind(kind, schema, root):
    """Draw what a schema takes, of this type."""
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", -10) + 1)
        return st.integers(least, schema.get("maximum"))
    if kind == "string":
        return texts(schema)
    if kind == "array":
        items = values(schema["items"], root)
        fewest = schema.get("minItems", 0)
        if schema.get("uniqueItems"):
            return st.lists(items, min_size=fewest, max_size=2, unique=True)
        return st.lists(items, min_size=fewest, max_size=2)
    inner = {name: values(field, root) for name, field in schema.get("properties", {}).items()}
    needed = {name: inner.pop(name) for name in schema.get("required", ())}
    drawn = st.fixed_dictionaries(needed, optional=inner)
    if isinstance(others := schema.get("additionalProperties"), dict):
        return st.dictionaries(st.text(max_size=2), values(others, root), max_size=2)
    return drawn.filter(lambda value: len(value) >= schema.get("minProperties", 0))


def texts(schema):
    """Draw a text as a schema wants it; without a final newline, which is told apart below."""
    least, most = schema.get("minLength", 0), schema.get("maxLength", 300)
    if "pattern" not in schema:
        return st.text(min_size=least, max_size=10)
    if "examples" in schema:
        return st.sampled_from(schema["examples"])
    refused = schema.get("not", {}).get("const")
    return st.from_regex(schema["pattern"]).filter(
        lambda text: least <= len(text) <= most and text != refused and not text.endswith("\n")
    )


DOCUMENTS = {name: values(schemas.schema(name), schemas.schema(name)) for name in NAMES}
odd_texts = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "a", "a@b.c", "A b"]),
    st.sampled_from(ODD),
    st.just("c.d"),
) | st.builds(
    "{}{}".format, st.sampled_from(["a", "a@b.c", "sha256:1", "1.0"]), st.sampled_from(ODD)
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 5000)
    | st.sampled_from(["", "a", "oxadmin", "viewer", "mailbox", "x" * 300])
    | odd_texts,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "name"]), inner)
    ),
    max_leaves=4,
)

goes_on = st.sampled_from([True, True, True, False])


def spoilt(data, document):
    """Give a document with one thing of it taken away, put in another's place, or added."""
    whole: list[Any] = [copy.deepcopy(document)]
    holder: Any = whole
    key: Any = 0
    while isinstance(inner := holder[key], dict | list) and inner and data.draw(goes_on):
        holder = inner
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else [0]))
    match data.draw(st.sampled_from(["other", "away", "more", "twice"])):
        case "away" if holder is not whole:
            del holder[key]
        case "more" if isinstance(holder[key], dict):
            holder[key][data.draw(st.sampled_from(["odd", "name", "url"]))] = data.draw(anything)
        case "twice" if isinstance(holder[key], list):
            holder[key] *= 2
        case _:
            holder[key] = data.draw(anything)
    return whole[0]


@pytest.mark.parametrize("name", NAMES)
@fewer
@given(st.data())
def test_what_is_in_order_is_seen_at_once(name, data):
    """
    Both quick judges say yes to it, and jsonschema need not be asked.
    """
    document = data.draw(DOCUMENTS[name])

    assert SLOW[name](document)
    assert PLAIN[name](document)
    assert RUST[name](document)


@pytest.mark.parametrize("name", NAMES)
@fewer
@given(st.data())
def test_the_quick_judges_take_nothing_that_jsonschema_refuses(name, data):
    """
    Whatever is spoilt; and the plain one takes everything else.
    """
    document = spoilt(data, data.draw(DOCUMENTS[name]))
    is_fine = SLOW[name](document)

    assert is_fine == PLAIN[name](document)
    assert is_fine or not RUST[name](document)


MAILBOXES = ("$defs", "domain", "properties", "mailboxes")


@fewer
@given(st.data())
def test_mappings_are_judged_by_their_columns(data):
    """
    As jsonschema judges them, one field with the values of all after the other.
    """
    item = {"$defs": schemas.schema("state")["$defs"], "$ref": "#/$defs/mailbox"}
    boxes = data.draw(st.lists(values(item, item), min_size=1, max_size=3))
    name = data.draw(st.sampled_from(["local_part", "first_name", "secondary_email", "odd"]))
    boxes[0][name] = data.draw(
        st.sampled_from(["a", "A b", "oxadmin", "a@b.example", "", 1, "x\n"])
    )
    columns: dict[str, list[object]] = {}
    for field, value in chain(*(box.items() for box in boxes)):
        columns.setdefault(field, []).append(value)
    slow = Draft202012Validator(item).is_valid
    rust = rust_judge(schemas.in_columns(schemas.schema("state"), MAILBOXES))

    is_fine = all(map(slow, boxes))

    assert is_fine == schemas.fits_in_columns("state", MAILBOXES, columns)
    assert is_fine or not rust(columns)


def test_no_columns_without_what_each_must_have():
    """
    A field that all lack is no column.
    """
    whole = {"local_part": ["a"], "first_name": ["B"], "last_name": ["C"]}

    assert schemas.fits_in_columns("state", MAILBOXES, whole)
    for name in whole:
        left = {field: values for field, values in whole.items() if field != name}
        assert not schemas.fits_in_columns("state", MAILBOXES, left)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/box"}},
        {"type": "array", "items": {"$ref": "#/$defs/box", "minProperties": 1}},
        {"type": "array", "items": {"$ref": "#/$defs/pair"}},
    ],
)
def test_not_every_list_can_be_judged_by_columns(part):
    """
    What is asked of an entry, or of all of them together, cannot be passed over in silence.
    """
    box = {"type": "object", "additionalProperties": False, "required": [], "properties": {}}
    described = {"$defs": {"box": box, "pair": box | {"minProperties": 2}}, "boxes": part}

    with pytest.raises(NotImplementedError, match="in columns"):
        schemas.in_columns(described, ["boxes"])


def patterns(part):
    """Every pattern in a schema."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from patterns(inner)


PATTERNS = sorted({pattern for name in NAMES for pattern in patterns(schemas.schema(name))})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_no_wider_in_another_language(pattern):
    """
    What a blank is, a digit or the end of a text, is not the same in all of them.
    """
    schema = {"type": "string", "pattern": pattern}
    rust, slow = rust_judge(schema), Draft202012Validator(schema).is_valid
    sound = ["a", "a.b", "A b", "a@b.c", "1.0", "sha256:" + "0" * 64, "0" * 32]
    odd = [text[:at] + char + text[at:] for text in sound for char in ODD for at in range(4)]

    assert [] == [text for text in [*sound, *odd] if rust(text) and not slow(text)]
    assert [text for text in sound if slow(text)] == [text for text in sound if rust(text)]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "string", "multipleOf": 2},
        {"pattern": "a"},
        {"type": ["string", "array"]},
        {"type": "null"},
        {"type": "date"},
        {"enum": ["a", 1]},
        {"not": {"const": 1}},
        {"not": {"type": "string"}},
        {"type": "array", "items": {"anyOf": []}},
    ],
    ids=str,
)
def test_the_quick_judge_refuses_a_schema_that_it_does_not_understand(part):
    """
    A new keyword in a schema cannot be passed over in silence.
    """
    with pytest.raises(NotImplementedError, match="without a quick judge"):
        fits(part)


NUMBERS = [4, 9, 0, 4.0, 4.5, 8.5, 1.0, -1, True, False, "4", None, 10**400]


@pytest.mark.parametrize(
    "value", [*NUMBERS, float("nan"), float("inf")], ids=lambda value: repr(value)[:5]
)
@pytest.mark.parametrize("kind", ["integer", "number", "boolean"])
def test_a_number_is_a_number(kind, value):
    """
    Neither a truth value nor a text; and not one too many is taken, between others or alone.
    """
    schema = {"type": kind}
    if kind != "boolean":
        schema |= {"minimum": 1, "exclusiveMinimum": 1, "maximum": 8}
    good = kind == "boolean" or 4
    is_fine = Draft202012Validator(schema).is_valid(value)

    assert fits(schema)(good)
    assert is_fine or not fits(schema)(value)
    assert is_fine or not fits({"type": "array", "items": schema})([good, value, good])


@pytest.mark.parametrize("document", ["\ud800", {1: 2}, object], ids=ascii)
def test_what_is_no_json_is_left_to_jsonschema(document):
    """
    jsonschema-rs has no words for it, and no yes either.
    """
    judge = rust_judge({"minLength": 1, "minProperties": 1})

    assert judge({"a": ["b"]})
    assert not judge(document)


def test_what_is_wrong_is_told_by_jsonschema():
    """
    And by nobody else; what is in order has no faults.
    """
    [fault] = schemas.faults("settings", {"url": 3})

    assert (["url"], "type") == (list(fault.path), fault.validator)
    assert [] == list(schemas.faults("settings", {"url": "https://dimail.example"}))


COUNTED = """
import sys
from mailstate import schemas

if sys.argv[1:]:
    sys.modules["jsonschema_rs"] = None
good = {"users": [{"name": "a", "uuid": "0" * 32}]}
bad = {"users": [{"name": "a", "uuid": "0" * 31}]}
verdicts = [(schemas.fits("state", good), schemas.fits("state", bad)) for _ in range(300)]
print(set(verdicts), bool(sys.modules.get("jsonschema_rs")), "jsonschema" in sys.modules)
"""


@pytest.mark.parametrize(("without", "is_loaded"), [((), True), (("without",), False)])
def test_many_documents_are_worth_loading_a_quicker_judge(without, is_loaded):
    """
    Where it is installed; without it, the verdicts are the same.
    """
    command = [sys.executable, "-c", COUNTED, *without]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    assert f"{{(True, False)}} {is_loaded} False\n" == ran.stdout


VALIDATE = """
import sys

if sys.argv.pop(1) == "without":
    sys.modules["jsonschema_rs"] = None
sys.argv[0] = "mailstate"
from mailstate.__main__ import main
main()
"""


def test_leaving_it_out_changes_no_answer(tmp_path):
    """
    Nor any word, for what is in order, what is not, and what only one of the two understands.
    """
    user = "{name: ada.%d, uuid: 5e0c2f6e-3c1b-4f0a-9d3e-%012d}"
    for number in range(300):
        (tmp_path / f"{number}.yaml").write_text(f"users:\n  - {user % (number, number)}\n")
    names = ("Ada", r"A\N", r"\eA", r"Ada\n", r"A\x1cb", r"\uFEFFA", r"A\LB", "Ada ", "", r"\_")
    for number, name in enumerate(names):
        box = f'{{local_part: ada, first_name: "{name}", last_name: B}}'
        text = f"domains:\n  - {{name: d{number}.example, owners: [ada.1], mailboxes: [{box}]}}\n"
        (tmp_path / f"d{number}.yaml").write_text(text)
    odd = (user % (900, 900)).replace("}", ", colour: red}")
    (tmp_path / "z.yaml").write_text(f"users:\n  - {odd}\n")
    ran = [
        subprocess.run(
            [sys.executable, "-c", VALIDATE, how, "validate", "--format", "json", "."],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        for how in ("with", "without")
    ]

    assert [3, 3] == [one.returncode for one in ran]
    assert ran[0].stdout == ran[1].stdout
    assert ["", ""] == [one.stderr for one in ran]


KEYWORDS = [
    {"type": "string", "minLength": 2, "maxLength": 3},
    {"type": ["string", "null"], "pattern": "b$"},
    {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
    {"type": "object", "minProperties": 1, "additionalProperties": {"type": "boolean"}},
    {"type": "object", "required": ["a"], "properties": {"b": {"type": "boolean"}}},
    {"type": "object", "additionalProperties": False, "properties": {"a": {}, "b": {}}},
    {"enum": ["ab", None]},
    {"type": "string", "not": {"const": "ab"}},
    {"allOf": [{"type": "string"}, {"enum": ["ab", "abc"]}]},
]
SMALL = ["", "a", "ab", "abc", "abcd", "b\n", True, None, 1, [], ["a"], ["a", "b"], ["a", "a"], [1]]
SMALL += [[None, "a"], {}, {"a": True}, {"b": True}, {"a": 1, "b": True}, {"a": 1, "c": True}]


@pytest.mark.parametrize("schema", KEYWORDS, ids=str)
def test_each_keyword_counts(schema):
    """
    For a value alone, and for one of several.
    """
    slow, quick = Draft202012Validator(schema).is_valid, fits(schema)
    several = fits({"type": "array", "items": schema})
    good = [value for value in SMALL if slow(value)]

    assert good == [value for value in SMALL if quick(value)]
    assert good == [value for value in SMALL if several([*good, value])]


MATCHED = ["^a$", "^ab*$", r"^[^\s@]+$", r"^\S(.*\S)?$", r"^a(\.b)*$", "^[ab.]{1,3}$", "b$"]
MATCHED += [
    "^a|b$",
    r"^a\$",
    "^[^b]$",
    "^[\n-z]+$",
    r"^\D+$",
    r"^[\W]$",
    "^(?s:.+)$",
    "^a\nb$",
    "^(a|b)$",
]


@pytest.mark.parametrize("pattern", MATCHED)
@given(st.lists(st.text("ab.@$ \n\x1c"), min_size=1, max_size=4))
@example(["a", "b"])
@example(["a\nb"])
@example(["b", "a"])
def test_a_pattern_is_found_in_many_texts_where_each_has_it(pattern, texts):
    """
    They may be looked at together, as lines of one: what begins in one of them ends there.
    """
    expected = all(re.search(pattern, text) for text in texts)

    assert expected == fits({"type": "array", "items": {"type": "string", "pattern": pattern}})(
        texts
    )


def test_whether_two_are_equal_is_left_to_jsonschema_but_for_texts():
    """
    To Python, 1 and true are.
    """
    quick = fits({"type": "array", "uniqueItems": True})

    assert [True, False, False] == [quick(["a", "b"]), quick([1, 2]), quick([["a"], ["a"]])]
