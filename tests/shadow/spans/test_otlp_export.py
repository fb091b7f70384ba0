"""Spans at a real endpoint on loopback, and an endpoint that fails, which costs nothing but the spans."""

import asyncio

import structlog

from proxy.exchange import Role
from shadow.spans.otlp_export import OtlpSpans
from tests.otlp import endpoint, values
from tests.shadow.spans.test_span_values import COMPARISONS, pair, parsed
from tests.watching import free_port


async def sent(sink: OtlpSpans) -> None:
    live = parsed(id=pair().subject_id)
    sink.live(live, [])
    sink.pair(pair(), [parsed(id="s1", role=Role.SHADOW, provider="official")], COMPARISONS)
    await asyncio.to_thread(sink.close)


async def test_spans_of_a_pair_arrive_as_one_trace_with_its_results():
    async with endpoint() as kept:
        await sent(OtlpSpans(endpoint=kept.url, headers=""))
    by_role = {values(span).get("sameweights.role", "pair"): span for span in kept.spans}
    live, compared, shadow = by_role["live"], by_role["pair"], by_role["shadow"]
    assert len({span.trace_id for span in kept.spans}) == 1
    assert live.parent_span_id == b""
    assert compared.parent_span_id == live.span_id
    assert shadow.parent_span_id == compared.span_id
    assert [values(event)["gen_ai.evaluation.name"] for event in compared.events] == ["text", "text"]
    assert values(live)["gen_ai.response.finish_reasons"] == ("stop",)
    assert kept.resources[0]["service.name"] == "sameweights"


async def test_headers_of_the_variable_are_sent():
    async with endpoint() as kept:
        await sent(OtlpSpans(endpoint=f"{kept.url}/", headers="authorization=Bearer%20key,x-project=a"))
    assert kept.headers["authorization"] == "Bearer key"
    assert kept.headers["x-project"] == "a"


async def test_endpoint_that_refuses_costs_the_spans_alone_and_is_reported_once():
    with structlog.testing.capture_logs() as logs:
        await sent(OtlpSpans(endpoint=f"http://127.0.0.1:{free_port()}", headers=""))
    assert [entry["event"] for entry in logs] == ["spans_not_sent"]
    assert logs[0]["lost"] == 3


async def test_what_is_no_exchange_is_reported_and_not_raised():
    with structlog.testing.capture_logs() as logs:
        sink = OtlpSpans(endpoint="http://127.0.0.1:9", headers="")
        sink.pair(pair(), [], COMPARISONS)
        await asyncio.to_thread(sink.close)
    assert logs[0]["event"] == "span_not_made"
