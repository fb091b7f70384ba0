"""proxy.process.data_plane_log: a data-plane process logs text or JSON, and no credential, in a message or in a traceback."""

import json
import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

from proxy.process.data_plane_log import JsonFormatter, TextFormatter, is_text

SCRIPT = """
import logging, sys
from proxy.process.data_plane_log import to_stderr
to_stderr(*sys.argv[1:])
for name in ("sameweights.proxy", "another"):
    for level in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger(name), level)("a line")
"""


@pytest.fixture
def record():
    try:
        int("https://h.example/v1?subscription-key=abcdefgh12&v=1")
    except ValueError:
        made = logging.LogRecord(
            "sameweights.proxy", logging.ERROR, __file__, 1, "x-api-key: %s", ("abcdefgh12",), sys.exc_info()
        )
    made.exchange = "0192"
    made.created = 0.0
    return made


def test_text_line_has_time_level_fields_and_traceback_without_credentials(record):
    first, *trace = TextFormatter().format(record).splitlines()
    assert first == "1970-01-01T00:00:00Z [error] x-api-key: redacted exchange=0192 logger=sameweights.proxy"
    assert trace[0].startswith("Traceback")
    assert "subscription-key=redacted&v=1" in trace[-1]
    assert "abcdefgh12" not in "".join(trace)


def test_json_line_has_time_level_fields_and_traceback_without_credentials(record):
    line = JsonFormatter().format(record)
    fields = json.loads(line)
    trace = fields.pop("exception")
    assert fields == {
        "event": "x-api-key: redacted",
        "exchange": "0192",
        "level": "error",
        "logger": "sameweights.proxy",
        "timestamp": "1970-01-01T00:00:00Z",
    }
    assert "subscription-key=redacted&v=1" in trace
    assert "abcdefgh12" not in line


@pytest.mark.parametrize(
    ("style", "terminal", "text"),
    [("text", False, True), ("text", True, True), ("json", True, False), ("auto", False, False), ("auto", True, True)],
)
def test_a_log_is_text_where_that_is_chosen_or_a_terminal_shows_it(monkeypatch, style, terminal, text):
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: terminal))
    assert is_text(style) is text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "ours", "others"),
    [
        ("error", ["error"], ["error"]),
        ("warning", ["warning", "error"], ["warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("debug", ["debug", "info", "warning", "error"], ["warning", "error"]),
    ],
)
def test_lines_of_the_level_are_written_and_of_other_libraries_from_warning_on(level, ours, others):
    done = subprocess.run([sys.executable, "-c", SCRIPT, level, "json"], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines if line["logger"] == "sameweights.proxy"] == ours
    assert [line["level"] for line in lines if line["logger"] == "another"] == others
