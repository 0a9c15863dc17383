"""
A TCP proxy on loopback that does to single calls what networks and gateways do.

It stands between mailstate and a server. For every request that reaches it whole it asks
`decide` what to do, and does that to the bytes: what the client's sockets meet is real.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, assert_never
from urllib.parse import urlsplit

from mailstate.sandbox.server import close
from tests.wire.deeds import (
    Asked,
    Close,
    Cut,
    Decide,
    Deed,
    Headers,
    Hook,
    Instead,
    Late,
    LoseAnswer,
    Overtaken,
    Pass,
    Raw,
    Reset,
    Rewrite,
    Silence,
    Silent,
    Slow,
    Spoken,
    Withhold,
    has_effect,
)
from tests.wire.exchange import Answer, Client, Request, ask

__all__ = [
    "Asked",
    "Close",
    "Cut",
    "Decide",
    "Deed",
    "Headers",
    "Hook",
    "Instead",
    "Late",
    "LoseAnswer",
    "Overtaken",
    "Pass",
    "Proxy",
    "Raw",
    "Reset",
    "Rewrite",
    "Silence",
    "Slow",
    "Withhold",
]

T = TypeVar("T")
Moment = Literal["before", "after", "answered"]

_LOOPBACK = "127.0.0.1"
_START_TIMEOUT = 10.0
# So many turns of the loop until what lies in a socket is a request being handled.
_TURNS = 20


class Proxy:
    """
    Passes requests on to *upstream* (`http://127.0.0.1:PORT`) as *decide* says.

    *decide* is called in the proxy's thread, for one request at a time; it may be replaced while
    the proxy is idle. If it or a hook raises, `settle` and the end of the proxy raise that.
    """

    def __init__(self, upstream: str, decide: Decide | None = None) -> None:
        there = urlsplit(upstream)
        self._host, self._port = there.hostname or _LOOPBACK, there.port or 80
        self.decide: Decide = decide or _pass
        self.url = ""
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0
        self._times: Counter[tuple[str, str]] = Counter()
        self._error: BaseException | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fault proxy", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._releasing: asyncio.Event
        self._connections: dict[asyncio.Task[None], Client] = {}
        self._forwards: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(_START_TIMEOUT), "the proxy does not start"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        if error is None:
            self._tell_error()

    def settle(self) -> None:
        """Come back when nothing is being forwarded any more, late and withheld ones included."""
        while self._in_loop(self._finish_forwards()):
            pass
        self._tell_error()

    def release(self) -> int:
        """Forward what is withheld, come back when all is carried out, and say how many it were."""
        return self._in_loop(self._finish_forwards())

    def _tell_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _in_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._releasing = asyncio.Event()
        server = await asyncio.start_server(self._accept, _LOOPBACK, 0)
        self.url = f"http://{_LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        self._started.set()
        await self._stopping.wait()
        await close(server)
        for client in self._connections.values():
            client.writer.transport.abort()
        tasks = [*self._connections, *self._forwards]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Aborted transports close their sockets in the next turn of the loop.
        await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(reader, writer)
        task = self._loop.create_task(self._attend(client))
        self._connections[task] = client
        task.add_done_callback(self._connections.pop)

    async def _attend(self, client: Client) -> None:
        """Serve one connection until either side ends it."""
        try:
            while not client.writer.is_closing() and (request := await client.request()):
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    await self._handle(request, client)
                finally:
                    self._at_once -= 1
                if request.ends_connection:
                    break
        finally:
            await client.end()

    async def _handle(self, request: Request, client: Client) -> None:
        method, path = request.head.method.decode(), request.head.target.decode()
        self._times[method, path] += 1
        asked = Asked(
            number=len(self.asked) + 1,
            method=method,
            path=path,
            body=request.body,
            nth=self._times[method, path],
        )
        self.asked.append(asked)
        try:
            await self._do(self.decide(asked), request, client)
        except Exception as error:  # noqa: BLE001  told by settle
            self._error = self._error or error
            client.reset()

    async def _do(self, deed: Deed, request: Request, client: Client) -> None:
        hooks: list[Hook] = []
        while isinstance(deed, Hook):
            hooks.append(deed)
            deed = deed.deed
        if isinstance(deed, Silent):
            self._begin(self._forward_late(deed, request, hooks))
            await client.wait_until_gone()
        else:
            await self._speak(deed, request, client, hooks)
        _call(hooks, "answered")

    async def _speak(
        self, deed: Spoken, request: Request, client: Client, hooks: list[Hook]
    ) -> None:
        if isinstance(deed, Slow):
            await asyncio.sleep(deed.before)
        if isinstance(deed, Overtaken):
            await self._finish_forwards()
        _call(hooks, "before")
        answer = Answer()
        if has_effect(deed):
            # In a task of its own: the effect does not end with the client's patience.
            answer = await asyncio.shield(self._begin(self._forward(request)))
        _call(hooks, "after")
        if isinstance(deed, Slow):
            await asyncio.sleep(deed.after)
        await client.reply(deed, answer)

    async def _forward_late(self, deed: Silent, request: Request, hooks: list[Hook]) -> None:
        match deed:
            case Late(seconds=seconds):
                await asyncio.sleep(seconds)
            case Withhold():
                await self._releasing.wait()
            case Silence():
                return
            case _:
                assert_never(deed)
        _call(hooks, "before")
        await self._forward(request)
        _call(hooks, "after")

    async def _forward(self, request: Request) -> Answer:
        return await ask(self._host, self._port, request)

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._loop.create_task(work)
        self._forwards.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._forwards.discard(task)
        if not task.cancelled():
            self._error = self._error or task.exception()

    async def _finish_forwards(self) -> int:
        """Have everything carried out that has come, and say how many requests that were."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        under_way = set(self._forwards)
        self._releasing.set()
        if under_way:
            await asyncio.wait(under_way)
        self._releasing.clear()
        return len(under_way)


def _pass(_asked: Asked) -> Deed:
    return Pass()


def _call(hooks: list[Hook], moment: Moment) -> None:
    for hook in hooks:
        if function := getattr(hook, moment):
            function()
