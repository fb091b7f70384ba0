"""What doctor finds of a broker: connected, what waits, what is too small, and what cannot be used, a sentence each."""

from contextlib import suppress

import pytest

from shadow.broker.broker_errors import BrokerRefusal
from shadow.broker.broker_report import broker_report
from tests.brokers import connected, nats_server, settings
from tests.running import until


async def test_broker_with_its_streams_shows_what_waits(tmp_path):
    async with nats_server(tmp_path) as server:
        config = settings(server, streams=2)
        async with connected(config) as broker:
            await broker.publish("sameweights.1.exchange.0", b"x" * 100, {})
            facts = await broker_report(config, "")
    assert [fact.works for fact in facts] == [True, True, True]
    assert "connected" in facts[0].text
    assert "SAMEWEIGHTS_EXCHANGE_0: 1 exchange waits" in facts[1].text
    assert "the oldest for" in facts[1].text
    assert "no auditing host has received from it yet" in facts[1].text
    assert "SAMEWEIGHTS_EXCHANGE_1: 0 exchanges wait" in facts[2].text


async def test_exchange_of_a_later_format_is_counted_with_what_to_do(tmp_path):
    async with nats_server(tmp_path) as server:
        async with connected(settings(server)) as broker:
            await broker.publish("sameweights.2.exchange.0", b"of tomorrow", {})
            await broker.publish("sameweights.1.exchange.0", b"of today", {})
        _, stream = await broker_report(settings(server), "")
    assert stream.works is None
    assert "2 exchanges wait" in stream.text
    assert "1 of them are in a format that this version does not read: upgrade the auditing hosts" in stream.text


async def test_streams_that_are_not_there_are_not_created(tmp_path):
    async with nats_server(tmp_path) as server:
        first, again = [await broker_report(settings(server), "") for _ in range(2)]
    assert first == again
    assert (first[1].works, "does not exist yet" in first[1].text) == (None, True)


async def test_consumer_shows_what_is_with_auditing_hosts(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True):
        facts = await broker_report(settings(server), "")
    assert "0 are with auditing hosts" in facts[1].text


@pytest.mark.parametrize(("limit", "warned"), [(7_999_999, True), (8_000_000, False)])
async def test_payload_limit_below_eight_megabytes_is_a_warning(tmp_path, limit, warned):
    async with nats_server(tmp_path, max_payload=f"{limit}") as server:
        facts = await broker_report(settings(server), "")
    assert any("max_payload: 8MB" in fact.text for fact in facts) == warned


async def _created(broker, stream) -> bool:
    with suppress(BrokerRefusal):
        return bool(await broker.api(f"STREAM.CREATE.{stream['name']}", stream))
    return False


@pytest.mark.slow
async def test_broker_that_cannot_be_used_is_one_sentence(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        await broker.api("STREAM.DELETE.SAMEWEIGHTS_EXCHANGE_0")
        theirs = {"name": "SAMEWEIGHTS_EXCHANGE_0", "subjects": ["theirs"], "storage": "file"}
        await until(lambda: _created(broker, theirs))  # the server may still delete the files of the one before
        _, foreign = await broker_report(settings(server), "")
        await server.stop()
        [away] = await broker_report(settings(server), "")
    assert (foreign.works, "not a stream of sameweights" in foreign.text) == (False, True)
    assert (away.works, "cannot be reached" in away.text) == (False, True)
