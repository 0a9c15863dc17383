"""
How long a whole `mailstate apply` takes beside what the server needs for it.

    python -m benchmarks.apply                        2,000 creations of 50 ms each, 4 at once
    python -m benchmarks.apply --limit 40 --told      beside what a limit of 40 a second grants

    python -m benchmarks.apply --cost 0 --creates 20000          what the client itself takes

The server waits for each creation; with a limit it answers 429 to the rest, and with *told* says
when to come again. No domain is switched off: whatever is asked is made, and the run ends with 0.
"""

import argparse
import asyncio
import math
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from benchmarks import data
from benchmarks.limits import Bucket
from benchmarks.server import Connection, Server, prepared, response

_WARM_UP = 500
"""Creations after which a limit counts as learnt."""


class Limited(Server):
    """A server that notes when each creation came, and whether it was refused."""

    def __init__(
        self, answers: dict[bytes, bytes], *, cost: float, limit: float | None, told: bool
    ) -> None:
        super().__init__(answers, delay=cost)
        self._cost = cost
        self.seen: list[tuple[float, bool]] = []
        self._limit = Bucket(limit, 10) if limit else None
        self._told = told

    def write(self, method: bytes, target: bytes) -> bytes:
        """That it was done, or that it was one too many."""
        now = time.monotonic()
        is_accepted = self._limit is None or self._limit.admit(now)
        self.seen.append((now, is_accepted))
        self.delay = self._cost if is_accepted else 0.0
        if is_accepted:
            return super().write(method, target)
        refusal = response(200, b"{}").replace(b" 200 OK", b" 429 Too Many Requests", 1)
        if not self._told or self._limit is None:
            return refusal
        wait = b"\r\nretry-after: %d\r\n" % math.ceil(self._limit.wait(now))
        return refusal.replace(b"\r\n", wait, 1)


def _serve(pipe: Pipe, lines: list[bytes], asked: argparse.Namespace) -> None:
    answers = prepared(lines, account="bench", v2=False)
    server = Limited(answers, cost=asked.cost, limit=asked.limit, told=asked.told)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0)
        pipe.send(listening.sockets[0].getsockname()[1])
        await loop.run_in_executor(None, pipe.recv)

    asyncio.run(run())
    pipe.send(server.seen)


def _emptied(lines: list[bytes]) -> Iterator[bytes]:
    """What a dimail has in which no mailbox was made yet."""
    for line in lines:
        target, _, body = line.partition(b" ")
        yield target + b" " + (b"[]\n" if target.endswith(b"/mailboxes/") else body)


async def _bare(port: int, calls: int, concurrency: int) -> float:
    """Seconds that the same number of creations takes without any client at all to speak of."""
    request = b"POST /domains/a.example/mailboxes/bare HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}"

    async def post(times: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(times):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
            await reader.readexactly(int(length))
        writer.close()

    started = time.monotonic()
    await asyncio.gather(*(post(calls // concurrency) for _ in range(concurrency)))
    return time.monotonic() - started


def main() -> None:
    """Measure what is asked for on the command line."""
    parser = argparse.ArgumentParser(description="A whole apply beside what its server needs.")
    parser.add_argument("--creates", type=int, default=2000, help="about so many")
    parser.add_argument("--cost", type=float, default=0.05, help="seconds at the server")
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--limit", type=float, help="creations a second that the server grants")
    parser.add_argument("--told", action="store_true", help="it says when to come again")
    parser.add_argument("--without-journal", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(asked, Path(folder))


def _measure(asked: argparse.Namespace, folder: Path) -> None:
    made = data.world(domains=math.ceil(asked.creates / 50), mailboxes=50)
    made = replace(made, domains=tuple(replace(one, disabled=False) for one in made.domains))
    data.write_state(made, folder / "state")
    data.write_live(made, folder / "live.txt", account="bench")
    lines = [*_emptied((folder / "live.txt").read_bytes().splitlines(keepends=True))]
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs, lines, asked))
    process.start()
    command = [sys.executable, "-m", "mailstate", "apply", "--yes", "--no-notify"]
    port: int = ours.recv()
    command += ["--state", str(folder / "state"), "--url", f"http://127.0.0.1:{port}"]
    command += ["--concurrency", str(asked.concurrency)]
    if not asked.without_journal:
        command += ["--journal", str(folder / "journal.jsonl")]
    before, started = os.times(), time.monotonic()
    account = {"MAILSTATE_USERNAME": "bench", "MAILSTATE_PASSWORD": "bench"}
    ran = subprocess.run(
        command, env={**os.environ, **account}, cwd=folder, stdout=subprocess.PIPE, check=False
    )
    wall, after = time.monotonic() - started, os.times()
    bare = 0.0
    if asked.cost and not asked.limit:
        bare = asyncio.run(_bare(port, asked.creates // 4, asked.concurrency))
    ours.send("end")
    seen: list[tuple[float, bool]] = ours.recv()
    process.join()
    if ran.returncode:
        sys.exit(f"mailstate apply ended with {ran.returncode}")
    if bare:
        seen = seen[: len(seen) - asked.creates // 4 // asked.concurrency * asked.concurrency]
    done = sum(is_accepted for _, is_accepted in seen)
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    print(
        f"{done} made, {len(seen) - done} refused, wall {wall:.2f} s, ",
        end="",
    )
    print(f"CPU {cpu:.2f} s ({cpu / done * 1000:.2f} ms a creation)")
    if asked.limit is None:
        floor = done * asked.cost / asked.concurrency
        first, last = seen[0][0], seen[-1][0]
        print(
            f"before the first {first - started:.2f} s, creating {last - first + asked.cost:.2f} s"
        )
        if not bare:
            return
        slower = bare / (asked.creates // 4 * asked.cost / asked.concurrency)
        print(f"a bare client on this machine now: {slower:.3f} of cost x creations / concurrency")
        print(f"wall / (cost x creations / concurrency) = {wall / floor:.3f}")
        return
    accepted = [at for at, is_accepted in seen if is_accepted][_WARM_UP:]
    refused = sum(not is_accepted and at > accepted[0] for at, is_accepted in seen)
    used = (len(accepted) - 1) / (accepted[-1] - accepted[0]) / asked.limit
    print(f"after {_WARM_UP}: {used:.1%} of the limit used, {refused / len(accepted):.2%} refused")


if __name__ == "__main__":
    main()
