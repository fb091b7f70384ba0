"""Each child of `serve` is started again, whatever ended it or keeps it from starting, and no client hangs meanwhile."""

import asyncio
import os
import resource
import signal
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.running import PATIENCE, Served, addresses, chat, until

pytestmark = pytest.mark.journey

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "main"
[proxy.providers.main]
base_url = "{base_url}"
[admin]
listen = "127.0.0.1:0"
"""


async def answered(served: Served) -> bool:
    async with aiohttp.ClientSession() as session, session.post(f"{served.data}/v1/chat/completions", data=chat()) as got:
        await got.read()
        return got.status == 200


async def ended_are(served: Served, sent: int) -> bool:
    return await served.metric("sameweights_exchanges_ended_total") == sent


async def back(served: Served, module: str, gone: int) -> None:
    await until(lambda: served.children().get(module) not in {None, gone})


@pytest.mark.promise("children.restarted")
async def test_child_restarts_when_the_log_s_reader_is_gone(tmp_path):
    config = tmp_path / "sameweights.toml"
    async with PretendedServer() as provider:
        storage = f'[storage]\nurl = "sqlite:///{tmp_path}/served.db"\n'
        config.write_text(CONFIG.format(base_url=provider.base_url) + storage, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(config)),
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            stderr=asyncio.subprocess.PIPE,
        )
        data, admin = await asyncio.wait_for(addresses(process, []), PATIENCE)
        served = Served(process, data, admin, tmp_path / "served.db")
        process._transport.get_pipe_transport(2).close()
        for module in ("proxy.server", "shadow.processes.audit_process"):
            killed = served.children()[module]
            os.kill(killed, signal.SIGKILL)
            assert await answered(served)
            await back(served, module, killed)
        assert await served.stop() == 0


@pytest.mark.promise("children.restarted")
async def test_child_without_free_descriptors_restarts_when_there_are_some(serve):
    async with PretendedServer() as provider, serve(CONFIG.format(base_url=provider.base_url)) as served:
        limits = resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (5, limits[1]))
        killed = served.children()["proxy.server"]
        os.kill(killed, signal.SIGKILL)
        await until(lambda: any("process_start_failed" in line for line in served.errors))
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, limits)
        assert await answered(served)


@pytest.mark.promise("children.restarted")
async def test_stalled_data_plane_is_replaced_and_its_port_answers_again(serve):
    """It takes the ten seconds that the product waits before it kills a process."""
    async with PretendedServer() as provider, serve(CONFIG.format(base_url=provider.base_url)) as served:
        stopped = served.children()["proxy.server"]
        os.kill(stopped, signal.SIGSTOP)
        assert await answered(served)
        assert served.children()["proxy.server"] != stopped
        assert any("stood still" in line for line in served.errors)


@pytest.mark.promise("audit.accounted")
async def test_any_process_killed_under_load_leaves_every_exchange_stored_or_counted_once(serve):
    async with PretendedServer() as provider, serve(CONFIG.format(base_url=provider.base_url)) as served:
        sent = 0
        for module in ("shadow.processes.audit_process", "proxy.server", "shadow.processes.audit_process"):
            killed = served.children()[module]
            if module == "shadow.processes.audit_process":
                os.kill(killed, signal.SIGSTOP)  # it lags, so that there is something in its hands
            for _ in range(30):
                sent += await answered(served)
            if module == "proxy.server":
                # the last answer is at the client a moment before its exchange has ended, and only that one may be unknown
                await until(partial(ended_are, served, sent))
            os.kill(killed, signal.SIGKILL)
            await back(served, module, killed)
            sent += await answered(served)
        lost = 0.0

        async def accounted() -> bool:
            nonlocal lost
            try:
                ended = await served.metric("sameweights_exchanges_ended_total")
                lost = await served.metric("sameweights_handover_dropped_total")
                lost += await served.metric("sameweights_recorder_errors_total", table="exchanges")
                lost += await served.metric("sameweights_store_records_total", table="exchanges", result="failed")
                stored = await served.metric("sameweights_store_records_total", table="exchanges", result="stored")
            except aiohttp.ClientError:
                return False
            return ended == sent == stored + lost

        await until(accounted)
        with closing(served.reader) as reader:
            assert sum(count.requests for count in reader.traffic(0, 1e12)) == sent - lost
