"""What an answer says, once it is unpacked and its dates are read."""

import re
import time
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from mailstate.dimail.line import LONGEST_ANSWER, NOT_PACKED, TOO_LONG, Response, Trouble

# Some servers leave out the head and the sum that belong to `deflate`.
_FORMS = {"gzip": (zlib.MAX_WBITS | 16,), "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS)}

# The only form that servers write nowadays; RFC 9110, 5.6.7, has two older ones.
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([12][0-9]{3}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that came whole. `retry_after` and `date` are its headers, in seconds."""

    status: int
    body: bytes = field(default=b"", repr=False)
    retry_after: float | None = None
    date: float | None = None


def read(response: Response) -> Answer | Trouble:
    """What *response* says."""
    body = _unpacked(response)
    if isinstance(body, Trouble):
        return body
    date = _http_date(response.header(b"date"))
    return Answer(
        status=response.status,
        body=body,
        retry_after=_retry_after(response.header(b"retry-after"), date),
        date=date,
    )


def _unpacked(response: Response) -> bytes | Trouble:
    # Those two unpack to a thousand times their size at most, and no further than to what is
    # bearable; what is packed twice, or in another way, is not looked at.
    packing = response.header(b"content-encoding")
    if packing is None:
        return response.body
    packing = packing.strip().lower()
    if packing == "identity":
        return response.body
    for form in _FORMS.get(packing, ()):
        try:
            body = zlib.decompressobj(form).decompress(response.body, LONGEST_ANSWER + 1)
        except zlib.error:
            continue
        return TOO_LONG if len(body) > LONGEST_ANSWER else body
    return NOT_PACKED


def _retry_after(text: str | None, date: float | None) -> float | None:
    if text is None:
        return None
    if re.fullmatch("[0-9]{1,18}", text):
        return float(text)
    until = _http_date(text)
    # Without a clock on either side to compare with, a date says only "not now".
    return None if until is None else max(0.0, until - (time.time() if date is None else date))


@lru_cache(maxsize=8)
def _http_date(text: str | None) -> float | None:
    """The seconds of a date; of many answers in one second it is the same."""
    if text is None:
        return None
    try:
        found = _DATE.fullmatch(text)
        if found is not None:
            day, month, *others = found.groups()
            year, hour, minute, second = map(int, others)
            date = datetime(
                year, _MONTHS.index(month) // 3 + 1, int(day), hour, minute, second, tzinfo=UTC
            )
            return date.timestamp()
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - rarely needed

        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
