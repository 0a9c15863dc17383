"""
A quick judge for documents that are as they should be, made from the JSON Schema itself.

jsonschema takes 50 microseconds and more for a mailbox; nearly all documents are in order, and for
those a yes is enough. `fits` is that yes. A no says nothing: jsonschema then finds out what and
where. Keywords that are not known here make it refuse to be built, so that none is passed over.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

_Fits: TypeAlias = Callable[[Any], bool]  # a value of a document, of any type
_Schema: TypeAlias = Mapping[str, Any]

_ANNOTATIONS = frozenset(
    {"$defs", "$id", "$schema", "default", "description", "examples", "title"}
)  # fmt: skip
_OF_OBJECTS = frozenset({"additionalProperties", "minProperties", "properties", "required"})
_OF_LISTS = frozenset({"items", "minItems", "uniqueItems"})
_OF_TEXTS = frozenset({"maxLength", "minLength", "pattern"})
_JUDGED = frozenset({"$ref", "enum", "not", "type"}) | _OF_OBJECTS | _OF_LISTS | _OF_TEXTS


def fits(schema: _Schema) -> _Fits:
    """A function that says of a document whether it fits *schema*; it never takes a bad one."""
    return _compiled(schema, schema, {})


def _compiled(schema: _Schema, root: _Schema, known: dict[str, _Fits]) -> _Fits:
    unknown = schema.keys() - _ANNOTATIONS - _JUDGED
    if unknown:
        raise NotImplementedError(f"keywords without a quick judge: {sorted(unknown)}")
    judges: list[_Fits] = []
    reference = schema.get("$ref")
    if reference is not None:
        if reference not in known:
            target = root["$defs"][reference.removeprefix("#/$defs/")]
            known[reference] = _compiled(target, root, known)
        judges.append(known[reference])
    if "not" in schema:
        refused = schema["not"]["const"]
        judges.append(lambda value: value != refused)
    if "enum" in schema:
        options = frozenset(schema["enum"])
        judges.append(lambda value: type(value) is str and value in options)
    match schema.get("type"):
        case "object":
            judges.append(_object(schema, root, known))
        case "array":
            judges.append(_list(schema, root, known))
        case "string":
            judges.append(_text(schema))
        case "boolean":
            judges.append(lambda value: type(value) is bool)
        case _:
            pass
    if len(judges) == 1:
        return judges[0]
    return lambda value: all(judge(value) for judge in judges)


def _object(schema: _Schema, root: _Schema, known: dict[str, _Fits]) -> _Fits:
    fields = {name: _compiled(field, root, known) for name, field in schema["properties"].items()}
    required = frozenset(schema.get("required", ()))
    fewest = schema.get("minProperties", 0)
    find = fields.get

    def judge(value: Any) -> bool:  # noqa: ANN401 - a value of any type
        if not isinstance(value, dict) or len(value) < fewest:
            return False
        for name, item in value.items():
            field = find(name)
            if field is None or not field(item):
                return False
        return required <= value.keys()

    return judge


def _list(schema: _Schema, root: _Schema, known: dict[str, _Fits]) -> _Fits:
    item = _compiled(schema["items"], root, known)
    fewest = schema.get("minItems", 0)
    is_unique = schema.get("uniqueItems", False)

    def judge(value: Any) -> bool:  # noqa: ANN401 - a value of any type
        if not isinstance(value, list) or len(value) < fewest or not all(map(item, value)):
            return False
        return not is_unique or len(set(value)) == len(value)

    return judge


def _text(schema: _Schema) -> _Fits:
    shortest = schema.get("minLength", 0)
    longest = schema.get("maxLength")
    pattern = schema.get("pattern")
    search = None if pattern is None else re.compile(pattern).search

    def judge(value: Any) -> bool:  # noqa: ANN401 - a value of any type
        return (
            type(value) is str
            and len(value) >= shortest
            and (longest is None or len(value) <= longest)
            and (search is None or search(value) is not None)
        )

    return judge
