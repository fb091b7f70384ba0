"""When a child is started, reported, killed and started again, look by look; a process that the test plays."""

import asyncio
from contextlib import suppress

import pytest

from shadow.processes import child_restarts
from shadow.processes.child_restarts import SupervisedProcess
from tests.passing_clock import PassingAsyncio
from tests.played_process import PlayedProcess
from tests.running import until


class Log:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.lines = []

    def write(self, level, event, **fields) -> None:
        self.lines.append((level, event, fields))


class Supervising:
    """A child whose processes are played; each of `faults` ends one start with an error."""

    def __init__(self, monkeypatch) -> None:
        self.log, self.processes, self.starts, self.faults, self.levels, self.made = Log(), [], [], [], [], []
        monkeypatch.setattr(child_restarts, "start_module", self._start)
        monkeypatch.setattr(child_restarts.os, "setpriority", lambda _, pid, level: self.levels.append((pid, level)))
        monkeypatch.setattr(child_restarts.os, "getpriority", lambda *_: 3)
        self.passing = PassingAsyncio()
        monkeypatch.setattr(child_restarts, "asyncio", self.passing)
        self.child = SupervisedProcess(
            "a child", "its.module", "task", [4, 5], nice=10, patience=7, before=self._before, log=self.log
        )

    async def _before(self) -> None:
        self.made.append(len(self.processes))

    async def _start(self, module, fds):
        self.starts.append((module, fds))
        if self.faults:
            raise self.faults.pop(0)
        self.processes.append(PlayedProcess(70 + len(self.processes)))
        return self.processes[-1]

    def waits(self, look) -> None:
        """Have each wait for a task with a limit take no time: `look` is called instead, with the limit."""

        async def wait(tasks, timeout):  # noqa: ASYNC109 - as that of asyncio
            look(timeout)
            for _ in range(5):
                await asyncio.sleep(0)
            return {task for task in tasks if task.done()}, set()

        self.passing.wait = wait

    async def keep(self, holds) -> None:
        keeping = asyncio.create_task(self.child.keep_alive())
        await until(holds)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


@pytest.fixture
async def played(monkeypatch):
    made = Supervising(monkeypatch)
    yield made
    for process in made.processes:
        process.end(0)
    await asyncio.sleep(0)


def say(process, line: bytes) -> None:
    process.stdout.feed_data(line)


async def test_child_gets_its_task_at_its_start_and_stands_back_from_then_on(played):
    assert (played.child.pid, repr(played.child)) == (0, "<SupervisedProcess a child process=none heartbeats=0>")
    await played.child.start()
    assert played.starts == [("its.module", (4, 5))]
    assert played.processes[0].stdin.data == b"task\n"
    assert played.levels == [(70, 13)]
    assert repr(played.child) == "<SupervisedProcess a child process=70 heartbeats=0>"


async def test_child_in_a_hurry_stands_back_once_it_is_ready(played):
    await played.child.start(hurry=True)
    assert played.levels == []
    say(played.processes[0], b"ready\n")
    assert await played.child.ready()
    assert (played.levels, played.log.lines) == ([(70, 13)], [])


async def test_child_that_was_begun_is_the_one_that_is_started_and_the_next_start_is_another(played):
    await played.child.begin()
    assert (played.child.pid, played.processes[0].stdin.data) == (0, b"")
    await played.child.start()
    await played.child.start()
    assert [process.stdin.data for process in played.processes] == [b"task\n", b"task\n"]


@pytest.mark.parametrize(("line", "code", "up"), [(b"ready\n", None, True), (b"other\n", None, False), (b"", 2, False)])
async def test_child_is_ready_by_its_first_line(played, line, code, up):
    await played.child.start()
    say(played.processes[0], line)
    if code is not None:
        played.processes[0].end(code)
    assert await played.child.ready() == up


async def test_child_that_takes_thirty_seconds_to_start_is_reported_and_waited_for(played):
    limits = []
    played.waits(limits.append)
    await played.child.start()
    starting = asyncio.create_task(played.child.ready())
    await until(lambda: played.log.lines)
    assert not starting.done()
    say(played.processes[0], b"ready\n")
    assert await starting
    assert limits == [30.0]
    assert played.log.lines == [("warning", "process_start_slow", {"process": "a child", "seconds": 30.0})]


async def test_reload_is_given_to_the_process_that_runs_and_to_the_next(played):
    played.child.reload("earlier")
    await played.child.start()
    played.child.reload("later")
    assert played.processes[0].stdin.data == b"earlier\nlater\n"
    played.processes[0].end(0)
    played.child.reload("last")
    assert played.processes[0].stdin.data == b"earlier\nlater\n"
    await played.child.start()
    assert played.processes[1].stdin.data == b"last\n"


async def test_pause_before_a_start_doubles_up_to_five_seconds_until_one_is_up(played):
    played.faults = [OSError("no memory")] * 8
    await played.keep(lambda: len(played.passing.pauses) >= 8 and played.processes)
    assert played.passing.pauses[:9] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert played.made[:9] == [0] * 9, "what comes before a start comes before each"
    level, event, ended = played.log.lines[0]
    assert (level, event) == ("error", "process_ended")
    assert ended == {"process": "a child", "reason": "it could not be started", "restart_in": 0.1}
    failed = {"process": "a child", "error": "no memory", "kind": "OSError"}
    assert played.log.lines[1] == ("error", "process_start_failed", failed)


async def test_child_that_was_up_is_started_again_after_the_shortest_pause_each_time(played):
    await played.child.start()

    def ended() -> bool:
        for process in played.processes[:3]:
            if process.returncode is None:
                say(process, b"ready\n")
            process.end(9)
        return len(played.passing.pauses) >= 3

    await played.keep(ended)
    assert played.passing.pauses[:3] == [0.1, 0.1, 0.1]
    assert [line[2].get("reason") for line in played.log.lines[:3]] == ["it ended with 9"] * 3


@pytest.mark.parametrize(("beats", "reported", "killed"), [((), 5, 7), ((0, 1, 2), 8, 10), ((4,), 10, 12), ((5,), 5, 13)])
async def test_child_without_a_heartbeat_is_reported_at_the_fifth_look_and_killed_at_its_last(played, beats, reported, killed):
    """`patience` is seven looks here. A beat before the look of a number makes that look the first of none."""
    await played.child.start()
    say(played.processes[0], b"ready\n")
    assert await played.child.ready()
    looks, seen = [], {}

    def look(seconds) -> None:
        looks.append(seconds)
        for _, event, _ in played.log.lines:
            seen.setdefault(event, len(looks) - 1)
        if len(looks) - 1 in beats:
            say(played.processes[0], b".\n")

    played.waits(look)
    await played.keep(lambda: len(played.processes) > 1)
    assert played.processes[0].signals == ["kill"]
    assert seen["process_stalled"] == reported
    stalled = {"process": "a child", "looks": 5, "killed_after": 7}
    assert ("warning", "process_stalled", stalled) in played.log.lines
    ended = {"process": "a child", "reason": "it stood still for 7 looks and was killed", "restart_in": 0.1}
    assert ("error", "process_ended", ended) in played.log.lines
    assert looks[: killed + 1] == [1.0] * killed + [30.0], "then the next one is waited for"


@pytest.mark.parametrize("orderly", [True, False])
async def test_child_that_does_not_end_in_time_is_killed_and_that_is_logged(played, orderly):
    limits = []

    async def wait_for(work, seconds):
        limits.append(seconds)
        if orderly:
            played.processes[0].end(0)
            return await work
        work.close()
        raise TimeoutError

    played.passing.wait_for = wait_for
    await played.child.start()
    await played.child.stop(2.5)
    assert (played.processes[0].signals, limits) == (["terminate"] if orderly else ["terminate", "kill"], [2.5])
    killed = {"process": "a child", "reason": "did not stop in time", "seconds": 2.5}
    assert played.log.lines == ([] if orderly else [("warning", "process_killed", killed)])
    await played.child.stop(2.5)
    assert limits == [2.5], "there is none any more"


async def test_child_that_was_begun_only_is_killed_at_a_stop(played):
    await played.child.begin()
    await played.child.stop(2.5)
    assert played.processes[0].signals == ["kill"]


async def test_child_that_cannot_be_watched_is_killed_and_started_again(played):
    await played.child.start()

    async def broken(*_, **__):
        raise RuntimeError("no descriptors")

    played.passing.wait = broken
    await played.keep(lambda: len(played.processes) > 1)
    assert played.processes[0].signals == ["kill"]
    assert played.log.lines[0][2]["reason"] == "it cannot be watched: no descriptors"
