"""The schemas of what commands print."""

import json

import jsonschema_rs
import pytest

from shadow.command_line.json_schemas import json_schema
from shadow.settings.config_errors import ConfigError
from shadow.studies.outputs.study_json import as_json
from shadow.terminal.pair_list import pair_lines
from shadow.terminal.pair_tail import PairTail
from storage.rows import PairFilter
from tests.records import add_pair, calling
from tests.shadow.studies.outputs.made import probe_report, replay_report

pytestmark = pytest.mark.slow


def commands(run, recorded):
    pair = json.loads(run("pairs", "--db", str(recorded), "--json")[1])["pairs"][0]["id"]
    answers = json.loads(run("answers", "--db", str(recorded), "--limit", "1000", "--json")[1])["answers"]
    alone = next(one["id"] for one in answers if not one["pair_id"])
    return {
        "report": ("report", "--since", "all"),
        "status": ("status", "--since", "all"),
        "pairs": ("pairs", "--all"),
        "pair": ("show", pair),
        "answers": ("answers",),
        "answer": ("show", alone),
    }


def test_what_each_command_prints_holds_to_its_schema(run, recorded):
    for name, words in commands(run, recorded).items():
        schema = json_schema(name)
        document = json.loads(run(*words, "--db", str(recorded), "--json")[1])
        jsonschema_rs.validator_for(schema, validate_formats=True).validate(document)
        assert schema["properties"]["schema"] == {"const": document["schema"]}
        broken = {key: value for key, value in document.items() if key != "schema"}
        assert not jsonschema_rs.is_valid(schema, broken), name


def test_files_of_a_dossier_hold_to_its_schema(run, recorded, tmp_path):
    schema = json_schema("dossier")
    folder = tmp_path / "d"
    assert run("export", "--db", str(recorded), "--dossier", "garbler", "--out", str(folder))[0] == 0
    document = json.loads((folder / "records.json").read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(document)
    assert not jsonschema_rs.is_valid(schema, {**document, "schema": "other"})
    line = jsonschema_rs.validator_for({"$defs": schema["$defs"], "$ref": "#/$defs/CountedPair"}, validate_formats=True)
    pairs = [json.loads(text) for text in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(pairs) == 80
    for pair in pairs:
        line.validate(pair)


@pytest.mark.parametrize("report", [probe_report(), replay_report()], ids=["probe", "replay"])
def test_study_holds_to_its_schema(report):
    schema, document = json_schema("study"), json.loads(as_json(report))
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(document)
    assert set(document) == set(schema["properties"])
    assert not jsonschema_rs.is_valid(schema, {**document, "schema": "other"})


def test_line_of_tail_holds_to_its_schema(store):
    add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    assert store.flush(20)
    (line,) = pair_lines(store, PairFilter())
    schema, document = json_schema("tail"), json.loads(PairTail.as_json(line))
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(document)
    assert set(document) == set(schema["properties"])


def test_every_moment_of_the_report_stands_in_rfc_3339_too(run, recorded):
    report = json.loads(run("report", "--since", "all", "--db", str(recorded), "--json")[1])
    assert report["until_time"].endswith("+00:00")
    assert report["cards"][0]["verdict"]["since_time"] is None


def test_unknown_document_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"did you mean 'report'\?"):
        json_schema("reprot")
