"""The parent opens the ports, reports every error in one pass, keeps its children alive, and stops them in order."""

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import aiohttp
import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.pretended_server import PretendedServer
from shadow.processes.prespawned_worker import prespawned
from shadow.processes.supervisor import _listen, open_ports, reloaded, run
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import AdminConfig, Config
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.ports import free_port
from tests.running import PATIENCE, chat, until

pytestmark = pytest.mark.slow


CONFIG = """
[proxy]
listen = "127.0.0.1:0"
workers = {workers}
provider = "main"
[proxy.providers.main]
base_url = "{base_url}"
[proxy.timeouts]
grace = 5
[admin]
listen = "127.0.0.1:0"
"""


@pytest.fixture
def taken():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield f"127.0.0.1:{held.getsockname()[1]}"


def config(
    data: str = "127.0.0.1:0", admin: str = "127.0.0.1:0", url: str = "sqlite:////nowhere/at/all.db", workers: int = 1
) -> Config:
    proxy = ProxyConfig(
        listen=data, workers=workers, provider="main", providers={"main": Provider(base_url="http://127.0.0.1:9/v1")}
    )
    return Config(proxy=proxy, admin=AdminConfig(listen=admin), storage=StorageConfig(url=url))


def test_a_taken_port_is_named_with_its_key(taken):
    with pytest.raises(ConfigError) as wrong:
        open_ports(config(data=taken), {})
    assert "proxy.listen" in wrong.value.errors[0]
    assert taken in wrong.value.errors[0]


def test_taken_ports_and_an_unusable_store_are_reported_in_one_pass(taken):
    with pytest.raises(ConfigError) as wrong:
        open_ports(config(data=taken, admin=taken), {})
    assert len(wrong.value.errors) == 3
    assert "/nowhere/at" in wrong.value.errors[2]


def test_an_address_that_is_not_ours_is_a_fault_too():
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1"):
        open_ports(config(data="192.0.2.1:8080"), {})


def test_a_second_instance_cannot_share_the_port_of_one_with_several_workers():
    data, admin = open_ports(config(workers=2), {})
    address = "{}:{}".format(*data[0].getsockname())
    others, other_admin = open_ports(config(data=address, workers=2), {})  # nothing listens yet
    _listen(address, data)
    try:
        with pytest.raises(ConfigError, match=r"proxy\.listen"):
            open_ports(config(data=address, workers=2), {})
        with pytest.raises(ConfigError, match=r"proxy\.listen"):
            _listen(address, others)
    finally:
        for opened in (*data, admin, *others, other_admin):
            opened.close()


def test_each_worker_has_a_socket_of_its_own_on_one_port():
    data, admin = open_ports(config(workers=3), {})
    assert len({opened.getsockname() for opened in data}) == 1
    assert len(data) == 3
    for opened in (*data, admin):
        opened.close()


def serve_that_ends(file: Path) -> subprocess.CompletedProcess[str]:
    """The end of a `serve` that cannot start."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "shadow.cli", "serve", str(file)],
        capture_output=True,
        text=True,
        cwd=file.parent,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        check=False,
        timeout=PATIENCE,
    )


def test_a_start_that_cannot_be_exits_2_with_one_sentence_and_no_traceback(tmp_path, taken):
    file = tmp_path / "sameweights.toml"
    file.write_text(CONFIG.format(workers=1, base_url="http://127.0.0.1:9/v1").replace("127.0.0.1:0", taken, 1), encoding="utf-8")
    done = serve_that_ends(file)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    [fault] = [line for line in done.stderr.splitlines() if not line.startswith("note:")]
    assert taken in fault


def test_a_temporary_folder_whose_path_is_too_long_for_a_socket_is_named(tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with prespawned() as ahead, pytest.raises(ConfigError, match=r"TMPDIR: the path '.*long.*' is too long"):
        run(config(), None, ahead)
    assert list(folder.iterdir()) == []


def test_a_database_of_a_newer_version_exits_2_and_names_the_file(tmp_path):
    file = tmp_path / "sameweights.toml"
    database = tmp_path / "folder.db"
    database.mkdir()
    text = CONFIG.format(workers=1, base_url="http://127.0.0.1:9/v1") + f'[storage]\nurl = "sqlite:///{database}"\n'
    file.write_text(text, encoding="utf-8")
    done = serve_that_ends(file)
    assert done.returncode == 2
    assert str(database) in done.stderr
    assert "Traceback" not in done.stderr


async def test_two_workers_answer_on_one_port_and_a_killed_one_comes_back(serve):
    async with PretendedServer() as provider, serve(CONFIG.format(workers=2, base_url=provider.base_url)) as served:

        async def answered() -> bool:
            async with aiohttp.ClientSession() as session, session.post(f"{served.data}/v1/chat/completions", data=chat()) as got:
                return got.status == 200

        assert await answered()
        before = served.children()["proxy.server"]
        os.kill(before, signal.SIGKILL)
        await until(lambda: served.children().get("proxy.server") not in {None, before})
        for _ in range(10):
            assert await answered()


async def test_a_stream_that_runs_at_sigterm_is_finished_and_the_exit_code_is_0(serve):
    async with PretendedServer() as provider, serve(CONFIG.format(workers=1, base_url=provider.base_url)) as served:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{served.data}/v1/chat/completions", data=chat(stream=True, text="Tell me about bridges")) as got,
        ):
            await got.content.readany()
            served.process.send_signal(signal.SIGTERM)
            assert (await got.read()).rstrip().endswith(b"data: [DONE]")
        assert await asyncio.wait_for(served.process.wait(), PATIENCE) == 0
        reader = served.reader
        assert sum(count.requests for count in reader.traffic(0, 1e12)) == 1
        reader.close()


async def test_when_the_parent_is_killed_no_child_stays_behind(serve):
    async with PretendedServer() as provider, serve(CONFIG.format(workers=1, base_url=provider.base_url)) as served:
        children = served.children()
        assert set(children) == {"shadow.processes.audit_process", "proxy.server"}
        served.process.kill()
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children.values()))


def test_providers_routes_and_tenants_turn_at_once_and_the_rest_is_named():
    old = Config.model_validate({"proxy": {"provider": "a", "providers": {"a": {"base_url": "http://127.0.0.1:1/v1"}}}})
    wanted = Config.model_validate(
        {
            "proxy": {"provider": "b", "workers": 2, "providers": {"b": {"base_url": "http://127.0.0.1:2/v1"}}},
            "shadow": {"sample_rate": 0.5},
            "tenants": [{"name": "alpha", "key_env": "A"}],
        }
    )
    new, later = reloaded(old, wanted)
    assert new.tenants == wanted.tenants
    assert (new.proxy.provider, list(new.proxy.providers), new.proxy.workers) == ("b", ["b"], 1)
    assert later == ["proxy.workers", "shadow.sample_rate"]


@pytest.mark.parametrize("harm", ["damaged", "foreign", "newer", "taken"])
async def test_a_database_that_cannot_be_used_ends_serve_with_a_sentence_before_its_port_answers(tmp_path, harm):
    database = tmp_path / "audit.db"
    sentence = {"damaged": "damaged", "foreign": "another program", "newer": "newer version", "taken": "already written by"}[harm]
    held = None
    if harm == "damaged":
        database.write_bytes(b"no database any more" * 1_000)
    else:
        held = open_store(StorageConfig(url=f"sqlite:///{database}"))
        if harm != "taken":
            held.close()
            with closing(sqlite3.connect(database)) as conn, conn:
                if harm == "newer":
                    conn.execute(
                        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('sameweights', 'm999', '')"
                    )
                else:
                    conn.execute("DROP TABLE _sqlite_migrations")
    port = free_port()
    file = tmp_path / "sameweights.toml"
    text = CONFIG.format(workers=1, base_url="http://127.0.0.1:9/v1").replace("127.0.0.1:0", f"127.0.0.1:{port}", 1)
    file.write_text(text + f'[storage]\nurl = "sqlite:///{database}"\n', encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(file)),
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stderr=asyncio.subprocess.PIPE,
    )
    said = asyncio.create_task(process.stderr.read())
    answered = 0
    while process.returncode is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            answered += 1
        await asyncio.sleep(0.01)
    if harm == "taken":
        held.close()
    assert (process.returncode, answered) == (2, 0)
    assert sentence in (await said).decode()
    assert b"Traceback" not in await said


def test_a_process_that_cannot_be_started_ends_serve_with_2_and_its_reason(monkeypatch, capfd):
    with prespawned() as ahead:
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        assert run(config(), None, ahead) == 2
    assert "sameweights: cannot start: No such file or directory" in capfd.readouterr().err.splitlines()
