"""Real NATS servers with JetStream on 127.0.0.1, each with its own folder, to be stopped, killed and started again."""

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import BrokerAwayError, BrokerError
from shadow.broker.broker_streams import ensure_consumers, ensure_streams
from shadow.settings.top_level_config import BrokerConfig
from tests.ports import free_port
from tests.running import until

PROGRAM = Path(sys.executable).with_name("nats-server")
STREAM_BYTES = 64 * 1024 * 1024


class NatsServer:
    """One server; `more` is written into its configuration. It listens at `host`; clients connect to `far`, where that is set."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "n0",
        max_payload: str = "8MB",
        more: str = "",
        host: str = "127.0.0.1",
        far: str = "",
    ) -> None:
        self.name, self.port, self._host, self._far = name, free_port(), host, far or host
        self._folder = folder / name
        self._folder.mkdir(parents=True)
        self._text = (
            f'listen: "{host}:{self.port}"\nclient_advertise: "{self._far}:{self.port}"\n'
            f"server_name: {name}\nmax_payload: {max_payload}\n"
            f'jetstream {{ store_dir: "{self._folder}", max_mem: 64MB, max_file: 512MB }}\n{more}\n'
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        return f"nats://{self._far}:{self.port}"

    async def start(self) -> None:
        path = self._folder / "nats.conf"
        path.write_text(self._text)
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(PROGRAM, "-c", path, stdout=log, stderr=log)
        await until(self._listens)

    async def stop(self, number: int = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(number)
            await process.wait()

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def log(self) -> str:
        return (self._folder / "log").read_text()

    async def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.log()
        try:
            _, writer = await asyncio.open_connection(self._host, self.port)
        except OSError:
            return False
        writer.close()
        return True


@asynccontextmanager
async def nats_server(folder: Path, **options: Any):
    """A single server that runs."""
    server = NatsServer(folder, **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(signal.SIGKILL)


@asynccontextmanager
async def nats_cluster(folder: Path, count: int = 3, *, host: str = "127.0.0.1", far: str = ""):
    """A cluster that has elected its leader; `host` and `far` as of a server, for the connections between them too."""
    routes = [free_port() for _ in range(count)]
    listed = ", ".join(f'"nats://{far or host}:{port}"' for port in routes)
    servers = [
        NatsServer(
            folder,
            name=f"n{number}",
            host=host,
            far=far,
            more=f'cluster {{ name: c, listen: "{host}:{port}", advertise: "{far or host}:{port}", routes: [{listed}] }}',
        )
        for number, port in enumerate(routes)
    ]
    try:
        await asyncio.gather(*(server.start() for server in servers))
        yield servers
    finally:
        await asyncio.gather(*(server.stop(signal.SIGKILL) for server in servers))


def settings(*servers: NatsServer, **more: Any) -> BrokerConfig:
    """The configuration of a broker of these servers, with small streams."""
    url = ",".join(server.url for server in servers)
    return BrokerConfig(**{"url": url, "replicas": 3 if len(servers) > 1 else 1, "max_bytes": STREAM_BYTES, **more})


@asynccontextmanager
async def connected(config: BrokerConfig, credentials: str = "", *, name: str = "test", consumers: bool = False):
    """A connection with the streams made; waits until there is a leader."""

    async def prepare(broker: BrokerConnection) -> None:
        await ensure_streams(broker, config)
        if consumers:
            await ensure_consumers(broker, config)

    broker = BrokerConnection(config, credentials, name=name, prepare=prepare)

    async def opened() -> bool:
        try:
            await broker.open()
        except BrokerError:
            raise
        except BrokerAwayError:
            return False
        return True

    await until(opened)
    try:
        yield broker
    finally:
        await broker.close()


async def stored_messages(broker: BrokerConnection, shard: int = 0) -> int:
    """Messages in a stream now."""
    info = await broker.api(f"STREAM.INFO.SAMEWEIGHTS_EXCHANGE_{shard}")
    return int(info["state"]["messages"])


def toml(config: BrokerConfig) -> str:
    """The section of a configuration file."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in config.model_dump(exclude_defaults=True).items()]
    return "\n".join(["[broker]", *lines, ""])
