"""Spans and evaluation results of a running serve reach an OTLP endpoint: without keys, and without prompts by default."""

import json
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.journeys.two_providers import EACH_IS_SAMPLED, TWO_PROVIDERS, post_chats
from tests.otlp_receiver import OtlpReceiver, values
from tests.running import chat, until

pytestmark = pytest.mark.journey

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
KEY, TOKEN = "client-key-1234567890", "collector-token-123"
PROMPT = "Where does the heron sleep in winter"
SECRET = "sk-abcdefghijklmnopqrstuvwxyz0123456789"


@asynccontextmanager
async def exporting(serve, *settings: str, workers: int = 1):
    """A serve whose shadows are all controlled, with `[otel]` at a receiver: (serve, receiver)."""
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official, OtlpReceiver() as receiver:
        toml = TWO_PROVIDERS.format(candidate=candidate.base_url, official=official.base_url)
        toml += EACH_IS_SAMPLED.replace("[admin]", f"control_fraction = 1.0\naudit_workers = {workers}\n[admin]")
        toml += f'[otel]\nendpoint = "{receiver.url}"\nheaders_env = "OTLP_FIELDS"\n' + "\n".join(settings) + "\n"
        async with serve(toml, env={"OTLP_FIELDS": f"authorization=Bearer%20{TOKEN}"}) as served:
            yield served, receiver


async def sent(served, receiver, *bodies: bytes, traceparent: str = f"00-{TRACE}-{PARENT}-01") -> None:
    """Send requests with a key, one after the other, and wait for the spans of their pairs."""
    before = len(receiver.spans)
    headers = {"Authorization": f"Bearer {KEY}", "traceparent": traceparent}
    assert await post_chats(served, bodies, at_once=1, **headers) == [200] * len(bodies)
    await until(lambda: len(receiver.spans) >= before + 4 * len(bodies))


@pytest.mark.promise("secrets.spans")
@pytest.mark.parametrize("workers", [1, 2])
async def test_one_request_comes_as_live_shadow_and_control_span_and_its_evaluations_without_key_and_prompt(serve, workers):
    async with exporting(serve, workers=workers) as (served, receiver):
        await sent(served, receiver, chat(text=f"{PROMPT} {SECRET}", temperature=0.5, max_tokens=64))
        await until(lambda: receiver.events)
        spans = receiver.by_role()
    live, shadow, control, compare = (spans[role] for role in ("live", "shadow", "control", "compare"))
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}
    assert live.parent_span_id.hex() == PARENT
    assert (compare.parent_span_id, shadow.parent_span_id, control.parent_span_id) == (live.span_id, *[compare.span_id] * 2)
    said = values(live.attributes)
    assert (live.name, said["gen_ai.operation.name"]) == ("chat pretend-small", "chat")
    assert (said["gen_ai.provider.name"], values(shadow.attributes)["gen_ai.provider.name"]) == ("candidate", "official")
    assert (said["gen_ai.request.temperature"], said["gen_ai.request.max_tokens"]) == (0.5, 64)
    assert said["gen_ai.usage.output_tokens"] > 0
    evaluations = {(event["gen_ai.evaluation.name"], event["sameweights.comparison"]) for event in map(_said, receiver.events)}
    assert {("text", "cross"), ("text", "self")} <= evaluations
    assert {event.span_id for event in receiver.events if _said(event)["sameweights.comparison"] == "cross"} == {live.span_id}
    assert {event.span_id for event in receiver.events if _said(event)["sameweights.comparison"] == "self"} == {shadow.span_id}
    everything = b"".join(receiver.raw)
    assert not [text for text in (KEY, TOKEN, SECRET, "heron", "authorization") if text.encode() in everything]
    assert {fields["Authorization"] for _, fields in receiver.requests} == {f"Bearer {TOKEN}"}


def _said(event) -> dict:
    return values(event.attributes)


@pytest.mark.promise("secrets.spans")
async def test_messages_are_sent_redacted_where_the_configuration_asks_for_content(serve):
    async with exporting(serve, 'content = "full"', 'evaluations = "span_events"') as (served, receiver):
        await sent(served, receiver, chat(text=f"{PROMPT} {SECRET}"))
        spans = receiver.by_role()
    asked = json.loads(values(spans["live"].attributes)["gen_ai.input.messages"])
    assert asked[0]["role"] == "user"
    assert PROMPT in asked[0]["parts"][0]["content"]
    answered = json.loads(values(spans["shadow"].attributes)["gen_ai.output.messages"])
    assert (answered[0]["role"], answered[0]["parts"][0]["type"]) == ("assistant", "text")
    assert not [text for text in (KEY, TOKEN, SECRET) if text.encode() in b"".join(receiver.raw)]
    assert {event.name for event in spans["compare"].events} == {"gen_ai.evaluation.result"}
    assert receiver.events == []


@pytest.mark.promise("recording.spans")
async def test_silent_endpoint_costs_no_answer_and_no_record_and_the_data_plane_loads_nothing_of_it(serve):
    async with exporting(serve, "queue = 3") as (served, receiver):
        receiver.silent.set()
        assert await post_chats(served, [chat(text="first")]) == [200]
        await until(lambda: receiver.requests)
        bodies = [chat(text=f"question {number}") for number in range(20)]
        assert await post_chats(served, bodies) == [200] * 20

        async def stored() -> bool:
            return await served.metric("sameweights_store_records_total", result="stored", table="pairs") == 21

        await until(stored)

        async def dropped() -> bool:
            return await served.metric("sameweights_otel_items_total", kind="spans", delivery="queue_full") >= 4 * 20 - 3 * 3

        await until(dropped)
        async with aiohttp.ClientSession() as session, session.get(f"{served.admin}/readyz") as ready:
            assert ready.status == 200
        loaded = {module: _maps(pid, "google/_upb") for module, pid in served.children().items()}
    assert (loaded["shadow.processes.audit_process"], loaded["proxy.server"]) == (True, False)


def _maps(pid: int, part: str) -> bool:
    return part in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
