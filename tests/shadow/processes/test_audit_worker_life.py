"""What begins and ends the life of an audit worker, in the test's own process: standard input and heartbeats are the test's."""

import asyncio
import json
import os
import signal
from types import SimpleNamespace

import pytest

from proxy.packing import FrameReader
from shadow.pipeline import audit_messages as messages
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.processes import audit_worker
from shadow.settings.top_level_config import Config, LogConfig
from tests.running import PATIENCE, until


class Life:
    """A worker under way, with the audit process's end of its connection and the parent's of its standard input."""

    def __init__(self, tmp_path, monkeypatch) -> None:
        self.path, self.sent, self.collected = str(tmp_path / "s"), [], []
        self.lives = self.beating = False
        self.connected: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
        monkeypatch.setattr(audit_worker, "hold", self._hold)
        monkeypatch.setattr(audit_worker, "send_heartbeat", self._beat)
        noted = {name: lambda *given, name=name: self.collected.append((name, *given)) for name in ("collect", "freeze")}
        limits = SimpleNamespace(**noted, set_threshold=lambda *given: self.collected.append(given))
        monkeypatch.setattr(audit_worker, "gc", limits)

    async def _hold(self, ended, line, *, begun) -> None:
        self.parent_gone, self.line, self.begun = ended, line, begun

    async def _beat(self) -> None:
        self.lives = self.beating = True
        try:
            await asyncio.Event().wait()
        finally:
            self.beating = False

    async def accept(self, reader, writer) -> None:
        self.connected.set_result(writer)
        frames = FrameReader(1_000_000)
        while data := await reader.read(65_536):
            self.sent += [messages.unpacked(payload) for _, payload in frames.feed(data)]
        writer.close()

    def results(self, kind):
        return [each for sent in self.sent if isinstance(sent, list) for each in sent if isinstance(each, kind)]

    async def welcome(self, *more) -> None:
        writer = await asyncio.wait_for(self.connected, PATIENCE)
        first = messages.Welcome(bytes(32), bytes(32), (), {}, CandidateCopies())
        for message in (first, *more):
            writer.write(messages.packed(messages.WORK, message))
        await until(lambda: self.lives)


@pytest.fixture
async def begun(tmp_path, monkeypatch):
    life = Life(tmp_path, monkeypatch)
    server = await asyncio.start_unix_server(life.accept, life.path)
    task = {"worker": 3, "socket": life.path}
    life.living = asyncio.create_task(audit_worker.live(task, Config(), b"behind the task"))
    await asyncio.wait_for(life.connected, PATIENCE)
    yield life
    life.living.cancel()
    await asyncio.gather(life.living, return_exceptions=True)
    life.connected.result().close()
    server.close()


@pytest.mark.parametrize("welcomed", [False, True])
@pytest.mark.parametrize("end", ["signal", "parent", "audit process"])
async def test_worker_ends_in_order_at_a_signal_with_its_parent_and_with_the_audit_process(begun, welcomed, end):
    if welcomed:
        await begun.welcome()
        assert begun.collected == [("collect",), ("freeze",), (5_000, 20, 50)]
    os.kill(os.getpid(), signal.SIGINT)  # a Ctrl-C at the terminal, at which the audit process ends its workers
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not begun.living.done()
    if end == "signal":
        os.kill(os.getpid(), signal.SIGTERM)
    elif end == "parent":
        begun.parent_gone()
    else:
        begun.connected.result().close()
    assert await asyncio.wait_for(begun.living, PATIENCE) is True
    await asyncio.sleep(0)
    assert (begun.begun, begun.beating) == (b"behind the task", False)


async def test_worker_introduces_itself_and_answers_what_it_is_sent(begun):
    await begun.welcome(messages.Drain(0.0))
    await until(lambda: begun.results(messages.Drained))
    assert begun.sent[0] == messages.Hello(3, os.getpid())
    assert begun.results(messages.WorkerState)[-1] == messages.WorkerState(0, 0, fetcher=False)


async def test_fault_of_ours_in_the_handling_of_a_message_is_no_orderly_end(begun, logged):
    calls = logged("shadow.pipeline.task_errors")
    await begun.welcome(messages.KnownNames(["no name"], "m", ("m-1",)))
    assert await asyncio.wait_for(begun.living, PATIENCE) is False
    assert [call.kwargs["event"] for call in calls] == ["audit_task_failed"]


async def test_reloads_that_came_before_the_welcome_and_after_it_are_taken_in_their_order(begun, monkeypatch):
    taken = []
    monkeypatch.setattr(audit_worker.AuditWorker, "reload", lambda _, config: taken.append(config.shadow.requests))
    lines = [json.dumps({"config": {"shadow": {"requests": number}}}).encode() for number in (1, 2)]
    begun.line(lines[0])
    assert taken == []
    await begun.welcome()
    await until(lambda: taken)
    begun.line(lines[1])
    assert taken == [1, 2]


@pytest.mark.parametrize(("line", "orderly", "code"), [(b"", True, 0), (b"task", True, 0), (b"task", False, 1)])
def test_exit_code_is_0_at_an_orderly_end_and_without_a_task(monkeypatch, line, orderly, code):
    lived, logs, config = [], [], Config(log=LogConfig(level="debug", format="json"))

    async def live(task, config, begun):
        lived.append((task["worker"], config, begun))
        return orderly

    task = json.dumps({"worker": 3, "config": config.model_dump(mode="json")}).encode() if line else b""
    monkeypatch.setattr(audit_worker, "read_task", lambda: (task, b"behind"))
    monkeypatch.setattr(audit_worker, "live", live)
    monkeypatch.setattr(audit_worker, "install_streams", lambda: None)
    monkeypatch.setattr(audit_worker, "to_stderr", lambda **options: logs.append(options))
    assert audit_worker.main() == code
    assert lived == ([(3, config, b"behind")] if line else [])
    assert logs == [{}, {"level": "debug", "style": "json"}][: 1 + len(lived)]
