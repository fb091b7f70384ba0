"""proxy.server: the turns of one data plane, the orders of its parent and its start, within this process."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from proxy import server
from proxy.provider_config import ProxyConfig
from proxy.server import DataPlane
from proxy.worker_stats import WorkerStats


def config(url="http://p:1/v1", **more):
    return ProxyConfig.model_validate({"provider": "p", "providers": {"p": {"base_url": url}}, **more})


def made(**more):
    stats = WorkerStats()
    return DataPlane(config(**more), SimpleNamespace(waiting=0), stats, environ={"TEAM": "key-of-alpha-0123456"}), stats


class Clock:
    """Time that passes as it is slept, each sleep late by the next of `late`; it ends with the last."""

    def __init__(self, *late):
        self.now, self.late, self.slept = 100.0, list(late), []

    def monotonic(self):
        return self.now

    async def sleep(self, seconds):
        if not self.late:
            raise asyncio.CancelledError
        self.slept.append(seconds)
        self.now += seconds + self.late.pop(0)


async def ticked(monkeypatch, *late, **more):
    """The clock behind these turns, the lag that was found, and the moments at which the clients were looked after."""
    plane, stats = made(**more)
    clock, sweeps = Clock(*late), []
    plane._listener = SimpleNamespace(sweep=sweeps.append)
    monkeypatch.setattr(server, "asyncio", SimpleNamespace(sleep=clock.sleep))
    monkeypatch.setattr(server, "monotonic", clock.monotonic)
    with pytest.raises(asyncio.CancelledError):
        await plane._tick()
    return clock, stats.loop_lag, sweeps


async def test_the_lag_of_the_loop_is_the_most_by_which_a_tenth_of_a_second_was_late(monkeypatch):
    clock, lag, _ = await ticked(monkeypatch, 0.25, 0.5, 0.0)
    assert (clock.slept, lag) == ([0.1, 0.1, 0.1], pytest.approx(0.5))


async def test_clients_are_looked_after_once_a_second(monkeypatch):
    _, _, sweeps = await ticked(monkeypatch, *[0.0001] * 25)
    assert [moment - 100.0 for moment in sweeps] == [pytest.approx(1.0, abs=0.01), pytest.approx(2.0, abs=0.02)]


@pytest.mark.parametrize(
    ("timeouts", "slept", "sweeps"), [({"idle": 0.2}, 0.05, 4), ({"client_head": 0.2}, 0.05, 4), ({"idle": 0.8}, 0.1, 2)]
)
async def test_short_limits_of_time_are_looked_after_as_often_as_they_need(monkeypatch, timeouts, slept, sweeps):
    clock, _, found = await ticked(monkeypatch, *[0.0001] * 4, timeouts=timeouts)
    assert (clock.slept, len(found)) == ([pytest.approx(slept)] * 4, sweeps)


@pytest.mark.parametrize("tenants", [[], [{"name": "alpha", "key_env": "TEAM", "routes": []}]])
def test_an_order_of_the_parent_replaces_the_routes_and_the_tenants(tenants):
    plane, _ = made()
    order = {"config": config("http://other:2/v1").model_dump(mode="json"), "tenants": tenants}
    server._reloaded(plane, json.dumps(order).encode())
    assert plane._forward.routing.origins["p"].host == "other"
    assert (plane._forward.routing.tenants is not None) is bool(tenants)


@pytest.mark.parametrize("order", [b"", b"no JSON", b"[]", b"{}", b'{"config": {}}', b'{"config": 7}'])
def test_an_order_that_cannot_be_used_is_logged_and_changes_nothing(order, caplog):
    plane, _ = made()
    before = plane._forward.routing
    server._reloaded(plane, order)
    assert plane._forward.routing is before
    assert [record.getMessage() for record in caplog.records] == ["routing_not_replaced"]


async def test_a_plane_that_was_not_started_has_nothing_to_stop_and_one_that_was_stops_once():
    plane, stats = made()
    await plane.stop(9.0)
    assert repr(plane) == f"<DataPlane port=0 serving=False {stats!r}>"
    await plane.start()
    assert (plane.port > 0, "serving=True" in repr(plane)) == (True, True)
    await plane.stop(9.0)
    assert "serving=False" in repr(plane)
    await plane.stop(9.0)
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection("127.0.0.1", plane.port)


async def test_events_are_waited_for_all_of_them_and_no_longer_than_is_allowed():
    one, other = asyncio.Event(), asyncio.Event()
    one.set()
    other.set()
    await server._within(1_000.0, one, other)
    other.clear()
    await server._within(0.0, one, other)
    waiting = asyncio.ensure_future(server._within(1_000.0, one, other))
    await asyncio.sleep(0)
    assert not waiting.done()
    other.set()
    await waiting


@pytest.mark.parametrize("log", [{}, {"level": "debug", "style": "json"}])
def test_a_process_serves_the_task_that_it_reads_with_the_log_that_this_names(monkeypatch, log):
    logs, served = [], []
    task = {"worker": 3, **({"log": log} if log else {})}

    async def serve(*given):
        served.append(given)

    monkeypatch.setattr(server, "install_streams", lambda: logs.append("streams"))
    monkeypatch.setattr(server, "to_stderr", lambda **given: logs.append(given))
    monkeypatch.setattr(server, "read_task", lambda: (json.dumps(task).encode(), b"begun"))
    monkeypatch.setattr(server, "serve", serve)
    server.main()
    assert (logs, served) == (["streams", {}, log], [(task, b"begun")])


def test_a_process_without_a_task_ends_at_once(monkeypatch):
    monkeypatch.setattr(server, "install_streams", list)
    monkeypatch.setattr(server, "to_stderr", lambda **_: None)
    monkeypatch.setattr(server, "read_task", lambda: (b"", b""))
    monkeypatch.setattr(server, "serve", lambda *_: pytest.fail("nothing is to be served"))
    server.main()
