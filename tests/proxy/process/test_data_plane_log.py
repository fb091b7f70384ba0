"""proxy.process.data_plane_log: a data-plane process logs text or JSON, and no credential, in a message or in a traceback."""

import json
import logging
import sys

import pytest

from proxy.process.data_plane_log import JsonFormatter, TextFormatter


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
