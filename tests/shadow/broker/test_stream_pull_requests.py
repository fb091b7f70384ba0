"""What one request asks the broker for, and when the next one follows; a client that answers nothing by itself."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from shadow.broker import stream_pull
from shadow.broker.broker_errors import BrokerAwayError
from shadow.broker.stream_pull import StreamPull
from tests.passing_clock import PassingAsyncio
from tests.running import until

MIB = 1024 * 1024
NEXT = "$JS.API.CONSUMER.MSG.NEXT.SAMEWEIGHTS_EXCHANGE_3.audit_1"


class Subscription:
    def __init__(self, pending_msgs: int) -> None:
        self.pending_msgs = pending_msgs
        self.ended = False

    async def unsubscribe(self) -> None:
        self.ended = True
        raise ConnectionError("a lost connection")


class Client:
    """Keeps what it is asked for; messages are given to it by the test."""

    is_connected = True
    max_payload = MIB

    def __init__(self) -> None:
        self.stats = {"reconnects": 0}
        self.pending_msgs = 0
        self.requests: list[dict[str, int]] = []
        self.limits: list[int] = []
        self.subscriptions: list[Subscription] = []

    def new_inbox(self) -> str:
        return "inbox"

    async def subscribe(self, inbox, cb, pending_bytes_limit):
        assert inbox == "inbox"
        self.deliver = cb
        self.limits.append(pending_bytes_limit)
        self.subscriptions.append(Subscription(self.pending_msgs))
        return self.subscriptions[-1]

    async def publish(self, where, body, reply):
        assert (where, reply) == (NEXT, "inbox")
        self.requests.append(json.loads(body))


class Broker:
    def __init__(self) -> None:
        self._client: Client | None = Client()
        self.doubts = self.waited = 0

    @property
    def client(self) -> Client:
        if self._client is None:
            raise BrokerAwayError("away")
        return self._client

    async def connected(self) -> Client:
        self.waited += 1
        return self.client

    def doubt(self) -> None:
        self.doubts += 1


class Reconnecting(dict):
    """Statistics of a client that has been connected again at each look."""

    def __getitem__(self, name: str) -> int:
        self[name] = self.get(name, 0) + 1
        return self.get(name)


class Message:
    def __init__(self, data: bytes = b"", status: str = "") -> None:
        self.data, self.headers = data, {"Status": status} if status else None


class Pulling:
    def __init__(self, messages: int, size: int) -> None:
        self.broker, self.moved, self.came = Broker(), asyncio.Event(), []
        self.room = messages, size
        self.pull = StreamPull(self.broker, 3, room=lambda: self.room, received=self._received, moved=self.moved)
        self.client = self.broker.client

    async def _received(self, message) -> None:
        self.came.append(message.data)

    async def requested(self, count: int) -> dict[str, int]:
        await until(lambda: len(self.client.requests) >= count)
        return self.client.requests[count - 1]


@asynccontextmanager
async def pulling(messages: int = 9, size: int = 100 * MIB):
    made = Pulling(messages, size)
    task = asyncio.create_task(made.pull.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def passing(monkeypatch):
    """Pauses take no time, and a request is never late by itself."""
    monkeypatch.setattr(stream_pull, "PULL_SECONDS", 1_000.0)
    monkeypatch.setattr(stream_pull, "asyncio", PassingAsyncio())
    return stream_pull.asyncio


@pytest.mark.parametrize(
    ("messages", "size", "batch", "limit"),
    [
        (256, 80 * MIB, 256, 10 * MIB),
        (257, 80 * MIB, 256, 10 * MIB),
        (255, 80 * MIB, 255, 10 * MIB),
        (1, 1, 1, MIB + 65_536),
        (9, 8 * (MIB + 65_536), 9, MIB + 65_536),
        (9, 8 * (MIB + 65_536) + 8, 9, MIB + 65_537),
    ],
)
async def test_request_has_256_messages_at_most_and_an_eighth_of_the_bytes_or_one_message(messages, size, batch, limit):
    async with pulling(messages, size) as running:
        assert await running.requested(1) == {"batch": batch, "max_bytes": limit, "expires": 1_000 * 10**9}
        assert running.pull.wanted == (batch, size)
        assert repr(running.pull) == f"<StreamPull SAMEWEIGHTS_EXCHANGE_3 wanted=({batch}, {size})>"
        assert running.client.limits == [512 * MIB]


async def test_request_lives_for_two_seconds(monkeypatch):
    monkeypatch.undo()
    async with pulling() as running:
        assert (await running.requested(1))["expires"] == 2_000_000_000


async def test_next_request_follows_the_last_message_of_the_one_before():
    async with pulling(2, 5) as running:
        await running.requested(1)
        await running.client.deliver(Message(b"one"))
        assert (running.pull.wanted, len(running.client.requests)) == ((1, 5), 1)
        await running.client.deliver(Message(b"two", "408"))
        assert running.pull.wanted == (0, 5)
        await running.requested(2)
    assert running.came == [b"one", b"two"]
    assert running.pull.wanted == (0, 0)


@pytest.mark.parametrize(
    ("messages", "status", "doubts", "pauses"),
    [(0, "404", 0, []), (0, "408", 0, []), (0, "409", 1, [0.2]), (1, "409", 0, []), (1, "404", 0, [])],
)
async def test_next_request_follows_a_status_with_a_pause_where_it_refuses_all(passing, messages, status, doubts, pauses):
    async with pulling() as running:
        await running.requested(1)
        for _ in range(messages):
            await running.client.deliver(Message(b"one"))
        await running.client.deliver(Message(status=status))
        await running.requested(2)
        assert (running.broker.doubts, passing.pauses) == (doubts, pauses)
        await running.client.deliver(Message(status="404"))
        await running.requested(3)
        assert running.broker.doubts == doubts, "what one request brought is forgotten with the next"
    assert running.came == [b"one"] * messages


async def test_message_without_headers_and_without_a_body_is_a_message():
    async with pulling() as running:
        await running.requested(1)
        await running.client.deliver(Message(b""))
        assert (running.came, len(running.client.requests)) == ([b""], 1)


@pytest.mark.parametrize("room", [(0, 5), (5, 0), (-1, 5)])
async def test_nothing_is_requested_until_there_is_room_for_a_message_and_a_byte(room):
    async with pulling(*room) as running:
        await until(lambda: running.client.subscriptions)
        for _ in range(20):
            running.moved.set()
            await asyncio.sleep(0)
        assert running.client.requests == []
        running.room = 1, 1
        running.moved.set()
        assert (await running.requested(1))["batch"] == 1


async def late(running) -> None:
    """Wait until the first request has been late three times, by how often the connection was waited for."""
    await until(lambda: running.broker.waited >= 4)


@pytest.mark.parametrize("still", ["a message waits in the client", "the client was connected again", "no server is connected"])
async def test_request_that_is_late_is_not_given_up_while_something_of_it_may_come(monkeypatch, still):
    monkeypatch.setattr(stream_pull, "PULL_SECONDS", 0.001)
    async with pulling() as running:
        if still == "a message waits in the client":
            running.client.pending_msgs = 1
        elif still == "the client was connected again":
            running.client.stats = Reconnecting()
        else:
            running.client.is_connected = False
        await late(running)
        assert len(running.client.requests) == 1
        assert running.broker.doubts == 0


async def test_request_that_is_late_is_given_up_where_nothing_of_it_can_come(monkeypatch, passing):
    monkeypatch.setattr(stream_pull, "PULL_SECONDS", 0.002)
    async with pulling() as running:
        await running.requested(3)
        assert running.broker.doubts == 0
    assert {*passing.limits} == {0.003}, "half as long again as the broker keeps it"


async def test_client_that_takes_the_place_of_the_one_before_is_subscribed_and_asked(monkeypatch):
    monkeypatch.setattr(stream_pull, "PULL_SECONDS", 0.001)
    async with pulling() as running:
        await running.requested(1)
        first, running.client = running.client, Client()
        running.broker._client = running.client
        await running.requested(1)
        assert [one.ended for one in first.subscriptions] == [True]


async def test_connection_that_is_away_is_looked_for_again_in_silence_and_a_fault_of_the_client_is_logged(passing, logged):
    lines = logged("shadow.broker.stream_pull")
    async with pulling() as running:
        running.broker._client = None
        await until(lambda: len(passing.pauses) >= 2)
        assert [*lines] == []
        running.client.subscribe = None
        running.broker._client = running.client
        await until(lambda: len(lines) >= 2)
    assert {*passing.pauses} == {0.2}
    assert (lines[0].kwargs["event"], lines[0].kwargs["stream"]) == ("pull_failed", "SAMEWEIGHTS_EXCHANGE_3")
    assert "not callable" in lines[0].kwargs["error"]


async def test_pull_that_is_stopped_is_delivered_nothing_more():
    async with pulling() as running:
        await running.requested(1)
        await running.pull.stop()
        await running.pull.stop()
        assert [one.ended for one in running.client.subscriptions] == [True]


async def test_what_a_request_brought_and_that_it_was_refused_is_forgotten_with_the_next():
    async with pulling(1) as running:
        for number, (message, doubts) in enumerate(
            [(Message(status="409"), 1), (Message(b"one"), 1), (Message(status="409"), 2)]
        ):
            await running.requested(number + 1)
            await running.client.deliver(message)
            await running.requested(number + 2)
            assert running.broker.doubts == doubts
