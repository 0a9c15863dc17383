"""The quick way to read an answer, and h11's: where both can, both read the same."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.dimail.answer import Answer
from mailstate.dimail.framing import Reading
from mailstate.dimail.judge import Judge
from mailstate.dimail.line import BROKEN, LONGEST_ANSWER, TOO_LONG, Trouble

BODY = b'[{"name":"a.example"}]'
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"

Outcome = Answer | Trouble


def read(pieces: Iterable[bytes], reading: Reading | None = None) -> tuple[int, Outcome, bool]:
    """By the reader of the product: after how many pieces, what, and whether it is the last."""
    reading, number = reading or Reading(), 0
    for number, piece in enumerate(pieces, start=1):
        if outcome := reading.receive(piece):
            return number, outcome, is_last(reading, outcome)
    outcome = reading.end()
    return number + 1, outcome, is_last(reading, outcome)


def judged(pieces: Iterable[bytes]) -> tuple[int, Outcome, bool]:
    """The same by h11 alone."""
    judge, number = Judge(), 0
    for number, piece in enumerate(pieces, start=1):
        if outcome := judge.hear(piece):
            return number, outcome, is_last(judge, outcome)
    outcome = judge.hear(b"") or BROKEN
    return number + 1, outcome, is_last(judge, outcome)


def is_last(reader: Reading | Judge, outcome: Outcome) -> bool:
    """Whether the connection is of no more use, as it is not after trouble."""
    return isinstance(outcome, Trouble) or reader.is_last


def is_judged(data: bytes) -> bool:
    reading = Reading()
    reading.receive(data)
    return reading.is_judged


HEADERS = [
    b"Content-Length: 2",
    b"content-length:2",
    b"Content-Length: 22",
    b"Content-Length: +2",
    b"Content-Length: 2, 2",
    b"Content-Length : 2",
    b"Content-Length: \xb2",
    b"Content-Length: 00002",
    b"Content-Length: 99999999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip",
    b"Connection: close",
    b"connection: Keep-Alive",
    b"Connection: keep-alive, close",
    b"Content-Encoding: gzip",
    b"Content-Encoding:\t identity \t",
    b"Date: Sun, 06 Nov 1994 08:49:37 GMT",
    b"Retry-After: 7",
    b"Retry-After: 8",
    b"Location: /there/",
    b"Location:",
    b"X-Any: a  b\tc",
    b"X-Any: \xe9",
    b" folded",
    b"no colon",
    b": no name",
    b"Bad Name: x",
    b"X-Nul: \x00",
]
BODIES = [b"", b"{}", b"{}{}", b"2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}\r\n", BODY]
STARTS = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200",
    b"HTTP/1.1 200 ",
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 304 Not Modified",
    b"HTTP/1.1 307 \xe9",
    b"HTTP/1.1 999 x",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
    b"HTTP/1.1 101 Switching Protocols",
    b"HTTP/1.0 200 OK",
    b"HTTP/2.0 200 OK",
    b"HTTP/1.1  200 OK",
    b"http/1.1 200 OK",
    b"",
]
CHARS = [b"", b"\r", b"\n", b"\r\n", b"\n\n", b" ", b"\t", b":", b",", b"0", b"2", b"x", b"\x00"]


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Answers, good and bad, some of them damaged at some places."""
    start = draw(st.one_of(st.just(STARTS[0]), st.sampled_from(STARTS)))
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=4))
    body = draw(st.sampled_from(BODIES))
    if draw(st.booleans()):
        headers.append(b"Content-Length: %d" % len(body))
    data = b"".join((start, b"\r\n", *(header + b"\r\n" for header in headers), b"\r\n", body))
    for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from(CHARS)) + data[at + draw(st.integers(0, 2)) :]
    return data


@st.composite
def pieces(draw: st.DrawFn) -> list[bytes]:
    """An answer, cut at any places."""
    data = draw(answers())
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=4)))
    return [
        data[start:end]
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)
        if start < end
    ]


@given(pieces())
@example([PLAIN])
@example([b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}"])
@example([b"HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 2\r\n\r\n{}"])
@example([CHUNKED.replace(b"\r\n", b"\r\nContent-Length: 2\r\n", 1)])
@example([b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"])
@example([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\n{}"])
@example([b"HTTP/1.1 204 x\r\nContent-Length: 2\r\n\r\n{}"])
def test_the_quick_way_and_the_judge_read_the_same(pieces):
    """
    The same answer, and the same of its connection; or the same trouble; and as soon.
    """
    assert judged(pieces) == read(pieces)


HEAD = (
    b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: uvicorn\r\n"
    b"Content-Length: 22\r\nConnection: keep-alive\r\n\r\n"
)


def read_on(answers: Iterable[list[bytes]]) -> list[tuple[int, Outcome, bool]]:
    """As one connection after the other reads them, each for as long as it is of use."""
    reading, told = Reading(), []
    for pieces in answers:
        told.append(read(pieces, reading))
        if told[-1][2] or reading.is_judged:
            reading = Reading()
    return told


@given(st.integers(0, len(HEAD)), st.integers(0, 2), st.binary(max_size=2))
@example(HEAD.index(b"22\r"), 2, b"")
@example(HEAD.index(b"22\r"), 2, b"+3")
@example(HEAD.index(b"22\r"), 0, b"\xb2")
@example(HEAD.index(b"22\r"), 2, b"2")
def test_what_one_answer_says_is_not_taken_for_what_the_next_one_says(at, length, other):
    """
    Though they differ in a byte or two, wherever, and come on one connection.
    """
    like = HEAD[:at] + other + HEAD[at + length :] + BODY
    answers = [[HEAD + BODY], [like], [HEAD + BODY], [like]]

    assert [judged(pieces) for pieces in answers] == read_on(answers)


@given(st.lists(pieces(), max_size=4))
@example([[PLAIN], [b"HTTP/1.1 204 x\r\n\r\n"], [PLAIN], [PLAIN[:20], PLAIN[20:]], [PLAIN[:40]]])
@example([[HEAD + BODY], [HEAD.replace(b"22\r", b"9" * 23 + b"\r") + BODY]])
@example([[PLAIN], [b"HTTP/1.1 204 x\r\n\r\n"], [b"\n%d\r\n\r\n%b" % (len(BODY), BODY)]])
def test_a_connection_reads_one_answer_like_the_other(answers):
    """
    Whatever came before, on this connection or on others.
    """
    assert [judged(pieces) for pieces in answers] == read_on(answers)


@given(st.lists(st.integers(1, len(PLAIN) - 1), max_size=6))
def test_an_answer_may_come_in_any_pieces(cuts):
    """
    Down to single bytes; what is plain stays so.
    """
    cuts = sorted(set(cuts))
    reading = Reading()
    outcomes = [
        reading.receive(PLAIN[start:end])
        for start, end in zip([0, *cuts], [*cuts, len(PLAIN)], strict=True)
    ]

    assert [*[None] * len(cuts), Answer(status=200, body=BODY)] == outcomes
    assert not reading.is_judged


@pytest.mark.parametrize(
    "head",
    [
        # uvicorn, as the sandbox and dimail have it
        (
            "HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 20:00:00 GMT\r\nserver: uvicorn\r\n"
            "content-length: 22\r\ncontent-type: application/json"
        ),
        # nginx before uvicorn
        (
            "HTTP/1.1 404 Not Found\r\nServer: nginx/1.22.1\r\n"
            "Date: Sun, 22 Nov 2026 20:00:00 GMT\r\n"
            "Content-Type: application/json\r\nContent-Length: 22\r\nConnection: keep-alive\r\n"
            "Keep-Alive: timeout=5\r\nX-Request-Id: 1\r\nX-Request-Id: 2"
        ),
        # gunicorn with threads
        (
            "HTTP/1.1 201 Created\r\nServer: gunicorn\r\nDate: Sun, 22 Nov 2026 20:00:00 GMT\r\n"
            "Connection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: 22"
        ),
    ],
)
def test_what_servers_say_is_plain(head):
    """
    Their answers need no judge.
    """
    data = head.encode() + b"\r\n\r\n" + BODY

    assert not is_judged(data)
    assert judged([data]) == read([data])


def test_no_content_is_plain():
    """
    It is what dimail says after each DELETE.
    """
    assert not is_judged(b"HTTP/1.1 204 No Content\r\ndate: x\r\nserver: uvicorn\r\n\r\n")


@pytest.mark.parametrize(
    "data",
    [
        PLAIN + PLAIN,
        PLAIN + b"\n",
        CHUNKED + PLAIN,
        b"HTTP/1.1 204 No Content\r\n\r\n[]",
        PLAIN.replace(b"OK", b"OK\r\nconnection: close"),
        PLAIN.replace(b"1.1", b"1.0"),
    ],
)
def test_after_some_answers_a_connection_is_of_no_use(data):
    """
    More came than was announced, or the server said so.
    """
    _, outcome, is_last = read([data])

    assert isinstance(outcome, Answer)
    assert is_last


@pytest.mark.parametrize("length", [99_000, 150_000])
@pytest.mark.parametrize("at_once", [1_000, 64_000, 1_000_000])
def test_a_head_has_an_end(length, at_once):
    """
    However it comes: up to 100 kiB it is read, then not any more.
    """
    data = PLAIN.replace(b"OK", b"OK\r\nx-y: " + b"z" * length)
    _, outcome, _ = read([data[at : at + at_once] for at in range(0, len(data), at_once)])

    assert (Answer(status=200, body=BODY) if length < 100_000 else BROKEN) == outcome


@pytest.mark.parametrize("framing", [f"content-length: {1 << 40}", "x: y"])
def test_a_body_has_an_end(framing):
    """
    What no list needs is not waited for, by either way.
    """
    reading = Reading()
    outcome = reading.receive(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
    came, piece = 0, b" " * (1 << 20)
    while outcome is None and came <= 2 * LONGEST_ANSWER:
        came += len(piece)
        outcome = reading.receive(piece)

    assert (TOO_LONG, LONGEST_ANSWER + len(piece)) == (outcome, came)
