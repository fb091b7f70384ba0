"""The disk is full, the database locked, read-only or damaged, the audit slow, stopped or killed, the clock jumps:
all are answered, losses are counted."""

import asyncio
import ctypes
import os
import resource
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from proxy.forwarding import forward
from shadow.demo.pretended_server import PretendedServer
from shadow.processes import audit_process
from tests.exchanges import asked, exchange, said
from tests.journeys.test_whole_path_of_a_request import CONFIG, post
from tests.running import PATIENCE, chat, until
from tests.shadow.processes.test_audit_process import RunningAudit
from tests.wires import ask, ok, plane, scripted
from tests.wires import post as raw_post

pytestmark = pytest.mark.journey

NOWHERE = CONFIG.format(candidate="http://127.0.0.1:9/v1", official="http://127.0.0.1:9/v1") + '[storage]\nurl = "{database}"\n'


async def answered(session, served, count: int, *, stream: bool = False, size: int = 0) -> None:
    """Send `count` requests, eight at a time; each is answered whole."""
    free = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        async with (
            free,
            post(session, served.data, chat(stream=stream, text=f"Tell me of number {number}" + " again" * (size // 6))) as got,
        ):
            assert got.status == 200
            body = (await got.read()).rstrip()
            assert body.endswith(b"data: [DONE]" if stream else b"}")

    await asyncio.gather(*(one(number) for number in range(count)))


async def counted(served, name: str, least: float, **labels) -> None:
    async def enough() -> bool:
        try:
            return await served.metric(name, **labels) >= least
        except aiohttp.ClientError:
            return False

    assert await until(enough)


async def ready(session, served) -> int:
    async with session.get(f"{served.admin}/readyz") as got:
        return got.status


@pytest.fixture
async def recorded(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            await answered(session, served, 4)
            await counted(served, "sameweights_store_records_total", 8, result="stored")
            yield served, session


def sound(database) -> bool:
    with closing(sqlite3.connect(database)) as conn:
        whole = conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        half = conn.execute("SELECT count(*) FROM exchanges WHERE no NOT IN (SELECT exchange_no FROM payloads)").fetchone()[0]
        twice = conn.execute("SELECT count(*) - count(DISTINCT id) FROM exchanges").fetchone()[0]
        unfounded = conn.execute("SELECT count(*) FROM pairs WHERE subject_id NOT IN (SELECT id FROM exchanges)").fetchone()[0]
    return whole and not half and not twice and not unfounded


@pytest.mark.promise("store.full", "store.resumes")
async def test_full_disk_costs_no_answer_and_recording_resumes_when_there_is_room(recorded):
    served, session = recorded
    audit = served.children()["shadow.processes.audit_process"]
    limits = resource.prlimit(audit, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
    await answered(session, served, 20)
    await counted(served, "sameweights_store_records_total", 1, result="failed")
    assert await ready(session, served) == 503
    resource.prlimit(audit, resource.RLIMIT_FSIZE, limits)
    before = await served.metric("sameweights_store_records_total", result="stored")
    await answered(session, served, 4)
    await counted(served, "sameweights_store_records_total", before + 4, result="stored")
    assert await ready(session, served) == 200
    assert sound(served.database)


@pytest.mark.promise("store.locked")
async def test_a_locked_database_costs_no_answer(recorded):
    served, session = recorded
    with closing(sqlite3.connect(served.database, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        await answered(session, served, 20, stream=True)
        conn.execute("ROLLBACK")
    await counted(served, "sameweights_requests_total", 24, role="primary")
    await answered(session, served, 1)
    assert sound(served.database)


def bound_by_modes() -> None:
    """Let the modes of files bind this process and its children, under root too, which is above them by these two rights."""
    libc = ctypes.CDLL(None, use_errno=True)
    drop, override, read_search = 24, 1, 2
    for right in (override, read_search):
        if os.geteuid() == 0 and libc.prctl(drop, right, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")


async def refused(database) -> str:
    """What a start with this database says before it leaves with 2."""
    config = database.with_name("refused.toml")
    config.write_text(NOWHERE.format(database=database), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(config)),
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "OFFICIAL_KEY": "x"},
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=bound_by_modes,
    )
    _, said = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 2
    assert b"Traceback" not in said
    return said.decode()


async def failing_once(session, served) -> None:
    """Let one write fail, so that the database is opened again: what is open already feels neither modes nor all damage."""
    audit = served.children()["shadow.processes.audit_process"]
    limits = resource.prlimit(audit, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
    await answered(session, served, 4)
    await counted(served, "sameweights_store_records_total", 1, result="failed")
    resource.prlimit(audit, resource.RLIMIT_FSIZE, limits)


@pytest.mark.promise("store.read_only", "store.resumes")
async def test_a_database_that_becomes_read_only_costs_no_answer_and_recording_resumes_when_it_may_be_written(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with (
            serve(toml, env={"OFFICIAL_KEY": "x"}, first=bound_by_modes) as served,
            aiohttp.ClientSession() as session,
        ):
            await answered(session, served, 4)
            await counted(served, "sameweights_store_records_total", 8, result="stored")
            files = [served.database, *served.database.parent.glob(f"{served.database.name}-???")]
            for file in files:
                file.chmod(0o400)
            await failing_once(session, served)
            before = await served.metric("sameweights_store_records_total", result="failed")
            await answered(session, served, 20, stream=True)
            await counted(served, "sameweights_store_records_total", before + 1, result="failed")
            assert await ready(session, served) == 503
            for file in files:
                file.chmod(0o600)
            stored = await served.metric("sameweights_store_records_total", result="stored")
            await answered(session, served, 4)
            await counted(served, "sameweights_store_records_total", stored + 4, result="stored")
            assert await ready(session, served) == 200
        assert sound(served.database)


@pytest.mark.promise("store.read_only", "store.damaged")
@pytest.mark.parametrize("harm", ["read-only", "damaged"])
async def test_a_database_that_cannot_be_used_is_refused_at_the_start_in_a_sentence_that_names_it(tmp_path, harm):
    database = tmp_path / "served.db"
    database.write_bytes(b"" if harm == "read-only" else b"no database any more" * 1_000)
    database.chmod(0o400 if harm == "read-only" else 0o600)
    fault = "cannot be written" if harm == "read-only" else "is damaged or not a SQLite database"
    assert f"the database {database} {fault}" in await refused(database)
    assert database.read_bytes() == (b"" if harm == "read-only" else b"no database any more" * 1_000)


@pytest.mark.promise("store.damaged")
async def test_database_damaged_while_running_costs_no_answer_and_is_refused_at_the_next_start(recorded):
    served, session = recorded
    await answered(session, served, 40)
    await counted(served, "sameweights_store_records_total", 48, result="stored")
    for file in (served.database, served.database.with_name(f"{served.database.name}-wal")):
        with file.open("r+b") as opened:
            opened.write(b"scribbled over" * (file.stat().st_size // 14))
    await failing_once(session, served)
    before = await served.metric("sameweights_store_records_total", result="failed")
    await answered(session, served, 20, stream=True)
    await counted(served, "sameweights_store_records_total", before + 1, result="failed")
    assert await ready(session, served) == 503
    assert await served.stop() == 0
    assert f"the database {served.database} is damaged" in await refused(served.database)


@pytest.mark.promise("store.killed")
async def test_four_kills_under_load_leave_a_sound_database_and_cost_no_answer(recorded):
    served, session = recorded
    for _ in range(4):
        audit = served.children()["shadow.processes.audit_process"]
        load = asyncio.create_task(answered(session, served, 40, stream=True))
        await asyncio.sleep(0.05)
        os.kill(audit, signal.SIGKILL)
        await load

        async def back(gone: int = audit) -> bool:
            return served.children().get("shadow.processes.audit_process", gone) != gone

        assert await until(back)
    await answered(session, served, 1)
    await counted(served, "sameweights_requests_total", 1, role="primary")
    assert await served.stop() == 0
    assert sound(served.database)


@pytest.mark.promise("audit.stopped")
async def test_stalled_audit_does_not_delay_answers_and_resumes_where_it_stopped(recorded):
    served, session = recorded
    audit = served.children()["shadow.processes.audit_process"]
    os.kill(audit, signal.SIGSTOP)
    try:
        await answered(session, served, 60, stream=True)
        await answered(session, served, 4)
    finally:
        os.kill(audit, signal.SIGCONT)
    await counted(served, "sameweights_requests_total", 68, role="primary")
    assert await served.metric("sameweights_handover_dropped_total") == 0


SMALL = """
[proxy.limits]
handover = 200000
"""


async def accounted(served, total: int) -> None:
    """Each of `total` exchanges was either taken in by the audit or counted as dropped."""

    async def whole() -> bool:
        return await metric(served, "sameweights_requests_total", role="primary") + await dropped(served) == total

    assert await until(whole)


async def metric(served, name: str, **labels) -> float:
    try:
        return await served.metric(name, **labels)
    except aiohttp.ClientError:
        return 0


async def dropped(served) -> float:
    return await metric(served, "sameweights_handover_dropped_total")


@pytest.mark.promise("audit.slow")
async def test_slow_audit_does_not_delay_answers_and_every_exchange_is_audited_or_counted_as_dropped(serve):
    async with PretendedServer(seed=1) as candidate:
        toml = CONFIG.format(candidate=candidate.base_url, official=candidate.base_url).replace(
            "[shadow]\n", "[shadow]\nenabled = false\n"
        )
        async with serve(toml + SMALL, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            audit = served.children()["shadow.processes.audit_process"]
            sent = 0
            for _ in range(3):
                # it stands still for a round and then has no time to catch up: about what a crowded machine does to it
                os.kill(audit, signal.SIGSTOP)
                try:
                    await answered(session, served, 50, stream=True, size=20_000)
                finally:
                    os.kill(audit, signal.SIGCONT)
                await answered(session, served, 10)
                sent += 60
            await accounted(served, sent)
            assert await until(lambda: served.metric("sameweights_handover_dropped_total", reason="audit_slow"))
            assert await served.metric("sameweights_recorder_errors_total") == 0


@pytest.mark.promise("plane.crash")
async def test_killed_data_plane_restarts_and_its_port_stays_open(recorded):
    served, _ = recorded
    worker = served.children()["proxy.server"]
    os.kill(worker, signal.SIGKILL)
    # the port is the parent's: who connects now waits until the new process accepts
    async with aiohttp.ClientSession() as fresh:
        await answered(fresh, served, 1)
    assert served.children()["proxy.server"] != worker


@pytest.mark.promise("clock.jumps")
@pytest.mark.parametrize("jump", [-86_400 * 365, 86_400 * 365, -3.5])
async def test_clock_jump_during_a_request_changes_no_duration(monkeypatch, jump):
    walls = iter([1_700_000_000.0])
    monkeypatch.setattr(forward, "time", lambda: next(walls, 1_700_000_000.0 + jump))
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        for _ in range(2):
            assert (await ask(running.port, raw_post(b"{}"))).startswith(b"HTTP/1.1 200")
            exchange = await running.kept.next()
            assert 0 <= exchange.overhead <= exchange.seconds < 10
            assert 0 <= exchange.response.head_seconds <= exchange.seconds


@pytest.mark.promise("clock.jumps")
async def test_clock_jump_of_the_audit_deletes_nothing_and_every_request_is_recorded_paired_and_judged(tmp_path, monkeypatch):
    ahead, real = [0.0], time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])
    monkeypatch.setattr(audit_process, "SWEEP_SECONDS", 0.01)
    async with RunningAudit(tmp_path, sample_rate=1.0) as running:
        for number, jump in enumerate([0.0, 400 * 86_400.0, -400 * 86_400.0, 0.0, 3.5]):
            ahead[0] = jump
            seen = exchange(said(f"Number {number}"), request=asked(f"Count {number}"), id=f"{number:032d}", started=time.time())
            await until(lambda seen=seen: running.sender.offer(seen))
            await until(lambda number=number: _judged(tmp_path / "house.db") == number + 1)
        assert 'sameweights_recorder_errors_total{table="exchanges"} 0\n' in (await running.get("/metrics"))[1]
    assert all(running.stored(f"{number:032d}") for number in range(5))


def _judged(database) -> int:
    with closing(sqlite3.connect(database)) as conn:
        return int(conn.execute("SELECT count(*) FROM rulings").fetchone()[0])
