"""Documents that are made by hand fit the published schemas, and ones that lack a member or count below 0 do not."""

import copy
import json

import jsonschema
import pytest

from shadow.command_line.json_schemas import json_schema
from shadow.report.build_report import as_json
from shadow.report.verdict_text import status_json
from shadow.terminal.alarm_list import alarms_json
from shadow.tournament.tournament_json import tournament_document
from tests.shadow.report import made_report
from tests.shadow.terminal.test_alarm_list import LINE
from tests.shadow.tournament import made_figures

DOCUMENTS = {
    "report": json.loads(as_json(made_report.whole())),
    "status": json.loads(status_json([made_report.GARBLER, made_report.LONER], now=made_report.UNTIL)),
    "alarms": json.loads(alarms_json([LINE])),
    "choose": json.loads(json.dumps(tournament_document(made_figures.whole()))),
}


def fits(name, document):
    return jsonschema.Draft202012Validator(json_schema(name)).is_valid(document)


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_fits_its_schema_and_none_that_lacks_a_member_does(name):
    document = DOCUMENTS[name]
    jsonschema.validate(document, json_schema(name))
    required = json_schema(name)["required"]
    assert set(required) <= set(document)
    for member in required:
        assert not fits(name, {key: value for key, value in document.items() if key != member}), member


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("status", ("providers", 0, "pairs")),
        ("status", ("providers", 0, "requests")),
        ("choose", ("candidates", 0, "requests")),
        ("choose", ("candidates", 0, "conversations")),
        ("choose", ("candidates", 0, "segments", 0, "requests")),
    ],
)
@pytest.mark.parametrize(("number", "valid"), [(0, True), (-1, False), (1.5, False)])
def test_number_of_rows_is_whole_and_not_below_0(name, path, number, valid):
    document = copy.deepcopy(DOCUMENTS[name])
    *above, last = path
    place = document
    for step in above:
        place = place[step]
    place[last] = number
    assert fits(name, document) is valid


@pytest.mark.parametrize(
    "name", ["report", "status", "pairs", "pair", "answers", "answer", "tail", "alarms", "choose", "dossier"]
)
def test_schema_names_its_dialect_its_document_and_its_version(name):
    found = json_schema(name)
    assert (found["$schema"], found["title"]) == ("https://json-schema.org/draft/2020-12/schema", f"sameweights {name}")
    assert found["properties"]["schema"]["const"].startswith("sameweights.")
    assert "schema" in found["required"]
    jsonschema.Draft202012Validator.check_schema(found)
