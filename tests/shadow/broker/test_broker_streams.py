"""Streams are created, adjusted, and refused where they are another product's; real servers."""

import asyncio
import re
from pathlib import Path

import pytest

from shadow.broker import broker_connection
from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import BrokerAwayError, BrokerError
from shadow.broker.broker_report import broker_report
from shadow.broker.broker_streams import CONSUMER, ensure_consumers, ensure_streams, stream_state
from shadow.broker.stream_pull import StreamPull
from tests.brokers import STREAM_BYTES, connected, nats_cluster, nats_server, settings
from tests.running import until

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "fleet.md").read_text(encoding="utf-8")


@pytest.fixture
async def server(tmp_path):
    async with nats_server(tmp_path) as running:
        yield running


async def refused(server, **more) -> str:
    config = settings(server, **more)

    async def prepare(broker):
        await ensure_streams(broker, config)
        await ensure_consumers(broker, config)

    with pytest.raises(BrokerError) as raised:
        await BrokerConnection(config, "", name="test", prepare=prepare).open()
    return str(raised.value)


async def test_streams_refuse_when_full_and_keep_what_is_not_acknowledged(server):
    async with connected(settings(server, streams=2), consumers=True) as broker:
        for shard in range(2):
            made = (await stream_state(broker, shard))["config"]
            assert (made["retention"], made["discard"], made["max_age"]) == ("workqueue", "new", 0)
            assert made["subjects"] == [f"sameweights.*.exchange.{shard}"]
            assert made["max_bytes"] == STREAM_BYTES
        consumer = (await broker.api(f"CONSUMER.INFO.SAMEWEIGHTS_EXCHANGE_1.{CONSUMER}"))["config"]
        assert (consumer["ack_policy"], consumer["filter_subject"]) == ("explicit", "sameweights.1.exchange.1")


async def test_streams_that_are_there_are_kept_and_their_size_is_adjusted(server):
    async with connected(settings(server)) as broker:
        await broker.publish("sameweights.1.exchange.0", b"x", {})
    async with connected(settings(server, max_bytes=2 * STREAM_BYTES)) as broker:
        state = await stream_state(broker, 0)
    assert (state["config"]["max_bytes"], state["state"]["messages"]) == (2 * STREAM_BYTES, 1)


@pytest.mark.parametrize(
    ("key", "value"), [("retention", "limits"), ("discard", "old"), ("max_age", 1_000_000_000_000), ("subjects", ["theirs.>"])]
)
async def test_stream_of_another_product_is_refused_and_left_as_it_is(server, key, value):
    theirs = {"name": "SAMEWEIGHTS_EXCHANGE_0", "subjects": ["sameweights.*.exchange.0"], "retention": "workqueue"}
    theirs |= {"discard": "new", "storage": "file", key: value}
    broker = BrokerConnection(settings(server), "", name="test")
    await broker.open()
    await broker.api("STREAM.CREATE.SAMEWEIGHTS_EXCHANGE_0", theirs)
    sentence = await refused(server)
    assert "already exists and is not a stream of sameweights" in sentence
    assert f"its {key} is " in sentence
    assert (await stream_state(broker, 0))["config"][key] == value
    await broker.close()


async def test_subjects_that_another_stream_takes_are_refused(server):
    broker = BrokerConnection(settings(server), "", name="test")
    await broker.open()
    await broker.api("STREAM.CREATE.OTHER", {"name": "OTHER", "subjects": ["sameweights.>"], "storage": "file"})
    await broker.close()
    assert "another stream of this account takes sameweights.*.exchange.0 already" in await refused(server)


async def test_more_replicas_than_servers_are_refused_with_the_key(server):
    assert "lower broker.replicas, 1 for a single server" in await refused(server, replicas=3)


async def led(config) -> bool:
    broker = BrokerConnection(config, "", name="test")
    try:
        await broker.open()
        await broker.api("INFO")
    except BrokerAwayError:
        return False
    finally:
        await broker.close()
    return True


@pytest.mark.slow
async def test_server_that_has_not_come_back_yet_is_waited_for_and_no_lack_of_room(tmp_path):
    async with nats_cluster(tmp_path) as servers:
        config = settings(*servers)
        await until(lambda: led(config))
        for server in servers:
            await server.stop()
        *early, late = servers
        for server in early:
            await server.start()
        await until(lambda: led(config))
        opening = BrokerConnection(config, "", name="test", prepare=lambda broker: ensure_streams(broker, config))
        with pytest.raises(BrokerAwayError, match="no suitable peers"):
            await opening.open()
        await late.start()
        async with connected(config) as broker:
            assert len((await stream_state(broker, 0))["cluster"]["replicas"]) == 2


async def test_more_bytes_than_the_server_has_are_refused_with_the_key(server):
    assert "lower broker.max_bytes" in await refused(server, max_bytes=1 << 40)


ACCOUNT = "accounts {{ a: {{ users: [ {{ user: u, password: p }} ], jetstream: {{ {} }} }} }}"


@pytest.mark.parametrize(
    ("limit", "remedy"),
    [
        ("max_file: 1MB, max_mem: 1MB", "lower broker.max_bytes, or raise the limits of its servers and account"),
        ("disk_max_stream_bytes: 1MB", "lower broker.max_bytes, or raise the limits of its servers and account"),
        ("max_file: 500MB, max_streams: 1", "lower broker.streams, or raise max_streams of the account"),
        ("max_file: 500MB, max_ack_pending: 10", "exceeds system limit of 10; raise that limit"),
    ],
)
async def test_limit_of_the_account_is_refused_with_what_to_change(tmp_path, limit, remedy):
    async with nats_server(tmp_path, more=ACCOUNT.format(limit)) as server:
        config = settings(server, streams=2)

        async def prepare(broker):
            await ensure_streams(broker, config)
            await ensure_consumers(broker, config)

        with pytest.raises(BrokerError, match=remedy):
            await BrokerConnection(config, "u:p", name="test", prepare=prepare).open()


async def test_consumer_of_another_product_is_refused_with_what_to_delete(server):
    async with connected(settings(server)) as broker:
        other = {"durable_name": "other", "ack_policy": "explicit"}
        stream = "SAMEWEIGHTS_EXCHANGE_0"
        await broker.api(f"CONSUMER.DURABLE.CREATE.{stream}.other", {"stream_name": stream, "config": other})
        with pytest.raises(BrokerError, match=r"takes no consumer audit_1 of ours: .*; delete the consumer that is there"):
            await ensure_consumers(broker, settings(server))


async def test_rights_that_the_guide_lists_are_enough_for_both_roles_and_no_more(tmp_path, monkeypatch):
    [conf] = re.findall(r"^```conf\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    monkeypatch.setattr(broker_connection, "ANSWER_SECONDS", 1.0)  # because each request without the right waits for its answer
    monkeypatch.setenv("PROXY_PASSWORD", "one")
    monkeypatch.setenv("AUDIT_PASSWORD", "other")
    came = asyncio.Event()

    async def received(message) -> None:
        await message.ack()
        came.set()

    async with (
        nats_server(tmp_path, more=conf[conf.index("authorization") :]) as server,
        connected(settings(server), "proxy:one", name="proxy") as proxy,
        connected(settings(server), "audit:other", name="audit", consumers=True) as audit,
    ):
        await proxy.publish("sameweights.1.exchange.0", b"x", {})
        pull = StreamPull(audit, 0, room=lambda: (1, 1), received=received, moved=asyncio.Event())
        running = asyncio.create_task(pull.run())
        await came.wait()
        running.cancel()

        async def empty() -> bool:
            return (await stream_state(audit, 0))["state"]["messages"] == 0

        await until(empty)
        with pytest.raises(BrokerError, match="the broker does not allow"):
            await audit.publish("sameweights.1.exchange.0", b"x", {})
        for each, name in (
            (proxy, "STREAM.DELETE"),
            (audit, "STREAM.DELETE"),
            (proxy, "STREAM.PURGE"),
            (proxy, "STREAM.MSG.GET"),
        ):
            with pytest.raises(BrokerError, match="the broker does not allow"):
                await each.api(f"{name}.SAMEWEIGHTS_EXCHANGE_0")
        await proxy.client.subscribe("_INBOX.audit.>")
        await until(lambda: "permissions violation for subscription" in str(proxy.client.last_error).lower())
        for credentials in ("proxy:one", "audit:other"):
            assert all(fact.works for fact in await broker_report(settings(server), credentials))
