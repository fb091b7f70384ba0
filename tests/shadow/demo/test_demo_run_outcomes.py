"""How the demo ends, with its processes pretended: what it prints, returns and leaves behind."""

import asyncio
import io
import json
import tomllib
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web

from shadow.demo import demo_run
from shadow.demo.demo_processes import DemoProcessError
from shadow.demo.expected_verdicts import DESCRIPTIONS, PROVIDERS
from storage.opening import open_store
from storage.storage_config import StorageConfig

pytestmark = pytest.mark.slow

SAME = {"candidates": [{"name": "twin", "verdict": "same"}, {"name": "bargain", "verdict": "worse"}]}


class Stage:
    """The demo's processes and traffic as a test sets them, and what the demo did with them."""

    def __init__(self):
        self.waiting = [0, 0, 0]
        """The items that the audit's readings show one after another, the last for ever."""
        self.choice = SAME
        self.reasons = Counter()
        self.unexpected = []
        self.failing = None
        self.readings = 0
        self.commands, self.traffic, self.configs = [], {}, []
        self.folder = Path()

    @asynccontextmanager
    async def running_providers(self, providers, log):
        assert providers is PROVIDERS
        self.folder = log.parent
        if self.failing is not None:
            raise self.failing
        yield {name: f"http://127.0.0.1:9/{name}/v1" for name in providers}

    @asynccontextmanager
    async def running_serve(self, config, log):
        self.read(config)
        log.write_text("the log of serve\n")
        store = open_store(StorageConfig(url=f"sqlite:///{log.parent / 'sameweights.db'}"))
        store.close()
        app = web.Application()
        app.router.add_get("/metrics", self.metrics)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.admin = runner.addresses[0][1]
        try:
            yield SimpleNamespace(data=4_321, admin=self.admin)
        finally:
            await runner.cleanup()

    async def metrics(self, _):
        self.readings += 1
        waiting = self.waiting.pop(0) if len(self.waiting) > 1 else self.waiting[0]
        return web.Response(text=f"sameweights_shadow_queue_length {waiting}\n")

    def read(self, config):
        self.configs.append(tomllib.loads(Path(config).read_text()))

    async def command_output(self, *words):
        self.read(words[1])
        self.commands.append((words[0], *words[2:]))
        return json.dumps(self.choice) if "--json" in words else "the table of choose\n"

    def demo_traffic(self, **settings):
        async def send(seconds, **limits):
            self.traffic = {**settings, "seconds": seconds, **limits}

        counts = {"sent": Counter(faithful=1_234), "failed": Counter(slow=2), "answered": Counter(faithful=1_232)}
        return SimpleNamespace(run=send, reasons=self.reasons, least=0, **counts)


@pytest.fixture
def stage(monkeypatch):
    made = Stage()
    for name in ("running_providers", "running_serve", "command_output"):
        monkeypatch.setattr(demo_run, name, getattr(made, name))
    monkeypatch.setattr(demo_run, "DemoTraffic", made.demo_traffic)
    monkeypatch.setattr(demo_run, "unexpected_results", lambda _: made.unexpected)
    monkeypatch.setattr(demo_run, "READING_SECONDS", 0.0)
    return made


def test_demo_with_the_expected_verdicts_returns_0_and_removes_its_folder(stage, capsys):
    assert demo_run.run(20.0) == 0
    out, err = capsys.readouterr()
    assert out.startswith("sameweights demo: 20 s of test traffic through the real proxy")
    assert all(f"{name:<12} {text}" in out for name, text in DESCRIPTIONS.items())
    assert "1,234 requests sent, 2 failed; waiting for the audit to finish" in out
    assert "\nthe table of choose" in out
    assert "As expected: all faulty providers differ" in out
    assert f"The pages at http://127.0.0.1:{stage.admin}/ are closed now" in out
    assert not err
    assert not stage.folder.exists()


def test_traffic_goes_to_the_audited_providers_alone_for_as_long_as_ninety_requests_a_second_take(stage):
    demo_run.run(20.0)
    assert set(stage.traffic["providers"]) == {"faithful", "toolbreaker", "spacer", "slow", "hub"}
    assert (stage.traffic["base"], stage.traffic["sessions"]) == ("http://127.0.0.1:4321", {"faithful"})
    assert (stage.traffic["seconds"], stage.traffic["least"], stage.traffic["most_seconds"]) == (20.0, 1_800, 300.0)
    assert 1 <= stage.traffic["width"] * len(stage.traffic["providers"]) * (1 / stage.traffic["pause"]) / 90 < 10


def test_tournament_begins_before_the_traffic_with_the_ports_that_were_assigned(stage):
    demo_run.run(1.0, port=1_234)
    assert stage.commands == [("choose", "--start"), ("choose", "--json"), ("choose",)]
    listening = [(config["proxy"]["listen"], config["admin"]["listen"]) for config in stage.configs]
    assigned = ("127.0.0.1:4321", f"127.0.0.1:{stage.admin}")
    assert listening == [("127.0.0.1:1234", "127.0.0.1:0"), assigned, assigned, assigned]
    assert stage.configs[0]["proxy"]["providers"]["hub"]["upstream_from"] == "provider"


@pytest.mark.parametrize(("waiting", "readings"), [([0], 3), ([5, 0], 4), ([0, 0, 5, 0], 6)])
def test_report_is_read_after_three_readings_in_a_row_without_anything_waiting(stage, waiting, readings):
    stage.waiting = waiting
    demo_run.run(1.0)
    assert stage.readings == readings


def test_each_unexpected_result_is_a_line_and_the_demo_returns_1(stage, capsys):
    stage.unexpected = ["faithful was not compared at all"]
    stage.choice = {"candidates": [{"name": "bargain", "verdict": "same"}]}
    stage.reasons = Counter({"slow: status 500: no": 9, "slow: two": 3, "slow: three": 2, "slow: four": 1})
    assert demo_run.run(1.0) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("UNEXPECTED")]
    assert lines == [
        "UNEXPECTED: requests failed, 9 of them: slow: status 500: no",
        "UNEXPECTED: requests failed, 3 of them: slow: two",
        "UNEXPECTED: requests failed, 2 of them: slow: three",
        "UNEXPECTED: the candidate bargain has the verdict same in `choose`",
        "UNEXPECTED: faithful was not compared at all",
    ]


def test_audit_that_stays_busy_is_an_unexpected_result(stage, monkeypatch, capsys):
    stage.waiting = [1]
    monkeypatch.setattr(demo_run, "DRAIN_SECONDS", 0.02)
    assert demo_run.run(1.0) == 1
    assert "UNEXPECTED: the audit was still busy after 0.02 s; the report shows what it had finished" in capsys.readouterr().out


def test_audit_that_no_longer_responds_ends_the_demo_with_the_log_of_serve(stage, capsys):

    async def gone(request):
        request.transport.abort()
        return web.Response()

    stage.metrics = gone
    assert demo_run.run(1.0) == 2
    error = capsys.readouterr().err
    assert error.startswith("sameweights: the audit no longer responds: ")
    assert error.endswith("last lines from serve:\nthe log of serve\n")
    assert not stage.folder.exists()


@pytest.mark.parametrize(
    ("failing", "code", "last"),
    [
        (DemoProcessError("serve did not start"), 2, "sameweights: serve did not start"),
        (KeyboardInterrupt(), 1, "stopped before the end"),
        (asyncio.CancelledError(), 1, "stopped before the end"),
    ],
)
def test_demo_that_cannot_go_on_says_so_and_removes_its_folder(stage, capsys, failing, code, last):
    stage.failing = failing
    assert demo_run.run(1.0) == code
    printed = capsys.readouterr()
    assert (printed.err or printed.out).splitlines()[-1] == last
    assert bool(printed.err) is (code == 2)
    assert not stage.folder.exists()


async def test_kept_demo_names_its_addresses_and_runs_until_it_is_stopped(stage, monkeypatch, tmp_path):
    printed = asyncio.Queue()
    monkeypatch.setattr(demo_run, "_print", printed.put_nowait)
    running = asyncio.create_task(demo_run._Demo(folder=tmp_path, seconds=1.0, keep=True, port=0).run())
    while "Everything keeps running until Ctrl-C." not in (text := await printed.get()):
        assert not running.done()
    assert f"sameweights report --since all --db {tmp_path / 'sameweights.db'}" in text
    assert f"http://127.0.0.1:{stage.admin}/metrics" in text
    assert "export OPENAI_BASE_URL=http://127.0.0.1:4321/toolbreaker/v1" in text
    assert not running.done()
    running.cancel()
    assert await running == 0


@pytest.mark.parametrize(("terminal", "written"), [(True, "\r\x1b[Kone\r\x1b[K"), (False, "")])
def test_status_line_is_overwritten_on_a_terminal_and_absent_elsewhere(monkeypatch, terminal, written):
    error = io.StringIO()
    error.isatty = lambda: terminal
    monkeypatch.setattr(demo_run.sys, "stderr", error)
    demo_run._status("one")
    demo_run._status("")
    assert error.getvalue() == written
