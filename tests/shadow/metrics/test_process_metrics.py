"""CPU, memory and descriptors of real processes, by the module that each runs."""

import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from shadow.metrics import process_metrics
from shadow.metrics.process_metrics import FIGURES, ProcessCollector

PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'timeit', '-n', '1', 'input()'], stdin=sys.stdin)"


def collected(root: int, workers=dict) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(ProcessCollector(root, workers))
    return registry


def test_this_process_is_shown_with_every_figure():
    registry = collected(os.getpid())
    labels = {"process": "supervisor", "number": "0"}
    values = {name: registry.get_sample_value(name, labels) for _, name, _ in FIGURES}
    assert 0 < values["process_cpu_seconds_total"] <= time.process_time() + 60
    assert 1_000_000 < values["process_resident_memory_bytes"] <= values["process_virtual_memory_bytes"]
    assert 3 <= values["process_open_fds"] <= values["process_max_fds"]
    assert values["process_max_fds"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert 0 <= time.time() - values["process_start_time_seconds"] < 86_400


@pytest.fixture
def parent():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as running:
        yield running
        running.communicate(b"\n")


def test_child_has_the_label_of_its_module_and_the_number_that_its_pid_is_known_by(parent, monkeypatch):
    monkeypatch.setitem(process_metrics.KINDS, "timeit", "proxy")
    registry, deadline = collected(parent.pid), time.monotonic() + 20
    while registry.get_sample_value("process_open_fds", {"process": "proxy", "number": "0"}) is None:
        assert time.monotonic() < deadline
    [pid] = [pid for pid, kind in process_metrics._tree(parent.pid) if kind == "proxy"]
    numbered = collected(parent.pid, lambda: {pid: 7})
    assert numbered.get_sample_value("process_open_fds", {"process": "proxy", "number": "7"}) > 0
    assert numbered.get_sample_value("process_open_fds", {"process": "supervisor", "number": "0"}) > 0


def test_process_that_has_ended_has_no_series():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert [sample for family in collected(ended.pid).collect() for sample in family.samples] == []


def test_process_that_has_sent_no_heartbeat_takes_the_number_that_no_other_has():
    pids = [(10, "supervisor"), (12, "proxy"), (13, "audit"), (20, "proxy"), (21, "proxy")]
    assert process_metrics._numbers(pids, {12: 1, 11: 0}) == {10: 0, 12: 1, 13: 0, 20: 0, 21: 2}


def test_processor_time_is_that_of_the_program_and_of_the_system_for_it():
    before = sum(os.times()[:2])
    shown = collected(os.getpid()).get_sample_value("process_cpu_seconds_total", {"process": "supervisor", "number": "0"})
    tick = 1 / os.sysconf("SC_CLK_TCK")
    assert before - 2 * tick <= shown <= sum(os.times()[:2]) + 2 * tick


def test_collector_shows_the_process_at_the_root():
    assert repr(ProcessCollector(17, dict)) == "<ProcessCollector root=17>"


OWN = {"process": "supervisor", "number": "0"}


def test_start_is_that_of_the_process_whatever_brackets_its_name_has(tmp_path):
    named = tmp_path / "a) b (c"
    named.symlink_to(shutil.which("cat"))
    before = time.time()
    with subprocess.Popen([named], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as running:
        registry = collected(running.pid)
        started = registry.get_sample_value("process_start_time_seconds", OWN)
        running.communicate(b"")
    # the moment at which the machine began is known to a second
    assert before - 2 <= started <= time.time() + 2


def test_each_open_file_is_counted_once_and_the_limit_is_the_one_that_holds(tmp_path):
    registry = collected(os.getpid())
    before = registry.get_sample_value("process_open_fds", OWN)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as opened:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(7):
            opened.enter_context(Path(os.devnull).open("rb"))
        found = registry.get_sample_value("process_open_fds", OWN), registry.get_sample_value("process_max_fds", OWN)
    assert found == (before + 7, soft - 1)


def test_families_are_described_without_samples_by_name_help_and_labels():
    [cpu, *_, started] = ProcessCollector(os.getpid(), dict).describe()
    assert (cpu.name, cpu.type, cpu.documentation) == ("process_cpu_seconds", "counter", "Seconds of CPU, user and system.")
    assert (started.name, started.type, started.samples) == ("process_start_time_seconds", "gauge", [])
