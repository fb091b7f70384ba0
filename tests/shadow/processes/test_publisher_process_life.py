"""What the publisher looks at, shows and ends with, in the test's own process; no broker is reached."""

import asyncio
import json
import os
import signal
import socket
import time
from types import SimpleNamespace

import pytest

from proxy.process.shared_counters import SharedCounters
from proxy.provider_config import Provider, ProxyConfig
from proxy.worker_stats import WorkerStats
from shadow.broker.broker_errors import BrokerAwayError, BrokerError
from shadow.processes import publisher_process
from shadow.processes.publisher_process import PublisherProcess
from shadow.settings.top_level_config import AdminConfig, BrokerConfig, Config, LogConfig
from tests.passing_clock import PassingAsyncio
from tests.running import until

CONFIG = Config(
    proxy=ProxyConfig(provider="main", providers={"main": Provider(base_url="http://127.0.0.1:9/v1")}, workers=1),
    admin=AdminConfig(listen="127.0.0.1:0"),
    log=LogConfig(level="debug", format="json"),
    broker=BrokerConfig(url="nats://127.0.0.1:9", limit=2_000_000),
)


@pytest.fixture
async def publisher():
    return PublisherProcess(CONFIG, SharedCounters(), {})


async def ended(*tasks) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_clock_of_the_broker_is_asked_for_each_half_minute_whatever_the_broker_does(publisher, monkeypatch):
    passing, asked = PassingAsyncio(), []
    answers = iter((BrokerAwayError("away"), BrokerError("refused"), None))

    async def stream_state(broker, shard):
        asked.append((broker, shard))
        if error := next(answers, None):
            raise error

    monkeypatch.setattr(publisher_process, "asyncio", passing)
    monkeypatch.setattr(publisher_process, "stream_state", stream_state)
    looking = asyncio.create_task(publisher._clock())
    await until(lambda: len(asked) > 3)
    await ended(looking)
    assert {*asked} == {(publisher._broker, 0)}
    assert {*passing.pauses} == {30.0}


class Shown:
    """Keeps the figures of the publisher."""

    def __init__(self) -> None:
        self.figures = []

    def show(self, **figures) -> None:
        self.figures.append(figures)


async def test_figures_are_shown_twice_a_second_and_connections_that_sent_nothing_are_ended(publisher, monkeypatch):
    passing, closed = PassingAsyncio(), []
    monkeypatch.setattr(publisher_process, "asyncio", passing)
    monkeypatch.setattr(publisher._port, "close_idle", lambda: closed.append(True))
    publisher._own = shown = Shown()
    publisher._counters.row(0).add("published")
    publisher._counters.row(0).add("malformed")
    publisher._publisher.retries = 4
    showing = asyncio.create_task(publisher._gauges())
    await until(lambda: len(closed) > 2)
    await ended(showing)
    assert shown.figures[0] == {"connected": False, "offset": 0.0, "waiting": 0, "size": 0, "published": 1, "retries": 4}
    assert {*passing.pauses} == {0.5}
    assert len(shown.figures) == len(closed)


async def test_lines_show_the_broker_and_what_waits_for_it(publisher):
    assert publisher._lines() == (
        "broker: the broker has not been reached yet",
        "publisher: 0 exchanges wait, 0 of 2,000,000 bytes",
    )
    assert repr(publisher).startswith("<PublisherProcess <ExchangeReceiver waiting=0/3906 bytes=0 connections=0> <Publisher ")


async def test_publisher_is_ready_once_each_forwarding_process_has_sent_a_sign_of_life_and_until_one_leaves(publisher):
    assert publisher._why_not()
    publisher._stats(WorkerStats(worker=0, pid=7))
    assert publisher._why_not() == ""
    publisher._planes.left(0, 7)
    assert "forwarding process 0 is not running" in publisher._why_not()


async def test_part_that_ended_makes_the_publisher_not_ready_and_one_that_was_cancelled_does_not(publisher):
    publisher._planes.heartbeat(0, 7, time.monotonic())

    async def nothing() -> None:
        """End at once."""

    cancelled = asyncio.create_task(nothing())
    publisher._tasks = [cancelled]
    await ended(cancelled)
    assert publisher._why_not() == ""
    publisher._tasks = [asyncio.create_task(nothing())]
    assert publisher._why_not() == ""
    await asyncio.gather(*publisher._tasks)
    assert "a part of the publisher ended in a fault of ours" in publisher._why_not()


@pytest.fixture
async def started(publisher, tmp_path, logged):
    """A publisher whose broker is away, with what it logged and its admin port."""
    calls = logged("shadow.processes.publisher_process")
    admin = socket.create_server(("127.0.0.1", 0))
    admin.setblocking(False)
    port = admin.getsockname()[1]
    await publisher.start(admin, str(tmp_path / "s"))
    yield publisher, calls, port
    if not all(task.done() for task in publisher._tasks):
        await publisher.stop()


async def test_broker_that_is_away_costs_the_start_a_log_line(started, tmp_path):
    publisher, calls, port = started
    [call] = calls
    assert call.kwargs["event"] == "broker_away"
    assert call.kwargs["effect"] == "exchanges wait, and are dropped and counted beyond broker.limit"
    assert "127.0.0.1:9" in call.kwargs["reason"]
    for opened in (asyncio.open_connection("127.0.0.1", port), asyncio.open_unix_connection(tmp_path / "s")):
        _, writer = await opened
        writer.close()
    assert len(publisher._tasks) == 6


async def test_stop_publishes_for_ten_seconds_what_came_within_one_and_closes_everything(started, tmp_path, monkeypatch):
    publisher, _, port = started
    order = []

    def noted(name, done):
        async def call(*given, **named):
            order.append((name, *given, *named.values()))
            await done(*given, **named)

        return call

    for name, part, method in (
        ("receiver", publisher._receiver, "stop"),
        ("publisher", publisher._publisher, "finish"),
        ("broker", publisher._broker, "close"),
        ("port", publisher._port, "close"),
    ):
        monkeypatch.setattr(part, method, noted(name, getattr(part, method)))
    await publisher.stop()
    assert order == [("receiver", 1.0), ("publisher", 10.0), ("broker",), ("port",)]
    assert all(task.done() for task in publisher._tasks)
    for opened in (asyncio.open_connection("127.0.0.1", port), asyncio.open_unix_connection(tmp_path / "s")):
        with pytest.raises(OSError, match=r"refused|No such|failed"):
            await opened


class Process:
    """A publisher that notes what is asked of it."""

    def __init__(self) -> None:
        self.calls = []

    async def start(self, admin, path) -> None:
        self.calls.append((admin, path))

    def reload(self, line) -> None:
        self.calls.append(line)

    async def stop(self) -> None:
        self.calls.append("stop")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, None])
async def test_publisher_works_until_a_signal_or_the_end_of_its_parent_and_then_stops_in_order(monkeypatch, end):
    held, beats, collected = [], [], []

    async def hold(ended, line, *, begun) -> None:
        held.append((ended, begun))
        line(b"a later task")

    async def beat() -> None:
        beats.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            beats.append("ended")

    noted = {name: lambda name=name: collected.append(name) for name in ("collect", "freeze")}
    monkeypatch.setattr(publisher_process, "hold", hold)
    monkeypatch.setattr(publisher_process, "send_heartbeat", beat)
    monkeypatch.setattr(publisher_process, "gc", SimpleNamespace(**noted))
    process = Process()
    living = asyncio.create_task(publisher_process.live(process, "the port", "s", b"behind"))
    await until(lambda: beats)
    assert process.calls == [("the port", "s"), b"a later task"]
    if end is None:
        held[0][0]()
    else:
        os.kill(os.getpid(), end)
    await living
    await asyncio.sleep(0)
    assert (process.calls[2:], beats, held[0][1]) == (["stop"], ["begun", "ended"], b"behind")
    assert collected == ["collect", "freeze"]


def test_credentials_are_those_of_the_variable_that_the_configuration_names(monkeypatch):
    given = []

    class Connection:
        def __init__(self, settings, credentials, *, name, prepare) -> None:
            given.append((settings, credentials, name))

    monkeypatch.setattr(publisher_process, "BrokerConnection", Connection)
    broker = BrokerConfig(url="nats://127.0.0.1:9", credentials_env="NATS")
    for environ in ({"NATS": "user:word"}, {"OTHER": "user:word"}):
        PublisherProcess(CONFIG.model_copy(update={"broker": broker}), SharedCounters(), environ)
    assert given == [(broker, "user:word", "proxy"), (broker, "", "proxy")]


@pytest.fixture
def main(monkeypatch):
    """`main` with the task line that a test gives it; what it is to live is noted, and ends with an error where one is given."""

    def run(line: bytes, fault: Exception | None = None) -> tuple[int, list[object], list[object]]:
        lived, logs = [], []

        async def live(process, admin, path, begun):
            lived.append((process._config, path, begun))
            admin.close()
            if fault:
                raise fault

        monkeypatch.setattr(publisher_process, "read_task", lambda: (line, b"behind"))
        monkeypatch.setattr(publisher_process, "live", live)
        monkeypatch.setattr(publisher_process, "install_streams", lambda: None)
        monkeypatch.setattr(publisher_process, "to_stderr", lambda **options: logs.append(options))
        return publisher_process.main(), lived, logs

    return run


@pytest.mark.parametrize(
    ("fault", "code", "written"),
    [(None, 0, ""), (BrokerError("broker.url: nobody there"), 2, "sameweights: broker.url: nobody there\n")],
)
def test_exit_code_is_2_with_a_sentence_where_the_broker_refuses_the_configuration(main, capsys, fault, code, written):
    task = {"config": CONFIG.model_dump(mode="json"), "fd": socket.socket().detach(), "audit_socket": "s"}
    logs = [{}, {"level": "debug", "style": "json"}]
    assert main(json.dumps(task).encode(), fault) == (code, [(CONFIG, "s", b"behind")], logs)
    assert capsys.readouterr().err == written


def test_without_a_task_nothing_is_begun(main):
    assert main(b"") == (0, [], [{}])


@pytest.mark.parametrize(("payload", "warned"), [(7_999_999, True), (8_000_000, False)])
async def test_broker_that_takes_small_messages_only_is_logged_with_what_to_set(publisher, monkeypatch, logged, payload, warned):
    calls, made = logged("shadow.processes.publisher_process"), []

    async def ensure_streams(_, settings) -> None:
        made.append(settings)

    monkeypatch.setattr(publisher_process, "ensure_streams", ensure_streams)
    await publisher._prepare(SimpleNamespace(max_payload=payload))
    assert made == [CONFIG.broker]
    said = {"event": "broker_payload_small", "max_payload": payload, "advised": 8_000_000}
    assert [{name: call.kwargs[name] for name in said} for call in calls] == [said] * warned


class Holding:
    """A receiver that holds so many exchanges, of a thousand bytes each."""

    def __init__(self, count: int) -> None:
        self._count, self.waiting_bytes = count, 1_000 * count

    def __len__(self) -> int:
        return self._count


@pytest.mark.parametrize(("count", "waiting"), [(1, "1 exchange waits, 1,000"), (2, "2 exchanges wait, 2,000")])
async def test_line_counts_what_waits_for_the_broker(publisher, count, waiting):
    publisher._receiver = Holding(count)
    assert publisher._lines()[1] == f"publisher: {waiting} of 2,000,000 bytes"


async def test_losses_of_before_a_restart_are_counted_before_the_port_is_opened(publisher, tmp_path, monkeypatch):
    order = []

    async def opened(_) -> None:
        order.append("the port opens")

    async def unshown(_) -> None:
        """No look at the counters but the first."""

    monkeypatch.setattr(publisher._metrics, "counted", order.append)
    monkeypatch.setattr(publisher._port, "open", opened)
    monkeypatch.setattr(PublisherProcess, "_gauges", unshown)
    await publisher.start(None, str(tmp_path / "s"))
    await publisher.stop()
    assert order == [publisher._counters, "the port opens"]
