"""A forwarding process is begun before the configuration is known, takes its task when there is one, and is gone when not."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.processes.child_restarts import SupervisedProcess
from shadow.processes.prespawned_worker import prespawned
from shadow.settings.config_errors import ConfigError
from tests.running import PATIENCE

pytestmark = pytest.mark.slow


def test_what_was_begun_is_gone_when_the_configuration_cannot_be_used():
    pids = []

    def failing() -> None:
        with prespawned() as ahead:
            pids.append(ahead.process.pid)
            raise ConfigError(["wrong"])

    with pytest.raises(ConfigError):
        failing()
    assert not Path(f"/proc/{pids[0]}").exists()


def test_what_was_begun_listens_on_the_socket_that_was_bound_since(tmp_path):
    with prespawned() as ahead:
        opened = ahead.sockets[socket.AF_INET]
        opened.bind(("127.0.0.1", 0))
        opened.listen()
        providers = {"main": Provider(base_url="http://127.0.0.1:9/v1")}
        config = ProxyConfig(provider="main", providers=providers).model_dump(mode="json")
        told = {"config": config, "audit_socket": f"{tmp_path}/audit.sock", "worker": 0, "fd": opened.fileno()}
        plane = SupervisedProcess("proxy", "proxy.server", json.dumps(told), [opened.fileno()], prespawned=ahead.process)

        async def answered() -> bytes:
            await plane.start()
            assert plane.pid == ahead.process.pid
            assert await plane.ready()
            reader, writer = await asyncio.open_connection(*opened.getsockname())
            writer.write(b"GET /v1/models HTTP/1.1\r\nHost: here\r\n\r\n")
            head = await reader.readuntil(b"\r\n")
            writer.close()
            await writer.wait_closed()
            await plane.stop(10)
            return head

        assert ahead.runner.run(answered()).startswith(b"HTTP/1.1 502 ")


def test_a_process_without_a_task_ends_without_a_word():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "proxy.server"],
        input=b"",
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_prespawned_worker_that_died_is_not_ready_and_is_replaced(tmp_path):
    with prespawned() as ahead:
        plane = SupervisedProcess("proxy", "proxy.server", "{}", [], prespawned=ahead.process)

        async def started() -> tuple[bool, int]:
            ahead.process.send_signal(signal.SIGKILL)
            await ahead.process.wait()
            await plane.start()
            up = await plane.ready()
            await plane.start()
            pid = plane.pid
            await plane.stop(10)
            return up, pid

        up, pid = ahead.runner.run(started())
        assert not up
        assert pid not in {0, ahead.process.pid}


def test_a_worker_raises_its_limit_of_file_descriptors_to_the_hard_limit():
    script = """if True:
        import resource
        from shadow.processes.prespawned_worker import allow_many_files
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == most
    """
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)
