"""What a body must hold, and the answer to one that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .call import MISSING, Call
from .errors import Refused

Problem = dict[str, Any]
Location = tuple[str | int, ...]
Parser = Callable[[object, Location], object]

_TRUE = {"1", "on", "t", "true", "y", "yes"}
_FALSE = {"0", "off", "f", "false", "n", "no"}


class Invalid(Exception):  # noqa: N818  collected, not raised to anyone
    """A value of the wrong kind, as the list of its problems."""

    def __init__(self, *problems: Problem) -> None:
        """Keep the problems."""
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Field:
    """How one key of a body is read; a key that need not be there has a default."""

    parse: Parser
    required: bool = True
    default: object = None


def text(value: object, at: Location) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise Invalid(problem("string_type", at, "Input should be a valid string", value))
    return value


def boolean(value: object, at: Location) -> bool:
    """Read a truth value as leniently as the server."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int, float)):
        said = str(int(value)) if value in (0, 1) else str(value).lower()
        if said in _TRUE | _FALSE:
            return said in _TRUE
        message = "Input should be a valid boolean, unable to interpret input"
        raise Invalid(problem("bool_parsing", at, message, value))
    raise Invalid(problem("bool_type", at, "Input should be a valid boolean", value))


def integer(value: object, at: Location) -> int:
    """Read a whole number, also from text."""
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            message = "Input should be a valid integer, unable to parse string as an integer"
            raise Invalid(problem("int_parsing", at, message, value)) from None
    raise Invalid(problem("int_type", at, "Input should be a valid integer", value))


def one_of(*choices: str) -> Parser:
    """Read one of *choices*."""
    *first, last = (f"'{choice}'" for choice in choices)
    expected = f"{', '.join(first)} or {last}"

    def parse(value: object, at: Location) -> object:
        if value not in choices:
            message = f"Input should be {expected}"
            raise Invalid(problem("enum", at, message, value) | {"ctx": {"expected": expected}})
        return value

    return parse


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

    return parse


def or_null(parser: Parser) -> Parser:
    """Read null or what *parser* reads."""
    return lambda value, at: None if value is None else parser(value, at)


def nested(fields: Mapping[str, Field]) -> Parser:
    """Read an object that holds *fields*."""
    return lambda value, at: _fields(value, fields, at)


def optional(parser: Parser) -> Field:
    """Return a field that may be null or left out."""
    return Field(or_null(parser), required=False)


def read(call: Call, fields: Mapping[str, Field], *, optional_body: bool = False) -> dict[str, Any]:
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


def _fields(body: object, fields: Mapping[str, Field], at: Location) -> dict[str, Any]:
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
