"""The list of alarms fits a narrow terminal, and what was recorded is shown as text."""

import json

import pytest

from shadow.report.alarm_lines import AlarmAcknowledgement, AlarmLine
from shadow.terminal.alarm_list import alarms_json, alarms_text

LINE = AlarmLine(
    id="018bcfe568000000000000000000abcd",
    provider="garbler",
    model="m",
    route="default",
    reference="official",
    upstream="",
    measure="",
    signal="arguments",
    name="n",
    state="drift",
    held=True,
    reported=1_700_000_000.0,
    since=1_699_999_000.0,
    earliest=None,
    latest=None,
    size=0.31,
    low=0.29,
    high=0.34,
    sentence="other tool arguments in 31 points more requests",
    acknowledged=AlarmAcknowledgement(action="accept", by="Eve\x1b[31m", at=1_700_000_100.0, why="a <b>new</b>\nversion"),
    muted_until=1_700_003_600.0,
)


@pytest.mark.parametrize("columns", ["60", "80"])
def test_alarm_is_shown_whole_in_narrow_columns_without_escapes(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    text = alarms_text([LINE], everything=True)
    assert max(map(len, text.splitlines())) <= int(columns)
    assert "\x1b" not in text
    words = " ".join(text.split())
    for part in ("drift: garbler, m, route default, since ", "tool arguments 31 points [29 to 34]", "by Eve", "muted until "):
        assert part in words


def test_json_has_moments_in_both_forms():
    [found] = json.loads(alarms_json([LINE]))["alarms"]
    assert (found["reported"], found["reported_time"][:19]) == (1_700_000_000.0, "2023-11-14T22:13:20")
    assert (found["ended"], found["ended_time"]) == (None, None)
