"""The places for shadows are shared out among the workers, and a worker ends with its parent from its first moment on."""

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from shadow.processes.audit_worker import share_of
from shadow.settings.top_level_config import Config, ShadowConfig


@pytest.mark.parametrize(("concurrency", "workers", "shares"), [(8, 3, [3, 3, 2]), (3, 3, [1, 1, 1]), (9, 2, [5, 4])])
def test_shares_of_the_places_come_to_all_of_them(concurrency, workers, shares):
    config = Config(shadow=ShadowConfig(concurrency=concurrency, queue=concurrency, audit_workers=workers))
    parts = [share_of(config, number).shadow for number in range(workers)]
    assert [part.concurrency for part in parts] == shares
    assert [part.queue for part in parts] == shares


@asynccontextmanager
async def unwelcomed(tmp_path):
    """A worker process that is connected to an audit process that sends no welcome; yields it and the connection's writer."""
    connected: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set_result(writer)

    path = str(tmp_path / "w.sock")
    server = await asyncio.start_unix_server(accept, path)
    task = {"config": Config().model_dump(mode="json"), "worker": 0, "socket": path}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "shadow.processes.audit_worker"), stdin=asyncio.subprocess.PIPE
    )
    try:
        process.stdin.write(json.dumps(task).encode() + b"\n")
        async with asyncio.timeout(30):
            connection = await connected
            yield process, connection
        connection.close()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        server.close()


async def test_a_worker_without_a_welcome_ends_when_its_parent_is_gone(tmp_path):
    async with unwelcomed(tmp_path) as (process, _):
        process.stdin.close()
        assert await process.wait() == 0


async def test_a_worker_without_a_welcome_ends_at_sigterm(tmp_path):
    async with unwelcomed(tmp_path) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_a_worker_without_a_welcome_ends_when_the_audit_process_is_gone(tmp_path):
    async with unwelcomed(tmp_path) as (process, connection):
        connection.close()
        assert await process.wait() == 0
