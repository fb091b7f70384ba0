"""The client of NATS by TLS alone: a server without TLS receives nothing, at the first connection and at each later one."""

import asyncio
import signal
from contextlib import asynccontextmanager

import pytest
import trustme

from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import BrokerError
from shadow.settings.top_level_config import BrokerConfig
from tests.brokers import connected, nats_server, settings
from tests.certificates import issued
from tests.ports import free_port
from tests.running import until

INFO = b'INFO {"server_id":"x","version":"2.15.1","proto":1,"headers":true,"max_payload":1048576,"auth_required":true}\r\n'


class PlainServer:
    """A server that offers no TLS, and keeps what it receives of each connection."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    @asynccontextmanager
    async def listening(self, port: int):
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        async with server:
            yield self

    async def _serve(self, reader, writer) -> None:
        writer.write(INFO)
        self.received.append(await reader.read())
        writer.close()


@pytest.mark.parametrize("written", ["tls://{}", " tls://{}", "tls://{} , tls://{}"])
async def test_server_without_tls_gets_no_credentials(written):
    port = free_port()
    config = BrokerConfig(url=written.format(*[f"127.0.0.1:{port}"] * 2))
    async with PlainServer().listening(port) as server:
        broker = BrokerConnection(config, "user:secret", name="test")
        with pytest.raises(BrokerError, match="offers no TLS: write nats:// to connect without TLS"):
            await broker.open()
        await until(lambda: server.received)
    assert set(server.received) == {b""}


@pytest.mark.slow
async def test_server_that_returns_without_tls_gets_nothing_and_is_named(tmp_path):
    ca = trustme.CA()
    _, (cert, key) = issued(tmp_path, ca)
    trusted = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(trusted))
    async with nats_server(tmp_path, more=f'tls {{ cert_file: "{cert}", key_file: "{key}" }}') as first:
        config = settings(first, url=first.url.replace("nats://", "tls://"), tls_ca=str(trusted))
        async with connected(config) as broker:
            await first.stop(signal.SIGKILL)
            async with PlainServer().listening(first.port) as server:
                await until(lambda: len(server.received) > 1)
                await until(lambda: "offers no TLS" in broker.why_not)
    assert set(server.received) == {b""}
