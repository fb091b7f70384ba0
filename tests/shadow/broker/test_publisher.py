"""Every exchange that the publisher takes is acknowledged once or counted by its reason, whatever the broker does meanwhile."""

import asyncio
import hashlib
import signal
from collections import deque

import pytest

from proxy.packing import pack
from proxy.process.shared_counters import SharedCounters
from shadow.broker.broker_errors import BrokerAwayError, BrokerError, MessageTooLargeError, StreamFullError
from shadow.broker.broker_message import PayloadCompressor, shard_of, subject
from shadow.broker.publisher import Publisher
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.settings.top_level_config import BrokerConfig
from tests.brokers import connected, nats_server, settings, stored_messages
from tests.exchanges import asked, exchange, said
from tests.running import until


class Source:
    """A queue as the receiver has it, without a socket."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[int, bytes]] = deque()
        self.size = 0
        self.arrived = asyncio.Event()

    def put(self, payload: bytes, worker: int = 0) -> None:
        self.waiting.append((worker, payload))
        self.size += len(payload)
        self.arrived.set()

    async def take_packed(self):
        while not self.waiting:
            self.arrived.clear()
            await self.arrived.wait()
        return self.waiting.popleft()

    def take_packed_now(self):
        return self.waiting.popleft() if self.waiting else None

    def release(self, size: int) -> None:
        self.size -= size


class Scripted:
    """A broker that raises what `errors` has next, and takes the message when nothing is left."""

    max_payload = 8_000_000

    def __init__(self, *errors: Exception, for_ever: Exception | None = None) -> None:
        self.errors, self.for_ever = deque(errors), for_ever
        self.tried: list[tuple[str, str]] = []
        self.at_once = self.most = 0

    async def publish(self, where: str, _body: bytes, named: dict[str, str]) -> None:
        self.tried.append((where, named["Nats-Msg-Id"]))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.errors:
            raise self.errors.popleft()
        if self.for_ever:
            raise self.for_ever


def packed(number: int, **more) -> bytes:
    return pack(exchange(said(f"{number}"), request=asked(), id=f"{number:032d}", **more))


class Running:
    def __init__(self, broker, config: BrokerConfig | None = None, clock=None) -> None:
        self.source, self.board = Source(), SharedCounters()
        more = {"clock": clock} if clock else {}
        self.publisher = Publisher(
            source=self.source,
            broker=broker,
            ledger=ExchangeLedger(self.board, {}),
            settings=config or BrokerConfig(),
            **more,
        )

    async def __aenter__(self):
        self.task = asyncio.create_task(self.publisher.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await self.publisher.finish(0.0)

    def counted(self, field: str) -> int:
        return self.board.totals()[field]

    async def settled(self, count: int) -> None:
        await until(lambda: self.board.row(0).settled == count)


async def test_exchange_is_published_under_its_id_to_the_stream_of_its_id():
    broker = Scripted()
    async with Running(broker, BrokerConfig(streams=4)) as running:
        running.source.put(packed(1))
        await running.settled(1)
    identity = f"{1:032d}"
    assert broker.tried == [(subject(shard_of(identity, 4)), identity)]
    assert (running.counted("published"), running.source.size) == (1, 0)


@pytest.mark.parametrize("error", [BrokerAwayError("no leader"), StreamFullError("full"), BrokerError("no rights")])
async def test_exchange_that_was_refused_is_sent_again_with_the_same_id(error):
    broker = Scripted(error, error)
    async with Running(broker) as running:
        running.source.put(packed(1))
        await running.settled(1)
    assert broker.tried == [broker.tried[0]] * 3
    assert (running.counted("published"), running.publisher.retries) == (1, 2)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StreamFullError("full"), "broker_full"),
        (BrokerAwayError("away"), "broker_too_old"),
        (BrokerError("no"), "broker_too_old"),
    ],
)
async def test_exchange_older_than_the_patience_is_dropped_for_the_last_reason(error, reason):
    times = iter([0.0, 30.0, 30.1])
    broker = Scripted(for_ever=error)
    async with Running(broker, BrokerConfig(patience=30.0), clock=lambda: next(times)) as running:
        running.source.put(packed(1))
        await running.settled(1)
    assert len(broker.tried) == 2, "at the patience it is sent again"
    assert (running.counted(reason), running.source.size) == (1, 0)


async def test_exchange_that_the_broker_never_takes_is_dropped_at_once():
    async with Running(Scripted(MessageTooLargeError("10 MB"))) as running:
        running.source.put(packed(1))
        await running.settled(1)
    assert running.counted("broker_too_large") == 1


async def test_payload_at_the_brokers_limit_is_sent_and_one_beyond_it_is_not():
    body = len(PayloadCompressor().compress(packed(1)))
    broker = Scripted()
    broker.max_payload = body + 1024
    async with Running(broker) as running:
        running.source.put(packed(1))
        await running.settled(1)
        broker.max_payload -= 1
        running.source.put(packed(1))
        await running.settled(2)
    assert (running.counted("published"), running.counted("broker_too_large")) == (1, 1)


async def test_payload_that_is_no_exchange_is_counted_and_the_next_one_is_sent():
    async with Running(Scripted()) as running:
        running.source.put(b"no exchange")
        running.source.put(packed(1))
        await running.settled(2)
    assert (running.counted("malformed"), running.counted("published")) == (1, 1)


async def test_fault_of_ours_costs_one_exchange(logged):
    lines = logged("shadow.broker.publisher")
    async with Running(Scripted(RuntimeError("a fault"))) as running:
        running.source.put(packed(1))
        running.source.put(packed(2))
        await running.settled(2)
    assert (running.counted("error"), running.counted("published")) == (1, 1)
    assert [call.kwargs["event"] for call in lines] == ["exchange_not_published"]


async def test_no_more_than_the_lanes_are_under_way_at_once():
    broker = Scripted()
    async with Running(broker) as running:
        for number in range(65):
            running.source.put(packed(number))
        await running.settled(65)
    assert broker.most == 64


async def test_what_waits_at_the_end_is_published_as_far_as_the_patience_reaches_and_the_rest_is_counted():
    broker = Scripted(for_ever=BrokerAwayError("away"))
    running = Running(broker)
    for number in range(69):
        running.source.put(packed(number))
    await running.publisher.finish(0.01)
    assert running.counted("broker_too_old") == 69
    assert running.source.size == 0
    ended = Running(Scripted())
    ended.source.put(packed(1))
    await ended.publisher.finish(10.0)
    assert ended.counted("published") == 1


@pytest.mark.slow
async def test_real_server_that_is_killed_and_comes_back_has_each_exchange_once(tmp_path):
    async with (
        nats_server(tmp_path) as server,
        connected(settings(server)) as broker,
        Running(broker, settings(server)) as running,
    ):
        for number in range(20):
            running.source.put(packed(number))
        await running.settled(20)
        await server.stop(signal.SIGKILL)
        for number in range(20, 60):
            running.source.put(packed(number))
        await until(lambda: running.publisher.retries)
        await server.start()
        await running.settled(60)
        assert running.counted("published") == 60
        assert await stored_messages(broker) == 60


@pytest.mark.slow
async def test_stream_that_is_full_refuses_and_what_it_took_is_what_is_counted(tmp_path):
    config = None
    async with nats_server(tmp_path) as server:
        config = settings(server, max_bytes=1024 * 1024, patience=0.01)
        async with connected(config) as broker, Running(broker, config) as running:
            noise = [bytes(range(256)) * 40 + number.to_bytes(4) for number in range(400)]
            for number, body in enumerate(noise):
                running.source.put(pack(exchange(_random(body), id=f"{number:032d}")))
            await running.settled(400)
            assert running.counted("broker_full") > 0
            assert running.counted("published") + running.counted("broker_full") == 400
            assert await stored_messages(broker) == running.counted("published")


def _random(seed: bytes) -> bytes:
    """Bytes that do not compress."""
    return b"".join(hashlib.sha256(seed + bytes([n])).digest() for n in range(200))
