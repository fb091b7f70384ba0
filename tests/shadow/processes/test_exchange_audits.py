"""An audit process that a broker delivers to: it stores, counts and shadows each exchange once, and ends in order."""

import socket
import time

import aiohttp
import pytest

from proxy.packing import pack
from proxy.process.shared_counters import SharedCounters
from proxy.provider_config import Provider, ProxyConfig
from shadow.broker.broker_errors import BrokerError
from shadow.broker.broker_message import PayloadCompressor, headers, subject
from shadow.demo.pretended_server import PretendedServer
from shadow.processes.audit_process import AuditProcess
from shadow.settings.top_level_config import AdminConfig, Config, ShadowConfig
from storage.opening import open_reader, open_store
from storage.storage_config import StorageConfig
from tests.brokers import connected, nats_server, settings, stored_messages
from tests.exchanges import asked, exchange, said
from tests.running import until

pytestmark = pytest.mark.slow


ONE_SHADOW = {"sample_rate": 1.0, "control_fraction": 0.0, "tiebreak": False}


class DeliveredTo:
    """An audit process of `--role audit` on a free port."""

    def __init__(self, tmp_path, broker, reference: str = "http://127.0.0.1:9/v1", **shadow) -> None:
        self.storage = StorageConfig(url=f"sqlite:///{tmp_path}/audit.db", batch_seconds=0.01)
        providers = {"candidate": Provider(base_url="http://127.0.0.1:9/v1"), "official": Provider(base_url=reference)}
        self.config = Config(
            proxy=ProxyConfig(provider="candidate", reference="official", providers=providers),
            shadow=ShadowConfig(**{"sample_rate": 0.0, **shadow}),
            storage=self.storage,
            admin=AdminConfig(listen="127.0.0.1:0"),
            broker=broker,
        )
        self.board = SharedCounters()

    async def __aenter__(self):
        admin = socket.socket()
        admin.bind(("127.0.0.1", 0))
        admin.listen()
        admin.setblocking(False)
        self.admin = f"http://127.0.0.1:{admin.getsockname()[1]}"
        self.store = open_store(self.storage)
        self.audit = AuditProcess(self.config, self.store, self.board, role="audit")
        await self.audit.start(admin, "")
        return self

    async def __aexit__(self, *_):
        await self.audit.stop()

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.admin + path) as got:
            return got.status, await got.text()

    def requests(self) -> dict[str, int]:
        reader = open_reader(self.storage)
        try:
            return {each.role: each.requests for each in reader.traffic(0, 0)}
        finally:
            reader.close()


async def publish(broker, *numbers: int) -> None:
    for number in numbers:
        identity = f"{number:032d}"
        payload = pack(exchange(said(), request=asked(f"{number}"), id=identity, started=time.time()))
        await broker.publish(subject(0), PayloadCompressor().compress(payload), headers(identity))


async def test_delivered_exchanges_are_stored_counted_and_acknowledged(tmp_path):
    async with nats_server(tmp_path) as server, DeliveredTo(tmp_path, settings(server)) as running:
        async with connected(settings(server)) as broker:
            await publish(broker, *range(20))

            async def acknowledged() -> bool:
                return await stored_messages(broker) == 0

            await until(acknowledged)
        assert running.requests() == {"primary": 20}
        assert running.board.totals()["stored"] == 20
        status, text = await running.get("/readyz")
        first, broker, stream, store, judge = text.splitlines()
        assert (status, first, broker) == (200, "ready", "broker: connected")
        assert stream.startswith("stream SAMEWEIGHTS_EXCHANGE_0: ")
        assert store == "store: the last write succeeded; 0 records wait, the oldest for 0 s"
        assert judge.startswith("judge: ")
        _, text = await running.get("/metrics")
        assert 'sameweights_requests_total{code="2xx",model="pretend-small",provider="candidate",role="primary"} 20\n' in text
        await server.stop()
        await until(lambda: running.audit._ready() != "")
        assert "the connection to the broker is lost" in (await running.get("/readyz"))[1]


async def test_sampled_exchange_is_shadowed_once_its_record_is_stored(tmp_path):
    async with (
        PretendedServer(seed=1) as official,
        nats_server(tmp_path) as server,
        DeliveredTo(
            tmp_path, settings(server), official.base_url, sample_rate=1.0, control_fraction=0.0, tiebreak=False
        ) as running,
        connected(settings(server)) as broker,
    ):
        await publish(broker, 1, 2)
        await until(lambda: running.requests() == {"primary": 2, "shadow": 2})


async def test_exchange_that_another_auditor_stored_is_neither_counted_nor_shadowed(tmp_path):
    async with (
        PretendedServer(seed=1) as official,
        nats_server(tmp_path) as server,
        DeliveredTo(
            tmp_path, settings(server), official.base_url, sample_rate=1.0, control_fraction=0.0, tiebreak=False
        ) as running,
        connected(settings(server)) as broker,
    ):
        await publish(broker, 1)
        await until(lambda: running.requests() == {"primary": 1, "shadow": 1})
        payload = pack(exchange(said(), request=asked("1"), id=f"{1:032d}", started=time.time()))
        await broker.publish(subject(0), PayloadCompressor().compress(payload), {**headers(f"{1:032d}"), "Nats-Msg-Id": "later"})
        await publish(broker, 2)
        await until(lambda: running.requests() == {"primary": 2, "shadow": 2})

        async def acknowledged() -> bool:
            return await stored_messages(broker) == 0

        await until(acknowledged)
        _, text = await running.get("/metrics")
        assert 'sameweights_requests_total{code="2xx",model="pretend-small",provider="candidate",role="primary"} 2\n' in text
        assert running.requests() == {"primary": 2, "shadow": 2}


async def test_stop_leaves_every_exchange_stored_or_in_the_stream(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        async with DeliveredTo(tmp_path, settings(server)) as running:
            await publish(broker, *range(50))
            await until(lambda: running.board.totals()["stored"])
        stored = running.requests().get("primary", 0)
        assert stored + await stored_messages(broker) == 50


async def test_broker_that_refuses_the_configuration_ends_the_start(tmp_path):
    async with nats_server(tmp_path) as server:
        running = DeliveredTo(tmp_path, settings(server, replicas=3))
        with pytest.raises(BrokerError, match=r"broker\.replicas"):
            await running.__aenter__()
        await running.audit._audit.close()
        await running.audit._runner.cleanup()
        running.audit._admin.close()
        running.store.close()
