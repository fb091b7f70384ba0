"""A database that 0.1.0 wrote opens, and shows its pairs, answers and drift states as before under the new names."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shadow.report.drift_lines import drift_lines
from storage.opening import open_store
from storage.rows import AnswerFilter, PairFilter
from storage.storage_config import StorageConfig

WRITTEN = Path(__file__).resolve().parent / "release_0_1_0.sql"
"""Written by the code of 0.1.0: 690 pairs judged in four groups, of which seven pairs were kept."""


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(WRITTEN.read_text(encoding="utf-8"))
    with closing(open_store(StorageConfig(url=str(path)))) as opened:
        yield opened


def test_pairs_and_answers_are_found_by_their_renamed_signals(store):
    def pairs(signal, state):
        return [row.pair.id for row in store.pairs(PairFilter(signal=signal, state=state))]

    assert pairs("answer_kind", "differ") == pairs("calls_tool", "differ") == ["tools"]
    assert (pairs("tools", "differ"), pairs("arguments", "differ")) == (["calls"], ["calls"])
    assert sorted(pairs("valid_calls", "differ")) == ["calls", "tools"], "by the compared signal, and by the check"
    assert [row.id for row in store.faulty_answers(AnswerFilter(signal="valid_calls"))] == ["tools"]
    counts = {(each.comparison, each.signal, each.state): each.count for each in store.signal_counts(0, 0)}
    assert counts["cross", "valid_calls", "differ"] == counts["check", "valid_calls", "differ"] == 1
    assert {each.signal for each in store.payoffs(0, 0)} == {
        *("answer_kind", "calls_tool", "calls_tool_rate", "tools", "arguments", "error")
    }


def test_drift_states_and_their_evidence_are_what_they_were(store):
    found = {line.provider: line for line in drift_lines(store)}
    assert {name: (line.state, line.name, line.pairs) for name, line in found.items()} == {
        "p": ("drift", "arguments", 220),
        "moving": ("not_measured", "reference_moved", 220),
        "calm": ("not_measured", "reference_moved", 220),
        "cached": ("not_measured", "", 30),
    }
    line = found["p"]
    assert (line.strongest, line.evidence) == ("tools", 19.82661413400078)
    assert (line.signals, line.since, line.size) == (("arguments", "tools"), 100.0, 0.7380952380952381)
    assert (found["calm"].signals, found["calm"].by) == (("calls_tool", "answer_kind"), "moving")
    assert found["cached"].left_out == {"cached": 30, "caching_reference": 27}


def test_alarms_are_kept_under_the_new_names(store):
    alarms = store.judgements.alarms(0, 0)
    assert [(alarm.old, alarm.new, alarm.name) for alarm in alarms] == [
        ("suspect", "not_measured", "reference_moved"),
        ("suspect", "drift", "arguments"),
    ]
    assert [(test["signal"], test["title"]) for test in json.loads(alarms[1].details)["tests"]] == [
        ("arguments", "arguments"),
        ("tools", "tools"),
    ]
