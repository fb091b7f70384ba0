"""Messages come one by one as they are published, as many as there is room for, by whichever client is open."""

import asyncio
import signal

import pytest

from shadow.broker import stream_pull
from shadow.broker.broker_message import stream_name, subject
from shadow.broker.broker_streams import CONSUMER
from shadow.broker.stream_pull import StreamPull
from tests.brokers import connected, nats_server, settings
from tests.running import PATIENCE, until


async def test_message_comes_before_the_request_for_it_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr(stream_pull, "PULL_SECONDS", 10 * PATIENCE)
    came: list[bytes] = []

    async def received(message) -> None:
        came.append(message.data)

    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        pull = StreamPull(broker, 0, room=lambda: (100, 1_000_000), received=received, moved=asyncio.Event())
        running = asyncio.create_task(pull.run())
        for number in range(3):
            await broker.publish(subject(0), b"%d" % number, {})
            await until(lambda number=number: len(came) == number + 1, PATIENCE)
        running.cancel()
    assert came == [b"0", b"1", b"2"]


async def test_no_more_is_requested_than_there_is_room_for(tmp_path):
    room, moved, came = [2], asyncio.Event(), []

    async def received(message) -> None:
        came.append(message.data)
        room[0] -= 1

    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        for number in range(5):
            await broker.publish(subject(0), b"%d" % number, {})
        pull = StreamPull(broker, 0, room=lambda: (room[0], 1_000_000), received=received, moved=moved)
        running = asyncio.create_task(pull.run())
        await until(lambda: len(came) == 2)
        room[0] = 1
        moved.set()
        await until(lambda: len(came) == 3)
        running.cancel()
    assert room == [0]


@pytest.mark.slow
async def test_another_client_is_used_once_the_first_is_closed(tmp_path):
    came: list[bytes] = []

    async def received(message) -> None:
        came.append(message.data)

    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        pull = StreamPull(broker, 0, room=lambda: (9, 1_000_000), received=received, moved=asyncio.Event())
        running = asyncio.create_task(pull.run())
        keeping = asyncio.create_task(broker.keep())
        first = broker.client
        await first.close()
        await until(lambda: broker._client not in {None, first})
        await broker.publish(subject(0), b"later", {})
        await until(lambda: came)
        running.cancel()
        keeping.cancel()
    assert came == [b"later"]


async def test_one_large_message_is_requested_at_a_time_where_there_is_room_for_few_bytes(tmp_path):
    room, moved, came = [1], asyncio.Event(), []

    async def received(message) -> None:
        came.append(len(message.data))
        room[0] -= len(message.data)

    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        for number in range(3):
            await broker.publish(subject(0), b"%d" % number * 5_000_000, {})
        pull = StreamPull(broker, 0, room=lambda: (100, room[0]), received=received, moved=moved)
        running = asyncio.create_task(pull.run())
        await until(lambda: room[0] < 0)
        await broker.flush()
        assert came == [5_000_000]
        room[0] = 1
        moved.set()
        await until(lambda: len(came) == 2)
        running.cancel()


async def ignored(_message) -> None:
    """Take a message."""


async def test_request_that_is_refused_is_followed_by_a_pause_and_has_the_consumer_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(stream_pull, "PAUSE_SECONDS", 1_000.0)
    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        await broker.api(f"CONSUMER.DELETE.{stream_name(0)}.{CONSUMER}")
        pull = StreamPull(broker, 0, room=lambda: (9, 1_000_000), received=ignored, moved=asyncio.Event())
        running = asyncio.create_task(pull.run())
        await until(lambda: pull._refused)
        sent = broker.client.stats["out_msgs"]
        for _ in range(20):
            await broker.flush()
        assert broker.client.stats["out_msgs"] == sent
        assert broker._doubted.is_set()
        running.cancel()


async def test_pull_that_returns_fewer_messages_than_requested_is_followed_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(stream_pull, "PAUSE_SECONDS", 1_000.0)
    monkeypatch.setattr(stream_pull, "PULL_SECONDS", 0.05)
    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        pull = StreamPull(broker, 0, room=lambda: (9, 1_000_000), received=ignored, moved=asyncio.Event())
        running = asyncio.create_task(pull.run())
        sent = broker.client.stats["out_msgs"]
        await until(lambda: broker.client.stats["out_msgs"] > sent + 3)
        assert not broker._doubted.is_set()
        running.cancel()


@pytest.mark.slow
async def test_no_request_waits_in_the_client_while_no_server_is_connected(tmp_path, monkeypatch):
    monkeypatch.setattr(stream_pull, "PULL_SECONDS", 0.01)
    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        pull = StreamPull(broker, 0, room=lambda: (9, 1_000_000), received=ignored, moved=asyncio.Event())
        running = asyncio.create_task(pull.run())
        client = broker.client
        await server.stop(signal.SIGKILL)
        await until(lambda: not broker.is_connected)
        sent, looks = client.stats["out_msgs"], iter(range(30))
        await until(lambda: next(looks) == 29)
        assert client.stats["out_msgs"] == sent
        await server.start()
        await until(lambda: client.stats["out_msgs"] > sent)
        running.cancel()
