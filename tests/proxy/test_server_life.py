"""proxy.server: how long each part of the end of a data plane may take."""

from types import SimpleNamespace

from proxy import server
from proxy.server import DataPlane
from proxy.worker_stats import WorkerStats
from tests.passing_clock import PassingAsyncio
from tests.proxy.test_server_turns import config


async def test_an_end_gives_what_runs_its_grace_and_what_is_cut_three_tenths_of_a_second_thrice(monkeypatch):
    plane = DataPlane(config(), SimpleNamespace(waiting=0), WorkerStats(), environ={})
    await plane.start()
    monkeypatch.setattr(server, "asyncio", passing := PassingAsyncio())
    await plane.stop(7.0)
    assert passing.limits == [7.0, 0.3, 0.3, 0.3]
