"""shadow.processes.supervisor_log: the parent's log is loaded at its first line, and its trouble stops nothing."""

import json
import subprocess
import sys

import pytest

from shadow.processes import log_setup
from shadow.processes.supervisor_log import SupervisorLog

SCRIPT = """
import sys
from shadow.processes.supervisor_log import SupervisorLog
log = SupervisorLog("warning", "json")
assert "structlog" not in sys.modules
log.write("info", "config_reloaded", providers=1)
log.write("warning", "process_stalled", process="proxy 0")
"""


def test_log_that_cannot_be_loaded_is_a_plain_line(monkeypatch, capsys):
    def broken(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(log_setup, "to_stderr", broken)
    SupervisorLog().write("error", "process_ended", process="proxy 0", restart_in=0.1)
    line = capsys.readouterr().err
    assert (
        line == "sameweights: process_ended process=proxy 0 restart_in=0.1 (and the log failed: [Errno 24] Too many open files)\n"
    )


@pytest.mark.slow
def test_only_lines_of_its_level_and_above_are_written():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    [line] = done.stderr.splitlines()
    record = json.loads(line)
    assert (record["event"], record["level"], record["process"]) == ("process_stalled", "warning", "proxy 0")
