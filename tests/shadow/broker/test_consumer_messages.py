"""What a consumer answers each message, and how much it requests; messages and a broker without a server."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from proxy.packing import pack
from proxy.process.shared_counters import SharedCounters
from shadow.broker import consumer
from shadow.broker.broker_message import FORMAT_HEADER, PayloadCompressor
from shadow.broker.clock_offset import ClockOffset
from shadow.broker.consumer import BrokerConsumer
from shadow.pipeline.exchange_ledger import ExchangeLedger
from storage.store import StoreError
from tests.exchanges import asked, exchange, said
from tests.passing_clock import PassingAsyncio
from tests.running import until

NOW = 1_795_953_600.0


class Broker:
    """Keeps what it is told; it was opened again at `reopened`."""

    reopened = 0.0

    def __init__(self) -> None:
        self.clock = ClockOffset()
        self.told: list[tuple[str, bytes]] = []
        self.flushed = 0

    async def tell(self, message, answer: bytes) -> None:
        self.told.append((message.name, answer))

    async def flush(self) -> None:
        self.flushed += 1


class Message:
    """A message that is delivered for the `times`-th time, and was stored in the stream at `at`."""

    subject = "a subject"

    def __init__(self, number: int, *, times: int = 1, at: float = NOW, name: str = "", data: bytes | None = None) -> None:
        self.name = name or f"{number}"
        self.headers = {FORMAT_HEADER: "1"}
        self.data = PayloadCompressor().compress(pack(made(number))) if data is None else data
        moment = datetime.fromtimestamp(at, UTC)
        self.metadata = type("Metadata", (), {"num_delivered": times, "timestamp": moment})


def made(number: int):
    return exchange(said(), request=asked(), id=identity(number))


def identity(number: int) -> str:
    return f"{number:032d}"


class Receiving:
    def __init__(self, *, limit: int = 10, limit_bytes: int = 1_000_000, streams: int = 1, is_stored=lambda _: False) -> None:
        self.broker, self.board = Broker(), SharedCounters()
        self.consumer = BrokerConsumer(
            self.broker,
            streams=streams,
            limit=limit,
            limit_bytes=limit_bytes,
            message_limit=1_000_000,
            ledger=ExchangeLedger(self.board, {}),
            is_stored=is_stored,
        )

    async def receive(self, *messages: Message) -> None:
        for message in messages:
            await self.consumer._pulls[0]._received(message)

    async def told(self) -> list[tuple[str, bytes]]:
        await self.consumer.close()
        return self.broker.told


async def test_exchange_is_shown_as_it_waits_and_is_held_and_acknowledged_once_it_is_settled():
    receiving = Receiving()
    await receiving.receive(Message(1), Message(2))
    size = consumer._size(made(1))
    assert repr(receiving.consumer) == f"<BrokerConsumer waiting=2 held=2 bytes={2 * size} paused=False>"
    assert (len(receiving.consumer), receiving.consumer.take_now().id) == (2, identity(1))
    receiving.consumer.settled(identity(1))
    receiving.consumer.settled("of another")
    assert repr(receiving.consumer) == f"<BrokerConsumer waiting=1 held=1 bytes={size} paused=False>"
    assert await receiving.told() == [("1", b"+ACK")]
    assert receiving.broker.flushed == 1


def test_size_of_an_exchange_is_that_of_its_bodies_and_sixteen_bytes_for_each_chunk():
    whole = made(1)
    chunks = len(whole.response.marks)
    assert chunks > 0
    assert consumer._size(whole) == len(whole.request.body) + len(whole.response.body) + 16 * chunks
    assert consumer._size(whole._replace(response=None)) == len(whole.request.body)


async def test_exchange_beyond_the_limit_is_returned_and_one_at_it_is_held():
    receiving = Receiving(limit=2)
    await receiving.receive(Message(1), Message(2), Message(3))
    assert len(receiving.consumer) == 2
    assert await receiving.told() == [("3", b"-NAK")]


async def test_exchange_that_comes_again_while_it_is_held_is_acknowledged_by_its_latest_message():
    receiving = Receiving()
    await receiving.receive(Message(1), Message(1, times=2, name="again"))
    assert (len(receiving.consumer), receiving.consumer.redelivered) == (1, {"held_here": 1})
    receiving.consumer.settled(identity(1))
    assert await receiving.told() == [("again", b"+ACK")]


@pytest.mark.parametrize(
    ("times", "at", "looked"),
    [(1, NOW + 60.0, False), (1, NOW + 59.5, True), (1, NOW - 9.0, True), (2, NOW + 600.0, True)],
)
async def test_store_is_asked_for_what_may_have_been_delivered_before(times, at, looked):
    asked_for = []
    receiving = Receiving(is_stored=lambda name: asked_for.append(name) or True)
    receiving.broker.reopened = NOW
    await receiving.receive(Message(1, times=times, at=at))
    assert asked_for == ([identity(1)] if looked else [])
    assert (len(receiving.consumer), receiving.consumer.redelivered["stored_before"]) == ((0, 1) if looked else (1, 0))
    assert await receiving.told() == ([("1", b"+ACK")] if looked else [])


@pytest.mark.parametrize("offset", [-600.0, 600.0])
async def test_store_is_asked_for_what_was_delivered_before_where_the_clock_differs_from_the_brokers(offset):
    receiving = Receiving(is_stored=lambda _: True)
    receiving.broker.clock.seconds = offset
    receiving.broker.reopened = NOW + offset
    await receiving.receive(Message(1, at=NOW - 1.0), Message(2, at=NOW + 60.0))
    assert (await receiving.told(), len(receiving.consumer)) == ([("1", b"+ACK")], 1)


async def test_store_that_is_away_is_asked_again_each_second(monkeypatch):
    monkeypatch.setattr(consumer, "asyncio", passing := PassingAsyncio())
    answers = [StoreError("away"), StoreError("away"), False]

    def is_stored(_):
        if isinstance(answers[0], StoreError):
            raise answers.pop(0)
        return answers[0]

    receiving = Receiving(is_stored=is_stored)
    await receiving.receive(Message(1, times=2))
    assert (len(receiving.consumer), passing.pauses) == (1, [1.0, 1.0])


async def test_exchange_that_was_delivered_before_and_not_stored_counts_as_audited_again_once_it_is_taken():
    receiving = Receiving()
    await receiving.receive(Message(1, times=2), Message(2))
    assert receiving.consumer.redelivered == {}
    assert [receiving.consumer.take_now().id for _ in range(2)] == [identity(1), identity(2)]
    assert receiving.consumer.redelivered == {"audited": 1}


async def test_message_that_is_no_exchange_is_ended_and_counted_and_logged_by_its_subject(logged):
    lines = logged("shadow.broker.consumer")
    receiving = Receiving()
    await receiving.receive(Message(1, data=b"nothing"))
    assert await receiving.told() == [("1", b"+TERM")]
    assert receiving.board.totals()["malformed"] == 1
    shown = lines[0].kwargs
    assert (shown["event"], shown["subject"], shown["error"]) == ("message_unreadable", "a subject", "no zstd frame")


async def test_fault_of_ours_ends_its_message_alone_and_is_logged_with_its_traceback(logged):
    lines = logged("shadow.broker.consumer")
    receiving = Receiving(is_stored=lambda _: 1 // 0)
    await receiving.receive(Message(1, times=2), Message(2))
    assert await receiving.told() == [("1", b"+TERM")]
    assert (receiving.board.totals()["error"], len(receiving.consumer)) == (1, 1)
    assert (lines[0].kwargs["event"], lines[0].kwargs["subject"]) == ("message_failed", "a subject")


async def test_exchange_that_is_given_up_is_ended_counted_and_logged_by_its_id(logged):
    lines = logged("shadow.broker.consumer")
    receiving = Receiving()
    await receiving.receive(Message(1, times=31), Message(2))
    assert receiving.consumer.take_now().id == identity(2)
    receiving.consumer.settled(identity(2))
    assert receiving.consumer.take_now() is None
    assert await receiving.told() == [("2", b"+ACK"), ("1", b"+TERM")]
    assert (receiving.board.totals()["undeliverable"], receiving.consumer.redelivered) == (1, {"undeliverable": 1})
    shown = lines[0].kwargs
    assert (shown["event"], shown["exchange"], shown["deliveries"]) == ("exchange_undeliverable", identity(1), 31)


@pytest.mark.parametrize(
    ("streams", "wanted", "room"),
    [(1, (0, 0), (9, 1_000)), (2, (0, 0), (5, 500)), (4, (0, 0), (3, 250)), (2, (2, 101), (4, 450)), (2, (10, 1_100), (0, -50))],
)
async def test_room_of_each_stream_is_its_share_of_what_is_neither_held_nor_requested(streams, wanted, room):
    receiving = Receiving(limit=10, limit_bytes=1_000 + consumer._size(made(1)), streams=streams)
    await receiving.receive(Message(1))
    receiving.consumer._pulls[-1].wanted = wanted
    assert receiving.consumer._room() == room


async def test_nothing_is_requested_or_taken_while_the_store_is_away_and_at_the_end():
    receiving = Receiving()
    await receiving.receive(Message(1), Message(2))
    receiving.consumer.pause(True)
    receiving.consumer.pause(True)
    assert (receiving.consumer._room(), receiving.consumer.take_now()) == ((0, 0), None)
    assert "paused=True" in repr(receiving.consumer)
    taking = asyncio.create_task(receiving.consumer.take())
    await asyncio.sleep(0)
    receiving.consumer.pause(False)
    assert (await taking).id == identity(1)
    await receiving.consumer.stop()
    assert receiving.broker.told == [("2", b"-NAK")], "another auditor gets it at once"
    assert (receiving.consumer._room(), receiving.consumer.take_now()) == ((0, 0), None)
    await receiving.receive(Message(3))
    assert await receiving.told() == [("2", b"-NAK"), ("3", b"-NAK")], "what waits is returned, and what comes late too"


async def test_exchange_that_waits_alone_leaves_no_room_for_others():
    receiving = Receiving()
    await receiving.receive(Message(1, times=6))
    assert receiving.consumer._room() == (0, 0)


async def test_taking_waits_for_the_next_exchange():
    receiving = Receiving()
    taking = asyncio.create_task(receiving.consumer.take())
    await asyncio.sleep(0)
    await receiving.receive(Message(1))
    assert (await taking).id == identity(1)


async def test_exchange_that_is_held_for_longer_than_a_third_of_its_time_is_renewed(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(consumer, "asyncio", passing := PassingAsyncio())
    monkeypatch.setattr(consumer, "time", SimpleNamespace(monotonic=lambda: now[0]))  # that of the loop goes on
    receiving = Receiving()
    await receiving.receive(Message(1))
    pulling, *works = receiving.consumer.work()
    pulling.close()
    answering, renewing = map(asyncio.create_task, works)
    found = []
    for moment in (100.0 + 10.0 / 3, 103.5, 103.5 + 10.0 / 3, 107.0):
        now[0], before = moment, len(passing.pauses)
        await until(lambda before=before: len(passing.pauses) > before + 3)
        found.append([*receiving.broker.told])
    for task in (answering, renewing):
        task.cancel()
    renewed = ("1", b"+WPI")
    assert found == [[], [renewed], [renewed], [renewed] * 2]
    assert {*passing.pauses} == {10.0 / 6}
