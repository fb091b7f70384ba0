"""The database file is moved or deleted, or its folder goes, while `serve` runs: it is noticed, and nothing else is hurt."""

import sqlite3
from contextlib import closing

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from shadow.processes import audit_process
from tests.journeys.test_recording_failures import answered, counted, ready
from tests.journeys.test_whole_path_of_a_request import CONFIG
from tests.running import until
from tests.shadow.processes.test_audit_process import RunningAudit

pytestmark = pytest.mark.journey

NOTICED = "database_replaced"


def unshadowed(provider: PretendedServer) -> str:
    given = CONFIG.format(candidate=provider.base_url, official=provider.base_url)
    return given.replace("[shadow]\n", "[shadow]\nenabled = false\n")


def exchanges(database) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as conn:
        return int(conn.execute("SELECT count(*) FROM exchanges").fetchone()[0])


@pytest.mark.promise("store.gone")
async def test_moved_or_deleted_database_is_created_again_and_traffic_continues(serve):
    async with PretendedServer() as provider:
        async with serve(unshadowed(provider), env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            children = served.children()
            moved = served.database.with_suffix(".moved")
            for count, leave in ((2, lambda: served.database.rename(moved)), (4, served.database.unlink), (8, None)):
                await answered(session, served, count)
                await counted(served, "sameweights_store_records_total", 2 * count - 2, result="stored")
                assert exchanges(served.database) == count
                assert await ready(session, served) == 200
                async with session.get(f"{served.admin}/pairs") as page:
                    assert page.status == 200
                if leave:
                    leave()
            assert await served.metric("sameweights_store_records_total", result="failed") == 0
            assert await served.metric("sameweights_recorder_errors_total") == 0
            assert served.children() == children
            assert await served.stop() == 0
        assert [NOTICED in line for line in served.errors].count(True) == 2
        assert not any("Traceback" in line for line in served.errors)
        assert exchanges(moved) == 2


@pytest.mark.promise("store.gone", "store.resumes")
async def test_database_without_its_folder_is_reported_by_readiness_and_metrics_until_it_is_back(serve):
    async with PretendedServer() as provider:
        async with serve(unshadowed(provider), env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            await answered(session, served, 4)
            await counted(served, "sameweights_store_records_total", 4, result="stored")
            folder = served.database.parent
            away = folder.with_name("away")
            folder.rename(away)
            await answered(session, served, 8)
            await counted(served, "sameweights_store_records_total", 8, result="failed")
            assert await ready(session, served) == 503
            away.rename(folder)
            await answered(session, served, 4)
            await counted(served, "sameweights_store_records_total", 8, result="stored")
            assert await ready(session, served) == 200
            assert await served.stop() == 0
        assert exchanges(served.database) == 8


@pytest.mark.promise("store.gone")
@pytest.mark.parametrize("how", ["moved", "deleted"])
async def test_a_database_that_goes_away_without_traffic_is_noticed_by_the_next_sweep(tmp_path, monkeypatch, logged, how):
    lines = logged("storage.sqlite.sqlite_store")
    assert audit_process.SWEEP_SECONDS == 60.0
    monkeypatch.setattr(audit_process, "SWEEP_SECONDS", 0.01)
    async with RunningAudit(tmp_path, sample_rate=0.0):
        database = tmp_path / "house.db"
        database.rename(tmp_path / "moved.db") if how == "moved" else database.unlink()
        await until(lambda: lines)
        await until(database.exists)
    assert {call.kwargs["event"] for call in lines} == {NOTICED}
    assert exchanges(database) == 0
