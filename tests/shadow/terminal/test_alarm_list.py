"""The list of alarms fits a narrow terminal, and what was recorded is shown as text."""

import json
from dataclasses import replace

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


def test_alarm_has_lines_for_its_size_its_acknowledgement_and_its_end_where_it_has_them(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert alarms_text([LINE], everything=True, options=" --config c.toml").splitlines() == [
        "018bcfe568000000000000000000abcd  drift: garbler, m, route default, since 2023-11-14 21:56:40 UTC",
        "    other tool arguments in 31 points more requests; tool arguments 31 points [29 to 34]",
        "    acknowledged (accept) by Eve[ESC][31m at 2023-11-14 22:15:00 UTC: a <b>new</b> version",
        "    muted until 2023-11-14 23:13:20 UTC",
        "Next: sameweights alarms ack 018bcfe568000000000000000000abcd --config c.toml --fixed --why REASON",
    ]
    bare = {"id": "", "route": "", "since": None, "low": None, "sentence": "", "muted_until": None}
    unnamed = replace(LINE.acknowledged, action="", by="", why="")
    assert alarms_text([replace(LINE, **bare, acknowledged=unnamed)], everything=True).splitlines() == [
        "-  drift: garbler, m",
        "    tool arguments",
        "    acknowledged at 2023-11-14 22:15:00 UTC",
        "Next: sameweights alarms ack garbler --fixed --why REASON",
    ]
    ended = replace(LINE, **bare, acknowledged=None, held=False)
    assert alarms_text([ended], everything=True) == "-  ended: garbler, m\n    tool arguments"
    assert "-  ended 2023-11-14 23:13:20 UTC: " in alarms_text([replace(ended, ended=1_700_003_600.0)], everything=True)


def test_command_is_for_the_first_alarm_that_holds(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    ended, first, last = replace(LINE, held=False), replace(LINE, id="", provider="first"), replace(LINE, id="", provider="last")
    assert "alarms ack first --fixed" in alarms_text([ended, first, last], everything=True)
    assert "Next: " not in alarms_text([ended], everything=True)


def test_list_without_an_alarm_states_whether_others_were_left_out():
    assert alarms_text([], everything=True) == "No alarm matches."
    assert alarms_text([], everything=True, narrowed=True) == "No alarm matches."
    assert alarms_text([], everything=False) == "No alarm is active. --all lists those that ended."
    assert alarms_text([], everything=False, narrowed=True) == "No active alarm matches. --all lists those that ended."


@pytest.mark.parametrize(("length", "shown"), [(300, "w" * 300), (301, "w" * 299 + "…")])
def test_the_first_300_characters_of_a_reason_are_shown(monkeypatch, length, shown):
    monkeypatch.setenv("COLUMNS", "2000")
    why = replace(LINE.acknowledged, why="w" * length)
    words = alarms_text([replace(LINE, acknowledged=why)], everything=True).split()
    assert words[words.index("UTC:") + 1] == shown


def test_later_lines_of_a_long_part_stand_behind_four_spaces(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert alarms_text([LINE], everything=True, options=" --config c.toml").splitlines() == [
        "018bcfe568000000000000000000abcd  drift: garbler, m, route",
        "    default, since 2023-11-14 21:56:40 UTC",
        "    other tool arguments in 31 points more requests; tool",
        "    arguments 31 points [29 to 34]",
        "    acknowledged (accept) by Eve[ESC][31m at 2023-11-14",
        "    22:15:00 UTC: a <b>new</b> version",
        "    muted until 2023-11-14 23:13:20 UTC",
        "Next: sameweights alarms ack",
        "    018bcfe568000000000000000000abcd --config c.toml --fixed",
        "    --why REASON",
    ]
