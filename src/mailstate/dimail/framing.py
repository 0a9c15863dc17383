"""
From the bytes of one answer, in whatever pieces they come, to the answer.

Nearly every answer has one plain form: HTTP/1.1, a head of well-formed lines, and a body whose
length is told once. That is read here at one look. Anything else (chunks, interim answers,
HTTP/1.0, a body that ends with the connection, odd heads) goes from its first byte to h11, which
is the judge. Where both could read an answer, both tell the same.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from mailstate.dimail.answer import HEEDED, Answer
from mailstate.dimail.line import BROKEN, LONGEST_ANSWER, TOO_LONG, Trouble

if TYPE_CHECKING:
    from mailstate.dimail.judge import Judge

_START = b"HTTP/1.1 "
_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-9][0-9][0-9])(?: [\t -~]*)?\r\n"
    rb"((?:[-!#$%&'*+.^_`|~0-9A-Za-z]+:[\t -~]*\r\n)*)\r\n"
)
_BLANK_LINE = re.compile(rb"\n\r?\n")
_LONGEST_PLAIN_HEAD = 16 * 1024

_LENGTH, _CODING, _CONNECTION = b"content-length", b"transfer-encoding", b"connection"
_KNOWN = HEEDED | {_LENGTH, _CODING, _CONNECTION}
_DIGITS = 15
_LINE_OF_LENGTH = re.compile(rb"\r\n(?i:content-length): ([0-9]+)\r\n")
_WITHOUT_BODY = frozenset({204, 304})
_NOTHING_PLAIN = b"\n"
"""Begins no plain head."""


class Reading:
    """
    The answers of one connection on their way in, one after the other.

    Most heads are those of the answer before, but for the length of the body: they say the same.
    One that is not plain `is_judged`, and is the last to be read here.
    """

    __slots__ = (
        "_after",
        "_before",
        "_came",
        "_headers",
        "_judge",
        "_length",
        "_missing",
        "_status",
    )

    def __init__(self) -> None:
        self._status = 0
        self._headers: Mapping[bytes, bytes] = {}
        self._length = 0
        self._before, self._after = _NOTHING_PLAIN, b""
        """What stands around the length in the head that these were told by."""
        self._came: list[bytes] = []
        """All of an answer, while it is not whole."""
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
        end = self._end_of_head(data)
        if end is None:
            if not _may_become_plain(data):
                return self._judged(data)
            self._came.append(data)
            self._missing = 1
            return None
        body = data[end:]
        self._missing = self._length - len(body)
        if self._missing > 0:
            self._came.append(data)
            return self._unless_too_long()
        if self._length > LONGEST_ANSWER:
            return TOO_LONG
        return Answer(status=self._status, headers=self._headers, body=body[: self._length])

    def end(self) -> Answer | Trouble:
        """What to make of it when nothing more comes."""
        return BROKEN if self._judge is None else self._judge.hear(b"") or BROKEN

    def _end_of_head(self, data: bytes) -> int | None:
        """Where the body begins, after a head that is plain, and taken."""
        before, after = self._before, self._after
        if data.startswith(before):
            start = len(before)
            end = data.find(after, start, start + _DIGITS + len(after))
            if end > 0 and data[start:end].isdigit():
                self._length = int(data[start:end])
                return end + len(after)
        head = _HEAD.match(data)
        if head is None or head.end() > _LONGEST_PLAIN_HEAD or not self._is_plain(head):
            return None
        length = _LINE_OF_LENGTH.search(head[0])
        if length is None:
            self._before, self._after = _NOTHING_PLAIN, b""
        else:
            self._before, self._after = data[: length.start(1)], head[0][length.end(1) :]
        return head.end()

    def _is_plain(self, head: re.Match[bytes]) -> bool:
        """Take the head, if all of it is plain."""
        headers: dict[bytes, bytes] = {}
        for line in head[2].splitlines():
            name, _, value = line.partition(b":")
            name = name.lower()
            if name in _KNOWN:
                if name in headers:
                    return False
                headers[name] = value.strip(b" \t")
        if headers.pop(_CONNECTION, b"keep-alive").lower() != b"keep-alive" or _CODING in headers:
            return False
        status = int(head[1])
        length = headers.pop(_LENGTH, None)
        if length is None:
            if status not in _WITHOUT_BODY:
                return False
        elif status in _WITHOUT_BODY or not length.isdigit() or len(length) > _DIGITS:
            return False
        self._status = status
        self._headers = MappingProxyType(headers)
        self._length = int(length or 0)
        return True

    def _unless_too_long(self) -> Trouble | None:
        return TOO_LONG if self._length - self._missing > LONGEST_ANSWER else None

    def _judged(self, data: bytes) -> Answer | Trouble | None:
        from mailstate.dimail.judge import Judge  # noqa: PLC0415 - few runs need h11

        self._judge = Judge()
        return self._judge.hear(data)


def _may_become_plain(data: bytes) -> bool:
    """Whether *data* may be the beginning of a plain head."""
    return (
        _START.startswith(data[: len(_START)])
        and len(data) <= _LONGEST_PLAIN_HEAD
        and not _BLANK_LINE.search(data)
    )
