"""A request that is fitted to each provider: what each of them gets, and what the pair records about it."""

import html
import json
from pathlib import Path

import aiohttp
import pytest

from shadow import cli
from tests.journeys.test_whole_path_of_a_request import audited, post
from tests.journeys.two_providers import two_providers
from tests.running import chat
from tests.wires import ok, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.fitted")]

LIVE = """fit_live = true
rename = {{ max_tokens = "max_completion_tokens" }}
extra_headers = {{ X-Team = "audit" }}
"""
REFERENCE = """api_key_env = "OFFICIAL_KEY"
drop = ["parallel_tool_calls"]
rename = {{ max_tokens = "max_new_tokens" }}
extra_body = {{ provider = {{ order = ["deepinfra"], allow_fallbacks = false }}, temperature = 0.5 }}
extra_headers_env = {{ X-Tenant = "TENANT" }}
extra_query = {{ api-version = "2024-10-21" }}
strip_thinking = true
"""
CONFIG = (
    two_providers(candidate=LIVE, official=REFERENCE)
    + """[shadow]
sample_rate = 1.0
wait = 3600
control_fraction = 0.0
tiebreak = false
[admin]
listen = "127.0.0.1:0"
models = ["m"]
"""
)
THOUGHT = {"role": "assistant", "content": "On the coast.", "reasoning_content": "a thought of before"}
ASKED = {
    "messages": [{"role": "user", "content": "Where?"}, THOUGHT, {"role": "user", "content": "And when?"}],
    "max_tokens": 64,
    "parallel_tool_calls": False,
    "temperature": 1,
    "seed": 7,
}
ALTERATIONS = [
    "1 pieces of earlier thinking removed (strip_thinking)",
    "parallel_tool_calls removed: left out for this provider",
    "max_tokens sent as max_new_tokens",
    'provider added: {"order": ["deepinfra"], "allow_fallbacks": false}',
    "temperature sent as 0.5",
    "header X-Tenant added",
    "query api-version=2024-10-21 added",
    "to the provider: max_tokens sent as max_completion_tokens",
    "to the provider: header X-Team added",
]
ANSWER = ok(
    json.dumps(
        {
            "id": "c",
            "object": "chat.completion",
            "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "At noon."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 30, "completion_tokens": 3, "total_tokens": 33, "cost": 0.00012}
            | {"prompt_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 8}},
        }
    ).encode(),
    b"Content-Type: application/json",
)


def posted(provider) -> tuple[str, dict]:
    """The head and the body of the one question that it was asked."""
    [request] = [each for each in provider.requests if each.startswith(b"POST ")]
    head, _, body = request.partition(b"\r\n\r\n")
    return head.decode(), json.loads(body)


def shown(config: Path, pair: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `sameweights show` prints."""
    with pytest.raises(SystemExit):
        cli.main(["show", pair, str(config)])
    return capsys.readouterr().out


async def test_each_provider_gets_its_fitted_request_and_the_pair_lists_every_change(serve, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "400")
    async with scripted(None, ANSWER) as candidate, scripted(None, ANSWER) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url)
        env = {"OFFICIAL_KEY": "sk-official-5678", "TENANT": "tenant-secret-9"}
        async with serve(toml, env=env) as served, aiohttp.ClientSession() as session:
            sent = chat("m", **ASKED)
            async with post(session, served.data, sent) as got:
                assert (await got.json())["choices"][0]["message"]["content"] == "At noon."
            [summary] = await audited(served, 1)
            async with session.get(f"{served.admin}/pairs/{summary.pair.id}") as got:
                page = html.unescape(await got.text())
            printed = shown(tmp_path / "sameweights.toml", summary.pair.id, capsys)
            reader = served.reader
            live = reader.exchange(summary.pair.subject_id)
            reader.close()
    head, body = posted(candidate)
    given = json.loads(sent)
    assert body == {("max_completion_tokens" if key == "max_tokens" else key): value for key, value in given.items()}
    assert "X-Team: audit" in head
    head, body = posted(official)
    assert head.startswith("POST /v1/chat/completions?api-version=2024-10-21 ")
    assert "X-Tenant: tenant-secret-9" in head
    assert body["messages"] == [
        {key: value for key, value in each.items() if key in given["messages"][0]} for each in given["messages"]
    ]
    assert body.keys() == {"model", "messages", "stream", "max_new_tokens", "temperature", "seed", "provider"}
    assert (body["temperature"], body["max_new_tokens"], body["seed"]) == (0.5, 64, 7)
    assert live.request_body == sent, "the record holds what the application sent"
    assert json.loads(summary.pair.alterations) == ALTERATIONS
    for sentence in ALTERATIONS:
        assert sentence in page
        assert sentence in printed
    assert "tenant-secret-9" not in page + printed
    for line in ("cached prompt tokens", "tokens written to the cache", "$0.00012"):
        assert line in page
