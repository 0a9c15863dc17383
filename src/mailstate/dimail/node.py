"""
Reading JSON with care: every place of an answer is checked before it is used.

What is missing or of another type is told by the name of the call and the path of the key, never
by a value: answers hold passwords.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from mailstate.dimail.calls import Call
from mailstate.errors import RefusedCallError

# One fixture of 2026 writes these as text (§1); a server never means the words.
_FLAGS = {"true": True, "false": False}


class MalformedAnswerError(RefusedCallError):
    """The answer is not what the contract promises; nothing can be concluded from it."""


class Node:
    """A place in an answer. Reading what is not there, or of another type, raises."""

    __slots__ = ("_call", "_path", "_value")

    def __init__(self, value: Any, call: Call, path: str = "") -> None:  # noqa: ANN401 - JSON
        self._value = value
        self._call = call
        self._path = path

    def malformed(self, what: str, key: str = "") -> MalformedAnswerError:
        """The error that says *what* is wrong with this place, or with *key* below it."""
        place = f"{self._path}.{key}" if key and self._path else key or self._path
        return MalformedAnswerError(
            f"{self._call}: the answer is not as expected: {place or 'as a whole, it'} {what}",
            hint="is the URL that of a dimail? nothing was concluded from this answer",
        )

    @property
    def value(self) -> Any:  # noqa: ANN401 - JSON
        """What is at this place, unchecked."""
        return self._value

    def items(self) -> Iterator["Node"]:
        """The items of a list."""
        if not isinstance(self._value, list):
            raise self.malformed("is not a list")
        for number, item in enumerate(self._value):
            yield Node(item, self._call, f"{self._path}[{number}]")

    def fields(self) -> dict[str, Any]:
        """A mapping."""
        if not isinstance(self._value, dict):
            raise self.malformed("is not a mapping")
        return self._value

    def text(self, key: str) -> str:
        """A text that must be there."""
        value = self.fields().get(key)
        if not isinstance(value, str):
            raise self.malformed("is not a text", key)
        return value

    def text_or_none(self, key: str) -> str | None:
        """A text, or None for an absent, null or empty one."""
        value = self.fields().get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.malformed("is neither a text nor null", key)
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """A boolean; without *default* it must be there."""
        value = self.fields().get(key, default)
        if isinstance(value, str):
            value = _FLAGS.get(value.lower())
        if not isinstance(value, bool):
            raise self.malformed("is neither true nor false", key)
        return value

    def number(self, key: str, *, default: int) -> int:
        """A whole number, which may be written as text; *default* for an absent or null one."""
        value = self.fields().get(key)
        if value is None:
            return default
        if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.malformed("is not a whole number", key)
        return value

    def texts(self, key: str) -> list[str]:
        """A list of texts that must be there."""
        value = self.fields().get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.malformed("is not a list of texts", key)
        return value

    def below(self, key: str, *, shown: str | None = None) -> "Node | None":
        """The place *key*, told as *shown* or itself; None for an absent or null one."""
        value = self.fields().get(key)
        if value is None or value == "null":
            return None
        place = shown or key
        return Node(value, self._call, f"{self._path}.{place}" if self._path else place)


def parse(call: Call, body: bytes) -> Node:
    """
    The answer to *call*, as JSON.

    Raises `MalformedAnswerError` also for what Python would take, and no server means: a key
    that is there twice, text that is none, another encoding than UTF-8.
    """
    try:
        value = DECODER.decode(body.decode("utf-8-sig"))
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        value = _NO_JSON
    node = Node(value, call)
    if value is _NO_JSON:
        raise node.malformed("is not JSON")
    return node


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError
    return mapping


DECODER = json.JSONDecoder(object_pairs_hook=_mapping)
"""Takes no mapping in which a key is there twice."""

_NO_JSON = object()

# Half of a pair, perhaps without the other half.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


_DETAILS = frozenset(
    {
        "Not Found",
        "Not authenticated",
        "Invalid authentication credentials",
        "Permission denied",
        "Permisison denied",
        "Not authorized.",
        "User not found",
        "Not found",
        "User already exists",
        "OX context name is mandatory for mailbox feature",
        "Domain already exists",
        "Domain not found",
        "Domain already allowed for this user",
        "Queried user does not have permissions for this domain.",
        "Mailbox not found",
        "Target domain not found",
        "Not yet implemented",
        "Feature 'mailbox' not available on the domain",
        "Domain not found in open-xchange",
        "Mailbox not found in open-xchange",
        "Alias not found",
        "Alias already exists",
        "It is forbiden to only provide the destination in a request",
        "Internal server error",
    }
)


def known_detail(body: bytes) -> str | None:
    """The `detail` of an error, if it is one of the contract's; others may quote what was sent."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    detail = value.get("detail") if isinstance(value, dict) else None
    return detail if isinstance(detail, str) and detail in _DETAILS else None
