import json

import pytest

from shadow.studies.outputs.study_json import SCHEMA, as_json
from tests.shadow.studies.outputs.made import HOSTILE, probe_report, replay_report


@pytest.mark.parametrize("report", [probe_report(), replay_report(), probe_report(HOSTILE, detail=HOSTILE)])
def test_a_study_is_json_with_its_schema_and_exit_code(report):
    found = json.loads(as_json(report), parse_constant=pytest.fail)
    assert (found["schema"], found["exit_code"]) == (SCHEMA, 3)
    assert set(found) == {
        *("schema", "exit_code", "study", "policy", "verdicts", "reference"),
        *("blocks", "groups", "courses", "outcomes", "verifiers"),
    }


def test_a_verdict_has_its_word_sentence_sizes_and_figures():
    first = json.loads(as_json(probe_report()))["verdicts"][0]
    assert (first["candidate"], first["word"], first["worse"]) == ("openrouter", "FAIL", True)
    assert 0.3 < first["low"] < first["drop"] < first["high"] <= 1
    assert first["figures"]["scored"] == first["figures"]["runs"]


def test_what_was_not_measured_is_null_and_never_zero():
    found = {one["candidate"]: one for one in json.loads(as_json(probe_report()))["verdicts"]}
    assert (found["small"]["drop"], found["small"]["figures"]["mean"], found["small"]["low"]) == (None, None, None)


def test_a_hostile_name_comes_back_as_it_was():
    names = [one["candidate"] for one in json.loads(as_json(probe_report(HOSTILE)))["verdicts"]]
    assert HOSTILE in names
