"""An agent with a real MCP client finds the faulty provider and its evidence, over stdin and stdout and over a port."""

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from tests.journeys.two_providers import TWO_PROVIDERS, WEATHER, command, judged, post_chats
from tests.records import add_pair, calling
from tests.running import PATIENCE, chat

pytestmark = [pytest.mark.journey, pytest.mark.promise("reader.agents")]

CONFIG = TWO_PROVIDERS + "[shadow]\nsample_rate = 1.0\nwait = 3600\nconcurrency = 500\n[admin]\nlisten = '127.0.0.1:0'\n"
MCP = ("-P", "-m", "shadow.cli", "mcp", "--db")
TOKEN = "a-token-of-this-test"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


def over_stdio(database, mode: str = "auto") -> Client:
    parameters = StdioServerParameters(command=sys.executable, args=[*MCP, str(database)], env=dict(os.environ))
    return Client(stdio_client(parameters), mode=mode)


@pytest.fixture
def database(sqlite_store, tmp_path):
    add_pair(sqlite_store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    assert sqlite_store.flush(20)
    return next(tmp_path.rglob("*.db"))


@asynccontextmanager
async def over_http(database, *flags: str, **variables: str):
    """A server on a port of its own: yields its address, and stops it by SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *MCP, str(database), "--http", *flags),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **variables},
    )
    try:
        async with asyncio.timeout(PATIENCE):
            line = (await process.stderr.readline()).decode()
        yield re.search(r"http://\S+", line)[0]
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()


async def test_agent_finds_the_faulty_provider_its_worst_signal_and_an_example_pair(serve):
    async with (
        PretendedServer(seed=1, faults=PlantedFaults(drop_tool_calls=0.9)) as candidate,
        PretendedServer(seed=2) as official,
        serve(CONFIG.format(candidate=candidate.base_url, official=official.base_url)) as served,
    ):
        texts = (f"What is the weather in town number {number}?" for number in range(80))
        await post_chats(served, [chat(text=text, tools=[WEATHER], tool_choice="auto", temperature=0.6) for text in texts])
        await judged(served, 80)
        async with over_stdio(served.database) as agent:
            summary = (await agent.call_tool("provider_summary", {"since": "1h"})).structured_content
            [worst] = [each for each in summary["providers"] if each["verdict"] == "differs"]
            name = next(reason["signal"] for reason in worst["reasons"] if "call" in reason["signal"])
            found = await agent.call_tool("list_divergent_pairs", {"provider": worst["provider"], "signal": name})
            first = found.structured_content["pairs"][0]["id"]
            pair = (await agent.call_tool("get_pair", {"pair_id": first})).structured_content
            diff = (await agent.call_tool("diff_pair", {"pair_id": first})).structured_content
            alert = (await agent.call_tool("explain_alert", {"provider": "candidate"})).structured_content
    assert worst["provider"] == "candidate"
    assert [len(answer["calls"]) for answer in pair["answers"]][:2] == [0, 1]
    assert [call["stored"] for call in diff["calls_missing"]] == ["get_weather"]
    assert "drift" in {each["state"] for each in alert["states"]}
    assert any("calls a tool" in change["sentence"] for change in alert["changes"])


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_clients_of_both_protocol_eras_read_a_pair_over_standard_streams(database, mode):
    async with over_stdio(database, mode) as client:
        found = (await client.call_tool("list_divergent_pairs", {"since": "all"})).structured_content
        assert len(found["pairs"]) == 1


async def test_a_closed_standard_input_ends_the_server_with_exit_code_0_and_an_empty_output(database):
    process = await asyncio.create_subprocess_exec(
        sys.executable, *MCP, str(database), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(b"")
    assert (process.returncode, output) == (0, b"")


async def test_an_interrupt_ends_the_server_though_its_input_stays_open(database):
    process = await asyncio.create_subprocess_exec(
        sys.executable, *MCP, str(database), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    process.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
    assert await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 130


async def test_a_port_serves_clients_and_refuses_foreign_hosts_origins_and_types(database):
    async with over_http(database, "127.0.0.1:0") as address:
        async with Client(address) as client:
            assert "provider_summary" in {tool.name for tool in (await client.list_tools()).tools}
        async with aiohttp.ClientSession() as session:

            async def status(**fields: str) -> int:
                headers = {**ACCEPT, **{name.replace("_", "-"): value for name, value in fields.items()}}
                async with session.post(address, json=INITIALIZE, headers=headers) as response:
                    return response.status

            assert await status() == 200
            assert await status(Host="evil.example") == 421
            assert await status(Origin="http://evil.example") == 403
            assert await status(Content_Type="text/plain") == 400


async def test_a_port_with_a_token_refuses_requests_without_it(database):
    cases = (
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
    )
    async with (
        over_http(database, "127.0.0.1:0", "--token-env", "RECORDS_TOKEN", RECORDS_TOKEN=TOKEN) as address,
        aiohttp.ClientSession(headers=ACCEPT) as session,
    ):
        for fields, expected in cases:
            async with session.post(address, json=INITIALIZE, headers=fields) as response:
                assert response.status == expected


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--http", "0.0.0.0:0"), "is reached from other machines: name a token with --token-env"),
        (("--http", "nowhere"), "'nowhere' is no address; write HOST:PORT"),
        (("--http", "127.0.0.1:70000"), "is no address"),
        (("--http", "127.0.0.1:0", "--token-env", "NOT_SET_ANYWHERE"), "no variable 'NOT_SET_ANYWHERE'"),
    ],
)
async def test_an_address_or_token_that_is_wrong_ends_in_a_sentence_and_exit_code_2(database, flags, sentence):
    code, output = await command("mcp", "--db", str(database), *flags)
    assert code == 2
    assert sentence in output


async def test_a_database_that_is_not_there_ends_in_a_sentence_and_exit_code_2(tmp_path):
    code, output = await command("mcp", "--db", str(tmp_path / "absent.db"))
    assert code == 2
    assert "absent.db" in output
    assert "Traceback" not in output
