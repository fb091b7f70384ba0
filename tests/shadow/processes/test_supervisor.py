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

from shadow.demo.pretended_server import PretendedServer
from shadow.processes.configured_plan import plan_of
from shadow.processes.listening_ports import bind
from shadow.processes.serve_plan import ServeArguments
from shadow.processes.supervisor import supervise
from shadow.processes.supervisor_task import SupervisorTask
from shadow.settings.top_level_config import Config
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


@pytest.fixture
def task(tmp_path):
    """A `serve` whose ports are bound."""
    folder = tmp_path / "sockets"
    folder.mkdir()
    config = Config.model_validate({"proxy": {"provider": "main", "providers": {"main": {"base_url": "http://127.0.0.1:9/v1"}}}})
    [data], [admin] = bind("proxy.listen", "127.0.0.1:0"), bind("admin.listen", "127.0.0.1:0")
    return SupervisorTask(
        plan=plan_of(config, "all"),
        arguments=ServeArguments(path="", flags={}),
        data=[data.detach()],
        admin=admin.detach(),
        folder=str(folder),
        attached=False,
        role="all",
    )


def test_a_process_that_cannot_be_started_ends_serve_with_2_and_its_reason_and_leaves_no_folder(task, monkeypatch, capfd):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert asyncio.run(supervise(task)) == 2
    assert "sameweights: cannot start: No such file or directory" in capfd.readouterr().err.splitlines()
    assert not Path(task.folder).exists()


def test_the_supervisor_loads_neither_what_reads_a_configuration_nor_a_server():
    heavy = "('pydantic', 'typer', 'structlog', 'aiohttp', 'uvloop', 'sqlite3', 'jinja2', 'prometheus_client')"
    script = f"import sys, shadow.processes.supervisor; print(*(m for m in {heavy} if m in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_the_supervisor_raises_its_limit_of_file_descriptors_to_the_hard_limit():
    script = """if True:
        import resource
        from shadow.processes.supervisor import allow_many_files
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == most
    """
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)
