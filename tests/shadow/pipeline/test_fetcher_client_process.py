"""What a SubprocessFetcher writes to its process, and what it makes of what that writes; a process that the test plays."""

import asyncio
import json
from contextlib import suppress

import pytest

from proxy.packing import FrameReader, frame, pack
from proxy.provider_config import Limits, Timeouts
from proxy.upstream.fetcher import BEAT, GIVEN_UP, JOB
from shadow.pipeline import fetcher_client
from shadow.pipeline.fetcher_client import FetcherLostError, SubprocessFetcher
from tests.exchanges import exchange
from tests.fetch_jobs import fetch_job
from tests.passing_clock import PassingAsyncio
from tests.played_process import PlayedProcess
from tests.running import until

URL = "http://127.0.0.1:9/v1"


def sent(process) -> list[tuple[bytes, bytes]]:
    """The frames that a process got behind its task."""
    return list(FrameReader(1_000_000).feed(process.stdin.data.partition(b"\n")[2]))


def answer(process, identity: str) -> None:
    process.stdout.feed_data(frame(b"E", pack(exchange(b"yes", id=identity))))


class Played:
    """A fetcher whose processes are played; `refuse` is an error with which the next start ends."""

    def __init__(self, monkeypatch) -> None:
        self.processes, self.refuse, self.modules = [], None, []
        monkeypatch.setattr(fetcher_client, "start_module", self._start)
        self.fetcher = SubprocessFetcher(Timeouts(), Limits(), 40_000, {"level": "debug"})

    async def _start(self, module: str) -> PlayedProcess:
        self.modules.append(module)
        if error := self.refuse:
            self.refuse = None
            raise error
        self.processes.append(PlayedProcess(pid=70 + len(self.processes)))
        return self.processes[-1]

    async def asking(self, *names: str) -> list[asyncio.Task]:
        tasks = [asyncio.create_task(self.fetcher.fetch(fetch_job(URL, name, body=b"kept here"))) for name in names]
        await until(lambda: self.fetcher.pid and len(sent(self.processes[-1])) >= len(names))
        return tasks


@pytest.fixture
async def played(monkeypatch):
    made = Played(monkeypatch)
    yield made
    for process in made.processes:
        process.end(0)
    await made.fetcher.close()


async def test_process_gets_its_task_in_one_line_and_then_each_job(played):
    assert repr(played.fetcher) == "<SubprocessFetcher process=none waiting=0>"
    [asking] = await played.asking("e1")
    [process] = played.processes
    task = json.loads(process.stdin.data.partition(b"\n")[0])
    assert (task["frame_limit"], task["log"], task["timeouts"]) == (40_000, {"level": "debug"}, Timeouts().model_dump())
    assert task["limits"] == json.loads(json.dumps(Limits().model_dump()))
    assert ([kind for kind, _ in sent(process)], played.modules) == ([JOB], ["proxy.upstream.fetcher"])
    assert (played.fetcher.pid, repr(played.fetcher)) == (70, "<SubprocessFetcher process=70 waiting=1>")
    answer(process, "e1")
    assert (await asking).response.body == b"yes"
    assert repr(played.fetcher) == "<SubprocessFetcher process=70 waiting=0>"


async def test_each_job_gets_its_own_answer_with_the_body_that_was_asked(played):
    first, second = await played.asking("e1", "e2")
    for name in ("unknown", "e2", "e1", "e1"):
        answer(played.processes[0], name)
    assert [(await task).id for task in (first, second)] == ["e1", "e2"]
    assert (await first).request.body == b"kept here"
    assert len(played.processes) == 1


async def test_job_that_is_given_up_is_given_up_in_the_process_too_also_where_that_is_gone(played):
    first, second = await played.asking("e1", "e2")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert sent(played.processes[0])[-1] == (GIVEN_UP, b"e1")
    played.processes[0].stdin.closed = True
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second


@pytest.mark.parametrize("fault", ["closing", "broken"])
async def test_job_that_cannot_be_sent_is_lost(played, fault):
    (first,) = await played.asking("e1")
    answer(played.processes[0], "e1")
    await first
    if fault == "closing":
        played.processes[0].stdin.closed = True
    else:
        played.processes[0].stdin.error = BrokenPipeError()
    with pytest.raises(FetcherLostError, match="has ended" if fault == "closing" else "exited"):
        await played.fetcher.fetch(fetch_job(URL, "e2"))
    assert "waiting=0" in repr(played.fetcher)


async def test_jobs_of_a_process_that_ends_are_lost_and_logged_and_the_next_has_another_process(played, logged):
    calls = logged("shadow.pipeline.fetcher_client")
    asking = await played.asking("e1", "e2")
    played.processes[0].end(3)
    for task in asking:
        with pytest.raises(FetcherLostError, match="ended before the answer"):
            await task
    assert played.fetcher.pid == 0
    [later] = await played.asking("e3")
    assert played.fetcher.pid == 71
    answer(played.processes[1], "e3")
    assert (await later).id == "e3"
    assert [call.kwargs for call in calls] == [{"event": "fetcher_ended", "code": 3, "unanswered": 2, "restart": True}]


@pytest.mark.parametrize("broken", [frame(b"E", b"no exchange"), frame(b"E", bytes(40_001))])
async def test_process_that_writes_what_cannot_be_read_is_killed(played, logged, broken):
    calls = logged("shadow.pipeline.fetcher_client")
    [asking] = await played.asking("e1")
    played.processes[0].stdout.feed_data(frame(BEAT) + broken)
    with pytest.raises(FetcherLostError):
        await asking
    assert played.processes[0].signals == ["kill"]
    assert [call.kwargs["event"] for call in calls] == ["fetcher_output_malformed", "fetcher_ended"]
    assert calls[0].kwargs["error"]


async def test_process_that_cannot_be_started_loses_the_job_and_the_next_one_tries_again(played):
    played.refuse = OSError("no memory")
    with pytest.raises(FetcherLostError, match="could not be started: no memory"):
        await played.fetcher.fetch(fetch_job(URL))
    [asking] = await played.asking("e1")
    answer(played.processes[0], "e1")
    assert (await asking).id == "e1"


@pytest.mark.parametrize("orderly", [True, False])
async def test_closed_fetcher_ends_its_process_within_two_seconds_or_kills_it(played, logged, monkeypatch, orderly):
    calls, limits = logged("shadow.pipeline.fetcher_client"), []
    [asking] = await played.asking("e1")
    [process] = played.processes

    async def wait_for(work, seconds):
        limits.append(seconds)
        if orderly:
            process.end(0)
            return await work
        work.close()
        raise TimeoutError

    passing = PassingAsyncio()
    passing.wait_for = wait_for
    monkeypatch.setattr(fetcher_client, "asyncio", passing)
    await played.fetcher.close()
    with pytest.raises(FetcherLostError):
        await asking
    assert (process.stdin.closed, process.signals, limits) == (True, [] if orderly else ["kill"], [2.0])
    assert (played.fetcher.pid, [*calls]) == (0, []), "an end that was asked for is not logged"
    await played.fetcher.close()


class Looks:
    """`asyncio.wait` of the module as a look that takes no time; `beats` are the looks before which one comes."""

    def __init__(self, monkeypatch, played, beats) -> None:
        self.played, self.beats, self.count, self.spans = played, beats, 0, []
        self.passing = PassingAsyncio()
        self.passing.wait = self._look
        monkeypatch.setattr(fetcher_client, "asyncio", self.passing)

    async def _look(self, tasks, timeout):  # noqa: ASYNC109 - as that of asyncio
        self.spans.append(timeout)
        process = self.played.processes[-1]
        if self.count in self.beats:
            process.stdout.feed_data(frame(BEAT))
        for _ in range(5):
            await asyncio.sleep(0)
        self.count += self.played.processes[0].returncode is None
        return {task for task in tasks if task.done()}, set()


@pytest.mark.parametrize(("beats", "looks"), [((), 60), ((0,), 11), ((0, 5), 16), ((0, 10), 21)])
async def test_kept_process_is_killed_after_sixty_looks_without_a_first_heartbeat_or_ten_without_a_later_one(
    played, logged, monkeypatch, beats, looks
):
    calls, looked = logged("shadow.pipeline.fetcher_client"), Looks(monkeypatch, played, beats)
    keeping = asyncio.create_task(played.fetcher.keep())
    await until(lambda: len(played.processes) > 1)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    killed = [call.kwargs for call in calls if call.kwargs["event"] == "fetcher_killed"]
    assert played.processes[0].signals == ["kill"]
    assert killed[0] == {"event": "fetcher_killed", "reason": "no heartbeat", "seconds": 10.0 if beats else 60.0}
    assert {*looked.spans} == {1.0}
    assert looked.passing.pauses[0] == 1.0
    assert looked.count == looks


async def test_start_that_fails_is_logged_and_tried_again_after_a_second(played, logged, monkeypatch):
    calls, passing = logged("shadow.pipeline.fetcher_client"), PassingAsyncio()
    monkeypatch.setattr(fetcher_client, "asyncio", passing)
    played.refuse = RuntimeError("no threads")
    keeping = asyncio.create_task(played.fetcher.keep())
    await until(lambda: played.fetcher.pid)
    assert [call.kwargs for call in calls] == [{"event": "fetcher_start_failed", "error": "no threads"}]
    assert passing.pauses == [1.0]
    played.processes[0].end(0)
    await until(lambda: len(played.processes) > 1)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
