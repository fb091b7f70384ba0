"""Wrong arguments of tools, prompts and addresses, by the SDK's own client."""

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from storage.store import StoreError
from tests.agents import Agent

INVALID = -32602


async def test_an_unknown_argument_of_a_tool_is_refused_with_the_known_ones(sqlite_store):
    refusal = await Agent(sqlite_store).refusal("list_divergent_pairs", since="all", providr="evil")
    assert "list_divergent_pairs has no argument 'providr'; did you mean 'provider'?" in refusal
    async with Client(Agent(sqlite_store).server) as client:
        tools = (await client.list_tools()).tools
    assert all(tool.input_schema["additionalProperties"] is False for tool in tools)


async def test_five_of_many_unknown_arguments_are_named(sqlite_store):
    refusal = await Agent(sqlite_store).refusal("list_studies", **{f"unknown_{each}": 1 for each in range(6)})
    assert "'unknown_4'" in refusal
    assert "unknown_5" not in refusal


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"pair_id": "x", "against": "y"}, "diff_pair: against: Input should be 'reference' or 'control'"),
        ({}, "diff_pair: pair_id: Field required"),
        ({"pair_id": 5}, "diff_pair: pair_id: Input should be a valid string"),
    ],
)
async def test_an_argument_of_another_type_is_refused_with_one_sentence(sqlite_store, arguments, sentence):
    assert await Agent(sqlite_store).refusal("diff_pair", **arguments) == sentence


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("bug_report", {}, "bug_report needs the argument provider"),
        ("bug_reprt", {}, "no such prompt: 'bug_reprt'; did you mean 'bug_report'?"),
    ],
)
async def test_a_prompt_that_is_unknown_or_lacks_its_argument_is_an_error_of_invalid_parameters(
    sqlite_store, name, arguments, sentence
):
    async with Client(Agent(sqlite_store).server) as client:
        with pytest.raises(MCPError) as raised:
            await client.get_prompt(name, arguments)
    assert raised.value.code == INVALID
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("pair://nope", "no such pair: 'nope'; list_divergent_pairs lists ids"),
        ("exchange://nope/request", "no such pair: 'nope'"),
        ("exchange://nope/answer", "no such side: 'answer'"),
        ("study://nope", "no such study: 'nope'"),
    ],
)
async def test_a_resource_that_is_not_there_is_an_error_of_invalid_parameters_without_a_traceback(
    sqlite_store, address, sentence, caplog
):
    error = await Agent(sqlite_store).unread(address)
    assert error.code == INVALID
    assert sentence in str(error)
    assert "Traceback" not in caplog.text


async def test_a_store_that_cannot_be_read_is_an_error_of_the_server_with_its_sentence(sqlite_store, monkeypatch):
    def fail(*_args):
        raise StoreError("the database cannot be read")

    agent = Agent(sqlite_store)
    monkeypatch.setattr(type(sqlite_store), "pair", fail)
    error = await agent.unread("exchange://nope/request")
    assert error.code != INVALID
    assert "the database cannot be read" in str(error)
