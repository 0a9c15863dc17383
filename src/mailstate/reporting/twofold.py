"""
JSON as two texts at once: indented for readers, and compact with sorted keys for a digest.

`json.dumps` indents in Python, value by value, and a digest would have it go through everything a
second time. Of thousands of entries nearly all have one shape. So each shape is made into two
forms, once, and what is filled in is written many entries at a time, by C. The texts are those of
`json.dumps`, character by character.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from operator import itemgetter
from typing import NamedTuple

_STEP = "  "
_AT_ONCE = 1_000
_BETWEEN = "\0"  # which no JSON text holds: it would be escaped


class Twofold(NamedTuple):
    """A value as `json.dumps` writes it with `indent=2`, and with sorted keys and no blanks."""

    indented: str
    compact: str


class Shape:
    """What *value* is without its single values; lines begin with *line* where it stands."""

    __slots__ = ("compact", "indented", "size", "sorted")

    def __init__(self, value: object, line: str) -> None:
        self.indented, self.compact, order = _forms(value, line, count())
        self.size = len(order)
        self.sorted = itemgetter(*order) if order else tuple


def twofold(value: object, line: str = "\n") -> Twofold:
    """*value*, whose keys are texts, in both forms; lines begin with *line* where it stands."""
    (indented,), (compact,) = _filled([(Shape(value, line), [*singles(value)])])
    return Twofold(indented, compact)


def singles(value: object) -> Iterator[object]:
    """All in *value* that is neither list nor object, as it comes."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from singles(one)
    else:
        yield value


def entries(those: Iterable[tuple[Shape, Sequence[object]]], line: str) -> Twofold:
    """The list of *those*: shapes, each with its single values."""
    return _listed(*_filled(those), line)


def _filled(entries: Iterable[tuple[Shape, Sequence[object]]]) -> tuple[list[str], list[str]]:
    """Both forms of each, apart."""
    indented: list[str] = []
    compact: list[str] = []
    left = iter(entries)
    while some := list(islice(left, _AT_ONCE)):
        row = [*chain.from_iterable(values for _, values in some)]
        texts = json.dumps(row, separators=(_BETWEEN, ""))[1:-1].split(_BETWEEN)
        start = 0
        for shape, _ in some:
            end = start + shape.size
            own = (*texts[start:end],)
            indented.append(shape.indented % own)
            compact.append(shape.compact % shape.sorted(own))
            start = end
    return indented, compact


def _listed(indented: Sequence[str], compact: Sequence[str], line: str) -> Twofold:
    if not indented:
        return Twofold("[]", "[]")
    inner = f",{line}{_STEP}".join(indented)
    return Twofold(f"[{line}{_STEP}{inner}{line}]", f"[{','.join(compact)}]")


def keyed(parts: Mapping[str, Twofold], line: str) -> Twofold:
    """The object of *parts*."""
    if not parts:
        return Twofold("{}", "{}")
    names = {key: json.dumps(key) for key in parts}
    indented = f",{line}{_STEP}".join([f"{names[key]}: {parts[key].indented}" for key in parts])
    compact = ",".join([f"{names[key]}:{parts[key].compact}" for key in sorted(parts)])
    return Twofold(f"{{{line}{_STEP}{indented}{line}}}", f"{{{compact}}}")


def _forms(value: object, line: str, numbers: Iterator[int]) -> tuple[str, str, list[int]]:
    """Both forms with `%s` for single values, and in which order these come in the compact one."""
    deeper = line + _STEP
    if isinstance(value, dict):
        found = {key: _forms(one, deeper, numbers) for key, one in value.items()}
        forms = {key.replace("%", "%%"): Twofold(*form[:2]) for key, form in found.items()}
        made = keyed(forms, line)
        return *made, [number for key in sorted(found) for number in found[key][2]]
    if isinstance(value, list):
        items = [_forms(one, deeper, numbers) for one in value]
        made = _listed([long for long, _, _ in items], [short for _, short, _ in items], line)
        return *made, [number for _, _, order in items for number in order]
    return "%s", "%s", [next(numbers)]
