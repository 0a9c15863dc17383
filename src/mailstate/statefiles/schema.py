"""
The shape of a document: which fields there are, which must be, and of which type.

`schema/state.schema.json` is the one description, for editors and for us. Each departure is told
at the key or value it concerns, in our words. How single values must look, and how all goes
together, is for the rules, which say it better; what they have told is not told again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from mailstate import schemas
from mailstate.errors import Problem
from mailstate.statefiles.marks import ROOT, Document, Map, Mark, Seq, Value, place
from mailstate.statefiles.near import did_you_mean, near
from mailstate.statefiles.rulebook import problem
from mailstate.statefiles.table import KEY as TABLE
from mailstate.statefiles.table import Table
from mailstate.statefiles.text import shown

_Path: TypeAlias = Sequence[str | int]
# An error of jsonschema holds schema and value, both of any type.
_Error: TypeAlias = Any
# The key's mark (None: the value is concerned), the rule, the message, and the hint if any.
_Words: TypeAlias = tuple[Mark | None, str, str, str | None]


_OWNERS = "owners"
_MAILBOXES = ("$defs", "domain", "properties", TABLE)

_TYPES = {
    "array": "a list",
    "boolean": "`true` or `false`",
    "object": "a mapping of fields",
    "string": "text",
}


def schema_text() -> str:
    """The JSON Schema of state files, as it is shipped."""
    return schemas.schema_text("state")


def fits_schema(root: Value) -> bool:
    """
    Whether it is plain that *root* is as the schema wants it; a no says nothing.

    It may have tables: each is judged by itself, and the rest as if it were an empty list.
    """
    tables: list[Table] = []
    plain: object = root
    if isinstance(root, dict) and isinstance(domains := root.get("domains"), list):
        plain = {**root, "domains": [_without_table(domain, tables) for domain in domains]}
    return schemas.fits("state", plain) and all(
        schemas.fits_in_columns("state", _MAILBOXES, table.fields()) for table in tables
    )


def _without_table(domain: Value, tables: list[Table]) -> object:
    """The *domain* without its table, which is added to *tables*, if it has one."""
    table: object = domain.get(TABLE) if isinstance(domain, dict) else None
    if not isinstance(domain, dict) or not isinstance(table, Table):
        return domain
    tables.append(table)
    return {**domain, TABLE: []}


def misshapen(document: Document) -> Iterator[Problem]:
    """Every departure of *document* from the schema that has not been told already."""
    if not document.is_readable:
        return
    for error in schemas.faults("state", document.root):
        for at, told in _problems(document, error):
            if at not in document.faulty:
                yield told


def domain_fields() -> frozenset[str]:
    """The fields that a domain may have."""
    return frozenset(schemas.schema("state")["$defs"]["domain"]["properties"])


def _problems(document: Document, error: _Error) -> Iterator[tuple[Mark, Problem]]:
    """What *error* of jsonschema means here, and the mark of what it concerns."""
    path: _Path = list(error.absolute_path)
    field = next((step for step in reversed(path) if isinstance(step, str)), "")
    if error.validator == "uniqueItems" or (error.validator == "minItems" and field == _OWNERS):
        return  # rules of their own look at each entry
    at = _mark_of(document, path)
    what = f"`{shown(field)}`" if field else "the file"
    words = _KEYWORDS.get(error.validator, _other)
    for mark, rule, message, hint in words(error, what):
        concerned = mark or at
        yield concerned, problem(rule, place(document.file, concerned), message, hint)


def _unknown_fields(error: _Error, _what: str) -> Iterator[_Words]:
    fields = list(error.schema["properties"])
    for key, mark in zip(error.instance, error.instance.marks[::2], strict=True):
        if key not in fields:
            message = f"`{shown(key)}` is not a field of {_called(error, 'a')}"
            message += did_you_mean(key, [field for field in fields if field not in error.instance])
            yield mark, "schema/unknown-field", message, None


def _missing_field(error: _Error, _what: str) -> Iterator[_Words]:
    # jsonschema has an error for each field, and its name in the message alone. A field that is
    # there with a misspelt name is told as unknown.
    if error.instance.has_odd_keys:
        return
    fields = error.schema["properties"]
    unknown = [field for field in error.instance if field not in fields]
    for name in error.validator_value:
        if error.message.startswith(repr(name)) and name != _OWNERS and not near(name, unknown):
            message = f"{_called(error, 'this')} has no `{name}`"
            yield None, "schema/missing-field", message, f"add `{name}: …`"


def _wrong_type(error: _Error, what: str) -> Iterator[_Words]:
    wanted: str = error.validator_value
    message = f"{_item(error, what)} must be {_TYPES[wanted]}, not {_kind(error.instance)}"
    yield None, "schema/wrong-type", message, _type_hint(wanted, error.instance)


def _unknown_value(error: _Error, what: str) -> Iterator[_Words]:
    options: list[str] = error.validator_value
    listed = ", ".join(f"`{option}`" for option in options)
    value: Value = error.instance
    if isinstance(value, str):
        guess = did_you_mean(value, options)
        message = f"`{shown(value)}` is not one of the words for {what}: {listed}{guess}"
        yield None, "schema/unknown-value", message, None
    else:
        message = f"{_item(error, what)} must be one of {listed}, not {_kind(value)}"
        yield None, "schema/wrong-type", message, None


def _too_few_fields(_error: _Error, _what: str) -> Iterator[_Words]:
    yield None, "schema/too-few", "the file has neither `users` nor `domains`", None


def _too_few_items(_error: _Error, what: str) -> Iterator[_Words]:
    yield None, "schema/too-few", f"{what} needs an entry at least", None


def _other(error: _Error, what: str) -> Iterator[_Words]:
    title = error.schema.get("title", "the schema")
    yield None, "schema/form", f"{_item(error, what)} does not have the form of: {title}", None


_KEYWORDS: Mapping[str, Callable[[_Error, str], Iterator[_Words]]] = {
    "additionalProperties": _unknown_fields,
    "enum": _unknown_value,
    "minItems": _too_few_items,
    "minProperties": _too_few_fields,
    "required": _missing_field,
    "type": _wrong_type,
}


def _mark_of(document: Document, path: _Path) -> Mark:
    """Where the value at *path* begins."""
    value = document.root
    at = value.mark if isinstance(value, (Map, Seq)) else ROOT
    for step in path:
        if isinstance(value, Map) and isinstance(step, str):
            at = value.value_mark(step)
            value = value[step]
        elif isinstance(value, Seq) and isinstance(step, int):
            at = value.marks[step]
            value = value[step]
    return at


def _called(error: _Error, article: str) -> str:
    title: str = error.schema["title"].lower().removeprefix("mailstate ")
    return f"{article}n {title}" if article == "a" and title[0] == "a" else f"{article} {title}"


def _item(error: _Error, what: str) -> str:
    path = error.absolute_path
    return f"each entry of {what}" if path and isinstance(path[-1], int) else what


def _kind(value: Value) -> str:
    match value:
        case Map():
            return "a mapping"
        case Seq():
            return "a list"
        case bool():
            return f"`{str(value).lower()}`"
        case None:
            return "nothing"
        case str():
            return "text"


def _type_hint(wanted: str, value: Value) -> str | None:
    if isinstance(value, bool) and wanted == "string":
        return f"put it in quotes: `'{str(value).lower()}'`"
    if isinstance(value, str) and wanted == "boolean":
        return "write `true` or `false`, without quotes"
    if wanted == "array" and isinstance(value, (str, Map)):
        return "begin each entry with `- `, or put it in brackets"
    return None
