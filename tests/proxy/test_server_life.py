"""proxy.server: how one worker begins and ends, and how long each part of an end may take; within this process."""

import asyncio
import json
import os
import signal
import socket
from types import SimpleNamespace

import pytest

from proxy import server
from proxy.process.shared_counters import SharedCounters, shared_memory
from proxy.server import DataPlane
from proxy.worker_stats import WorkerStats
from tests.passing_clock import PassingAsyncio
from tests.proxy.test_server_turns import config
from tests.running import until


@pytest.fixture(autouse=True)
def _handlers():
    """What the tests themselves do at these signals, which an event loop takes away at its end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_an_end_gives_what_runs_its_grace_and_what_is_cut_three_tenths_of_a_second_thrice(monkeypatch):
    plane = DataPlane(config(), SimpleNamespace(waiting=0), WorkerStats(), environ={})
    await plane.start()
    monkeypatch.setattr(server, "asyncio", passing := PassingAsyncio())
    await plane.stop(7.0)
    assert passing.limits == [7.0, 0.3, 0.3, 0.3]


class Worker:
    """The parts of a worker, which note their calls; its parent has it end with `end`."""

    def __init__(self, monkeypatch) -> None:
        self.calls, self.end, self.on_line, self.stats, self.exits = [], None, None, None, []
        house = self

        class Sender:
            def __init__(self, path, limit, stats, row) -> None:
                house.stats = stats
                row.add("too_large")
                house.calls.append(("sender", path, limit))

            def start(self) -> None:
                house.calls.append(("sender starts",))

            async def stop(self, seconds) -> None:
                house.calls.append(("sender stops", seconds))

        class Plane:
            def __init__(self, config, sink, stats, *, tenants, kept) -> None:
                assert (type(sink), stats) == (Sender, house.stats)
                house.calls.append(("plane", config.provider, [each.name for each in tenants], kept))

            async def start(self, sock) -> None:
                house.calls.append(("plane starts", sock.getsockname()[1], sock.getblocking()))
                sock.close()

            def reload(self, config, tenants) -> None:
                house.calls.append(("plane reloads", config.provider, [each.name for each in tenants]))

            async def stop(self, grace) -> None:
                house.calls.append(("plane stops", grace))

        async def hold(ended, on_line, *, begun) -> None:
            house.calls.append(("parent", begun))
            house.end, house.on_line = ended, on_line

        async def beat() -> None:
            house.calls.append(("beats",))
            try:
                await asyncio.Event().wait()
            finally:
                house.calls.append(("beats no more",))

        collector = SimpleNamespace(
            collect=lambda: house.calls.append(("collected",)),
            freeze=lambda: house.calls.append(("frozen",)),
            set_threshold=lambda *limits: house.calls.append(("threshold", *limits)),
        )
        for name, part in (("ExchangeSender", Sender), ("DataPlane", Plane), ("hold", hold), ("send_heartbeat", beat)):
            monkeypatch.setattr(server, name, part)
        monkeypatch.setattr(server, "gc", collector)
        monkeypatch.setattr(server.os, "_exit", self.exits.append)


def task_of(listening, **more):
    keys = {"timeouts": {"grace": 9.0}, "limits": {"handover": 5_000}}
    return {
        "config": config(**keys).model_dump(mode="json"),
        "worker": 3,
        "audit_socket": "audit.sock",
        "fd": os.dup(listening.fileno()),
        **more,
    }


async def test_a_worker_serves_by_its_task_until_its_parent_ends_it_and_hands_over_what_it_has(monkeypatch):
    worker, board = Worker(monkeypatch), shared_memory()
    tenants = [{"name": "alpha", "key_env": "TEAM", "routes": []}]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        task = task_of(listening, board=board, tenants=tenants, certificate=["cert", "key"])
        serving = asyncio.create_task(server.serve(task, b"begun"))
        await until(lambda: ("beats",) in worker.calls)
        worker.on_line(json.dumps({**task, "tenants": []}).encode())
        worker.end()
        await serving
        await asyncio.sleep(0)
    assert worker.calls == [
        ("sender", "audit.sock", 5_000),
        ("plane", "p", ["alpha"], ["cert", "key"]),
        ("sender starts",),
        ("plane starts", port, False),
        *(("collected",), ("frozen",), ("threshold", 50_000, 20, 100)),
        ("parent", b"begun"),
        ("beats",),
        ("plane reloads", "p", []),
        ("plane stops", 9.0),
        ("sender stops", 2.0),
        ("beats no more",),
    ]
    assert (worker.stats.worker, worker.stats.pid) == (3, os.getpid())
    assert SharedCounters(board).row(3)["too_large"] == 1, "it counts in its own row"
    os.close(board)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_worker_in_order_and_a_second_one_at_once(monkeypatch, number):
    worker = Worker(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(task_of(listening, certificate="none")))
        await until(lambda: ("beats",) in worker.calls)
        os.kill(os.getpid(), number)
        await serving
        assert (worker.calls[1], worker.exits) == (("plane", "p", [], []), [])
        assert [call for call in worker.calls if "stops" in call[0]] == [("plane stops", 9.0), ("sender stops", 2.0)]
        os.kill(os.getpid(), number)
        await until(lambda: worker.exits)
    assert worker.exits == [1]
