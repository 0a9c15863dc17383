"""
What a process of the tests does at its start, as if its user had set it up so.

It logs whatever any library has to say, lets asyncio tell all it does, waits for nothing, and
breaks the piece that BROKEN names: that raises with all it has been given in its words.
"""

import asyncio
import logging
import os
import smtplib
import sys
from asyncio.selector_events import _SelectorSocketTransport  # type: ignore[attr-defined]
from typing import Any

logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)

_sleep = asyncio.sleep
_begin = asyncio.BaseEventLoop.__init__


async def _doze(seconds: float) -> None:
    await _sleep(min(seconds, 0.001))


def _begin_impatiently(loop: asyncio.BaseEventLoop) -> None:
    _begin(loop)
    loop.slow_callback_duration = 0.0


asyncio.sleep = _doze  # type: ignore[assignment]
asyncio.BaseEventLoop.__init__ = _begin_impatiently  # type: ignore[assignment,method-assign]


def _fail(*given: object) -> None:
    error = KeyError(*map(str, given))
    error.add_note(f"given: {given}")
    raise error from ValueError(given)


def _broken_write(transport: Any, data: bytes) -> None:
    if data.startswith(b"POST "):
        _fail(data)
    _whole_write(transport, data)


_whole_write: Any = _SelectorSocketTransport.write

match os.environ.get("BROKEN"):
    case "asyncio":
        _SelectorSocketTransport.write = _broken_write
    case "smtplib.docmd":
        smtplib.SMTP.docmd = _fail  # type: ignore[assignment,method-assign]
    case "smtplib.send":
        smtplib.SMTP.send = _fail  # type: ignore[assignment,method-assign]
    case _:
        pass
