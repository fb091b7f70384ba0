"""In which order the parent starts, reloads and ends its children, and what each is given; children that the test plays."""

import asyncio
import json
import os
import signal
from dataclasses import replace

import pytest

from proxy.process.shared_counters import SharedCounters, shared_memory
from shadow.processes import supervisor
from shadow.processes.configured_plan import plan_of
from shadow.processes.listening_ports import PortTakenError, bind
from shadow.processes.serve_plan import Reread, ServeArguments
from shadow.processes.supervisor import Supervisor
from shadow.processes.supervisor_task import SupervisorTask
from shadow.settings.top_level_config import Config
from tests.running import PATIENCE, until


class Child:
    """Notes each call in `calls`, which all children share."""

    def __init__(self, name, module, task, fds, *, nice=0, patience=0, before=None, log=None) -> None:
        self.name, self.module, self.task, self.fds = name, module, json.loads(task), fds
        self.given = nice, patience
        self.before, self.log = before, log

    def _note(self, method, *more) -> None:
        self.house.calls.append((self.name, method, *more))

    async def begin(self) -> None:
        self._note("begin")

    async def start(self, *, hurry=False) -> None:
        self._note("start", hurry)
        if self.name in self.house.faults:
            raise self.house.faults[self.name]

    async def ready(self) -> bool:
        self._note("ready")
        await asyncio.sleep(0)
        return self.name not in self.house.down

    async def keep_alive(self) -> None:
        self._note("keep_alive")
        await asyncio.Event().wait()

    async def stop(self, patience) -> None:
        self._note("stop", patience)
        if self.house.slow_end:
            await self.house.killed.wait()

    def kill(self) -> None:
        self._note("kill")
        self.house.killed.set()

    def reload(self, task) -> None:
        self._note("reload", json.loads(task)["config"])


class House:
    """One supervisor with its children."""

    def __init__(self, tmp_path, monkeypatch, *, role="all", workers=2, audit_workers=2) -> None:
        self.calls, self.faults, self.down, self.children = [], {}, set(), []
        self.slow_end, self.killed = False, asyncio.Event()
        monkeypatch.setattr(supervisor, "SupervisedProcess", self._child)
        self.config = Config.model_validate(
            {
                "proxy": {"provider": "main", "providers": {"main": {"base_url": "http://127.0.0.1:9/v1"}}, "workers": workers},
                "shadow": {"audit_workers": audit_workers},
            }
        )
        data, [admin] = bind("proxy.listen", "127.0.0.1:0", workers), bind("admin.listen", "127.0.0.1:0")
        for opened in (*data, admin):
            opened.set_inheritable(True)  # as the program before leaves them
        self.ports = data[0].getsockname()[1], admin.getsockname()[1]
        self.task = SupervisorTask(
            plan=replace(plan_of(self.config, role), listen="127.0.0.1:0"),
            arguments=ServeArguments(path="", flags={}),
            data=[each.detach() for each in data],
            admin=admin.detach(),
            folder=str(tmp_path / "sockets"),
            attached=False,
            role=role,
        )
        self.board = shared_memory()
        self.supervisor = Supervisor(self.task, self.board)

    def _child(self, *given, **more) -> Child:
        child = Child(*given, **more)
        child.house = self
        self.children.append(child)
        return child

    def of(self, name):
        return [call[1:] for call in self.calls if call[0] == name]

    def end(self) -> None:
        self.supervisor.close()
        os.close(self.board)


@pytest.fixture(autouse=True)
def _handlers():
    """What the tests themselves do at SIGHUP, which an event loop takes away at its end."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
async def house(tmp_path, monkeypatch):
    made = []

    def build(**more):
        made.append(House(tmp_path, monkeypatch, **more))
        return made[-1]

    yield build
    for each in made:
        each.end()


async def running(made):
    task = asyncio.create_task(made.supervisor.run())
    await until(lambda: task.done() or len([call for call in made.calls if call[1] == "keep_alive"]) == len(made.children))
    return task


async def test_audit_starts_first_and_the_data_port_is_opened_once_it_is_ready(house, capsys):
    made = house()
    serving = await running(made)
    names = [(name, *call) for name, *call in made.calls]
    ready = names.index(("audit", "ready"))
    assert names[:3] == [("audit", "start", True), ("proxy 0", "begin"), ("proxy 1", "begin")]
    assert ready < names.index(("proxy 0", "start", False)) < names.index(("audit worker 0", "start", True))
    for name in ("proxy 0", "proxy 1"):
        assert made.of(name) == [("begin",), ("start", False), ("ready",), ("keep_alive",)]
    for name in ("audit worker 0", "audit worker 1"):
        assert made.of(name) == [("start", True), ("ready",), ("keep_alive",)]
    _, writer = await asyncio.open_connection("127.0.0.1", made.ports[0])
    writer.close()
    written = capsys.readouterr().err
    assert written == (
        f"sameweights: set OPENAI_BASE_URL=http://127.0.0.1:{made.ports[0]}/v1\n"
        f"sameweights: pages and metrics on http://127.0.0.1:{made.ports[1]}\n"
    )
    made.calls.clear()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(serving, PATIENCE) == 0
    grace = made.task.plan.grace
    assert made.calls == [
        ("proxy 0", "stop", grace + 3),
        ("proxy 1", "stop", grace + 3),
        ("audit", "stop", 15.0),
        ("audit worker 0", "stop", 5.0),
        ("audit worker 1", "stop", 5.0),
    ], "the data planes first, so that what ends meanwhile is still recorded"


async def test_second_signal_kills_what_has_not_ended(house):
    made = house()
    serving = await running(made)
    made.slow_end = True
    made.calls.clear()
    os.kill(os.getpid(), signal.SIGINT)
    await until(lambda: made.of("proxy 0"))
    assert not made.killed.is_set()
    os.kill(os.getpid(), signal.SIGINT)
    assert await asyncio.wait_for(serving, PATIENCE) == 0
    assert {name for name, method, *_ in made.calls if method == "kill"} == {child.name for child in made.children}


async def test_data_port_is_closed_and_the_exit_code_is_2_where_the_audit_does_not_become_ready(house):
    made = house()
    made.down.add("audit")
    assert await asyncio.wait_for(made.supervisor.run(), PATIENCE) == 2
    assert made.of("proxy 0")[:2] == [("begin",), ("stop", made.task.plan.grace + 3)]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", made.ports[0])


@pytest.mark.parametrize(("down", "code"), [("proxy 1", 2), ("audit worker 1", 0)])
async def test_start_waits_for_the_data_planes_and_not_for_the_audit_workers(house, down, code):
    made = house()
    made.down.add(down)
    serving = await running(made)
    if code == 0:
        os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(serving, PATIENCE) == code


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (OSError(12, "Cannot allocate memory"), "sameweights: cannot start: Cannot allocate memory\n"),
        (OSError("odd"), "sameweights: cannot start: odd\n"),
        (PortTakenError("proxy.listen", "127.0.0.1:80", OSError(98, "in use")), "proxy.listen: cannot listen on '127.0.0.1:80'"),
    ],
)
async def test_child_that_cannot_be_started_ends_the_start_with_a_sentence(house, capsys, fault, sentence):
    made = house()
    made.faults["audit"] = fault
    assert await asyncio.wait_for(made.supervisor.run(), PATIENCE) == 2
    assert capsys.readouterr().err.startswith(sentence)
    assert made.of("audit")[-1] == ("stop", 15.0)


async def test_signal_during_the_start_ends_it_in_order(house, monkeypatch):
    made = house()

    async def never(self):
        self._note("ready")
        await asyncio.Event().wait()

    monkeypatch.setattr(Child, "ready", never)
    serving = asyncio.create_task(made.supervisor.run())
    await until(lambda: ("ready",) in made.of("audit"))
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(serving, PATIENCE) == 0
    assert ("start", False) not in made.of("proxy 0")


async def test_each_child_gets_its_task_and_its_descriptors(house):
    made = house()
    audit, first, second, *planes = made.children
    assert [child.module for child in made.children] == [
        "shadow.processes.audit_process",
        *["shadow.processes.audit_worker"] * 2,
        *["proxy.server"] * 2,
    ]
    whole = made.task.plan.config
    assert (audit.task["config"], audit.task["role"], audit.task["fd"]) == (json.loads(json.dumps(whole)), "all", made.task.admin)
    assert audit.task["audit_socket"] == f"{made.task.folder}/audit.sock"
    assert (audit.task["board"], audit.task["certificate"]) == (made.board, [])
    assert len(audit.task["run"]) == 16
    assert audit.fds == [made.task.admin, made.board]
    for number, worker in enumerate((first, second)):
        assert (worker.task["worker"], worker.fds, worker.task["config"]) == (number, [], audit.task["config"])
        assert worker.task["socket"].startswith(audit.task["audit_socket"])
    for number, plane in enumerate(planes):
        assert (plane.task["worker"], plane.task["fd"]) == (number, made.task.data[number])
        assert plane.fds == [made.task.data[number], made.board]
        assert (plane.task["audit_socket"], plane.task["board"]) == (audit.task["audit_socket"], made.board)
        assert plane.task["config"]["provider"] == "main"
    opened = [*made.task.data, made.task.admin]
    assert not any(map(os.get_inheritable, opened)), "a child inherits the ports that it is given alone"
    assert [child.given for child in made.children] == [(10, 30)] * 3 + [(0, 10)] * 2, "the audit stands back"


async def test_folder_of_the_sockets_is_made_again_before_each_start_of_the_audit(house, tmp_path):
    made = house()
    await made.children[0].before()
    assert (tmp_path / "sockets").stat().st_mode & 0o777 == 0o700
    assert [child.before for child in made.children[1:]] == [None] * 4


async def test_host_that_only_forwards_has_a_publisher_and_no_pages(house, capsys):
    made = house(role="proxy", audit_workers=1)
    assert [child.name for child in made.children] == ["publisher", "proxy 0", "proxy 1"]
    assert made.children[0].module == "shadow.processes.publisher_process"
    serving = await running(made)
    assert f"sameweights: metrics on http://127.0.0.1:{made.ports[1]}\n" in capsys.readouterr().err
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(serving, PATIENCE) == 0


class Log:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.lines = []

    def write(self, level, event, **fields) -> None:
        self.lines.append((level, event, fields))


async def test_reload_gives_each_child_its_task_and_names_what_takes_a_restart(house, monkeypatch):
    made, asked = house(), []
    plan = replace(made.task.plan, config={"proxy": {"provider": "other"}}, proxy={"provider": "other"})
    answers = [Reread(errors=["one fault", "another"]), Reread(plan=plan, later=["admin.listen"], counts={"providers": 3})]

    async def read_again(*given):
        asked.append(given)
        return answers.pop(0)

    monkeypatch.setattr(supervisor, "read_again", read_again)
    made.supervisor._log = log = Log()
    serving = await running(made)
    made.calls.clear()
    board = SharedCounters(made.board)
    loaded, refused_since = board.loads
    assert (loaded > 1_700_000_000.0, refused_since) == (True, False)
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: len(log.lines) == 2)
    assert (made.calls, board.loads[1]) == ([], True)
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: len(log.lines) == 4)
    assert board.loads[1] is False
    assert asked[0] == (made.task.arguments, made.task.plan.config, "all")
    refused = [("error", "reload_refused", {"reason": why, "effect": "nothing is changed"}) for why in ("one fault", "another")]
    assert log.lines[:2] == refused
    assert log.lines[2:] == [
        ("warning", "restart_needed", {"key": "admin.listen"}),
        ("info", "config_reloaded", {"providers": 3}),
    ]
    configs = {name: config for name, _, config in made.calls}
    assert configs == {
        child.name: {"provider": "other"} if child.name.startswith("proxy") else plan.config for child in made.children
    }
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, PATIENCE)


async def test_reload_that_removes_the_last_tenant_is_named(house, monkeypatch):
    made = house()
    made.supervisor._log = log = Log()
    with_tenants = replace(made.task.plan, tenants=[{"name": "alpha"}])
    for plan in (with_tenants, with_tenants, made.task.plan, made.task.plan):
        made.supervisor._use(plan, ())
    effect = "requests without a key are served too"
    assert log.lines == [("warning", "tenants_removed", {"effect": effect})]
