"""Logs go to standard error, one JSON record a line where nobody watches."""

import json
import subprocess
import sys

SCRIPT = """
import structlog
from shadow.processes.log_setup import to_stderr
to_stderr()
structlog.get_logger("x").warning("two\\nlines", detail="\\x1b[31mred", why="sk-proj-abcdefghijklmnopqrst")
"""


def test_a_record_is_one_line_of_json_on_stderr_and_nothing_is_printed():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    record = json.loads(line)
    assert record["event"] == "two\nlines"
    assert "\x1b" not in line
    assert record["why"] == "*" * 28
