"""
From a name to a connected socket, by whichever of its addresses answers first.

`asyncio.create_connection` can do that too; it loses sockets when it is cancelled meanwhile.
"""

import asyncio
import socket
from ipaddress import ip_address

_NEXT = 0.25
"""Seconds without an answer after which the next address is tried as well (RFC 8305)."""

_Place = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
_Info = tuple[socket.AddressFamily, socket.SocketKind, int, str, _Place]


async def connected(host: str, port: int) -> socket.socket:
    """A socket that is connected. Raises `OSError`; `UnicodeError` for what can be no name."""
    infos = await _infos(host, port)
    trying: set[asyncio.Task[socket.socket]] = set()
    try:
        while infos or trying:
            if infos:
                trying.add(asyncio.create_task(_connect(infos.pop(0))))
            ended, _ = await asyncio.wait(
                trying,
                timeout=_NEXT if infos else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in ended:
                if task.exception() is None:
                    trying.discard(task)
                    return task.result()
            trying -= ended
    finally:
        for task in trying:
            task.cancel()
            task.add_done_callback(_close)
    raise ConnectionError


async def _infos(host: str, port: int) -> list[_Info]:
    try:
        ip_address(host)
    except ValueError:
        loop = asyncio.get_running_loop()
        return [*await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    # As bytes it is taken as it is; as text Python would load its tables for names beyond ASCII.
    kind, flags = socket.SOCK_STREAM, socket.AI_NUMERICHOST
    return [*socket.getaddrinfo(host.encode(), port, type=kind, flags=flags)]


async def _connect(info: _Info) -> socket.socket:
    family, kind, protocol, _, address = info
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)  # noqa: FBT003 - positional only
        await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made


def _close(task: asyncio.Task[socket.socket]) -> None:
    """Close what nobody waits for any more."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
