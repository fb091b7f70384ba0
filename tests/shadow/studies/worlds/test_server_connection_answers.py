"""What a server's answers, refusals and silences become, and the process beside a connection that broke; without a socket."""

import logging
from io import StringIO

import mcp_types as types
import pytest
from mcp import MCPError
from pydantic import ValidationError

from shadow.studies.worlds.server_connection import ServerConnection
from shadow.studies.worlds.server_spec import ServerSpec
from shadow.studies.worlds.shown_text import AS_SENT
from shadow.studies.worlds.world import WorldError

SILENCE = MCPError(types.REQUEST_TIMEOUT, "timed out")
CLOSED = MCPError(types.CONNECTION_CLOSED, "closed")
ANSWER = types.CallToolResult(content=[types.TextContent(text="a")])


def no_protocol() -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        types.CallToolResult.model_validate({"content": 1})
    return raised.value


class Answering:
    """A client whose server gives these answers in turn, or lists these tools."""

    def __init__(self, *answers: object, tools: tuple[types.Tool, ...] = ()) -> None:
        self.session = self
        self._answers = list(answers)
        self._tools = list(tools)
        self.waits: list[float] = []

    async def send_request(self, _request: object, _kind: object, seconds: float) -> object:
        self.waits.append(seconds)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def list_tools(self, **_: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=self._tools)


class Ended:
    """A process that left a last line on its standard error."""

    def __init__(self, fault: str = "", line: str = "") -> None:
        self.fault = fault
        self._line = line

    def last_error(self, _shown: object) -> str:
        return self._line


def connected(client: Answering, process: Ended | None = None) -> ServerConnection:
    return ServerConnection(ServerSpec(name="s", command=("x",), timeout=0.5), client, process, AS_SENT)


async def test_a_call_waits_for_the_time_of_its_server_and_returns_the_text():
    client = Answering(ANSWER)
    text, answered = await connected(client).call("t", {})
    assert (text.text, answered, client.waits) == ("a", True, [0.5])


async def test_an_error_of_a_tool_and_content_that_is_only_structured_are_read():
    result = types.CallToolResult(content=[], structured_content={"city": "Oslo"}, is_error=True)
    text, answered = await connected(Answering(result)).call("t", {})
    assert (text.text, text.is_error, answered) == ('Error: {"city": "Oslo"}', True, True)


@pytest.mark.parametrize(
    ("refusal", "text", "answered"),
    [
        (MCPError(-32602, "no such city"), "Error: no such city", True),
        (no_protocol(), "Error: the tool server's answer does not follow the protocol", True),
        (SILENCE, "Error: no answer within 0.5 s", False),
    ],
    ids=["refused", "no protocol", "silent"],
)
async def test_a_call_that_failed_is_an_error_for_the_model(refusal, text, answered):
    found, came = await connected(Answering(refusal)).call("t", {})
    assert (found.text, came) == (text, answered)


async def test_the_third_silence_in_a_row_ends_the_world_and_an_answer_begins_the_count_again():
    connection = connected(Answering(SILENCE, SILENCE, ANSWER, SILENCE, SILENCE, SILENCE))
    assert [(await connection.call("t", {}))[1] for _ in range(5)] == [False, False, True, False, False]
    with pytest.raises(WorldError, match=r"^server 's' left 3 calls one after another unanswered for 0\.5 s$"):
        await connection.call("t", {})


@pytest.mark.parametrize(
    ("process", "sentence", "fault"),
    [
        (Ended(), "server 's' closed its connection", "closed its connection"),
        (Ended(line="boom"), "server 's' closed its connection; its standard error ends: boom", "closed its connection"),
        (
            Ended("it sent too much", "boom"),
            "server 's' closed its connection: it sent too much; its standard error ends: boom",
            "",
        ),
    ],
    ids=["silent", "with a last line", "with a fault of its own"],
)
async def test_a_connection_that_closed_names_what_is_known_of_its_process(process, sentence, fault):
    with pytest.raises(WorldError) as raised:
        await connected(Answering(CLOSED), process).call("t", {})
    assert str(raised.value) == sentence
    assert process.fault == (fault or "it sent too much"), "the first fault stays"


async def test_a_connection_without_a_process_of_ours_is_only_closed():
    with pytest.raises(WorldError, match=r"^server 's' closed its connection$"):
        await connected(Answering(CLOSED)).call("t", {})


@pytest.mark.parametrize(
    ("more", "read_only", "task"),
    [
        ({}, False, False),
        ({"annotations": types.ToolAnnotations(read_only_hint=True)}, True, False),
        ({"annotations": types.ToolAnnotations(read_only_hint=False)}, False, False),
        ({"annotations": types.ToolAnnotations()}, False, False),
        ({"execution": types.ToolExecution(task_support="required")}, False, True),
        ({"execution": types.ToolExecution(task_support="optional")}, False, False),
    ],
)
async def test_a_tool_is_read_only_and_a_task_where_its_server_says_so(more, read_only, task):
    connection = connected(Answering(tools=(types.Tool(name="t", input_schema={"type": "object"}, **more),)))
    await connection.list_tools()
    [tool] = connection.tools
    assert (tool.read_only, tool.task, tool.description, tool.server) == (read_only, task, "", "s")


def test_nothing_that_the_protocol_logs_reaches_the_handlers_of_the_program():
    written = StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    try:
        logging.getLogger("mcp.client").error("a traceback")
        logging.getLogger("another").error("a line")
    finally:
        logging.getLogger().removeHandler(handler)
    assert written.getvalue() == "a line\n"
