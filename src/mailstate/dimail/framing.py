"""
From the bytes of one answer, in whatever pieces they come, to the answer.

Nearly every answer has one plain form: HTTP/1.1, a head of well-formed lines, and a body whose
length is told once. That is read here at one look. Anything else (chunks, interim answers,
HTTP/1.0, a body that ends with the connection, odd heads) goes from its first byte to h11, which
is the judge. Where both could read an answer, both tell the same.
"""

import re
from collections.abc import Callable

from mailstate.dimail.line import BROKEN, HEEDED, LONGEST_ANSWER, TOO_LONG, Response, Trouble

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
_WITHOUT_BODY = frozenset({204, 304})


class Reading:
    """
    One answer on its way in. `is_judged` tells whether it is h11 that reads it.

    Bytes after its end make an answer the last on its connection: nobody asked for them.
    """

    __slots__ = ("_came", "_headers", "_hear", "_length", "_missing", "_status")

    def __init__(self) -> None:
        self._came: list[bytes] = []
        """All of the head until that is whole, then all of the body."""
        self._status = 0
        self._headers: dict[bytes, bytes] = {}
        self._length = 0
        self._missing = 0
        self._hear: Callable[[bytes], Response | Trouble | None] | None = None

    @property
    def is_judged(self) -> bool:
        return self._hear is not None

    def receive(self, data: bytes) -> Response | Trouble | None:
        """Take what came, and give the answer if it is whole now. To be called until then."""
        if self._hear is not None:
            return self._hear(data)
        if not self._status:
            if self._came:
                data = b"".join((*self._came, data))
                self._came.clear()
            head = _HEAD.match(data)
            if head is None:
                if _may_become_plain(data):
                    self._came.append(data)
                    return None
                return self._judged(data)
            if head.end() > _LONGEST_PLAIN_HEAD or not self._is_plain(head):
                return self._judged(data)
            data = data[head.end() :]
        self._came.append(data)
        self._missing -= len(data)
        if self._missing > 0:
            return TOO_LONG if self._length - self._missing > LONGEST_ANSWER else None
        if self._length > LONGEST_ANSWER:
            return TOO_LONG
        return Response(
            status=self._status,
            headers=self._headers,
            body=b"".join(self._came)[: self._length],
            is_last=self._missing < 0,
        )

    def end(self) -> Response | Trouble:
        """What to make of it when nothing more comes."""
        if self._status:
            return BROKEN
        return self._judged(b"".join(self._came)) or self._judged(b"") or BROKEN

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
        self._headers = headers
        self._length = self._missing = int(length or 0)
        return True

    def _judged(self, data: bytes) -> Response | Trouble | None:
        if self._hear is None:
            from mailstate.dimail.judge import Judge  # noqa: PLC0415 - few runs need h11

            self._hear = Judge().hear
        return self._hear(data)


def _may_become_plain(data: bytes) -> bool:
    """Whether *data* may be the beginning of a plain head."""
    return (
        _START.startswith(data[: len(_START)])
        and len(data) <= _LONGEST_PLAIN_HEAD
        and not _BLANK_LINE.search(data)
    )
