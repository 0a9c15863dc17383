"""
What ends a call, and what stops an operator.

Refused        an answer with a status and a detail, as the API gives it
Crashed        an unhandled error of the server: 500 as plain text, connection closed
SandboxError   told to the person who runs the sandbox, with a remedy
"""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):  # noqa: N818  an answer, not a fault
    """The call ends with *status* and *detail*, and nothing more happens."""

    def __init__(
        self, status: int, detail: object, headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep what is to be answered."""
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


class Crashed(Exception):  # noqa: N818  named for what the client sees
    """The server fails in the middle of a call; what was written before stays written."""


class SandboxError(Exception):
    """The sandbox cannot do as asked: what is wrong, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        """Keep the message for people and the remedy apart."""
        super().__init__(message)
        self.message = message
        self.hint = hint
