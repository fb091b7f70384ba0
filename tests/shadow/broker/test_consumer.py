"""Exchanges of a real stream: each is taken once, acknowledged once settled, and delivered again where it was not."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.packing import pack
from proxy.process.shared_counters import SharedCounters
from shadow.broker import broker_streams, consumer
from shadow.broker.broker_client import BrokerClient
from shadow.broker.broker_message import FORMAT_HEADER, ID_HEADER, PayloadCompressor, headers, stream_name, subject
from shadow.broker.broker_streams import CONSUMER
from shadow.broker.consumer import BrokerConsumer
from shadow.pipeline.exchange_ledger import ExchangeLedger
from storage.store import StoreError
from tests.brokers import connected, nats_server, settings, stored_messages
from tests.exchanges import asked, exchange, said
from tests.kept_messages import KEPT
from tests.running import PATIENCE, until

NONE = 0.05
"""Seconds in which nothing comes."""


def identity(number: int) -> str:
    return f"{number:032d}"


class Consuming:
    def __init__(self, broker, **more) -> None:
        self.broker, self.board = broker, SharedCounters()
        self.stored: set[str] = set()
        self.asked: list[str] = []
        options = {"streams": 1, "limit": 100, "limit_bytes": 10_000_000, "is_stored": self._is_stored, **more}
        self.consumer = BrokerConsumer(broker, message_limit=1_000_000, ledger=ExchangeLedger(self.board, {}), **options)

    def _is_stored(self, exchange_id: str) -> bool:
        self.asked.append(exchange_id)
        return exchange_id in self.stored

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(work) for work in self.consumer.work()]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def publish(self, *numbers: int, **more) -> None:
        for number in numbers:
            payload = pack(exchange(said(), request=asked(), id=identity(number), **more))
            await self.broker.publish(subject(0), PayloadCompressor().compress(payload), headers(identity(number)))

    async def take(self, count: int) -> list[str]:
        return [(await asyncio.wait_for(self.consumer.take(), PATIENCE)).id for _ in range(count)]

    async def left(self, count: int) -> None:
        async def reached() -> bool:
            return await stored_messages(self.broker) == count

        await until(reached)


@asynccontextmanager
async def consuming(tmp_path, **more):
    async with (
        nats_server(tmp_path) as server,
        connected(settings(server), consumers=True) as broker,
        Consuming(broker, **more) as running,
    ):
        yield running


@pytest.fixture
def soon(monkeypatch):
    """Deliver again what is not acknowledged within half a second, and renew nothing."""
    monkeypatch.setattr(broker_streams, "ACK_SECONDS", 0.5)
    monkeypatch.setattr(consumer, "RENEW_SECONDS", 1_000.0)


async def test_exchange_is_taken_once_and_gone_from_the_stream_once_it_is_settled(tmp_path):
    async with consuming(tmp_path) as running:
        await running.publish(1, 2)
        assert await running.take(2) == [identity(1), identity(2)]
        assert await stored_messages(running.broker) == 2
        running.consumer.settled(identity(1))
        await running.left(1)
        running.consumer.settled(identity(2))
        running.consumer.settled(identity(2))
        await running.left(0)
        assert running.asked == [], "what is delivered for the first time is not looked up"


async def test_message_that_is_no_exchange_is_counted_and_the_next_one_is_taken(tmp_path, logged):
    lines = logged("shadow.broker.consumer")
    async with consuming(tmp_path) as running:
        await running.broker.publish(subject(0), b"nothing", headers("1"))
        await running.broker.publish(subject(0), b"x", {"Nats-Msg-Id": "2"})
        await running.publish(3)
        assert await running.take(1) == [identity(3)]
        running.consumer.settled(identity(3))
        await running.left(0)
        assert running.board.totals()["malformed"] == 2
        assert [call.kwargs["event"] for call in lines] == ["message_unreadable"] * 2


@pytest.mark.parametrize("number", range(len(KEPT["1"])))
async def test_message_that_a_release_published_is_taken_as_the_exchange_that_it_was(tmp_path, number):
    body = (Path(__file__).with_name("messages") / f"format-1-{number}.zst").read_bytes()
    async with consuming(tmp_path) as running:
        await running.broker.publish(subject(0, "1"), body, {FORMAT_HEADER: "1", ID_HEADER: "1"})
        taken = await asyncio.wait_for(running.consumer.take(), PATIENCE)
        assert taken == KEPT["1"][number]._replace(worker=0)
        running.consumer.settled(taken.id)
        await running.left(0)


async def test_message_of_a_later_format_stays_in_the_stream(tmp_path):
    async with consuming(tmp_path) as running:
        await running.broker.publish(subject(0, "2"), b"of tomorrow", headers("1"))
        await running.publish(2)
        assert await running.take(1) == [identity(2)]
        running.consumer.settled(identity(2))
        await running.left(1)
        assert running.board.row(0).settled == 0


@pytest.mark.slow
async def test_exchange_that_is_held_and_delivered_again_is_handled_once_and_acknowledged(tmp_path, soon):
    async with consuming(tmp_path) as running:
        await running.publish(1)
        assert await running.take(1) == [identity(1)]
        await until(lambda: running.consumer.redelivered["held_here"])
        assert running.consumer.take_now() is None
        running.consumer.settled(identity(1))
        await running.left(0)


@pytest.mark.slow
async def test_exchange_of_a_process_that_was_killed_is_audited_by_another_and_one_that_is_stored_is_not(tmp_path, soon):
    async with consuming(tmp_path) as killed:
        await killed.publish(1, 2)
        await killed.take(2)
        for task in killed.tasks:
            task.cancel()
        async with Consuming(killed.broker) as other:
            other.stored.add(identity(1))
            assert await other.take(1) == [identity(2)]
            other.consumer.settled(identity(2))
            await other.left(0)
            assert other.consumer.redelivered == {"stored_before": 1, "audited": 1}
            assert sorted(other.asked) == [identity(1), identity(2)]


async def returned(running, exchange_id: str, times: int = 1) -> None:
    """Deliver an exchange so many times more, as if the process that it was handed to had died each time."""
    for _ in range(times):
        delivery = running.consumer._held[exchange_id]
        running.consumer._done(exchange_id, consumer.RETURNED)
        await until(lambda before=delivery: running.consumer._held.get(exchange_id, before) is not before)
        assert await running.take(1) == [exchange_id]


async def test_exchange_that_seven_orderly_stops_returned_unread_is_audited_by_the_eighth_process(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        await Consuming(broker).publish(1)
        for _ in range(7):
            async with Consuming(broker) as stopped:
                await until(lambda stopped=stopped: len(stopped.consumer) == 1)
                await stopped.consumer.stop()
                await broker.flush()
        async with Consuming(broker) as last:
            assert await last.take(1) == [identity(1)]
            assert last.consumer.redelivered == {"audited": 1}
            assert last.board.totals()["undeliverable"] == 0
            last.consumer.settled(identity(1))
            await last.left(0)


@pytest.mark.slow
async def test_exchange_is_handed_over_thirty_times_and_given_up_at_the_next_delivery_and_counted(tmp_path):
    async with consuming(tmp_path) as running:
        await running.publish(1)
        assert await running.take(1) == [identity(1)]
        await returned(running, identity(1), 29)
        assert running.consumer.redelivered == {"audited": 29}
        running.consumer._done(identity(1), consumer.RETURNED)
        await until(lambda: len(running.consumer) == 1)
        assert running.consumer.take_now() is None
        assert running.consumer.redelivered == {"audited": 29, "undeliverable": 1}
        assert running.board.totals()["undeliverable"] == 1
        await running.left(0)


@pytest.mark.slow
async def test_exchanges_delivered_a_sixth_time_are_handed_over_one_by_one_after_the_others_and_none_is_pulled(tmp_path):
    async with consuming(tmp_path) as running:
        await running.publish(1, 2)
        await running.take(2)
        for number in (1, 2):
            await returned(running, identity(number), 4)
        for number in (1, 2):
            running.consumer._done(identity(number), consumer.RETURNED)
        await until(lambda: len(running.consumer) == 2)
        assert running.consumer._room() == (0, 0)
        (first,) = await running.take(1)
        assert running.consumer.take_now() is None
        running.consumer.settled(first)
        (second,) = await running.take(1)
        running.consumer.settled(second)
        assert {first, second} == {identity(1), identity(2)}
        await running.left(0)


@pytest.mark.slow
async def test_store_that_cannot_be_read_is_read_again_before_a_redelivery_is_handled(tmp_path, soon, monkeypatch):
    monkeypatch.setattr(consumer, "LOOK_SECONDS", 0.01)
    answers = [StoreError("away"), StoreError("away"), True]

    def is_stored(_):
        answer = answers.pop(0)
        if isinstance(answer, StoreError):
            raise answer
        return answer

    async with consuming(tmp_path) as killed:
        await killed.publish(1)
        await killed.take(1)
        for task in killed.tasks:
            task.cancel()
        async with Consuming(killed.broker, is_stored=is_stored) as other:
            await other.left(0)
            assert answers == []


async def test_nothing_is_taken_while_the_store_is_away_and_no_more_than_the_limit_is_held(tmp_path):
    async with consuming(tmp_path, limit=3) as running:
        await running.publish(*range(5))
        assert await running.take(3) == [identity(number) for number in range(3)]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(running.consumer.take(), NONE)
        running.consumer.pause(True)
        running.consumer.settled(identity(0))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(running.consumer.take(), NONE)
        running.consumer.pause(False)
        assert await running.take(1) == [identity(3)]


async def test_room_is_what_the_limits_leave_in_exchanges_and_in_bytes_divided_among_streams(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        first, second = Consuming(broker, limit=10, limit_bytes=1_001), Consuming(broker, streams=2, limit=10, limit_bytes=1_001)
        assert (first.consumer._room(), second.consumer._room()) == ((10, 1_001), (5, 501))
        second.consumer._pulls[0].wanted = 5, 501
        assert second.consumer._room() == (3, 250)
        async with first:
            await first.publish(1)
            await first.take(1)
            size = first.consumer._held[identity(1)].size
        first.consumer._pulls[0].wanted = 0, 0
        assert first.consumer._room() == (9, 1_001 - size)
        first.consumer.settled(identity(1))
        assert first.consumer._room() == (10, 1_001)


async def test_no_more_than_the_limit_is_held_with_several_streams(tmp_path):
    async with nats_server(tmp_path) as server:
        config = settings(server, streams=2)
        async with connected(config, consumers=True) as broker, Consuming(broker, streams=2, limit=10) as running:
            for number in range(40):
                payload = PayloadCompressor().compress(pack(exchange(said(), request=asked(), id=identity(number))))
                await broker.publish(subject(number % 2), payload, headers(identity(number)))
            await until(lambda: len(running.consumer) >= 10)
            for _ in range(20):
                await broker.flush()
            assert len(running.consumer) == 10


@pytest.mark.slow
async def test_consumer_that_was_deleted_is_made_again_and_exchanges_come(tmp_path):
    async with consuming(tmp_path) as running:
        keeping = asyncio.create_task(running.broker.keep())
        await running.broker.api(f"CONSUMER.DELETE.{stream_name(0)}.{broker_streams.CONSUMER}")
        await running.publish(1)
        assert await running.take(1) == [identity(1)]
        keeping.cancel()


async def test_what_waits_at_the_end_is_returned_for_another_auditor_at_once(tmp_path):
    async with consuming(tmp_path) as ending:
        await ending.publish(1, 2)
        await until(lambda: len(ending.consumer) == 2)
        await ending.take(1)
        await ending.consumer.stop()
        assert ending.consumer.take_now() is None
        async with Consuming(ending.broker) as other:
            assert await other.take(1) == [identity(2)]


@pytest.mark.slow
async def test_exchange_that_is_held_for_long_is_renewed_and_not_delivered_again(tmp_path, monkeypatch):
    monkeypatch.setattr(broker_streams, "ACK_SECONDS", 2.0)
    monkeypatch.setattr(consumer, "RENEW_SECONDS", 0.1)
    async with consuming(tmp_path) as running:
        await running.publish(1)
        await running.take(1)
        held = running.consumer._held[identity(1)]
        renewals: list[float] = []

        def renewed() -> bool:
            renewals.append(held.since)
            return len({*renewals}) > 25  # more than two seconds

        await until(renewed)
        assert running.consumer.redelivered == {}


async def test_exchange_that_comes_after_its_request_was_given_up_is_returned_where_the_limit_is_held(tmp_path, monkeypatch):
    """A second request with the inbox of the first, as after one that was given up though its messages were on their way."""
    monkeypatch.setattr(BrokerClient, "new_inbox", lambda _: "_INBOX.test.pull")
    async with consuming(tmp_path, limit=1) as running:
        await running.publish(1)
        await until(lambda: len(running.consumer) == 1)
        late = f"$JS.API.CONSUMER.MSG.NEXT.{stream_name(0)}.{CONSUMER}"
        replies = await running.broker.client.subscribe("$JS.ACK.>")
        await running.broker.client.publish(late, b'{"batch": 1}', "_INBOX.test.pull")
        await running.publish(2)
        while (await replies.next_msg(PATIENCE)).data != consumer.RETURNED:
            assert len(running.consumer) == 1
        assert await running.take(1) == [identity(1)]
        running.consumer.settled(identity(1))
        assert await running.take(1) == [identity(2)]
        assert running.consumer.redelivered["audited"] == 1
        running.consumer.settled(identity(2))
        await running.left(0)


@pytest.mark.slow
async def test_first_delivery_of_what_was_there_before_the_connection_was_lost_is_looked_up_in_the_store(tmp_path):
    """A server that is killed may forget that it delivered a message; here it never did."""
    async with consuming(tmp_path) as running:
        keeping = asyncio.create_task(running.broker.keep())
        running.consumer.pause(True)
        await running.publish(1)
        running.stored.add(identity(1))
        await running.broker.client.close()
        await until(lambda: running.broker.reopened and running.broker.is_connected)
        running.consumer.pause(False)
        await running.publish(2)
        assert await running.take(1) == [identity(2)]
        await until(lambda: running.consumer.redelivered["stored_before"] == 1)
        running.consumer.settled(identity(2))
        await running.left(0)
        keeping.cancel()


@pytest.mark.slow
async def test_exchanges_come_again_after_the_server_was_killed(tmp_path):
    async with (
        nats_server(tmp_path) as server,
        connected(settings(server), consumers=True) as broker,
        Consuming(broker) as running,
    ):
        keeping = asyncio.create_task(broker.keep())
        await running.publish(1)
        assert await running.take(1) == [identity(1)]
        await server.stop(9)
        running.stored.add(identity(1))  # so that it is not taken again where its acknowledgement is lost
        running.consumer.settled(identity(1))
        await server.start()
        await until(lambda: broker.is_connected)

        async def published() -> bool:
            try:
                await running.publish(2)
            except Exception:  # noqa: BLE001 - the server is not up yet
                return False
            return True

        await until(published)
        assert await running.take(1) == [identity(2)]
        running.consumer.settled(identity(2))
        keeping.cancel()
