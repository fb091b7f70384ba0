"""proxy.client.step_log: the steps of a request at debug level, with its id, and nothing of what it holds."""

import gc
import logging

import pytest

from tests.wires import ask, get, ok, plane, post, scripted

KEY, PROMPT, REPLY, ANSWER_FIELD = "sk-client-0123456789", "a private question", "a private answer", "x-private-field"
STEPS = ["request_received", "request_routed", "request_sent", "head_received", "request_ended"]


def fields(record):
    return {name: value for name, value in vars(record).items() if name not in vars(logging.makeLogRecord({}))}


async def one_request(port):
    body = f'{{"model":"m","messages":[{{"role":"user","content":"{PROMPT}"}}]}}'.encode()
    target = f"/v1/chat/completions?api_key={KEY}".encode()
    return await ask(port, post(body, f"Authorization: Bearer {KEY}".encode(), target=target))


async def test_the_steps_of_a_request_are_logged_in_order_under_its_id_without_key_or_body(caplog):
    caplog.set_level(logging.DEBUG, "sameweights.proxy")
    async with scripted(None, ok(REPLY.encode(), ANSWER_FIELD.encode() + b": 1")) as provider, plane(provider.url) as running:
        assert REPLY.encode() in await one_request(running.port)
        exchange = await running.kept.next()
        records = [record for record in caplog.records if record.name == "sameweights.proxy"]
        assert [record.getMessage() for record in records] == STEPS
        assert {fields(record)["exchange"] for record in records} == {exchange.id}
        written = repr([fields(record) for record in records])
        assert "'target': '/v1/chat/completions?api_key=redacted'" in written
        assert "'status': 200" in written
        for secret in (KEY, PROMPT, REPLY, ANSWER_FIELD):
            assert secret not in written


async def test_a_request_that_fails_ends_with_the_kind_of_its_failure(caplog):
    caplog.set_level(logging.DEBUG, "sameweights.proxy")
    async with plane("http://127.0.0.1:9/v1") as running:
        await ask(running.port, get(b"/v1/models"))
        await running.kept.next()
    *_, last = [record for record in caplog.records if record.name == "sameweights.proxy"]
    assert (last.getMessage(), last.failure) == ("request_ended", "connect")


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
async def test_no_step_is_logged_above_debug_level(caplog, level):
    caplog.set_level(level, "sameweights.proxy")
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running:
        await one_request(running.port)
        await running.kept.next()
    assert [record for record in caplog.records if record.name == "sameweights.proxy"] == []


async def test_a_fault_of_the_proxy_is_logged_with_the_id_of_its_exchange(caplog, monkeypatch):
    def broken(*_args, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr("proxy.forwarding.request_preparation.PreparedRequest", broken)
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running:
        assert b" 500 " in await one_request(running.port)
        exchange = await running.kept.next()
    (record,) = [record for record in caplog.records if record.getMessage() == "request_failed"]
    assert record.exchange == exchange.id


STATEFUL = {
    *("Capture", "ClientConnection", "ClientRequest", "ConnectionPool", "Forward", "HeldBytes", "RecordCompletion"),
    *("ResponseReader", "ResponseWriter", "UpstreamConnection"),
}


def pictures():
    found = [each for each in gc.get_objects() if str(type(each).__module__).startswith("proxy.")]
    return [(type(each).__name__, repr(each)) for each in found if type(each).__name__ in STATEFUL]


async def test_each_stateful_object_shows_its_state_and_no_field_key_or_body():
    seen = []

    async def answer(wire):
        await wire.request()
        seen.extend(pictures())
        await wire.send(ok(REPLY.encode()))
        await wire.gone()

    async with scripted(answer) as provider, plane(provider.url) as running:
        await one_request(running.port)
        await running.kept.next()
    assert {name for name, _ in seen} == STATEFUL
    assert [picture for name, picture in seen if name == "UpstreamConnection" and "busy served=1" in picture]
    for _, picture in seen:
        assert not [secret for secret in (KEY, PROMPT, REPLY, "Bearer", " object at 0x") if secret in picture]
