"""The pretended providers of the example: each follows its script, by stream and by whole answers."""

import aiohttp
import pytest

from shadow.demo.fleet.host_scripts import ASKS_BACK, FENCED_JSON, SCRIPTS
from shadow.demo.fleet.pretended_hosts import HOSTS, PretendedHosts, prompt_tokens

TOOLS = [{"type": "function", "function": {"name": "list_vehicles", "parameters": {"type": "object", "properties": {}}}}]
USER = {"role": "user", "content": "Analyze my vehicle's battery"}


async def post(hosts, host, **members):
    body = {"model": "nano-30b", "messages": [USER], "tools": TOOLS} | members
    async with aiohttp.ClientSession() as session, session.post(f"{hosts.base_url(host)}/chat/completions", json=body) as answer:
        return answer.status, await answer.text() if body.get("stream") else await answer.json()


def after(count, mark=""):
    """The messages of a conversation in which so many calls were made."""
    calls = [{"id": f"call{mark}-{number}", "function": {"name": "list_vehicles", "arguments": "{}"}} for number in range(count)]
    return [USER, *({"role": "assistant", "tool_calls": [call]} for call in calls)]


async def test_a_provider_calls_the_tools_of_its_script_and_then_writes_its_last_text():
    async with PretendedHosts() as hosts:
        _, first = await post(hosts, "openrouter")
        _, last = await post(hosts, "openrouter", messages=after(1))
    message = first["choices"][0]["message"]
    assert message["tool_calls"][0]["function"] == {"name": "list_vehicles", "arguments": "{}"}
    assert first["choices"][0]["finish_reason"] == "tool_calls"
    assert last["choices"][0]["message"] == {"role": "assistant", "content": ASKS_BACK}


async def test_a_stream_ends_with_usage_and_done():
    async with PretendedHosts() as hosts:
        _, text = await post(hosts, "nim", stream=True)
    events = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert '"name": "list_vehicles"' in events[0]
    assert '"prompt_tokens"' in events[-2]
    assert events[-1] == "[DONE]"


async def test_a_request_over_the_context_is_refused_with_both_numbers():
    long = [{"role": "user", "content": "x" * 140_000}]
    async with PretendedHosts() as hosts:
        status, answer = await post(hosts, "deepinfra", messages=long)
        assert (await post(hosts, "nim", messages=long))[0] == 200
    assert status == 400
    assert answer["error"]["code"] == "context_length_exceeded"
    assert (
        f"34000 tokens. However, your messages resulted in {prompt_tokens({'messages': long, 'tools': TOOLS})}"
        in (answer["error"]["message"])
    )


async def test_provider_without_the_model_reports_that():
    async with PretendedHosts() as hosts:
        assert (await post(hosts, "ollama", model="nano-9b"))[0] == 404


async def test_a_run_that_wavers_goes_on_as_it_began():
    async with PretendedHosts(wavering=1.0) as hosts:
        _, first = await post(hosts, "ollama")
        _, last = await post(hosts, "ollama", messages=after(2, "-w"))
    assert first["choices"][0]["message"]["tool_calls"][0]["id"].startswith("call-w-")
    assert "tool_calls" not in last["choices"][0]["message"]


@pytest.mark.parametrize("host", HOSTS)
async def test_without_tools_a_provider_answers_the_instruction(host):
    prompts = {"sentence": "Write a 12-word sentence", "json_text": "Give a JSON object", "animals": "Name five animals"}
    async with PretendedHosts() as hosts:
        for member, prompt in prompts.items():
            _, answer = await post(hosts, host, tools=None, messages=[{"role": "user", "content": prompt}])
            assert answer["choices"][0]["message"]["content"] == getattr(SCRIPTS[host, "nano-30b"], member)


def test_only_one_provider_of_the_example_fences_its_json():
    assert [key for key, script in SCRIPTS.items() if script.json_text == FENCED_JSON] == [("openrouter", "nano-30b")]
