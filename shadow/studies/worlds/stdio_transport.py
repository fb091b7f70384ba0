"""The stdio transport of MCP over a `ServerProcess`: bounded lines, and the process ended whatever happens.

The SDK's own joins pieces of a line without a bound: a result of 50 MB blocks the loop for seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage

from shadow.studies.worlds.server_process import ServerProcess

Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]
_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)
_BREATH = 64
"""Lines that are no messages after which other tasks get their turn: lines that are buffered cost no wait."""


@asynccontextmanager
async def stdio_transport(process: ServerProcess) -> AsyncIterator[Streams]:
    """The streams of a session with a started server, which is ended with the session, and killed at once after a fault."""
    incoming, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    sent, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    whole = False
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, process, incoming)
            tasks.start_soon(_write, process, outgoing, incoming)
            yield received, sent
            tasks.cancel_scope.cancel()
            whole = not process.fault
    finally:
        for stream in (incoming, received, sent, outgoing):
            stream.close()
        with anyio.CancelScope(shield=True):
            await (process.end() if whole else process.reap())


async def _read(process: ServerProcess, incoming: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
    """Pass each message on; other text on standard output is ignored. The stream ends with the server's output."""
    ignored = 0
    with suppress(*_GONE), incoming:
        while line := await process.line():
            message = _message(line)
            if message is not None:
                await incoming.send(message)
                continue
            ignored += 1
            if ignored % _BREATH == 0:
                await anyio.lowlevel.checkpoint()


async def _write(
    process: ServerProcess,
    outgoing: MemoryObjectReceiveStream[SessionMessage],
    incoming: MemoryObjectSendStream[SessionMessage | Exception],
) -> None:
    """Write each message as a line; a server that no longer reads ends the session instead of hanging it."""
    try:
        async for message in outgoing:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            await process.write(text.encode() + b"\n")
    except _GONE:
        incoming.close()


def _message(line: bytes) -> SessionMessage | None:
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return None
