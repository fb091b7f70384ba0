"""What waits in a stream, by the server's clock; an intake is ready once it is connected."""

import asyncio
from contextlib import closing

import pytest
from prometheus_client import CollectorRegistry

from proxy.packing import pack
from proxy.process.shared_counters import SharedCounters
from shadow.broker import broker_intake, broker_streams
from shadow.broker.broker_errors import BrokerAwayError, BrokerError
from shadow.broker.broker_intake import BrokerIntake, backlog, backlog_sentence, stream_backlog
from shadow.broker.broker_message import PayloadCompressor, headers, subject
from shadow.metrics.broker_metrics import Backlog, ConsumerMetrics
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.settings.top_level_config import BrokerConfig, Config
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.brokers import STREAM_BYTES, connected, nats_server, settings
from tests.conformance import exchange_record, offered
from tests.exchanges import asked, exchange, said
from tests.passing_clock import PassingAsyncio
from tests.running import PATIENCE, until


def info(**state) -> dict[str, object]:
    state = {"messages": 3, "bytes": 70, "first_ts": "2026-11-29T18:00:00.123456789Z", **state}
    return {"ts": "2026-11-29T18:00:30.623456789Z", "config": {"max_bytes": 100}, "state": state}


def test_age_is_that_of_the_first_message_by_the_servers_clock():
    found = stream_backlog("S", info())
    assert (found.messages, found.size, found.limit, found.age) == (3, 70, 100, 30.5)


def test_empty_stream_has_no_age():
    assert stream_backlog("S", info(messages=0, first_ts="0001-01-01T00:00:00Z")).age == 0.0


@pytest.mark.parametrize("moment", ["", "soon", "0001-01-01T00:00:00Z", "2026-11-29T19:00:00Z"])
def test_moment_that_is_none_or_later_gives_no_negative_age(moment):
    assert stream_backlog("S", info(first_ts=moment)).age >= 0.0


def test_answer_without_a_state_is_an_error_of_the_broker():
    with pytest.raises(BrokerAwayError):
        stream_backlog("S", {})


def test_answer_whose_state_or_configuration_is_none_is_an_error_of_the_broker():
    for lacking in ("state", "config"):
        with pytest.raises(BrokerAwayError, match="has no state"):
            stream_backlog("S", {**info(), lacking: None})


def test_stream_without_numbers_has_nothing_that_waits():
    found = stream_backlog("S", {"state": {}, "config": {}})
    assert found == Backlog(stream="S", messages=0, size=0, limit=0, age=0.0, unreadable=0)


def test_stream_without_a_limit_has_none_below_zero():
    assert stream_backlog("S", {**info(), "config": {"max_bytes": -1}}).limit == 0


def test_messages_of_the_subjects_of_another_format_are_unreadable():
    subjects = {"sameweights.1.exchange.0": 5, "sameweights.2.exchange.0": 3, "sameweights.3.exchange.0": 4}
    assert stream_backlog("S", info(subjects=subjects)).unreadable == 7
    assert stream_backlog("S", info(subjects=None)).unreadable == 0


@pytest.mark.parametrize(
    ("messages", "unreadable", "words"),
    [
        (0, 0, "stream S: 0 exchanges wait, 1,000 of 2,000 bytes"),
        (1, 0, "stream S: 1 exchange waits, 1,000 of 2,000 bytes, the oldest for 65 s"),
        (2, 1, "stream S: 2 exchanges wait, 1,000 of 2,000 bytes, the oldest for 65 s; 1 of them are in a format that this"),
    ],
)
def test_backlog_in_words_has_an_age_where_something_waits_and_what_is_unreadable(messages, unreadable, words):
    shown = backlog_sentence(Backlog(stream="S", messages=messages, size=1_000, limit=2_000, age=65.4, unreadable=unreadable))
    assert shown.startswith(words)
    assert ("upgrade" in shown) == bool(unreadable)


async def test_backlog_of_each_stream_is_what_was_published(tmp_path):
    async with nats_server(tmp_path) as server:
        config = settings(server, streams=2)
        async with connected(config) as broker:
            await broker.publish("sameweights.1.exchange.1", b"x" * 100, {})
            first, second = await backlog(broker, config)
    assert (first.messages, second.messages, second.limit) == (0, 1, STREAM_BYTES)
    assert second.size >= 100


class Stored:
    def is_known(self, _):
        return False


def intake(config, store=None) -> tuple[BrokerIntake, CollectorRegistry]:
    registry, ledger = CollectorRegistry(), ExchangeLedger(SharedCounters(), {})
    made = BrokerIntake(Config(broker=config), "", ledger=ledger, store=store or Stored(), metrics=ConsumerMetrics(registry))
    return made, registry


def test_intake_that_was_not_started_holds_nothing_and_shows_why():
    made, _ = intake(BrokerConfig(url="nats://a:4222"))
    assert (len(made), made.lines()) == (0, ["broker: the broker has not been reached yet"])
    assert repr(made) == (
        "<BrokerIntake <BrokerConnection audit the broker has not been reached yet> "
        "<BrokerConsumer waiting=0 held=0 bytes=0 paused=False>>"
    )


async def test_figures_are_shown_twice_a_second_and_the_backlog_is_looked_at_every_five(monkeypatch):
    monkeypatch.setattr(broker_intake, "asyncio", passing := PassingAsyncio())
    made, registry = intake(BrokerConfig(url="nats://a:4222"))
    made._broker.clock.seconds = 7.5
    for work, pause in ((made._gauges(), 0.5), (made._backlog(), 5.0)):
        before = len(passing.pauses)
        running = asyncio.create_task(work)
        await until(lambda before=before: len(passing.pauses) > before + 1)
        running.cancel()
        assert {*passing.pauses[before:]} == {pause}
    assert registry.get_sample_value("sameweights_broker_connected") == 0


def test_backlog_that_is_unreadable_is_logged_once_for_each_stream_until_it_is_gone(logged):
    lines = logged("shadow.broker.broker_intake")
    made, _ = intake(BrokerConfig(url="nats://a:4222"))
    for counts in ((0, 0), (3, 0), (4, 1), (0, 1), (2, 1)):
        made._show(
            [
                Backlog(stream=stream, messages=9, size=1, limit=2, age=0.0, unreadable=count)
                for stream, count in zip("AB", counts, strict=True)
            ]
        )
    shown = [(call.kwargs["event"], call.kwargs["stream"], call.kwargs["messages"]) for call in lines]
    assert shown == [("backlog_unreadable", stream, count) for stream, count in (("A", 3), ("B", 1), ("A", 2))]
    assert [line.partition(":")[0] for line in made.lines()] == ["broker", "stream A", "stream B"]


async def test_broker_that_is_away_at_the_start_is_logged_with_what_follows(logged):
    lines = logged("shadow.broker.broker_intake")
    made, _ = intake(BrokerConfig(url="nats://127.0.0.1:1"))
    await made.start("")
    shown = lines[0].kwargs
    assert (shown["event"], shown["effect"]) == ("broker_away", "exchanges wait in the broker and on the forwarding hosts")
    assert "cannot be reached" in shown["reason"]
    await made.close()


def test_clock_of_the_intake_differs_beyond_a_minute():
    made, _ = intake(BrokerConfig(url="nats://a:4222"))
    found = []
    for offset in (60.0, 61.0):
        made._broker.clock.seconds = offset
        found.append(made.clock_differs)
    assert found == [False, True]


@pytest.mark.slow
async def test_intake_is_not_ready_until_it_is_connected_and_shows_what_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(broker_intake, "BACKLOG_SECONDS", 0.05)
    async with nats_server(tmp_path) as server:
        await server.stop()
        made, registry = intake(settings(server))
        await made.start("")
        assert "cannot be reached" in made.why_not()
        staying = asyncio.create_task(made.stay())
        await server.start()
        await until(lambda: made.why_not() == "")
        stream = {"stream": "SAMEWEIGHTS_EXCHANGE_0"}
        await until(lambda: registry.get_sample_value("sameweights_backlog_limit_bytes", stream) == STREAM_BYTES)
        await until(lambda: registry.get_sample_value("sameweights_broker_connected") == 1)
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)
        await made.stop(patience=1.0)
        await made.close()


async def test_exchanges_of_a_later_format_are_shown_and_logged_once_while_they_wait(tmp_path, monkeypatch, logged):
    lines = logged("shadow.broker.broker_intake")
    monkeypatch.setattr(broker_intake, "BACKLOG_SECONDS", 0.05)
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        for number in range(2):
            await broker.publish("sameweights.2.exchange.0", b"of tomorrow", {"Nats-Msg-Id": f"{number}"})
        made, registry = intake(settings(server))
        await made.start("")
        staying = asyncio.create_task(made.stay())
        stream = {"stream": "SAMEWEIGHTS_EXCHANGE_0"}
        await until(lambda: registry.get_sample_value("sameweights_backlog_unreadable_messages", stream) == 2)
        await broker.publish("sameweights.2.exchange.0", b"of tomorrow", {"Nats-Msg-Id": "2"})
        await until(lambda: registry.get_sample_value("sameweights_backlog_unreadable_messages", stream) == 3)
        assert any("3 of them are in a format that this version does not read" in line for line in made.lines())
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)
        await made.close()
    assert [call.kwargs["event"] for call in lines].count("backlog_unreadable") == 1


async def test_broker_that_refuses_the_configuration_ends_the_start(tmp_path):
    async with nats_server(tmp_path) as server:
        made, _ = intake(settings(server, replicas=5))
        with pytest.raises(BrokerError, match=r"broker\.replicas"):
            await made.start("")


@pytest.mark.slow
async def test_redelivered_exchange_that_is_stored_is_acknowledged_while_the_standby_is_down(tmp_path, postgres_url, monkeypatch):
    monkeypatch.setattr(broker_streams, "ACK_SECONDS", 0.5)
    monkeypatch.setenv("STANDBY_URL", "postgresql://sw@127.0.0.1:9/made")
    storage = StorageConfig(url=postgres_url, read_url_env="STANDBY_URL", batch_seconds=0.01)
    known, more = (exchange(said(), request=asked(), id=f"{number:032d}") for number in (1, 2))
    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        with closing(open_store(storage)) as store:
            assert offered(store.add_exchange, exchange_record(known.id)._replace(kept=False)).result(PATIENCE)
            await broker.publish(subject(0), PayloadCompressor().compress(pack(known)), headers(known.id))
            first, _ = intake(settings(server), store)
            await first.start("")
            staying = asyncio.create_task(first.stay())
            assert await asyncio.wait_for(first.consumer.take(), PATIENCE) == known
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)
            await first.close()  # else the server goes on to deliver to the requests that it left open
            second, _ = intake(settings(server), store)
            await second.start("")
            staying = asyncio.create_task(second.stay())
            await broker.publish(subject(0), PayloadCompressor().compress(pack(more)), headers(more.id))
            assert (await asyncio.wait_for(second.consumer.take(), PATIENCE)).id == more.id
            await until(lambda: second.consumer.redelivered["stored_before"])
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)
            await second.close()
