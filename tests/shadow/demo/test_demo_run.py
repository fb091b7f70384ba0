from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from shadow.demo import demo_run
from shadow.demo.demo_traffic import DemoTraffic
from shadow.metrics.cardinality import series_estimate
from shadow.settings.load_config import load
from tests.running import PATIENCE

pytestmark = pytest.mark.timeout(900)

LONG = 600
"""Seconds; the demo sends the same number of requests on a slow machine, and needs more time for it."""


@pytest.mark.parametrize(("seconds", "longest"), [(0.5, 120.0), (8.0, 120.0), (8.1, 121.5), (20.0, 300.0)])
def test_traffic_is_cut_after_fifteen_times_its_seconds_and_two_minutes_at_least(seconds, longest):
    assert demo_run.longest_traffic(seconds) == pytest.approx(longest)


@pytest.mark.parametrize(
    ("past", "line"),
    [
        (20.0, "    20 of 20 s   7 requests   1 failed"),
        (20.6, "    21 s, longer than 20 s because this machine is slow   6 of 0 requests   1 failed"),
    ],
)
def test_progress_states_that_the_traffic_goes_on_after_its_seconds(past, line):
    traffic = DemoTraffic(base="", providers=["one"], model="m", width=1, seed="t")
    traffic.sent["one"], traffic.answered["one"], traffic.failed["one"] = 7, 6, 1
    assert demo_run.progress_line(traffic, past, 20.0) == line


@contextmanager
def running(tmp_path, *arguments):
    """Run the demo as a command with its temporary folder under `tmp_path`."""
    command = [sys.executable, "-P", "-m", "shadow.cli", "demo", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "TMPDIR": str(tmp_path), "SAMEWEIGHTS_SHADOW__ENABLED": "false"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def leftovers(tmp_path):
    """Ids of running processes whose TMPDIR is this folder, grandchildren included."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={tmp_path}\0".encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def fetched(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


def until_line(process, pattern):
    seen = []
    for line in process.stdout:
        seen.append(line)
        if found := re.search(pattern, line):
            return found
    raise AssertionError("".join(seen))


@pytest.mark.journey
def test_demo_reports_the_expected_verdicts_and_leaves_nothing_behind(tmp_path):
    with running(tmp_path, "--seconds", "12") as process:
        out, _ = process.communicate(timeout=LONG)
    assert process.returncode == 0, out
    assert "UNEXPECTED" not in out
    for name in ("faithful", "toolbreaker", "spacer", "slow", "twin", "thrifty", "bargain"):
        assert name in out
    assert "Route agents" in out
    assert "candidates against official, tolerance 25 points" in out
    assert "As expected" in out
    assert "http://127.0.0.1:" in out
    assert list(tmp_path.iterdir()) == []
    assert leftovers(tmp_path) == []


@pytest.mark.journey
def test_demo_with_keep_runs_until_interrupted(tmp_path):
    with running(tmp_path, "--seconds", "1", "--keep") as process:
        page = until_line(process, r"side by side: +(\S+)")[1]
        folder = Path(until_line(process, r"Configuration and database: +(\S+)")[1])
        assert (folder / "sameweights.toml").exists()
        until_line(process, r"keeps running")
        assert len(leftovers(tmp_path)) >= 5
        assert b"toolbreaker" in fetched(page)
        metrics = fetched(f"{page}metrics")
        assert b"sameweights_comparisons_total" in metrics
        lines = sum(not line.startswith(b"#") for line in metrics.splitlines())
        assert 0.5 < lines / series_estimate(load(folder / "sameweights.toml", {}, {})) < 1.2
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    assert folder.exists()
    assert leftovers(tmp_path) == []


@pytest.mark.journey
def test_demo_interrupted_during_traffic_leaves_nothing_behind(tmp_path):
    with running(tmp_path, "--seconds", "60") as process:
        until_line(process, r"slow +serves")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Traceback" not in out
    assert list(tmp_path.iterdir()) == []
    assert leftovers(tmp_path) == []


@pytest.mark.slow
def test_a_taken_port_is_reported_in_a_sentence(tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert demo_run.run(seconds=1, keep=False, port=port) == 2
    assert f"127.0.0.1:{port}" in capsys.readouterr().err


async def test_progress_begins_at_zero_of_the_requested_seconds(monkeypatch):
    shown = asyncio.Queue()
    monkeypatch.setattr(demo_run, "_status", shown.put_nowait)
    progress = asyncio.create_task(demo_run._progress(SimpleNamespace(sent=Counter(faithful=1_234), failed=Counter()), 8))
    assert await shown.get() == "     0 of 8 s   1,234 requests   0 failed"
    progress.cancel()


def test_only_queue_gauges_are_summed_as_waiting():
    text = "# HELP x\nsameweights_shadow_queue_length 2.0\nsameweights_store_queue_length 3\nsameweights_loop_lag_seconds 9\n"
    assert demo_run._waiting(text) == 5
