"""Every way in which an answer to a read can be bad, and some in which it only looks so."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.wire.proxy import Close, Deed, Instead, Raw, Reset, Silence
from tests.wire.reading import CANARY, Fault, Said

_ERROR = json.dumps({"detail": CANARY}).encode()
_PAGE = f"<!DOCTYPE html><title>{CANARY}</title>".encode()
_JSON = ("content-type", "application/json")
_HTML = ("content-type", "text/html; charset=utf-8")


def always(deed: Deed) -> Fault:
    return lambda _said: deed


def status(number: int, body: bytes = _ERROR, *headers: tuple[str, str]) -> Fault:
    return always(Instead(number, body, (_JSON, *headers)))


def same_but(number: int) -> Fault:
    """The right answer with another status."""
    return lambda said: Instead(number, said.body, said.headers)


def body(make: Callable[[bytes], bytes], *headers: tuple[str, str]) -> Fault:
    """The right status, and what *make* does to the body."""
    return lambda said: Instead(said.status, make(said.body), (*said.headers, *headers))


def value(make: Callable[[Any], Any]) -> Fault:
    """The right status, and what *make* does to the JSON."""
    return body(lambda text: json.dumps(make(json.loads(text))).encode())


def headed(*headers: tuple[str, str]) -> Fault:
    """The right body under these headers alone."""
    return lambda said: Instead(said.status, said.body, headers)


def _moved(number: int, where: Callable[[Said], str]) -> Fault:
    return lambda said: Instead(number, b"", (("location", where(said)),))


def _other_slash(said: Said) -> str:
    return said.url.removesuffix("/") if said.url.endswith("/") else f"{said.url}/"


def _on(place: str, said: Said) -> str:
    return place + urlsplit(_other_slash(said)).path


def raw(make: Callable[[Said], bytes]) -> Fault:
    """These bytes, and the end of the connection."""
    return lambda said: Raw(make(said))


def _head(said: Said, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {said.status} ", "content-type: application/json", *more, "", ""]
    return "\r\n".join(lines).encode()


def _length(keep: float, *, more: int = 0) -> Callable[[Said], bytes]:
    """Announces all of the body, and *more*; sends a part, or all but so many bytes."""

    def make(said: Said) -> bytes:
        return _head(said, f"content-length: {len(said.body) + more}") + _part(said.body, keep)

    return make


def _chunked(keep: float, *, end: bytes = b"") -> Callable[[Said], bytes]:
    def make(said: Said) -> bytes:
        part = _part(said.body, keep)
        chunk = b"%x\r\n%b\r\n" % (len(part), part) if part else b""
        return _head(said, "transfer-encoding: chunked") + chunk + end

    return make


def _part(text: bytes, keep: float) -> bytes:
    """As much of *text*; if that is less than nothing, all but so many bytes."""
    return text[: int(keep)] if keep < 0 else text[: int(len(text) * keep)]


def _in_head(keep: float) -> Callable[[Said], bytes]:
    return lambda said: _part(_head(said, f"content-length: {len(said.body)}"), keep)


def _packed(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


def _damaged(text: bytes) -> bytes:
    packed = bytearray(_packed(text))
    packed[len(packed) // 2] ^= 0xFF
    packed[-6] ^= 0xFF  # and the sum, should the text have stayed what it was
    return bytes(packed)


_GZIP = ("content-encoding", "gzip")
_DEFLATE = ("content-encoding", "deflate")

PASSING: dict[str, Fault] = {
    "reset": always(Reset()),
    "closed": always(Close()),
    "silence": always(Silence()),
    "cut in the first line": raw(_in_head(0.1)),
    "cut in the head": raw(_in_head(0.7)),
    "cut after the head": raw(_length(0.0)),
    "cut in the middle": raw(_length(0.5)),
    "cut near the end": raw(_length(0.9)),
    "cut before the last byte": raw(_length(-1)),
    "cut in a line of the head's end": raw(lambda said: _head(said)[:-2]),
    "chunked, cut before the first": raw(_chunked(0.0)),
    "chunked, cut in the middle": raw(_chunked(0.5)),
    "chunked, cut within a chunk": raw(lambda said: _chunked(-1)(said)[:-20]),
    "chunked, whole but for the end": raw(_chunked(1.0)),
    "chunked, cut in the end": raw(_chunked(1.0, end=b"0\r\n")),
    "chunked, no number": raw(_chunked(1.0, end=b"zz\r\n\r\n")),
    "longer by a byte": raw(_length(1.0, more=1)),
    "longer by far": raw(_length(1.0, more=1 << 40)),
    "no length": raw(lambda said: _head(said, "content-length: many") + said.body),
    "length below nothing": raw(lambda said: _head(said, "content-length: -1") + said.body),
    "two lengths": raw(
        lambda said: _head(said, "content-length: 2", "content-length: 3") + said.body
    ),
    "unknown framing": raw(lambda said: _head(said, "transfer-encoding: torn") + said.body),
    "no HTTP": raw(lambda said: said.body),
    "TLS": raw(lambda _: b"\x15\x03\x01\x00\x02\x02\x28"),
    "another protocol": raw(lambda _: b"SSH-2.0-canary\r\n"),
    "endless head": raw(lambda said: _head(said)[:-2] + b"x-y: " + b"z" * 200_000 + b"\r\n\r\n"),
    "only the news that one may go on": raw(lambda _: b"HTTP/1.1 100 Continue\r\n\r\n"),
    "gzip, damaged": body(_damaged, _GZIP),
    "gzip, not packed": body(lambda text: text, _GZIP),
    "deflate, not packed": body(lambda text: text, _DEFLATE),
    "packed twice": body(lambda text: _packed(_packed(text)), ("content-encoding", "gzip, gzip")),
    "packed twice, told twice": body(lambda text: _packed(_packed(text)), _GZIP, _GZIP),
    "packed in an unknown way": body(zlib.compress, ("content-encoding", "br")),
    **{f"{number}": status(number) for number in (429, 500, 502, 503, 504)},
    "500 as dimail says it": always(Instead(500, b"Internal Server Error", close=True)),
    "502 as a page": always(Instead(502, _PAGE, (_HTML,))),
    "503 with the right list": same_but(503),
    "429 with a pause": status(429, _ERROR, ("retry-after", "3")),
}
"""What a client asks again after."""

_REFUSED = (400, 404, 405, 408, 409, 410, 412, 422)

FINAL: dict[str, Fault] = {
    **{f"{number}": status(number) for number in _REFUSED},
    **{f"{number} with the right body": same_but(number) for number in (201, 206)},
    "410 with the right body": same_but(410),
    "204": always(Instead(204)),
    "205": status(205, b""),
    "304": always(Raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
    "300": status(300),
    **{f"{number} to the right place": _moved(number, _other_slash) for number in (301, 302, 303)},
    "307 elsewhere": _moved(307, lambda said: _on("http://elsewhere.example", said)),
    "307 to another port": _moved(307, lambda said: _on("http://127.0.0.1:9", said)),
    "308 elsewhere": _moved(308, lambda said: _on("//elsewhere.example", said)),
    "307 to nowhere": status(307, b""),
    "307 round and round": _moved(307, lambda said: said.url),
    "307 to a name and a password": _moved(
        307, lambda said: _other_slash(said).replace("//", "//a:b@", 1)
    ),
    "page": always(Instead(200, _PAGE, (_HTML,))),
    "page as JSON": always(Instead(200, _PAGE, (_JSON,))),
    "nothing": status(200, b""),
    "blank": status(200, b" \r\n"),
    "error": status(200),
    "error as a list": status(200, b'{"detail": [{"type": "x", "loc": [], "msg": "canary"}]}'),
    **{
        f"JSON {text}": status(200, text.encode())
        for text in ("null", "true", "7", "-0.5", '"canary"', "{}", "NaN", "[[]]", "[null]")
    },
    **{
        f"list of {text}": status(200, f"[{text}]".encode())
        for text in ("7", '"canary"', "{}", "true", '{"canary": 1}', "NaN", '{"name": null}')
    },
    "the right one in a list": body(lambda text: b"[%b]" % text),
    "the right one in a page of some": body(lambda text: b'{"items": %b, "count": 1}' % text),
    "the right one as text": body(lambda text: json.dumps(text.decode()).encode()),
    "the right one twice": body(lambda text: text + text),
    "the right one and more": body(lambda text: text + b"]"),
    "JSON of lines": body(lambda text: text + b"\n" + text),
    "half of it": body(lambda text: text[: len(text) // 2]),
    "all but a byte": body(lambda text: text[:-1]),
    "all but the first byte": body(lambda text: text[1:]),
    "half, with no length": raw(lambda said: _head(said) + said.body[: len(said.body) // 2]),
    "half, chunked": raw(_chunked(0.5, end=b"0\r\n\r\n")),
    "shorter by a byte": raw(
        lambda said: _head(said, f"content-length: {len(said.body) - 1}") + said.body
    ),
    "single quotes": body(lambda text: text.replace(b'"', b"'")),
    "bytes that are no text": body(lambda text: text.replace(b'"', b'"\xff', 1)),
    "UTF-16": body(lambda text: text.decode().encode("utf-16")),
    "half a character": body(lambda text: text.replace(b'":"', b'":"\\ud83d')),
    "nested without end": status(200, b"[" * 100_000),
    "nested deeply": status(200, b"[" * 100_000 + b"]" * 100_000),
    "nested deeply in a list": status(200, b'[{"a":' * 50_000 + b"1" + b"}]" * 50_000),
    "a number without end": status(200, b"[" + b"1" * 10_000 + b"]"),
    "gzip, cut": body(lambda text: _packed(text)[:-12], _GZIP),
    "gzip of nothing": body(lambda _: _packed(b""), _GZIP),
    "gzip that is not told": body(_packed),
}
"""What ends the run at once."""

REFUSALS = {f"{number}": status(number) for number in (401, 403)}
"""What may be the end of a token, and may be a lack of rights."""


def _all_over(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """*change* made to the one mapping of an answer, or to each in its list."""
    return value(
        lambda told: [change(item) for item in told] if isinstance(told, list) else change(told)
    )


def _listed(change: Callable[[list[Any]], list[Any]]) -> Fault:
    """*change* made to a list; what is none stays."""
    return value(lambda told: change(told) if isinstance(told, list) else told)


HARMLESS: dict[str, Fault] = {
    "page that is none": headed(_HTML),
    "no type": headed(),
    "another alphabet": headed(("content-type", "application/json; charset=iso-8859-1")),
    "mark at the beginning": body(lambda text: b"\xef\xbb\xbf" + text),
    "blanks": body(lambda text: b"\r\n\t " + json.dumps(json.loads(text), indent=4).encode()),
    "unknown keys": _all_over(lambda item: {"x": [{"y": None}], **item, "": {"password": CANARY}}),
    "numbers that are none": _all_over(lambda item: {**item, "x": float("nan")}),
    "everything twice": _listed(lambda items: items + items),
    "the other way round": _listed(lambda items: items[::-1]),
    "more than was announced": lambda said: Instead(
        said.status,
        said.body + CANARY.encode(),
        (*said.headers, ("content-length", str(len(said.body)))),
    ),
    "gzip": body(_packed, _GZIP),
    "deflate": body(zlib.compress, _DEFLATE),
    "chunked": raw(_chunked(1.0, end=b"0\r\n\r\n")),
    "no length": raw(lambda said: _head(said) + said.body),
    "HTTP/1.0": raw(lambda said: _head(said).replace(b"/1.1", b"/1.0", 1) + said.body),
    "news before": raw(lambda said: b"HTTP/1.1 103 Early Hints\r\n\r\n" + _length(1.0)(said)),
    "307 to the other slash": _moved(307, _other_slash),
    "308 to the other slash": _moved(308, lambda said: urlsplit(_other_slash(said)).path),
    "307 to https on the same host": _moved(
        307, lambda said: _other_slash(said).replace("http:", "https:", 1)
    ),
}
"""What makes no difference."""
