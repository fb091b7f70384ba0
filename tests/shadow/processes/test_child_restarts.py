"""A child gets its task, reports that it is ready, is restarted when it dies, and ends on request."""

import asyncio
import os
import resource
import signal

import pytest

from shadow.processes import child_restarts as keeping
from shadow.processes.child_restarts import SupervisedProcess
from shadow.processes.supervisor_log import SupervisorLog
from tests.running import PATIENCE, until

pytestmark = pytest.mark.slow


OBEDIENT = "import sys; sys.stdin.readline(); print('ready', flush=True); sys.stdin.read()"
BEATING = """
import sys, time
sys.stdin.readline()
print("ready", flush=True)
while True:
    time.sleep(0.01)
    print(".", flush=True)
"""
STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def _log_of_the_tests_stays_as_it_is():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shadow.processes.log_setup.to_stderr", lambda *_: None)
        yield


@pytest.fixture
def module(tmp_path, monkeypatch):
    def written(source: str) -> str:
        (tmp_path / "child_under_test.py").write_text(source, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return "child_under_test"

    return written


async def test_child_reports_ready_and_ends_on_request(module):
    child = SupervisedProcess("obedient", module(OBEDIENT), "{}", [], patience=30)
    await child.start()
    assert await child.ready()
    assert child.pid
    await child.stop(10)
    assert child.pid == 0


async def test_a_child_that_was_begun_waits_for_its_task_and_gets_it_at_the_start(module, tmp_path):
    source = f"import os, sys; open('{tmp_path}/' + str(os.getpid()), 'w').close(); " + OBEDIENT
    child = SupervisedProcess("begun", module(source), "{}", [], patience=30)
    await child.begin()
    assert child.pid == 0
    await until(lambda: [path for path in tmp_path.iterdir() if path.name.isdigit()])
    await child.start()
    assert await child.ready()
    assert [path.name for path in tmp_path.iterdir() if path.name.isdigit()] == [str(child.pid)]
    await child.stop(10)


async def test_a_child_that_was_begun_and_never_started_ends_at_a_stop(module, tmp_path):
    source = f"import os, sys; open('{tmp_path}/' + str(os.getpid()), 'w').close(); " + STUBBORN
    child = SupervisedProcess("begun", module(source), "{}", [], patience=30)
    await child.begin()
    [begun] = await until(lambda: [path.name for path in tmp_path.iterdir() if path.name.isdigit()])
    await child.stop(PATIENCE)
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun), 0)


async def test_a_child_that_was_begun_and_died_is_not_ready_and_is_replaced(module):
    child = SupervisedProcess("begun", module("import sys; sys.stdin.readline()"), "{}", [], patience=30)
    await child.begin()
    await child.start()
    assert not await child.ready()
    module(OBEDIENT)
    await child.start()
    assert await child.ready()
    await child.stop(10)


async def test_a_child_that_ends_instead_of_starting_is_not_ready(module):
    child = SupervisedProcess("dead", module("import sys; sys.exit(2)"), "{}", [], patience=30)
    await child.start()
    assert not await child.ready()


async def test_a_child_that_does_not_stop_is_made_to(module):
    child = SupervisedProcess("stubborn", module(STUBBORN), "{}", [], patience=30)
    await child.start()
    assert await child.ready()
    await child.stop(0.1)
    assert child.pid == 0


async def test_a_child_that_dies_is_started_again(module):
    child = SupervisedProcess("mortal", module(OBEDIENT), "{}", [], patience=30)
    await child.start()
    assert await child.ready()
    first = child.pid
    keeper = asyncio.create_task(child.keep_alive())
    os.kill(first, 9)
    await until(lambda: child.pid not in {0, first})
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    await child.stop(10)


async def test_a_child_stands_back_as_far_as_it_was_made_to(module):
    child = SupervisedProcess("nice", module(OBEDIENT), "{}", [], nice=7, patience=30)
    await child.start()
    assert await child.ready()
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + 7, 19)
    await child.stop(10)


@pytest.fixture
async def kept(module):
    """`await kept(source, ...)`: a child that is up and kept alive."""
    running: list[tuple[SupervisedProcess, asyncio.Task[None]]] = []

    async def up(source: str, **more) -> SupervisedProcess:
        child = SupervisedProcess("kept", module(source), "{}", [], **{"patience": 30, **more})
        await child.start()
        assert await child.ready()
        running.append((child, asyncio.create_task(child.keep_alive())))
        return child

    yield up
    for child, keeper in running:
        assert not keeper.done()
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        child.kill()
        await child.stop(10)


async def test_a_child_that_stands_still_is_reported_then_killed_and_started_again(kept, monkeypatch):
    said = []
    monkeypatch.setattr(keeping, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(
        SupervisorLog, "write", lambda _, level, event, **fields: said.append((level, event, fields.get("reason", "")))
    )
    child = await kept(BEATING, patience=8)
    first = child.pid
    os.kill(first, signal.SIGSTOP)
    await until(lambda: child.pid not in {0, first})
    assert said == [
        ("warning", "process_stalled", ""),
        ("error", "process_ended", "it stood still for 8 looks and was killed"),
    ]


async def test_a_child_that_cannot_be_started_for_a_while_is_started_afterwards(kept, monkeypatch):
    child = await kept(OBEDIENT)
    first = child.pid
    monkeypatch.setattr(keeping, "FIRST_PAUSE", 0.01)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (5, hard))
    try:
        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(child._process.wait(), PATIENCE)
        for _ in range(5):
            await asyncio.sleep(0.02)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    await until(lambda: child.pid not in {0, first})


async def test_a_child_whose_program_is_gone_is_started_when_it_is_back(kept, monkeypatch):
    child = await kept(OBEDIENT)
    first = child.pid
    tried = []
    monkeypatch.setattr(SupervisorLog, "write", lambda _, level, event, **fields: tried.append(event))
    monkeypatch.setattr("proxy.process.child_process.sys.executable", "/no/such/python")
    os.kill(first, signal.SIGKILL)
    await until(lambda: "process_start_failed" in tried)
    assert child.pid == 0
    monkeypatch.undo()
    await until(lambda: child.pid not in {0, first})


async def test_what_is_made_before_a_start_is_made_before_each_and_a_failure_of_it_costs_one_attempt(kept):
    made = []

    async def before() -> None:
        made.append(1)
        if len(made) == 1:
            raise PermissionError("not yours")

    child = await kept(OBEDIENT, before=before)
    first = child.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.pid not in {0, first})
    assert len(made) == 2
