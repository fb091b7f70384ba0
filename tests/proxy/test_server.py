"""proxy.server: one process that reads its task from standard input, and ends when that ends or at a signal."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager

import pytest

from proxy.exchange import FailureKind
from proxy.provider_config import ProxyConfig
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, ask, chunks, client, get, ok, plane, post, scripted

pytestmark = pytest.mark.slow


@asynccontextmanager
async def process(url, **config):
    """`python -m proxy.server` on a socket of ours; gives the process and the port."""
    folder = tempfile.mkdtemp()
    chosen = {"provider": "candidate", "providers": {"candidate": {"base_url": url}}, **config}
    given = ProxyConfig.model_validate(chosen).model_dump(mode="json")
    with socket.create_server(("127.0.0.1", 0)) as sock:
        task = {"config": given, "audit_socket": f"{folder}/audit", "worker": 0, "fd": sock.fileno()}
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "proxy.server"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[sock.fileno()],
        )
        running.stdin.write(json.dumps(task).encode() + b"\n")
        await running.stdin.drain()
        assert await asyncio.wait_for(running.stdout.readline(), PATIENCE) == b"ready\n"
        port = sock.getsockname()[1]
    try:
        yield running, port
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()
        shutil.rmtree(folder)


async def _unfinished(wire):
    await wire.request()
    await wire.send(STREAM_HEAD + chunks(b"data: 1\n\n"))
    await wire.gone()


async def test_a_process_serves_and_ends_on_request_without_output():
    async with scripted(None, ok(b"{}")) as provider, process(provider.url) as (running, port):
        assert (await ask(port, post(b"{}"))).startswith(b"HTTP/1.1 200")
        running.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE)
        assert (running.returncode, errors) == (0, b"")


async def test_a_running_stream_may_finish_while_no_new_client_gets_in():
    go = asyncio.Event()

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + chunks(b"data: 1\n\n"))
        await asyncio.wait_for(go.wait(), PATIENCE)
        await wire.send(chunks(b"data: 2\n\n") + b"0\r\n\r\n")
        await wire.gone()

    async with (
        scripted(script) as provider,
        process(provider.url) as (running, port),
        client(port) as asked,
        client(port) as idle,
    ):
        await asked.send(post(b"{}", close=False))
        await asked.until(b"data: 1\n\n")
        running.send_signal(signal.SIGTERM)
        assert await idle.rest() == b""
        with pytest.raises(ConnectionError):
            await ask(port, get())
        go.set()
        assert (await asked.rest()).endswith(chunks(b"data: 2\n\n") + b"0\r\n\r\n")
        assert await asyncio.wait_for(running.wait(), PATIENCE) == 0


async def test_a_stream_that_outlasts_the_grace_is_broken_not_ended():
    async with scripted(_unfinished) as provider, process(provider.url, timeouts={"grace": 0.2}) as (running, port):
        async with client(port) as asked:
            await asked.send(post(b"{}", close=False))
            await asked.until(b"data: 1\n\n")
            running.send_signal(signal.SIGTERM)
            assert b"0\r\n\r\n" not in await asked.rest()
        assert await asyncio.wait_for(running.wait(), PATIENCE) == 0


async def test_second_signal_exits_at_once():
    async with (
        scripted(_unfinished) as provider,
        process(provider.url) as (running, port),
        client(port) as asked,
        client(port) as idle,
    ):
        await asked.send(post(b"{}", close=False))
        await asked.until(b"data: 1\n\n")
        running.send_signal(signal.SIGTERM)
        await idle.rest()
        running.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(running.wait(), PATIENCE) == 1


def test_a_process_without_a_task_ends_without_a_word():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "proxy.server"], input=b"", capture_output=True, check=False, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_data_plane_imports_nothing_of_the_audit_no_http_library_and_no_validation():
    others = {
        "shadow",
        "storage",
        "openai",
        "jinja2",
        "sqlite_utils",
        "prometheus_client",
        "aiohttp",
        "yarl",
        "multidict",
        "pydantic",
    }
    code = f"import sys, proxy.server; print([m for m in sys.modules if m.split('.')[0] in {others}])"
    assert subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "."}, text=True) == "[]\n"


async def test_stopping_breaks_what_runs_and_records_it_as_stopped():
    async with scripted(_unfinished) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asked.until(b"data: 1\n\n")
        await running.plane.stop(0.0)
        assert (await running.kept.next()).failure.kind is FailureKind.STOPPED
        assert running.stats.in_flight == 0
        assert running.stats.upstream_open == 0


async def test_repr_shows_the_port_and_whether_it_serves():
    async with plane("http://127.0.0.1:9/v1") as running:
        assert repr(running.plane).startswith(f"<DataPlane port={running.port} serving=True WorkerStats(")
        await running.plane.stop(0.0)
        assert " serving=False " in repr(running.plane)


async def test_the_loops_lateness_is_measured():
    async with plane("http://127.0.0.1:9/v1") as running:
        assert await until(lambda: running.stats.loop_lag > 0)
