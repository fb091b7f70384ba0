"""proxy.upstream.connection_pool: connections kept a short while, watched while busy, counted always."""

import asyncio
from time import monotonic

import pytest

from proxy.provider_config import Limits, Timeouts
from proxy.upstream.connection_pool import ConnectionPool
from proxy.upstream.dialer import Dialer
from proxy.upstream.upstream_connection import UpstreamConnection
from proxy.worker_stats import WorkerStats
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, ask, chunks, client, get, ok, plane, post, scripted


async def test_a_connection_serves_again_and_again():
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        for _ in range(10):
            await ask(running.port, get())
        assert (provider.connections, running.stats.upstream_open) == (1, 1)


@pytest.mark.parametrize("turns", range(6))
async def test_an_answer_to_no_request_never_reaches_the_next_client_of_the_connection(turns):
    """Whether the event loop has read it, or it waits in the kernel, as the next request comes."""

    async def script(wire):
        await wire.request()
        await wire.send(ok(b"asked"))
        await asyncio.wait_for(answered.wait(), PATIENCE)
        await wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nstray")
        strayed.set()
        await wire.gone()

    answered, strayed = asyncio.Event(), asyncio.Event()
    async with scripted(script) as provider, plane(provider.url) as running:
        assert (await ask(running.port, get())).endswith(b"\r\n\r\nasked")
        answered.set()
        await asyncio.wait_for(strayed.wait(), PATIENCE)
        for _ in range(turns):
            await asyncio.sleep(0)
        assert (await ask(running.port, get())).endswith(b"\r\n\r\nasked")
        assert provider.connections == 2


@pytest.mark.parametrize("fields", [(b"Connection: close",), ()])
async def test_a_connection_that_will_close_is_not_kept(fields):
    answer = ok(b"x", *fields) if fields else b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"
    async with scripted(None, answer) as provider, plane(provider.url) as running:
        for _ in range(3):
            assert (await ask(running.port, get())).endswith(b"x")
        await until(lambda: running.stats.upstream_open == 0)
        assert provider.connections == 3


async def test_idle_connections_are_dropped_after_their_time():
    async with scripted(None, ok()) as provider, plane(provider.url, timeouts={"pool_idle": 0.1}) as running:
        await ask(running.port, get())
        await until(lambda: running.stats.upstream_open == 0)
        await ask(running.port, get())
        assert provider.connections == 2


async def test_a_providers_own_limit_is_heeded():
    async with scripted(None, ok(b"", b"Keep-Alive: timeout=1")) as provider, plane(provider.url) as running:
        for _ in range(3):
            await ask(running.port, get())
        assert provider.connections == 3


class Clock:
    """The clock of the connections, which a test may set forward."""

    def __init__(self, monkeypatch) -> None:
        self.ahead = 0.0
        self._now = monotonic
        for module in ("connection_pool", "upstream_connection"):
            monkeypatch.setattr(f"proxy.upstream.{module}.monotonic", lambda: self._now() + self.ahead)

    def stand(self) -> None:
        """Let it move only by what is added to `ahead`."""
        now = monotonic()
        self._now = lambda: now


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def _origin(running):
    (origin,) = running.plane._upstream._pool._origins.values()
    return origin


async def _closed_after(clock, seconds, rounds=1, together=1):
    """What is learnt of a provider that closes `together` connections at once, `seconds` after their answers."""
    open_ones = []
    all_asked = asyncio.Barrier(together)  # answered one by one, the first connection would serve the next request too

    async def script(wire):
        await wire.request()
        await asyncio.wait_for(all_asked.wait(), PATIENCE)
        await wire.send(ok())
        leave = asyncio.Event()
        open_ones.append(leave)
        await asyncio.wait_for(leave.wait(), PATIENCE)

    async def one_round(running):
        await asyncio.gather(*[ask(running.port, get()) for _ in range(together)])
        origin = _origin(running)
        await until(lambda: len(origin.ready) + len(origin.resting) == together)
        clock.ahead += seconds
        for leave in open_ones:
            leave.set()
        await until(lambda: not origin.open)
        clock.ahead += 1.0
        return origin

    clock.stand()
    async with scripted(script) as provider, plane(provider.url, timeouts={"pool_idle": 100.0}) as running:
        for _ in range(rounds):
            origin = await one_round(running)
        return origin


async def test_close_of_an_idle_connection_shortens_its_keep_time(clock):
    origin = await _closed_after(clock, 0.7)
    assert 0.5 <= origin.keep < 0.7
    assert not origin.hasty


@pytest.mark.parametrize(("idle", "connections"), [(0.55, 2), (0.57, 3)])
async def test_an_idle_connection_serves_for_four_fifths_of_the_time_after_which_the_provider_closed_one(
    clock, idle, connections
):
    leave = asyncio.Event()

    async def script(wire):
        await wire.request()
        await wire.send(ok())
        if provider.connections == 1:
            await asyncio.wait_for(leave.wait(), PATIENCE)
            return
        await wire.request()
        await wire.send(ok())

    async with scripted(script) as provider, plane(provider.url, timeouts={"pool_idle": 100.0}) as running:
        clock.stand()
        await ask(running.port, get())
        clock.ahead += 0.7
        leave.set()
        await until(lambda: running.stats.upstream_open == 0)
        await ask(running.port, get())
        clock.ahead += idle
        await ask(running.port, get())
        assert provider.connections == connections


@pytest.mark.parametrize(("rounds", "learnt"), [(1, False), (2, True)])
async def test_closes_soon_behind_an_answer_are_a_habit_once_they_repeat(clock, rounds, learnt):
    origin = await _closed_after(clock, 0.3, rounds)
    assert (0.0 < origin.keep < 0.3) == learnt
    assert not origin.hasty


@pytest.mark.parametrize(("rounds", "learnt"), [(1, False), (2, True)])
async def test_where_a_provider_closes_right_behind_its_answers_every_connection_rests(clock, rounds, learnt):
    origin = await _closed_after(clock, 0.0, rounds)
    assert (origin.hasty, origin.keep) == (learnt, 0.0)


async def test_a_restart_that_closes_many_connections_at_once_is_one_close(clock):
    origin = await _closed_after(clock, 0.0, together=3)
    assert (origin.short, origin.hasty) == (1, False)


async def test_a_connection_rests_behind_an_event_stream(clock):
    stream = STREAM_HEAD + chunks(b"data: [DONE]\n\n") + b"0\r\n\r\n"
    async with scripted(None, stream) as provider, plane(provider.url) as running:
        for _ in range(2):
            await ask(running.port, post(b"{}"))
        assert provider.connections == 2
        clock.ahead += 0.1
        for _ in range(2):
            await ask(running.port, post(b"{}"))
        assert provider.connections == 2


async def test_a_resting_connection_gives_way_where_no_more_may_be_opened():
    stream = STREAM_HEAD + chunks(b"data: [DONE]\n\n") + b"0\r\n\r\n"
    async with scripted(None, stream) as provider, plane(provider.url, limits={"upstream_connections": 1}) as running:
        for _ in range(3):
            assert (await ask(running.port, post(b"{}"))).startswith(b"HTTP/1.1 200")
            assert running.stats.upstream_open == 1
        assert provider.connections == 3


async def test_the_limit_of_connections_refuses_with_a_sentence():
    free = asyncio.Event()

    async def script(wire):
        await wire.request()
        await asyncio.wait_for(free.wait(), PATIENCE)
        await wire.send(ok(b"late"))

    async with scripted(script) as provider, plane(provider.url, limits={"upstream_connections": 1}) as running:
        first = asyncio.create_task(ask(running.port, get()))
        await until(lambda: running.stats.upstream_open == 1)
        answer = await ask(running.port, get())
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"all 1 connections" in answer
        free.set()
        assert (await first).endswith(b"late")


@pytest.mark.slow
async def test_hundreds_at_once_have_no_limit_by_default():
    ready, count = asyncio.Event(), 300

    async def script(wire):
        await wire.request()
        if provider.connections == count:
            ready.set()
        await asyncio.wait_for(ready.wait(), PATIENCE)
        await wire.send(ok(b"x", b"Connection: close"))

    async with scripted(script) as provider, plane(provider.url) as running:
        answers = await asyncio.gather(*[ask(running.port, get()) for _ in range(count)])
        assert {answer[:15] for answer in answers} == {b"HTTP/1.1 200 OK"}
        await until(lambda: running.stats.upstream_open == 0)


@pytest.mark.slow
async def test_a_fault_in_one_connection_is_logged_and_the_others_keep_their_time_limits(monkeypatch, caplog):
    broken, silent_for = [], UpstreamConnection.silent_for

    def faulty(self, now):
        broken[:] = broken or [self]
        if self is broken[0]:
            raise RuntimeError("a fault of ours")
        return silent_for(self, now)

    monkeypatch.setattr(UpstreamConnection, "silent_for", faulty)
    async with (
        scripted(lambda wire: wire.gone()) as provider,
        plane(provider.url, timeouts={"idle": 0.2}) as running,
        client(running.port) as first,
    ):
        await first.send(get())
        await until(lambda: broken)
        assert (await ask(running.port, get())).startswith(b"HTTP/1.1 504 ")
        monkeypatch.setattr(UpstreamConnection, "silent_for", silent_for)
        assert (await first.rest()).startswith(b"HTTP/1.1 504 ")
    assert {record.getMessage() for record in caplog.records} == {"provider_connection_fault"}


def test_the_repr_of_a_pool_shows_whether_it_is_empty_and_closed():
    pool = ConnectionPool(Timeouts(), Limits(), WorkerStats(), Dialer(1.0))
    assert repr(pool) == "<ConnectionPool empty>"
    pool.close()
    assert repr(pool) == "<ConnectionPool empty closed>"
