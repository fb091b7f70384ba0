"""An outbound proxy on a socket: it tunnels CONNECT and forwards absolute-form requests, all to one port of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class OutboundProxy:
    """What an outbound proxy was asked, head by head; `answer` replaces its own answer to CONNECT."""

    def __init__(self, target: int, answer: bytes) -> None:
        self._target, self._answer = target, answer
        self.heads: list[bytes] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._target)
            if head.startswith(b"CONNECT "):
                writer.write(self._answer)
            else:
                method, target, rest = head.split(b" ", 2)
                onward.write(b" ".join((method, b"/" + target.split(b"/", 3)[3], rest)))
            await asyncio.gather(relayed(reader, onward), relayed(onward_reader, writer))
        writer.close()


async def relayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def outbound_proxy(target: int, answer: bytes = ESTABLISHED) -> AsyncIterator[OutboundProxy]:
    """A proxy that connects everybody to `target`, a port of this machine."""
    proxy = OutboundProxy(target, answer)
    server = await asyncio.start_server(proxy.connected, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
