"""The pretended providers of the example: each follows its script, by stream and by whole answers."""

import json
from types import SimpleNamespace

import aiohttp
import pytest

from shadow.demo.fleet import pretended_hosts
from shadow.demo.fleet.host_scripts import ASKS_BACK, FENCED_JSON, PARTLY, SCRIPTS
from shadow.demo.fleet.pretended_hosts import HOSTS, SERVER, PretendedHosts, prompt_tokens

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


def of_size(tokens):
    """Messages that are so many tokens long without tools."""
    room = tokens * 4 - len(json.dumps([[{"role": "user", "content": ""}], None]))
    return [{"role": "user", "content": "x" * room}]


@pytest.mark.parametrize(("host", "context"), [("deepinfra", 34_000), ("nim", 131_072)])
async def test_request_of_just_the_context_is_accepted_and_one_token_more_is_not(host, context):
    async with PretendedHosts() as hosts:
        found = [(await post(hosts, host, tools=None, messages=of_size(size)))[0] for size in (context, context + 1)]
        assert hosts.requests == 2
    assert found == [200, 400]


def test_token_is_four_characters_of_messages_and_tools():
    assert prompt_tokens({"messages": of_size(100)}) == 100
    assert prompt_tokens({"messages": of_size(100), "tools": ["x" * 40]}) == 110
    assert prompt_tokens({"messages": ["é" * 40]}) == prompt_tokens({"messages": ["e" * 40]})


async def test_usage_is_the_prompt_and_a_quarter_of_the_characters_of_the_answer():
    async with PretendedHosts() as hosts:
        _, answer = await post(hosts, "openrouter", messages=after(1))
    choice = answer["choices"][0]
    prompt, written = prompt_tokens({"messages": after(1), "tools": TOOLS}), len(json.dumps(choice["message"])) // 4
    assert answer["usage"] == {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
    assert (answer["object"], choice["index"], choice["finish_reason"]) == ("chat.completion", 0, "stop")


async def test_stream_has_the_message_then_its_end_then_the_usage():
    async with PretendedHosts() as hosts:
        _, text = await post(hosts, "nim", stream=True)
        _, said = await post(hosts, "openrouter", stream=True, messages=after(1))
    first, end, usage = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    call = {"id": "call-1", "type": "function", "function": {"name": "list_vehicles", "arguments": "{}"}}
    delta = {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **call}]}
    assert first["choices"] == [{"index": 0, "delta": delta, "finish_reason": None}]
    assert end["choices"] == [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]
    assert (usage["choices"], usage["object"], usage["model"]) == ([], "chat.completion.chunk", "nano-30b")
    assert json.loads(said.splitlines()[0][6:])["choices"][0]["delta"] == {"role": "assistant", "content": ASKS_BACK}


async def test_model_that_a_provider_does_not_have_is_named_and_the_server_names_itself():
    async with PretendedHosts() as hosts, aiohttp.ClientSession() as session:
        url = f"{hosts.base_url('ollama')}/chat/completions"
        async with session.post(url, json={"model": "nano-9b"}) as answer:
            error = (await answer.json())["error"]
    sentence = "The model `nano-9b` does not exist at ollama"
    assert error == {"message": sentence, "type": "invalid_request_error", "code": "model_not_found"}
    assert answer.headers["server"] == SERVER


async def test_share_of_the_runs_wavers_and_ends_partly_done():
    async with PretendedHosts(wavering=0.3) as hosts:
        begun = [await post(hosts, "ollama") for _ in range(40)]
        _, second = await post(hosts, "ollama", messages=after(1, "-w"))
        _, last = await post(hosts, "ollama", messages=after(2, "-w"))
        _, steady = await post(hosts, "ollama", messages=after(2))
    ids = [answer["choices"][0]["message"]["tool_calls"][0]["id"] for _, answer in begun]
    assert len(set(ids)) == 40
    assert 4 <= sum(one.startswith("call-w-") for one in ids) <= 20
    assert second["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "get_battery_health"
    assert last["choices"][0]["message"]["content"] == PARTLY
    assert "tool_calls" in steady["choices"][0]["message"]


@pytest.mark.parametrize(
    ("scale", "prompt", "seconds"), [(2.0, "Give your reason", 54.0), (2.0, "Say hello", 0), (None, "Give your reason", 0)]
)
async def test_reasoning_question_takes_the_time_of_the_script_times_the_scale(monkeypatch, scale, prompt, seconds):
    waits = []

    async def sleep(wait):
        waits.append(wait)

    monkeypatch.setattr(pretended_hosts, "asyncio", SimpleNamespace(sleep=sleep))
    options = {} if scale is None else {"seconds_scale": scale}
    asked = [
        {"role": "user", "content": "For a reason"},
        {"role": "assistant", "content": "Yes"},
        {"role": "user", "content": prompt},
    ]
    async with PretendedHosts(**options) as hosts:
        _, answer = await post(hosts, "nim", tools=None, messages=asked)
    assert waits == [seconds]
    assert answer["choices"][0]["message"]["content"] == "The ball costs 5 cents."


async def test_conversation_without_a_user_has_an_answer():
    async with PretendedHosts() as hosts:
        assert (await post(hosts, "nim", tools=None, messages=[]))[0] == 200
