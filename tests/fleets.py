"""A forwarding and an auditing host with a broker between them, traffic through them, and the account of each exchange."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, contextmanager

import aiohttp
import psycopg

from storage.opening import open_reader
from storage.storage_config import StorageConfig
from tests.brokers import connected, stored_messages, toml
from tests.running import Served, chat, until

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "main"
[proxy.providers.main]
base_url = "{main}"
[shadow]
sample_rate = 0.0
[admin]
listen = "127.0.0.1:0"
{broker}
"""
STORE = "SAMEWEIGHTS_STORAGE__URL"
PROXY, AUDIT = ("--role", "proxy"), ("--role", "audit")
AUDITOR = "shadow.processes.audit_process"
ROWS = "SELECT count(*) FROM exchanges"


class Traffic:
    """Five clients that send one request after the other until they are stopped; `sent` counts those that were answered."""

    def __init__(self, served: Served, session: aiohttp.ClientSession, size: int = 100) -> None:
        self._size = size
        self._url = f"{served.data}/v1/chat/completions"
        self._session = session
        self._ending = False
        self.sent = 0

    async def _client(self, number: int) -> None:
        while not self._ending:
            text = os.urandom(self._size).hex()  # which does not compress to less than half
            async with self._session.post(self._url, data=chat(text=f"{number} {text}")) as got:
                await got.read()
                assert got.status == 200
            self.sent += 1

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Clients that send until the end of the block."""
        clients = [asyncio.create_task(self._client(number)) for number in range(5)]
        try:
            yield
        finally:
            self._ending = True
            await asyncio.gather(*clients)
            self._ending = False

    async def at_least(self, count: int) -> None:
        """Wait until so many more requests were answered."""
        goal = self.sent + count
        await until(lambda: self.sent >= goal)


@contextmanager
def asleep(host: Served):
    """The host as a machine that sleeps: its audit, and the process that would kill an audit that stands still."""
    pids = host.process.pid, host.children()[AUDITOR]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def lasting(seconds: float, traffic: Traffic) -> None:
    """Wait so long, while requests are answered."""
    clock = asyncio.get_running_loop().time
    begun, answered = clock(), traffic.sent
    await until(lambda: clock() - begun >= seconds, seconds + 10)
    assert traffic.sent > answered


@asynccontextmanager
async def fleet(serve, config, main, url: str = "", *, size: int = 100):
    """A forwarding host, and where a store is named an auditing one."""
    text = CONFIG.format(main=main.base_url, broker=toml(config))
    async with serve(text, arguments=PROXY) as proxy, aiohttp.ClientSession() as session:
        if not url:
            yield proxy, None, Traffic(proxy, session, size)
            return
        async with serve(text, arguments=AUDIT, ports=1, env={STORE: url}) as audit:
            yield proxy, audit, Traffic(proxy, session, size)


def rows(url: str) -> int:
    """Exchanges in the store, by its sums, which are those of a recount."""
    with closing(open_reader(StorageConfig(url=url))) as reader, closing(psycopg.connect(url, autocommit=True)) as conn:
        before = conn.execute(ROWS).fetchone()
        summed = sum(each.requests for each in reader.traffic(0, 0))
        after = conn.execute(ROWS).fetchone()
    assert before != after or (summed,) == after, "the sums are those of the rows, where nothing was stored meanwhile"
    return summed


async def counted(*hosts: Served) -> int:
    """Exchanges that these hosts counted as lost."""
    return sum([int(await host.metric("sameweights_handover_dropped_total")) for host in hosts])


async def accounted(traffic: Traffic, proxy: Served, audit: Served, config, url: str) -> None:
    """Wait until nothing waits anywhere; then each exchange is a row or counted, and none is both."""
    async with connected(config) as broker:

        async def settled() -> bool:
            ended = await proxy.metric("sameweights_exchanges_ended_total")
            published = await proxy.metric("sameweights_published_total")
            left = await stored_messages(broker)
            return ended == traffic.sent == published + await counted(proxy) and left == 0

        await until(settled)
    assert traffic.sent == rows(url) + await counted(proxy, audit)
