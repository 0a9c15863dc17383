"""
From the bytes of one answer, in whatever pieces they come, to the answer.

Nearly every answer has one plain form: HTTP/1.1, a head of well-formed lines, and a body whose
length is told once. That is read here at one look. Anything else (chunks, interim answers,
HTTP/1.0, a body that ends with the connection, odd heads) goes from its first byte to h11, which
is the judge. Where both could read an answer, both tell the same.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mailstate.dimail.answer import HEEDED, Answer
from mailstate.dimail.line import BROKEN, LONGEST_ANSWER, TOO_LONG, Trouble

if TYPE_CHECKING:
    from mailstate.dimail.judge import Judge

_START = b"HTTP/1.1 "
_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-9][0-9][0-9])(?: [\t -~]*)?\r\n"
    rb"((?:[-!#$%&'*+.^_`|~0-9A-Za-z]+:[\t -~]*\r\n)*)\r\n"
)
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\n(?i:content-length): ([0-9]{1,15})\r\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_LONGEST_PLAIN_HEAD = 16 * 1024
_KNOWN = HEEDED | {b"content-length", b"transfer-encoding", b"connection"}
_WITHOUT_BODY = frozenset({204, 304})


class _Head(NamedTuple):
    """What a plain head says, but for the length of the body."""

    status: int
    headers: Mapping[bytes, bytes]


class Reading:
    """One answer on its way in."""

    __slots__ = ("_came", "_judge", "_length", "_missing")

    def __init__(self) -> None:
        self._came: list[bytes] = []
        """All of it, while it is not whole."""
        self._length = 0
        """Of the body, as soon as the head is whole."""
        self._missing = 0
        """Bytes without which there is no need to look at it again."""
        self._judge: Judge | None = None

    @property
    def is_judged(self) -> bool:
        """Whether it is h11 that reads it."""
        return self._judge is not None

    @property
    def is_last(self) -> bool:
        """Whether it ends its connection: by what the server says, or bytes nobody asked for."""
        return self._missing < 0 if self._judge is None else self._judge.is_last

    def receive(self, data: bytes) -> Answer | Trouble | None:
        """Take what came, and give the answer if it is whole now. To be called until then."""
        if self._judge is not None:
            return self._judge.hear(data)
        if self._came:
            self._came.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return self._unless_too_long()
            data = b"".join(self._came)
            self._came.clear()
        end = data.find(_END) + len(_END)
        if end < len(_END) and _may_become_plain(data):
            self._came.append(data)
            self._missing = 1
            return None
        length = _LENGTH.search(data, 0, end)
        if length is None:
            head = _plain(data[:end], b"")
        else:
            head = _plain(data[: length.start(1)], data[length.end(1) : end])
            self._length = int(length[1])
        if head is None or end > _LONGEST_PLAIN_HEAD:
            return self._judged(data)
        body = data[end:]
        self._missing = self._length - len(body)
        if self._missing > 0:
            self._came.append(data)
            return self._unless_too_long()
        if self._length > LONGEST_ANSWER:
            return TOO_LONG
        return Answer(status=head.status, headers=head.headers, body=body[: self._length])

    def end(self) -> Answer | Trouble:
        """What to make of it when nothing more comes."""
        if self._judge is None and self._length:
            return BROKEN
        return self._judged(b"".join(self._came)) or self._judged(b"") or BROKEN

    def _unless_too_long(self) -> Trouble | None:
        return TOO_LONG if self._length - self._missing > LONGEST_ANSWER else None

    def _judged(self, data: bytes) -> Answer | Trouble | None:
        if self._judge is None:
            from mailstate.dimail.judge import Judge  # noqa: PLC0415 - few runs need h11

            self._judge = Judge()
        return self._judge.hear(data)


@lru_cache(maxsize=16)  # in answers of one second the length differs, and nothing else
def _plain(before: bytes, after: bytes) -> _Head | None:
    """
    The head that begins with what is *before* the length of the body, and ends with what is *after*
    it, or that has none. It is plain whatever the length is, or whatever it is not.
    """
    found = _HEAD.fullmatch(before + after)
    if found is None:
        return None
    headers: dict[bytes, bytes] = {}
    for line in found[2].splitlines():
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _KNOWN:
            if name in headers:
                return None
            headers[name] = value.strip(b" \t")
    if headers.pop(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    status, has_length = int(found[1]), headers.pop(b"content-length", None) is not None
    # A length that is told in another way, or none where there must be one, is for the judge.
    if (
        has_length != bool(after)
        or has_length == (status in _WITHOUT_BODY)
        or b"transfer-encoding" in headers
    ):
        return None
    return _Head(status, MappingProxyType(headers))


def _may_become_plain(data: bytes) -> bool:
    """Whether *data* may be the beginning of a plain head."""
    return (
        _START.startswith(data[: len(_START)])
        and len(data) <= _LONGEST_PLAIN_HEAD
        and not _BLANK_LINE.search(data)
    )
