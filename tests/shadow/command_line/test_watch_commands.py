"""`tail` and `open` as they are run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import add_pair, calling
from tests.running import PATIENCE

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]


def test_tail_prints_new_evidence_until_ctrl_c(recorded):
    words = [sys.executable, "-P", "-m", "shadow.cli", "tail", "--db", str(recorded)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    store = open_store(StorageConfig(url=f"sqlite:///{recorded}", batch_seconds=0.01))
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tail:
        assert tail.stdout
        assert tail.stdout.readline() == "following; Ctrl-C ends\n"
        name = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
        assert store.flush(20)
        line = tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        _, err = tail.communicate(timeout=PATIENCE)
    store.close()
    assert name in line
    assert (tail.returncode, err) == (130, "")


def test_open_prints_the_address_and_needs_a_browser(run, recorded, monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert run("open", "--db", str(recorded), "--print") == (0, "http://127.0.0.1:8081/\n", "")
    assert run("open", "garbler", "--db", str(recorded), "--print")[1] == "http://127.0.0.1:8081/providers/garbler\n"
    code, out, err = run("open", "--db", str(recorded))
    assert (code, out) == (2, "http://127.0.0.1:8081/\n")
    assert "there is no browser here" in err
