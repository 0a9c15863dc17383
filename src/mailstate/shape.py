"""
A quick judge for documents that are as they should be, made from the JSON Schema itself.

jsonschema takes 50 microseconds and more for a mailbox; nearly all documents are in order, and for
those a yes is enough. `fits` is that yes. A no says nothing: jsonschema then finds out what and
where. Keywords that are not known here make it refuse to be built, so that none is passed over.

Each judge takes many values at once and says whether all of them are in order: fifty mailboxes are
judged field by field, all their local parts, then all their first names, in loops of Python's own.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from math import inf
from operator import itemgetter
from types import NoneType
from typing import Any, TypeAlias

_Schema: TypeAlias = Mapping[str, Any]
_Judge: TypeAlias = Callable[[Sequence[Any]], bool]  # of one value at least, of whatever type

_ANNOTATIONS = frozenset(
    {"$defs", "$id", "$schema", "default", "description", "examples", "title"}
)  # fmt: skip
_OF_ANY = frozenset({"$ref", "allOf", "enum", "not", "type"})
_OF_ONE_TYPE: Mapping[str, frozenset[str]] = {
    "array": frozenset({"items", "minItems", "uniqueItems"}),
    "boolean": frozenset(),
    "integer": frozenset({"exclusiveMinimum", "maximum", "minimum"}),
    "number": frozenset({"exclusiveMinimum", "maximum", "minimum"}),
    "object": frozenset({"additionalProperties", "minProperties", "properties", "required"}),
    "string": frozenset({"maxLength", "minLength", "pattern"}),
}
_TEXT = {str}

BLANKS = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What `\\s` matches in Python, to stand within a class."""

# Patterns of whole texts that match no line break, whatever else: many texts are matched at once
# then, one in each line. A class of printable characters has no line break in any of its ranges.
_within_a_line = re.compile(
    r"\^((?:\\[.S]|\[(?:\^\\s)?[^\\^\[\]]+\]|\((?!\?)|[^\\\[\](|^$])*)\$"
).fullmatch


def fits(schema: _Schema) -> Callable[[object], bool]:
    """A function that says of a document whether it fits *schema*; it never takes a bad one."""
    judge = _Court(schema).judge(schema)
    return lambda document: judge((document,))


class _Court:
    """Makes the judges of a schema and of all within it; *root* is where its references lead."""

    def __init__(self, root: _Schema) -> None:
        self._root = root
        self._known: dict[str, _Judge] = {}

    def judge(self, schema: _Schema) -> _Judge:
        """The judge of values that *schema* is for. Raises `NotImplementedError`."""
        types = schema.get("type", [])
        names = {types} if isinstance(types, str) else {*types}
        kinds = sorted(names - {"null"})
        judged = _OF_ANY.union(*(_OF_ONE_TYPE.get(kind, ()) for kind in kinds))
        unknown = schema.keys() - _ANNOTATIONS - judged
        if unknown or (names and (len(kinds) != 1 or kinds[0] not in _OF_ONE_TYPE)):
            raise NotImplementedError(f"without a quick judge: {sorted(unknown)}, type {types!r}")
        judges = [self.judge(part) for part in schema.get("allOf", ())]
        if "$ref" in schema:
            judges.append(self._named(schema["$ref"]))
        if "enum" in schema:
            judges.append(_one_of(schema["enum"]))
        if "not" in schema:
            judges.append(_other_than(schema["not"]))
        for kind in kinds:
            judge = self._of_type(kind, schema)
            judges.append(_unless_null(judge) if "null" in names else judge)
        if len(judges) == 1:
            return judges[0]
        return lambda values: all(judge(values) for judge in judges)

    def _named(self, reference: str) -> _Judge:
        """The judge of the part of the schema that *reference* leads to."""
        if reference not in self._known:
            target = self._root
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
            self._known[reference] = self.judge(target)
        return self._known[reference]

    def _of_type(self, kind: str, schema: _Schema) -> _Judge:
        match kind:
            case "object":
                return self._mapping(schema)
            case "array":
                return self._list(schema)
            case "string":
                return _text(schema)
            case "boolean":
                return lambda values: {*map(type, values)} == {bool}
            case _:
                return _number(schema, {int} if kind == "integer" else {int, float})

    def _mapping(self, schema: _Schema) -> _Judge:
        fields: _Schema = schema.get("properties", {})
        names: Sequence[str] = schema.get("required", ())
        required = [(itemgetter(name), self.judge(fields.get(name, {}))) for name in names]
        optional = {name: self.judge(fields[name]) for name in fields if name not in names}
        others = schema.get("additionalProperties", {})
        other = None if others is False else self.judge(others)
        fewest = schema.get("minProperties", 0)

        def judge(values: Sequence[Any]) -> bool:
            if not _are(values, dict) or (fewest and min(map(len, values)) < fewest):
                return False
            try:
                if not all(field([*map(get, values)]) for get, field in required):
                    return False
            except KeyError:
                return False
            # Most mappings have little more than what they must have.
            left = sum(map(len, values)) - len(values) * len(required)
            for name, field in optional.items():
                if not left:
                    return True
                found = [value[name] for value in values if name in value]
                if found and not field(found):
                    return False
                left -= len(found)
            if not left or other is None:
                return not left
            known = {*fields, *names}
            return other(
                [item for value in values for name, item in value.items() if name not in known]
            )

        return judge

    def _list(self, schema: _Schema) -> _Judge:
        item = self.judge(schema.get("items", {}))
        fewest = schema.get("minItems", 0)
        is_unique = schema.get("uniqueItems", False)

        def judge(values: Sequence[Any]) -> bool:
            if not _are(values, list) or (fewest and min(map(len, values)) < fewest):
                return False
            items = [*chain.from_iterable(values)]
            if not items:
                return True
            # Whether two items are equal is plain for texts alone.
            return item(items) and (
                not is_unique
                or (
                    {*map(type, items)} == _TEXT
                    and sum(len({*value}) for value in values) == len(items)
                )
            )

        return judge


def _are(values: Sequence[Any], kind: type) -> bool:
    return all(issubclass(each, kind) for each in {*map(type, values)})


def _unless_null(judge: _Judge) -> _Judge:
    def judge_others(values: Sequence[Any]) -> bool:
        others = [value for value in values if value is not None]
        return not others or judge(others)

    return judge_others


def _one_of(options: Sequence[str | None]) -> _Judge:
    kinds = {*map(type, options)}
    if not kinds <= {str, NoneType}:
        raise NotImplementedError(f"without a quick judge: enum {options!r}")
    allowed = frozenset(options)
    return lambda values: {*map(type, values)} <= kinds and allowed.issuperset(values)


def _other_than(schema: _Schema) -> _Judge:
    if schema.keys() != {"const"} or not isinstance(schema["const"], str):
        raise NotImplementedError(f"without a quick judge: not {schema!r}")
    refused = schema["const"]
    return lambda values: refused not in values


def _number(schema: _Schema, kinds: set[type]) -> _Judge:
    least = schema.get("minimum", -inf)
    above = schema.get("exclusiveMinimum", -inf)
    most = schema.get("maximum", inf)
    return lambda values: (
        {*map(type, values)} <= kinds
        and all(least <= value <= most and above < value for value in values)
    )


def _text(schema: _Schema) -> _Judge:
    shortest = schema.get("minLength", 0)
    longest = schema.get("maxLength", inf)
    are_matches = _matcher(schema["pattern"]) if "pattern" in schema else None

    def judge(values: Sequence[Any]) -> bool:
        if {*map(type, values)} != _TEXT:
            return False
        texts = {*values}  # names come again and again
        lengths = {*map(len, texts)}
        return (
            shortest <= min(lengths)
            and max(lengths) <= longest
            and (are_matches is None or are_matches(texts))
        )

    return judge


def _matcher(pattern: str) -> Callable[[Collection[str]], bool]:
    """A function that says whether *pattern* is found in each of many texts."""
    within_a_line = _within_a_line(pattern) if pattern.isprintable() else None
    if within_a_line is None:
        search = re.compile(pattern).search
        return lambda texts: all(map(search, texts))
    # A class is looked up at once where all that is in it is spelt out.
    line = within_a_line[1].replace(r"[^\s", f"[^{BLANKS}")
    are_lines = re.compile(rf"(?:{line}\n)*+").fullmatch

    def are_matches(texts: Collection[str]) -> bool:
        joined = "\n".join((*texts, ""))
        if joined.count("\n") > len(texts):
            return all(map(re.compile(pattern).search, texts))
        return are_lines(joined) is not None

    return are_matches
