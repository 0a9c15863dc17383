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
from typing import Any

import httpx

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


async def _broken_transport(_transport: object, request: httpx.Request) -> httpx.Response:
    if request.method == "POST":
        _fail(dict(request.headers), request.content)
    response: httpx.Response = await _whole_transport(_transport, request)
    return response


_whole_transport: Any = httpx.AsyncHTTPTransport.handle_async_request

match os.environ.get("BROKEN"):
    case "httpx":
        httpx.AsyncHTTPTransport.handle_async_request = _broken_transport  # type: ignore[assignment,method-assign]
    case "smtplib.docmd":
        smtplib.SMTP.docmd = _fail  # type: ignore[assignment,method-assign]
    case "smtplib.send":
        smtplib.SMTP.send = _fail  # type: ignore[assignment,method-assign]
    case _:
        pass
