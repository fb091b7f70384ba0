"""Spans of live, shadow and control requests, with evaluation results, from a running `serve` to an OTLP endpoint."""

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.otlp import endpoint, values
from tests.running import chat, until

pytestmark = [pytest.mark.promise("otel.spans"), pytest.mark.journey]

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "candidate"
reference = "official"
[proxy.providers]
candidate = {{ base_url = "{candidate}" }}
official = {{ base_url = "{official}" }}
[shadow]
sample_rate = 1.0
control_fraction = 1.0
audit_workers = {workers}
[admin]
listen = "127.0.0.1:0"
[otel]
endpoint = "{otlp}"
headers_env = "OTLP_HEADERS"
"""
WORDS = "a question that no span may hold"


@pytest.mark.parametrize("workers", [1, 2])
async def test_spans_of_live_shadow_and_control_arrive_as_one_trace_with_evaluation_results(serve, workers):
    async with endpoint() as kept, PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url, otlp=kept.url, workers=workers)
        async with serve(toml, env={"OTLP_HEADERS": "x-key=abc"}) as served, aiohttp.ClientSession() as session:
            async with session.post(f"{served.data}/v1/chat/completions", data=chat(text=WORDS)) as got:
                answer = await got.read()
                assert got.status == 200
            await until(lambda: kept.of(sameweights__role="control"))
            [live] = kept.of(sameweights__role="live")
            [shadow], [control] = kept.of(sameweights__role="shadow"), kept.of(sameweights__role="control")
            [compared] = [span for span in kept.spans if span.name.startswith("compare ")]
    assert {span.trace_id for span in kept.spans} == {live.trace_id}
    assert compared.parent_span_id == live.span_id
    assert shadow.parent_span_id == control.parent_span_id == compared.span_id
    assert values(shadow)["gen_ai.provider.name"] == "official"
    assert values(live)["gen_ai.usage.output_tokens"] > 0
    results = {values(event)["gen_ai.evaluation.name"] for event in compared.events}
    assert {"answer_kind", "finish_reason", "text"} <= results
    assert kept.headers["x-key"] == "abc"
    sent = b"".join(span.SerializeToString() for span in kept.spans)
    assert WORDS.encode() not in sent
    assert answer[:40] not in sent


async def test_unreachable_endpoint_changes_nothing_for_the_client(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url, otlp="http://127.0.0.1:9", workers=1)
        async with serve(toml, env={"OTLP_HEADERS": ""}) as served, aiohttp.ClientSession() as session:
            async with session.post(f"{served.data}/v1/chat/completions", data=chat(text=WORDS)) as got:
                assert got.status == 200
            await until(lambda: served.metric("sameweights_store_records_total", result="stored", table="pairs"))
            assert await until(lambda: any("spans_not_sent" in line for line in served.errors))
