"""
The JSON Schemas that come with this version, and what they say of documents.

Three judges of one mind: jsonschema, which knows every word of a schema and says what is wrong;
a quick one made from the same schema (`mailstate.shape`), asked first, which can only say yes; and
jsonschema-rs, if it is installed, which takes the place of the quick one where there is a great
deal to judge. A yes counts whoever says it; without one, jsonschema has the last word.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from mailstate.shape import BLANKS
from mailstate.shape import fits as plain_judge

_Judge: TypeAlias = Callable[[object], bool]
# An error of jsonschema holds schema and value, both of any type.
_Error: TypeAlias = Any

_FOLDER = Path(__file__).parent / "schema"

_MANY = 256
"""So many documents take the quick judge as long as it takes to load jsonschema-rs."""

_WORDS = {"title", "description", "examples"}
_OF_COLUMNS = (
    {"type", "items"},
    {"$ref"},
    {"type", "additionalProperties", "required", "properties"},
)


@cache
def schema_text(name: str) -> str:
    """The schema of that *name*: state, plan, report, settings or snapshot."""
    return (_FOLDER / f"{name}.schema.json").read_text("utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    """The same, as JSON values; not to be changed."""
    parsed: dict[str, Any] = json.loads(schema_text(name))
    return parsed


def fits(name: str, document: object) -> bool:
    """Whether it is plain that *document* fits the schema; a no says nothing."""
    return _bench(name).fits(document)


def fits_in_columns(
    name: str, path: tuple[str, ...], columns: Mapping[str, Sequence[object]]
) -> bool:
    """
    Whether it is plain that mappings fit the list at *path* in the schema; a no says nothing.

    *columns* has of each field the values of those that have it. That none lacks what it must have
    is for those to see who make columns of mappings.
    """
    return _bench_of_columns(name, path).fits(columns)


def faults(name: str, document: object) -> Iterator[_Error]:
    """All that jsonschema finds wrong with *document*."""
    if not fits(name, document):
        yield from _validator(name)(document)


class _Bench:
    """The quick judges of one schema; the one that is slow to load comes where it is worth it."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self._schema = described
        self._judge = plain_judge(described)
        self._judged = 0

    def fits(self, document: object) -> bool:
        self._judged += 1
        if self._judged == _MANY:
            self._judge = rust_judge(self._schema) or self._judge
        return self._judge(document)


@cache
def _bench(name: str) -> _Bench:
    return _Bench(schema(name))


@cache
def _bench_of_columns(name: str, path: tuple[str, ...]) -> _Bench:
    return _Bench(in_columns(schema(name), path))


def in_columns(described: Mapping[str, Any], path: Iterable[str]) -> dict[str, Any]:
    """
    The schema of columns that are those of mappings in the list at *path*, field by field.

    Raises `NotImplementedError` where the list asks for more than mappings with certain fields.
    """
    listed: Any = described
    for step in path:
        listed = listed[step]
    kind = listed["items"].get("$ref", "").removeprefix("#/$defs/")
    item = described["$defs"].get(kind, {})
    asked = listed.keys() - _WORDS, listed["items"].keys(), item.keys() - _WORDS
    if asked != _OF_COLUMNS:
        raise NotImplementedError(f"not to be put in columns: {path}")
    fields = item["properties"].items()
    columns = {field: {"type": "array", "items": wanted} for field, wanted in fields}
    return {**item, "properties": columns, "$defs": described["$defs"]}


@cache
def _validator(name: str) -> Callable[[object], Iterator[_Error]]:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 60 ms, seldom needed

    return Draft202012Validator(schema(name)).iter_errors


def rust_judge(described: Mapping[str, Any]) -> _Judge | None:
    """The judge of jsonschema-rs for a schema, as careful as Python's; None: not installed."""
    try:
        from jsonschema_rs import Draft202012Validator, RegexOptions  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    judge = Draft202012Validator(
        _without_shorthand(described), pattern_options=RegexOptions()
    ).is_valid

    def judge_with_care(document: object) -> bool:
        try:
            return judge(document)
        except ValueError:  # half a surrogate pair, a key that is no text: no JSON at all
            return False

    return judge_with_care


def _without_shorthand(part: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """The same schema, with patterns in which each blank is spelt out."""
    match part:
        case dict():
            return {
                key: _spelt_out(inner) if key == "pattern" else _without_shorthand(inner)
                for key, inner in part.items()
            }
        case list():
            return [_without_shorthand(inner) for inner in part]
        case _:
            return part


def _spelt_out(pattern: str) -> str:
    # Of what Python's `\s` matches, ECMA's, which jsonschema-rs follows, lacks five.
    return pattern.replace(r"[^\s", f"[^{BLANKS}").replace(r"\S", f"[^{BLANKS}]")
