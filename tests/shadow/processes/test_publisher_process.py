"""The publisher process: ready and forwarding whatever the broker does, with its own metrics, and ended in order."""

import asyncio
import signal
import socket

import aiohttp
import pytest

from proxy.process.shared_counters import SharedCounters
from proxy.provider_config import Provider, ProxyConfig
from proxy.record.exchange_sender import ExchangeSender
from proxy.worker_stats import WorkerStats
from shadow.broker.broker_errors import BrokerError
from shadow.processes.publisher_process import PUBLISH_PATIENCE, RECEIVE_PATIENCE, PublisherProcess
from shadow.processes.state_port import CLOSE_SECONDS
from shadow.processes.supervisor import AUDIT_PATIENCE
from shadow.settings.top_level_config import AdminConfig, Config
from tests.brokers import connected, nats_server, settings, stored_messages
from tests.certificates import issued
from tests.exchanges import asked, exchange, said
from tests.running import until

pytestmark = pytest.mark.slow


class RunningPublisher:
    """A publisher process on free ports, and a data plane's end of its socket."""

    def __init__(self, tmp_path, broker, environ=None, **admin) -> None:
        self.environ = environ or {}
        self.path = str(tmp_path / "p.sock")
        self.config = Config(
            proxy=ProxyConfig(provider="main", providers={"main": Provider(base_url="http://127.0.0.1:9/v1")}),
            admin=AdminConfig(listen="127.0.0.1:0", **admin),
            broker=broker,
        )
        self.board = SharedCounters()
        self.sender = ExchangeSender(self.path, 10_000_000, WorkerStats(worker=0, pid=1), self.board.row(0))

    async def __aenter__(self):
        admin = socket.socket()
        admin.bind(("127.0.0.1", 0))
        admin.listen()
        admin.setblocking(False)
        scheme = "https" if self.config.admin.tls_cert else "http"
        self.admin = f"{scheme}://127.0.0.1:{admin.getsockname()[1]}"
        self.process = PublisherProcess(self.config, self.board, self.environ)
        await self.process.start(admin, self.path)
        self.sender.start()
        return self

    async def __aexit__(self, *_):
        await self.sender.stop(1.0)
        await self.process.stop()

    async def get(self, path: str, trust=True, **headers) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.admin + path, ssl=trust, headers=headers) as got:
            return got.status, await got.text()

    async def shown(self, line: str) -> None:
        async def has() -> bool:
            return f"{line}\n" in (await self.get("/metrics"))[1]

        await until(has)

    async def offer(self, count: int, begin: int = 0) -> None:
        await until(lambda: self.sender._socket is not None)
        for number in range(begin, begin + count):
            assert self.sender.offer(exchange(said(), request=asked(), id=f"{number:032d}"))


async def test_exchanges_of_the_data_plane_are_in_the_stream_and_counted(tmp_path):
    async with nats_server(tmp_path) as server, RunningPublisher(tmp_path, settings(server)) as running:
        await running.offer(5)
        await running.shown("sameweights_published_total 5")
        await running.shown("sameweights_broker_connected 1")
        async with connected(settings(server)) as broker:
            assert await stored_messages(broker) == 5
        status, text = await running.get("/readyz")
        first, broker, waiting = text.splitlines()
        assert (status, first, broker) == (200, "ready", "broker: connected")
        assert waiting == f"publisher: 0 exchanges wait, 0 of {64 * 1024 * 1024:,} bytes"
        status, text = await running.get("/")
        assert (status, "--role audit" in text) == (200, True)
        assert "sameweights_comparisons_total" not in (await running.get("/metrics"))[1]


async def test_publisher_is_ready_without_a_broker_and_publishes_once_it_is_there(tmp_path):
    async with nats_server(tmp_path) as server:
        await server.stop(signal.SIGKILL)
        async with RunningPublisher(tmp_path, settings(server)) as running:
            await running.offer(3)
            await running.shown("sameweights_publisher_queue_length 3")
            status, text = await running.get("/readyz")
            assert (status, "cannot be reached" in text) == (200, True)
            await server.start()
            await running.shown("sameweights_published_total 3")


async def test_broker_that_refuses_the_configuration_ends_the_start(tmp_path):
    async with nats_server(tmp_path) as server:
        process = RunningPublisher(tmp_path, settings(server, replicas=3))
        with socket.socket() as admin, pytest.raises(BrokerError, match=r"broker\.replicas"):
            await PublisherProcess(process.config, process.board, {}).start(admin, process.path)


async def test_small_payload_limit_of_the_broker_is_logged_with_its_remedy(tmp_path, logged):
    lines = logged("shadow.processes.publisher_process")
    async with (
        nats_server(tmp_path, max_payload="7999999") as server,
        nats_server(tmp_path, name="enough", max_payload="8000000") as enough,
    ):
        async with RunningPublisher(tmp_path, settings(server)):
            assert [call.kwargs["event"] for call in lines] == ["broker_payload_small"]
        async with RunningPublisher(tmp_path, settings(enough)):
            assert len(lines) == 1


async def test_stop_publishes_what_was_handed_over(tmp_path):
    async with nats_server(tmp_path) as server:
        async with RunningPublisher(tmp_path, settings(server)) as running:
            await running.offer(50)
        async with connected(settings(server)) as broker:
            assert await stored_messages(broker) == 50
        assert running.board.totals()["published"] == 50


async def test_reload_serves_the_renewed_certificate_of_the_admin_port(tmp_path):
    first, (cert, key) = issued(tmp_path)
    async with (
        nats_server(tmp_path) as server,
        RunningPublisher(tmp_path, settings(server), tls_cert=cert, tls_key=key) as running,
    ):
        assert (await running.get("/healthz", first))[0] == 200
        second, _ = issued(tmp_path)
        running.process.reload(b"{}")
        assert (await running.get("/healthz", second))[0] == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await running.get("/healthz", first)


async def test_a_port_with_named_tokens_alone_is_not_open(tmp_path):
    tokens = [{"name": "board", "token_env": "BOARD"}]
    named = {"metrics": "token", "tokens": tokens, "environ": {"BOARD": "b" * 16}}
    async with nats_server(tmp_path) as server, RunningPublisher(tmp_path, settings(server), **named) as running:
        for path in ("/", "/metrics"):
            assert (await running.get(path))[0] == 401
            assert (await running.get(path, Authorization=f"Bearer {'b' * 16}"))[0] == 200
        assert (await running.get("/healthz"))[0] == 200


async def test_a_part_that_ended_in_a_fault_is_reported(tmp_path, monkeypatch, logged):
    logged("shadow.pipeline.task_errors")
    async with nats_server(tmp_path) as server, RunningPublisher(tmp_path, settings(server)) as running:

        def broken():
            raise OSError("no such thing")

        monkeypatch.setattr(running.process._port, "close_idle", broken)

        async def reported() -> bool:
            return "a part of the publisher ended" in (await running.get("/readyz"))[1]

        await until(reported)
        await asyncio.sleep(0)


def test_parts_of_an_orderly_end_have_less_time_than_the_supervisor_waits():
    assert (RECEIVE_PATIENCE + PUBLISH_PATIENCE + CLOSE_SECONDS, AUDIT_PATIENCE) == (12.0, 15.0)
