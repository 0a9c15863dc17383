"""The token: what can be read of it, and when the next one is needed (contract §3)."""

import base64
import json
import re
from dataclasses import dataclass

from mailstate.dimail.calls import Call
from mailstate.dimail.connections import Answer
from mailstate.dimail.node import parse
from mailstate.errors import RefusedCallError
from mailstate.model.secret import Secret

_LONGEST = 40 * 60.0
"""Seconds after which any token is renewed; dimail's live 47 minutes."""

_MARGIN = 120.0
"""Seconds before its end that a token is renewed; less for one that is short-lived anyway."""

_CLEARED = 60.0


@dataclass(slots=True, kw_only=True)
class Token:
    """A token. All its times are seconds of the monotonic clock."""

    authorization: Secret
    """The header that it is shown in."""

    fetched_at: float
    renew_at: float
    cleared_until: float = float("-inf")

    def clear(self, now: float) -> None:
        """A call was refused to this token although it was new: the reason are rights."""
        self.cleared_until = now + _CLEARED


def read_token(call: Call, answer: Answer, *, username: str, now: float, wall: float) -> Token:
    """
    The token in *answer*.

    Its end is taken against the server's own clock where the answer tells it, so that a wrong
    clock on this side does no harm. Raises `RefusedCallError` if it is the token of somebody
    else, and `MalformedAnswerError` if there is none.
    """
    node = parse(call, answer.body)
    text = node.text("access_token")
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise node.malformed("is not a token", "access_token")
    claims = _claims(text)
    subject = claims.get("sub")
    if subject == "FAKE" != username:
        raise RefusedCallError(
            f"{call}: this dimail has no user yet",
            hint="set it up with `mailstate bootstrap`",
        )
    if isinstance(subject, str) and subject.lower() != username.lower():
        raise RefusedCallError(
            f"{call}: the token names another user than the one who asked",
            hint="check MAILSTATE_URL and MAILSTATE_USERNAME",
        )
    return Token(
        authorization=Secret(f"Bearer {text}"),
        fetched_at=now,
        renew_at=now + _useful(claims.get("exp"), wall if answer.date is None else answer.date),
    )


def _useful(end: object, server_time: float) -> float:
    """Seconds for which a token that ends at *end* is used."""
    if not isinstance(end, int | float) or isinstance(end, bool):
        return _LONGEST
    try:
        life = end - server_time
    except OverflowError:
        return _LONGEST
    if life <= 0:
        return _LONGEST  # the clocks disagree; dimail will refuse it when it has ended
    return min(_LONGEST, life - min(_MARGIN, life / 10))


def _claims(text: str) -> dict[str, object]:
    """The claims of a JWT, not verified: a hint on its end, never a proof. Empty if opaque."""
    try:
        middle = text.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
