"""proxy.process.data_plane_log: a data-plane process logs text or JSON, and no credential, in a message or in a traceback."""

import json
import logging
import sys
from types import SimpleNamespace

import pytest

from proxy.process import data_plane_log
from proxy.process.data_plane_log import JsonFormatter, TextFormatter, is_text


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


@pytest.mark.parametrize(
    ("level", "ours", "others"), [("error", 40, 40), ("warning", 30, 30), ("info", 20, 30), ("debug", 10, 30)]
)
def test_lines_of_the_level_are_written_and_of_other_libraries_from_warning_on(monkeypatch, level, ours, others):
    given, levels = [], {}
    named = {"sameweights": SimpleNamespace(setLevel=lambda number: levels.update(sameweights=number))}
    played = SimpleNamespace(
        StreamHandler=logging.StreamHandler,
        getLevelName=logging.getLevelName,
        WARNING=logging.WARNING,
        basicConfig=lambda **more: given.append(more),
        getLogger=named.__getitem__,
    )
    monkeypatch.setattr(data_plane_log, "logging", played)
    for style, formatter in (("text", TextFormatter), ("json", JsonFormatter)):
        data_plane_log.to_stderr(level, style)
        settings = given.pop()
        [handler] = settings["handlers"]
        assert (type(handler.formatter), settings["level"], settings["force"]) == (formatter, others, True)
        assert levels.pop("sameweights") == ours
