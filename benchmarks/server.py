"""
A dimail that costs as little as one in Python can: prepared bytes for each target, nothing else.

    python -m benchmarks.server made/live.txt --core 0

prints its URL and serves until it is stopped. It looks at no credentials. What it was asked is
counted: `GET /_counts` tells the counts by method and path without names, and starts again.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import sys
import time
from collections import Counter
from email.utils import formatdate
from pathlib import Path

_REASONS = {200: b"OK", 201: b"Created", 404: b"Not Found"}
_NAMES = re.compile(r"/(users|domains|mailboxes|aliases)/[^/?]+")


def response(status: int, body: bytes) -> bytes:
    """A whole answer of HTTP/1.1, with the headers that uvicorn sends."""
    return b"HTTP/1.1 %d %b\r\ndate: %b\r\nserver: uvicorn\r\ncontent-length: %d\r\n%b\r\n%b" % (
        status,
        _REASONS[status],
        formatdate(usegmt=True).encode(),
        len(body),
        b"content-type: application/json\r\n",
        body,
    )


def token(account: str, *, now: float) -> str:
    """A JWT of *account* for 47 minutes, with a signature that nobody checks."""
    claims = {"sub": account, "exp": int(now) + 47 * 60}
    parts = (json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, b"unchecked")
    )


def second_api(body: bytes) -> bytes:
    """A list of mailboxes as the second API tells it, from the one of the first."""
    boxes = [
        {
            "type": "mailbox",
            "active": "yes",
            "email": box["email"],
            "features": ["ox"],
            "extras": {
                "ox": {
                    "given_name": box["givenName"],
                    "sur_name": box["surName"],
                    "display_name": box["displayName"],
                },
                "schedule": None,
            },
            "dirty_quirks": {"ox-config": {}},
            "additionalSenders": [],
            "rate_limit": None,
            "quota": None,
        }
        for box in sorted(json.loads(body), key=lambda box: str(box["email"]))
        if box["status"] == "ok"
    ]
    return json.dumps(boxes, ensure_ascii=False, separators=(",", ":")).encode()


def prepared(lines: list[bytes], *, account: str, v2: bool) -> dict[bytes, bytes]:
    """The answer to each target, from *lines* of `benchmarks.data`; of both APIs with *v2*."""
    login = {"access_token": token(account, now=time.time()), "token_type": "bearer"}
    answers = {b"/token/": response(200, json.dumps(login).encode())}
    for line in lines:
        target, _, body = line.rstrip(b"\n").partition(b" ")
        answers[target] = response(200, body)
        if v2 and target.endswith(b"/mailboxes/"):
            answers[b"/v2" + target] = response(200, second_api(body))
    return answers


class Server:
    """The answers, and what was asked."""

    def __init__(self, answers: dict[bytes, bytes], *, delay: float) -> None:
        self._answers = answers
        self._asked: Counter[bytes] = Counter()
        self._unknown = response(404, b'{"detail":"Not Found"}')
        self.delay = delay

    def read(self, target: bytes) -> bytes:
        """The answer to a GET."""
        if target == b"/_counts":
            return self._counts()
        self._asked[b"GET " + target] += 1
        return self._answers.get(target, self._unknown)

    def write(self, method: bytes, target: bytes) -> bytes:
        """The answer to whatever changes something: that it was done."""
        self._asked[method + b" " + target] += 1
        names = target.decode().split("/")
        done = {"email": f"{names[-1]}@{names[2]}", "password": "made-up"} if names[4:] else {}
        return response(201 if method == b"POST" else 200, json.dumps(done).encode())

    def _counts(self) -> bytes:
        counts: Counter[str] = Counter()
        for asked, times in self._asked.items():
            counts[_NAMES.sub(r"/\1/*", asked.decode())] += times
        self._asked.clear()
        return response(200, json.dumps(counts).encode())


class Connection(asyncio.Protocol):
    """One connection of one client: one request after the other, pipelined or not."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        assert self._transport is not None
        data = self._rest + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            method, target, _ = data[: data.index(b"\r\n")].split(b" ")
            end += 4
            if method == b"GET":
                self._transport.write(self._server.read(target))
            else:
                end += _length(data[:end])
                if len(data) < end:
                    break
                answer = self._server.write(method, target)
                asyncio.get_running_loop().call_later(
                    self._server.delay, self._transport.write, answer
                )
            data = data[end:]
        self._rest = data


def _length(head: bytes) -> int:
    """How long the body is that follows *head*."""
    found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


async def serve(server: Server, port: int) -> None:
    """Print the URL, and serve until cancelled."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", port)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    async with listening:
        await listening.serve_forever()


def main() -> None:
    """Serve what is asked for on the command line."""
    parser = argparse.ArgumentParser(description="A quick dimail with prepared answers.")
    parser.add_argument("answers", type=Path, help="live.txt of benchmarks.data")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--core", type=int, help="run on this processor alone, where that can be")
    parser.add_argument("--v2", action="store_true", help="has the second API too")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that a change takes")
    parser.add_argument("--account", default="bench")
    asked = parser.parse_args()
    if asked.core is not None and sys.platform == "linux":
        os.sched_setaffinity(0, {asked.core})
    with asked.answers.open("rb") as file:
        answers = prepared(list(file), account=asked.account, v2=asked.v2)
    try:
        asyncio.run(serve(Server(answers, delay=asked.delay), asked.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
