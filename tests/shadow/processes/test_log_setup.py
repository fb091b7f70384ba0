"""Logs go to standard error, a record a line, in the chosen style, from the chosen level on."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys, structlog
from shadow.processes.log_setup import to_stderr
to_stderr(*sys.argv[1:])
log = structlog.get_logger("sameweights.x")
for level in ("debug", "info", "warning", "error"):
    getattr(log, level)(f"{level}_line", exchange="0192", why="sk-proj-abcdefghijklmnopqrst")
    getattr(logging.getLogger("sameweights.proxy"), level)(f"{level}_line", extra={"exchange": "0192"})
log.warning("two\\nlines", detail="\\x1b[31mred")
"""


def written(*options):
    done = subprocess.run([sys.executable, "-c", SCRIPT, *options], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.mark.slow
def test_a_record_is_one_line_of_json_where_there_is_no_terminal():
    *records, last = [json.loads(line) for line in written()]
    assert last["event"] == "two\nlines"
    assert all("\x1b" not in line for line in written())
    assert {record["why"] for record in records if "why" in record} == {"*" * 28}


LEVELS = ("debug", "info", "warning", "error")


@pytest.mark.parametrize("level", LEVELS)
def test_only_lines_of_the_chosen_level_and_above_are_written(level):
    events = [json.loads(line)["event"] for line in written(level, "json")]
    wanted = [f"{each}_line" for each in LEVELS[LEVELS.index(level) :] for _ in ("audit", "data plane")]
    assert events == [*wanted, *(["two\nlines"] if level != "error" else [])]


def test_audit_and_data_plane_write_the_same_keys_in_json():
    audit, plane = (json.loads(line) for line in written("error", "json"))
    assert set(audit) - {"why"} == set(plane) == {"event", "exchange", "level", "logger", "timestamp"}
    assert (audit["logger"], plane["logger"]) == ("sameweights.x", "sameweights.proxy")


def test_text_names_the_event_and_its_fields_without_colors():
    audit, plane = written("error", "text")
    for line in (audit, plane):
        assert "error_line" in line
        assert "exchange=0192" in line
        assert "\x1b" not in line
