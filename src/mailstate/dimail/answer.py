"""An answer of a server, as it came, and the times that it tells."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

HEEDED = frozenset({b"content-encoding", b"date", b"location", b"retry-after"})
"""The headers of an answer that mean something to mailstate."""

# The only form that servers write nowadays; RFC 9110, 5.6.7, has two older ones.
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([12][0-9]{3}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that came whole. `headers` has those that are heeded, in lower case."""

    status: int
    headers: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: bytes) -> str | None:
        """The header of that name, as text."""
        value = self.headers.get(name)
        if value is None:
            return None
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")

    @property
    def date(self) -> float | None:
        """When it was given, in seconds since 1970 by the server's clock."""
        return _http_date(self.header(b"date"))

    @property
    def retry_after(self) -> float | None:
        """Seconds for which the server asks for patience."""
        text = self.header(b"retry-after")
        if text is None:
            return None
        if re.fullmatch("[0-9]{1,18}", text):
            return float(text)
        until = _http_date(text)
        # Without a clock on either side to compare with, a date says only "not now".
        now = self.date
        return None if until is None else max(0.0, until - (time.time() if now is None else now))


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
