"""Opens a connection to a provider: its name, its socket, its certificate; each step has its own failure.

No certificate goes unchecked, and the first address that answers is taken (RFC 8305). Where an outbound proxy is configured it is
connected to instead: TLS goes through it by CONNECT (RFC 9110 9.3.6), plain HTTP is read and forwarded by it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar, cast

from aiohappyeyeballs import AddrInfoType, start_connection

from proxy.errors import UpstreamError
from proxy.exchange import FailureKind
from proxy.routing.outbound_proxy import OutboundProxy, parse_proxy
from proxy.routing.provider_origin import ProviderOrigin
from proxy.upstream.tls_reads import secured
from proxy.upstream.tls_sessions import forget_session, resume_sessions
from proxy.upstream.trusted_certificates import trusted_certificates

_NAMES_KEPT = 10.0
"""Seconds for which a resolved name is used again: as long as an ordinary client would keep it."""
_HEAD_START = 0.25
"""Seconds that one address family has before the other is tried beside it (RFC 8305, section 5)."""
_LONGEST_HEAD = 64 * 1024
_CONNECTED = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR})
_Made = TypeVar("_Made", bound=asyncio.Protocol)


class Dialer:
    """Connects to origins within `seconds`; `context` is made from the system's store unless one is given."""

    def __init__(self, seconds: float, context: ssl.SSLContext | None = None) -> None:
        self._seconds = seconds
        self._contexts = {"": resume_sessions(context)} if context else {}
        self._names: dict[tuple[str, int], tuple[float, Sequence[AddrInfoType]]] = {}
        self._lookups: dict[tuple[str, int], asyncio.Task[Sequence[AddrInfoType]]] = {}

    def __repr__(self) -> str:
        return f"<Dialer known_names={len(self._names)} lookups={len(self._lookups)}>"

    async def connect(self, origin: ProviderOrigin, make: Callable[[], _Made]) -> _Made:
        """A connected protocol; UpstreamError (without a provider's name) names the step that failed, and why."""
        proxy = parse_proxy(origin.proxy) if origin.proxy else None
        step, by = FailureKind.DNS, "the outbound proxy: " if proxy else ""
        try:
            async with asyncio.timeout(self._seconds):
                addresses = await self._addresses(*(proxy[:2] if proxy else (origin.host, origin.port)))
                step = FailureKind.CONNECT
                sock = await start_connection(addresses, happy_eyeballs_delay=_HEAD_START, loop=_STRAIGHT)
                _keep_alive(sock)
                if proxy and origin.tls:
                    await _tunnelled(sock, origin, proxy)
                step, by = (FailureKind.TLS, "") if origin.tls else (FailureKind.CONNECT, by)
                return await self._adopt(sock, origin, make)
        except TimeoutError:
            raise UpstreamError(FailureKind.CONNECT_TIMEOUT, f"{by}{step} took longer than {self._seconds:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise UpstreamError(FailureKind.TLS, f"its certificate was refused: {_public(error.verify_message)}") from None
        except ssl.SSLError as error:
            raise UpstreamError(FailureKind.TLS, _tls_reason(error)) from None
        except (OSError, UnicodeError) as error:
            raise UpstreamError(step, f"{by}{_reason(error)}") from None

    async def _adopt(self, sock: socket.socket, origin: ProviderOrigin, make: Callable[[], _Made]) -> _Made:
        loop = asyncio.get_running_loop()
        try:
            if not origin.tls:
                return (await loop.create_connection(make, sock=sock))[1]
            return await secured(sock, self._secure(origin.ca_file), origin.host, make)
        except BaseException:
            sock.close()
            if origin.tls:
                forget_session(self._secure(origin.ca_file), origin.host)
            raise

    def _secure(self, ca_file: str) -> ssl.SSLContext:
        context = self._contexts.get(ca_file)
        if context is None:
            # Made on first need: reading the system's store takes some 50 ms, which a plain-HTTP proxy never pays.
            context = self._contexts[ca_file] = resume_sessions(trusted_certificates(ca_file))
            context.set_alpn_protocols(["http/1.1"])
        return context

    async def _addresses(self, host: str, port: int) -> Sequence[AddrInfoType]:
        key = (host, port)
        until, known = self._names.get(key, (0.0, []))
        if time.monotonic() < until:
            return known
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = self._lookups[key] = asyncio.create_task(self._resolve(key))
            lookup.add_done_callback(lambda _: self._lookups.pop(key, None))
        # Shielded: one client that leaves must not take the answer away from the others.
        return await asyncio.shield(lookup)

    async def _resolve(self, key: tuple[str, int]) -> Sequence[AddrInfoType]:
        loop = asyncio.get_running_loop()
        found: Sequence[AddrInfoType] = await loop.getaddrinfo(*key, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        self._names[key] = (time.monotonic() + _NAMES_KEPT, found)
        return found


async def _tunnelled(sock: socket.socket, origin: ProviderOrigin, proxy: OutboundProxy) -> None:
    """Have the proxy connect `sock` to the origin; UpstreamError when it does not."""
    loop = asyncio.get_running_loop()
    server = f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"
    fields = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
    head = b""
    try:
        await loop.sock_sendall(sock, f"CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n{fields}\r\n".encode())
        while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
            data = await loop.sock_recv(sock, _LONGEST_HEAD)
            if not data:
                break
            head += data
    except BaseException:
        sock.close()
        raise
    status = _CONNECTED.match(head)
    if status and status[1].startswith(b"2") and head.endswith(b"\r\n\r\n"):
        return
    sock.close()
    # because a TLS server sends second, bytes behind the head are the proxy's own
    status_text = f"status {status[1].decode()}" if status and not status[1].startswith(b"2") else "what cannot be read"
    raise UpstreamError(FailureKind.CONNECT, f"the outbound proxy: it answered CONNECT with {status_text}")


class _Straight:
    """The event loop for those who race addresses: uvloop's own connect has its few resolver threads look up each address first,
    so that every connection would wait behind a name that is slow to resolve.
    """

    @staticmethod
    async def sock_connect(sock: socket.socket, address: tuple[str, int]) -> None:
        """Connect a socket that does not block to an address; raises the kernel's OSError."""
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


def _tls_reason(error: ssl.SSLError) -> str:
    """The cause in OpenSSL's words; an error that is raised without OpenSSL has its own words alone, and no `reason`."""
    if len(error.args) == 1:
        return str(error.args[0])
    return (getattr(error, "reason", None) or "handshake failed").replace("_", " ").lower()


def _public(message: str) -> str:
    return message.partition(",")[0].lower()
