"""PyYAML's two parsers and their events, under types of ours."""

from typing import Any, TypeAlias

import yaml
from yaml.events import ScalarEvent

from mailstate.statefiles.marks import Map, Seq, Value
from mailstate.statefiles.scalars import SUSPECT

# PyYAML's stubs leave out what events and marks carry, and its two parsers share no type.
Event: TypeAlias = Any
Parser: TypeAlias = Any
ParserMark: TypeAlias = Any

HAS_LIBYAML = bool(yaml.__with_libyaml__)


def parser_of(text: str, *, libyaml: bool) -> Parser:
    """A parser at the beginning of *text*; `get_event()` gives what comes next."""
    return yaml.CSafeLoader(text) if libyaml else yaml.SafeLoader(text)


def is_plain_text(event: Event) -> bool:
    """Whether *event* is the common case: text without quotes that could be nothing else."""
    if type(event) is not ScalarEvent or event.style or event.tag or event.anchor:
        return False
    text = event.value
    return bool(text) and text[0] not in SUSPECT


def is_empty(event: Event) -> bool:
    """Whether nothing is written where *event* stands."""
    return type(event) is ScalarEvent and not event.value and not event.style and event.tag is None


def size(value: Value) -> int:
    """How much *value* holds, with what the aliases in it stand for; a long text counts more."""
    if isinstance(value, str):
        return 1 + len(value) // 100
    if isinstance(value, Map):
        return 1 + sum(size(item) for item in value.values())
    return 1 + sum(map(size, value)) if isinstance(value, Seq) else 1
