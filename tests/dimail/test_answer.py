"""What an answer says: its dates as email.utils reads them, its body unpacked within bounds."""

import gzip
import zlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstate.dimail.answer import Answer, _http_date
from mailstate.dimail.line import LONGEST_ANSWER, NOT_PACKED, TOO_LONG, Trouble
from mailstate.dimail.packing import unpacked

dates = st.datetimes(
    min_value=datetime(1000, 1, 1),  # noqa: DTZ001 - its zone comes below
    timezones=st.just(UTC),
).map(lambda date: format_datetime(date, usegmt=True))


@given(st.one_of(dates, st.builds("{:.29}{}".format, dates, st.sampled_from(["", " ", "0", "T"]))))
@example("Sunday, 06-Nov-94 08:49:37 GMT")
@example("Sun Nov  6 08:49:37 1994")
@example("Sun, 06 Nov 1994 24:00:00 GMT")
@example("Sun, 31 Feb 1994 08:49:60 GMT")
@example("Sun, 06 Nov 0094 08:49:37 GMT")
@example("٠")
def test_a_date_is_what_email_takes_it_for(text):
    """
    Those in the usual form are read without it.
    """
    try:
        expected = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        expected = None

    assert expected == _http_date(text)


def packed(packing: str, body: bytes) -> Answer:
    return Answer(status=200, headers={b"content-encoding": packing.encode()}, body=body)


def body_of(answer: Answer) -> bytes | Trouble:
    outcome = unpacked(answer)
    return outcome.body if isinstance(outcome, Answer) else outcome


bare = zlib.compressobj(wbits=-15)
TEXT = b'[{"name": "a.example"}]' * 9
BARE = bare.compress(TEXT) + bare.flush()


@pytest.mark.parametrize(
    "packing", ["gzip", " GZIP ", "deflate", "identity", "", "br", "gzip, gzip"]
)
@pytest.mark.parametrize(
    "body",
    [TEXT, gzip.compress(TEXT), zlib.compress(TEXT), BARE, b"", gzip.compress(TEXT)[:-9]],
    ids=["as it is", "gzip", "zlib", "bare", "nothing", "cut"],
)
def test_a_body_is_what_httpx_takes_it_for(packing, body):
    """
    What is packed in another way, or twice, is no answer.
    """
    if packing.strip().lower() not in {"gzip", "deflate", "identity"}:
        expected: bytes | Trouble = NOT_PACKED
    else:
        try:
            expected = httpx.Response(
                200, headers={"Content-Encoding": packing}, content=body
            ).content
        except httpx.DecodingError:
            expected = NOT_PACKED

    assert expected == body_of(packed(packing, body))


def test_a_body_is_unpacked_no_further_than_an_answer_may_be_long():
    """
    A few bytes could be all memory.
    """
    body = gzip.compress(bytes(LONGEST_ANSWER + 1), compresslevel=1)

    assert TOO_LONG == unpacked(packed("gzip", body))
