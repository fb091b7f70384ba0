"""Opening a connection to a provider: its name, its socket, its certificate; each of them fails by its own name.

No proxy of the environment is asked, no certificate goes unchecked, and the first address that answers is taken (RFC 8305).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar, cast

from aiohappyeyeballs import AddrInfoType, start_connection

from proxy.errors import UpstreamError
from proxy.exchange import FailureKind
from proxy.origin import Origin

_NAMES_KEPT = 10.0
"""Seconds for which a resolved name is used again: as long as an ordinary client would keep it."""
_HEAD_START = 0.25
"""Seconds that one address family has before the other is tried beside it (RFC 8305, section 5)."""
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR})
_Made = TypeVar("_Made", bound=asyncio.Protocol)


class Dialer:
    """Connects to origins within `seconds`; `context` is made from the system's store unless one is given."""

    def __init__(self, seconds: float, context: ssl.SSLContext | None = None) -> None:
        self._seconds = seconds
        self._context = context
        self._names: dict[tuple[str, int], tuple[float, Sequence[AddrInfoType]]] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[Sequence[AddrInfoType]]] = {}

    async def connect(self, origin: Origin, make: Callable[[], _Made]) -> _Made:
        """A connected protocol; UpstreamError (without a provider's name) tells which step failed, and why."""
        step = FailureKind.DNS
        try:
            async with asyncio.timeout(self._seconds):
                addresses = await self._addresses(origin.host, origin.port)
                step = FailureKind.CONNECT
                sock = await start_connection(addresses, happy_eyeballs_delay=_HEAD_START, loop=_STRAIGHT)
                _keep_alive(sock)
                step = FailureKind.TLS if origin.tls else FailureKind.CONNECT
                return await self._adopt(sock, origin, make)
        except TimeoutError:
            raise UpstreamError(FailureKind.CONNECT_TIMEOUT, f"{step} took longer than {self._seconds:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise UpstreamError(FailureKind.TLS, f"its certificate was refused: {_public(error.verify_message)}") from None
        except ssl.SSLError as error:
            raise UpstreamError(FailureKind.TLS, (error.reason or "handshake failed").replace("_", " ").lower()) from None
        except (OSError, UnicodeError) as error:
            raise UpstreamError(step, _reason(error)) from None

    async def _adopt(self, sock: socket.socket, origin: Origin, make: Callable[[], _Made]) -> _Made:
        loop = asyncio.get_running_loop()
        try:
            if not origin.tls:
                return (await loop.create_connection(make, sock=sock))[1]
            return (await loop.create_connection(make, sock=sock, ssl=self._secure(), server_hostname=origin.host))[1]
        except BaseException:
            sock.close()
            raise

    def _secure(self) -> ssl.SSLContext:
        if self._context is None:
            # Made on first need: reading the system's store takes some 50 ms, which a plain-HTTP proxy never pays.
            self._context = ssl.create_default_context()
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context

    async def _addresses(self, host: str, port: int) -> Sequence[AddrInfoType]:
        key = (host, port)
        until, known = self._names.get(key, (0.0, []))
        if time.monotonic() < until:
            return known
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._resolve(key))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        # Shielded: one client that leaves must not take the answer away from the others.
        return await asyncio.shield(asking)

    async def _resolve(self, key: tuple[str, int]) -> Sequence[AddrInfoType]:
        loop = asyncio.get_running_loop()
        found: Sequence[AddrInfoType] = await loop.getaddrinfo(*key, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        self._names[key] = (time.monotonic() + _NAMES_KEPT, found)
        return found


class _Straight:
    """The event loop for those who race addresses: uvloop's own connect has its few resolver threads look up each address first,
    so that every connection would wait behind a name that is slow to resolve.
    """

    @staticmethod
    async def sock_connect(sock: socket.socket, address: tuple[str, int]) -> None:
        """Connect a socket that does not block to an address; OSError as the kernel says it."""
        code = sock.connect_ex(address)
        if code in _UNDER_WAY:
            await _writable(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))


_STRAIGHT = cast("asyncio.AbstractEventLoop", _Straight)


async def _writable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(sock, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_writer(sock)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _keep_alive(sock: socket.socket) -> None:
    with suppress(OSError, AttributeError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30)


def _reason(error: OSError | UnicodeError) -> str:
    """The cause without an address: the text of the error number, never the whole exception's."""
    if isinstance(error, UnicodeError):
        return "not a valid name"
    if isinstance(error, socket.gaierror):
        return str(error.strerror or "name not known").lower()
    return os.strerror(error.errno).lower() if error.errno else "connection failed"


def _public(message: str) -> str:
    return message.partition(",")[0].lower()
