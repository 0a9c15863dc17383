"""The JSON Schema: complete for editors, and of one mind with what is read."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mailstate.shape import fits
from mailstate.statefiles import read_sources, schema_text
from mailstate.statefiles import schema as schema_module
from mailstate.statefiles.documents import read_document
from tests.statefiles.corpus import BAD, GOOD, lines

SCHEMA = json.loads(schema_text())
VALIDATOR = Draft202012Validator(SCHEMA)
_GENERAL_FIELDS = 10


def subschemas(schema, path=()):
    """Each schema within *schema*, with the way to it."""
    yield path, schema
    for keyword in ("properties", "$defs"):
        for name, inner in schema.get(keyword, {}).items():
            yield from subschemas(inner, (*path, name))
    if "items" in schema:
        yield from subschemas(schema["items"], (*path, "[]"))


SUBSCHEMAS = [
    pytest.param(schema, id="/".join(path) or "file")
    for path, schema in subschemas(SCHEMA)
    if set(schema) != {"$ref"}
]


def test_the_schema_is_a_schema():
    """
    Draft 2020-12 itself finds nothing wrong with it.
    """
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("schema", SUBSCHEMAS)
def test_every_field_has_a_title_a_description_and_examples(schema):
    """
    An editor can explain each field, and offer a value.
    """
    assert schema["title"]
    assert schema["description"].endswith(".")
    assert schema["examples"]


@pytest.mark.parametrize("schema", SUBSCHEMAS)
def test_every_example_fits(schema):
    """
    What the schema offers, it takes.
    """
    judge = VALIDATOR.evolve(schema={**schema, "$defs": SCHEMA["$defs"]})

    assert all(judge.is_valid(example) for example in schema["examples"])


@pytest.mark.parametrize("schema", SUBSCHEMAS)
def test_no_mapping_takes_unknown_fields(schema):
    """
    A misspelt field is never dropped.
    """
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_what_the_schema_refuses_is_refused(path):
    """
    No file passes here that an editor marks as wrong, and the quick judge is of one mind with it.
    """
    document = read_document(path.name, path.read_bytes())
    reading = read_sources([(path.name, path.read_bytes())])
    is_valid = VALIDATOR.is_valid(document.root)

    if document.is_readable:
        assert is_valid == fits(SCHEMA)(document.root)
        assert is_valid or not schema_module.fits_schema(document.root)
        assert is_valid or reading.desired is None


FIELDS = sorted({path[-1] for path, _ in subschemas(SCHEMA) if path and path[-1] != "[]"})
leaves = (
    st.booleans()
    | st.none()
    | st.sampled_from(
        ["a", "", "A b", "oxadmin", "a@b.example", "a.example", "webmail", "viewer", "virtual"]
    )
)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FIELDS, "odd"]), inner, max_size=6)
    ),
    max_leaves=12,
)
EXAMPLE = {
    "users": [
        {"name": "a", "uuid": "5e0c2f6e-3c1b-4f0a-9d3e-1f2a3b4c5d6e", "email": "a@b.example"}
    ],
    "domains": [
        {
            "name": "a.example",
            "context": "x",
            "features": ["webmail", "alias"],
            "delivery": "relay",
            "support_email": "a@b.example",
            "disabled": False,
            "owners": ["a"],
            "accesses": [{"user": "b", "role": "viewer"}],
            "mailboxes": [
                {
                    "local_part": "a",
                    "first_name": "A",
                    "last_name": "B",
                    "display_name": "C",
                    "secondary_email": "a@b.example",
                    "active": True,
                }
            ],
            "aliases": [{"local_part": "c", "destinations": ["a@b.example", "devnull@devnull"]}],
        }
    ],
}


@given(st.data())
def test_the_quick_judge_agrees_with_jsonschema(data):
    """
    Whatever is put in the place of whatever field, both say yes or both say no.
    """
    document: Any = copy.deepcopy(EXAMPLE)
    holder: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else [0]))
        if not isinstance(holder[key], dict | list) or data.draw(st.booleans()):
            break
        holder = holder[key]
    if isinstance(holder, dict) and data.draw(st.booleans()):
        del holder[key]
        key = data.draw(st.sampled_from([*FIELDS, "odd"]))
    holder[key] = data.draw(anything)

    assert VALIDATOR.is_valid(document) == fits(SCHEMA)(document)


@given(anything)
def test_the_quick_judge_agrees_on_anything(document):
    """
    Also where nothing is as it should be.
    """
    assert VALIDATOR.is_valid(document) == fits(SCHEMA)(document)


def test_the_schema_alone_tells_of_forms_too():
    """
    Should a rule ever forget a field, the schema's own word stands.
    """
    document = read_document("a.yaml", b"users:\n  - {name: Bob, uuid: x}\n")

    found = schema_module.misshapen(document)

    assert [
        "2:12 schema/form: `name` does not have the form of: Handle",
        "2:23 schema/form: `uuid` does not have the form of: ProConnect uuid",
    ] == lines(tuple(found))
