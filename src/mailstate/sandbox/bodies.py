"""
What a body must hold, and the answer to one that does not.

Each reader of a value knows the JSON Schema of what it takes, for the document of the API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .call import MISSING, Call
from .errors import Refused

Problem = dict[str, Any]
Location = tuple[str | int, ...]
Schema = Mapping[str, Any]

_INT32 = 2**31
_DIGITS = re.compile("[+-]?[0-9]{1,9}")
_TRUE = {"1", "on", "t", "true", "y", "yes"}
_FALSE = {"0", "off", "f", "false", "n", "no"}


class Invalid(Exception):  # noqa: N818  collected, not raised to anyone
    """A value of the wrong kind, as the list of its problems."""

    def __init__(self, *problems: Problem) -> None:
        """Keep the problems."""
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Parser:
    """A reader of one value, and the JSON Schema of what it takes."""

    read: Callable[[object, Location], object]
    schema: Schema

    def __call__(self, value: object, at: Location) -> object:
        """Read *value*, which is found *at* a place of the body."""
        return self.read(value, at)


@dataclass(frozen=True, slots=True)
class Field:
    """How one key of a body is read; a key that need not be there has a default."""

    parse: Parser
    required: bool = True
    default: object = None


Fields = Mapping[str, Field]


def _text(value: object, at: Location) -> str:
    if not isinstance(value, str):
        raise Invalid(problem("string_type", at, "Input should be a valid string", value))
    if any("\ud800" <= char <= "\udfff" for char in value):
        message = "Input should be a valid string, unable to parse raw data as a unicode string"
        raise Invalid(problem("string_unicode", at, message, value))
    return value


def _boolean(value: object, at: Location) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int, float)):
        said = str(int(value)) if value in (0, 1) else str(value).lower()
        if said in _TRUE | _FALSE:
            return said in _TRUE
        message = "Input should be a valid boolean, unable to interpret input"
        raise Invalid(problem("bool_parsing", at, message, value))
    raise Invalid(problem("bool_type", at, "Input should be a valid boolean", value))


def _integer(value: object, at: Location) -> int:
    number = _whole_number(value, at)
    # Beyond 32 bits nothing is known; a date that far off could not be told.
    if number >= _INT32:
        raise Invalid(_beyond("less", "le", _INT32 - 1, at, value))
    if number < -_INT32:
        raise Invalid(_beyond("greater", "ge", -_INT32, at, value))
    return number


def _whole_number(value: object, at: Location) -> int:
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    if isinstance(value, str):
        if _DIGITS.fullmatch(value):
            return int(value)
        message = "Input should be a valid integer, unable to parse string as an integer"
        raise Invalid(problem("int_parsing", at, message, value))
    raise Invalid(problem("int_type", at, "Input should be a valid integer", value))


def _beyond(word: str, sign: str, limit: int, at: Location, value: object) -> Problem:
    message = f"Input should be {word} than or equal to {limit}"
    return problem(f"{word}_than_equal", at, message, value) | {"ctx": {sign: limit}}


def _any_case(words: Iterable[str]) -> str:
    """Return the pattern of *words*, in capitals or not."""
    spelt = ("".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in w) for w in sorted(words))
    return f"^({'|'.join(spelt)})$"


text: Final = Parser(_text, {"type": "string"})
# As leniently as the server.
boolean: Final = Parser(
    _boolean,
    {
        "anyOf": [
            {"type": "boolean"},
            {"enum": [0, 1]},
            {"type": "string", "pattern": _any_case(_TRUE | _FALSE)},
        ]
    },
)
# Also from text.
integer: Final = Parser(
    _integer,
    {
        "anyOf": [
            {"type": "integer", "minimum": -_INT32, "maximum": _INT32 - 1},
            {"type": "boolean"},
            {"type": "string", "pattern": f"^{_DIGITS.pattern}$"},
        ]
    },
)


def one_of(*choices: str) -> Parser:
    """Read one of *choices*."""
    *first, last = (f"'{choice}'" for choice in choices)
    expected = f"{', '.join(first)} or {last}"

    def parse(value: object, at: Location) -> object:
        if value not in choices:
            message = f"Input should be {expected}"
            raise Invalid(problem("enum", at, message, value) | {"ctx": {"expected": expected}})
        return value

    return Parser(parse, {"enum": list(choices)})


def list_of(item: Parser) -> Parser:
    """Read a list whose items are read by *item*."""

    def parse(value: object, at: Location) -> object:
        if not isinstance(value, list):
            raise Invalid(problem("list_type", at, "Input should be a valid list", value))
        problems: list[Problem] = []
        items: list[object] = []
        for index, each in enumerate(value):
            try:
                items.append(item(each, (*at, index)))
            except Invalid as invalid:
                problems.extend(invalid.problems)
        if problems:
            raise Invalid(*problems)
        return items

    return Parser(parse, {"type": "array", "items": item.schema})


def or_null(parser: Parser) -> Parser:
    """Read null or what *parser* reads."""
    return Parser(
        lambda value, at: None if value is None else parser(value, at),
        {"anyOf": [parser.schema, {"type": "null"}]},
    )


def nested(fields: Fields) -> Parser:
    """Read an object that holds *fields*."""
    return Parser(lambda value, at: _fields(value, fields, at), schema_of(fields))


def optional(parser: Parser) -> Field:
    """Return a field that may be null or left out."""
    return Field(or_null(parser), required=False)


def schema_of(fields: Fields) -> Schema:
    """Return the JSON Schema of an object that holds *fields*; more is ignored."""
    return {
        "type": "object",
        "properties": {name: field.parse.schema for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
    }


def read(call: Call, fields: Fields, *, optional_body: bool = False) -> dict[str, Any]:
    """Return what the body says of *fields*, or refuse it with every problem; more is ignored."""
    at: Location = ("body",)
    body = call.body
    if body is MISSING or body is None:
        if not optional_body:
            raise Refused(422, [problem("missing", at, "Field required", None)])
        body = {}
    try:
        return _fields(body, fields, at)
    except Invalid as invalid:
        raise Refused(422, list(invalid.problems)) from invalid


def problem(type_: str, at: Sequence[str | int], message: str, value: object) -> Problem:
    """Return one entry of a validation answer."""
    shown = value.decode(errors="replace") if isinstance(value, bytes) else value
    return {"type": type_, "loc": list(at), "msg": message, "input": shown}


def _fields(body: object, fields: Fields, at: Location) -> dict[str, Any]:
    if not isinstance(body, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        raise Invalid(problem("model_attributes_type", at, message, body))
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in body:
            if field.required:
                problems.append(problem("missing", (*at, name), "Field required", body))
            values[name] = field.default
            continue
        try:
            values[name] = field.parse(body[name], (*at, name))
        except Invalid as invalid:
            problems.extend(invalid.problems)
    if problems:
        raise Invalid(*problems)
    return values
