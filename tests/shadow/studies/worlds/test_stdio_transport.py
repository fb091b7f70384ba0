"""The stdio transport: messages through, other text ignored, the process ended with the session."""

import sys

import mcp_types as types
import pytest
from mcp.shared.message import SessionMessage

from shadow.studies.worlds.server_process import ServerProcess
from shadow.studies.worlds.stdio_transport import stdio_transport

ECHO = "import sys\nprint('Welcome!')\nfor line in sys.stdin: print('[]'); print(line, flush=True)"


async def started(tmp_path, code):
    command = [sys.executable, "-c", code]
    return await ServerProcess.start(command, folder=tmp_path, environ={}, errors=tmp_path / "stderr")


def request(text):
    return SessionMessage(types.JSONRPCRequest(jsonrpc="2.0", id=1, method=text, params={"é": "\u2028"}))


async def test_a_message_goes_out_as_one_line_and_other_text_is_ignored(tmp_path):
    process = await started(tmp_path, ECHO)
    async with stdio_transport(process) as (received, sent):
        await sent.send(request("ping"))
        back = await received.receive()
    assert back.message == request("ping").message
    assert process.has_ended


async def test_the_session_ends_when_the_server_ends(tmp_path):
    process = await started(tmp_path, "")
    async with stdio_transport(process) as (received, _):
        assert [message async for message in received] == []


async def test_a_fault_of_the_session_kills_a_server_that_ignores_its_end(tmp_path):
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(flush=True)\ntime.sleep(600)"
    process = await started(tmp_path, code)
    with pytest.raises(ExceptionGroup):
        async with stdio_transport(process):
            raise KeyError
    assert process.has_ended
