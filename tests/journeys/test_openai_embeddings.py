"""The real OpenAI client for Python on /v1/embeddings, through a running proxy: vectors are compared, and nothing else is."""

from __future__ import annotations

from contextlib import asynccontextmanager

import openai
import pytest

from tests.journeys.messenger import Messenger
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited

pytestmark = [pytest.mark.journey, pytest.mark.promise("clients.apis")]

VECTORS = {"vector_cosine", "vector_norm", "vector_dimension", "vector_exactness"}
ALSO = {"error", "error_class", "parameters", "prompt_tokens", "first_chunk", "total"}
ASKED = {"model": "pretend-small", "input": ["Low water at Oban", "is at noon"]}


@pytest.fixture
def asking(serve):
    """`async with asking(candidate, official) as (served, client)`: a client of a `serve` that shadows everything."""

    @asynccontextmanager
    async def opened(candidate: Messenger, official: Messenger):
        toml = CONFIG.format(candidate=f"{candidate.url}/v1", official=f"{official.url}/v1")
        async with (
            serve(toml, env={"OFFICIAL_KEY": "official-key-5678"}) as served,
            openai.AsyncOpenAI(base_url=f"{served.data}/v1", api_key="client-key-1234", max_retries=0) as client,
        ):
            yield served, client

    return opened


async def findings(served) -> tuple[dict, dict]:
    """What was found of the one pair, and of the reference against itself, by signal."""
    [summary] = await audited(served, 1)
    reader = served.reader
    row = reader.exchange(summary.pair.subject_id)
    found = reader.findings(pair_id=summary.pair.id)
    alone = reader.findings(exchange_id=row.id)
    reader.close()
    assert row.unread == ""
    assert not [each.signal for each in alone if each.comparison == "check" and each.state == "differ"]
    return tuple({each.signal: each for each in found if each.comparison == kind} for kind in ("cross", "self"))


@pytest.mark.parametrize("encoding", ["float", "base64", None], ids=["numbers", "base64", "the client's default"])
async def test_a_faithful_shadow_has_the_same_vectors(asking, encoding):
    async with Messenger() as candidate, Messenger() as official, asking(candidate, official) as (served, client):
        answer = await client.embeddings.create(**ASKED, **({"encoding_format": encoding} if encoding else {}))
        assert len(answer.data) == 2
        cross, own = await findings(served)
    assert {cross[signal].state for signal in VECTORS | {"prompt_tokens"}} == {"match"}
    assert {own[signal].state for signal in VECTORS} == {"match"}
    assert {found.state for signal, found in cross.items() if signal not in VECTORS | ALSO} == {"not_measured"}
    assert official.requests[0]["input"] == ASKED["input"]


async def test_vectors_of_another_direction_differ(asking):
    async with Messenger(turn=0.5) as candidate, Messenger() as official, asking(candidate, official) as (served, client):
        await client.embeddings.create(**ASKED)
        cross, own = await findings(served)
    assert {signal for signal in VECTORS if cross[signal].state == "differ"} >= {"vector_cosine", "vector_exactness"}
    assert "the cosine is 0.9" in cross["vector_cosine"].reason
    assert cross["vector_dimension"].state == "match"
    assert {own[signal].state for signal in VECTORS} == {"match"}
