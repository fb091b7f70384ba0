"""The schemas of what commands print, by documents written by hand: what they accept and what they refuse."""

import jsonschema_rs
import pytest

from shadow.command_line.json_schemas import json_schema

STATUS = {
    "provider": "p", "model": "m", "reference": "r", "verdict": "differs", "state": "differs", "signal": "arguments",
    "finding": "sends other arguments", "since": "2023-11-14T22:13:20Z", "pairs": 3, "requests": 9,
}  # fmt: skip


def accepts_status(**changed):
    row = {name: value for name, value in {**STATUS, **changed}.items() if value != "left out"}
    document = {"schema": "sameweights.status/1", "at": "2023-11-14T22:13:20Z", "providers": [row]}
    return jsonschema_rs.is_valid(json_schema("status"), document, validate_formats=True)


@pytest.mark.parametrize("name", STATUS)
def test_line_of_a_status_has_each_member(name):
    assert accepts_status()
    assert not accepts_status(**{name: "left out"})


@pytest.mark.parametrize(
    ("changed", "accepted"),
    [
        ({"since": None}, True),
        ({"since": "yesterday"}, False),
        ({"provider": 1}, False),
        ({"finding": None}, False),
        ({"pairs": 0}, True),
        ({"pairs": -1}, False),
        ({"requests": 1.5}, False),
    ],
)
def test_members_of_a_status_have_their_types(changed, accepted):
    assert accepts_status(**changed) is accepted


def found(schema, name):
    """The first schema of a member of this name, at any depth."""
    if isinstance(schema, dict):
        if name in schema.get("properties", {}):
            return schema["properties"][name]
        schema = list(schema.values())
    inner = (found(each, name) for each in schema if isinstance(each, dict | list))
    return next((each for each in inner if each is not None), None)


@pytest.mark.parametrize(
    ("headers", "accepted"), [([], True), ([["a", "b"], ["a", "c"]], True), ([["a"]], False), ([["a", "b", "c"]], False)]
)
@pytest.mark.parametrize("name", ["request_headers", "response_headers"])
def test_header_is_a_pair_of_texts(name, headers, accepted):
    assert jsonschema_rs.is_valid(found(json_schema("answer"), name), headers) is accepted
