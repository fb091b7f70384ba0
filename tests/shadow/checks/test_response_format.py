import json

import pytest

from shadow.checks.response_format import response_format
from shadow.findings.finding import FindingState
from shadow.reading.parsed_request import parse_request
from shadow.reading.response_notes import COMMENTARY
from tests.shadow.compare.made import ask, call, choice, completion, parts

OBJECT = {"type": "json_object"}


def shaped(schema):
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}


@pytest.mark.parametrize(
    ("form", "said", "state", "reason"),
    [
        (None, choice("a"), FindingState.NOT_MEASURED, "does not require JSON"),
        ({"type": "text"}, choice("a"), FindingState.NOT_MEASURED, "does not require JSON"),
        (OBJECT, choice(calls=(call(),)), FindingState.NOT_MEASURED, "calls a tool"),
        (OBJECT, choice(refusal="no"), FindingState.NOT_MEASURED, "refuses"),
        (OBJECT, choice('{"a', finish="length"), FindingState.NOT_MEASURED, "ended by length"),
        (OBJECT, choice(""), FindingState.NOT_MEASURED, "has no text"),
        (OBJECT, choice("[" * 200_000), FindingState.DIFFER, "not JSON"),
        (shaped({"type": "string"}), choice(f'"{"x" * 499_998}"'), FindingState.MATCH, ""),
        (
            shaped({"type": "string"}),
            choice(f'"{"x" * 499_999}"'),
            FindingState.NOT_MEASURED,
            "longer than the 500,000 characters",
        ),
        (OBJECT, choice(' {"a": 1}\n'), FindingState.MATCH, ""),
        (OBJECT, choice("[1]"), FindingState.DIFFER, "a JSON list came"),
        (OBJECT, choice('```json\n{"a": 1}\n```'), FindingState.DIFFER, "fenced as Markdown"),
        (OBJECT, choice(f'{{"a": {"9" * 5_000}}}'), FindingState.MATCH, ""),
        (OBJECT, choice(f'{{"a": {"9" * 5_000}}} and more'), FindingState.DIFFER, "not JSON: Extra data"),
        (shaped({"type": "integer", "exclusiveMaximum": 0}), choice("-" + "9" * 4_301), FindingState.MATCH, ""),
        (shaped({"type": "integer", "maximum": 1e300}), choice("9" * 4_301), FindingState.DIFFER, "the text: 999"),
        (OBJECT, choice("Here: {}"), FindingState.DIFFER, "not JSON: Expecting value"),
        (shaped({"type": "array"}), choice("[1]"), FindingState.MATCH, ""),
        (shaped({"type": "array"}), choice("{}"), FindingState.DIFFER, "is not of type"),
        (shaped({"type": 5}), choice("{}"), FindingState.NOT_MEASURED, "of no use"),
        (shaped(None), choice("{}"), FindingState.NOT_MEASURED, "declares no schema"),
    ],
)
def test_a_text_that_was_to_be_json_is_json_of_the_declared_schema(form, said, state, reason):
    found = response_format(ask(body={"response_format": form}), completion(said))
    assert found.state is state
    assert reason in found.reason


NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
DECLARED = {
    "/v1/chat/completions": {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": NUMBERS}}},
    "/v1/responses": {"input": "go", "text": {"format": {"type": "json_schema", "name": "n", "schema": NUMBERS}}},
    "/v1/messages": {"output_config": {"format": {"type": "json_schema", "schema": NUMBERS}}},
}


@pytest.mark.parametrize("path", DECLARED)
def test_a_schema_is_held_to_wherever_the_api_declares_it(path):
    body = {"model": "m", "messages": [{"role": "user", "content": "go"}], **DECLARED[path]}
    asked = parse_request(path, (), json.dumps(body).encode(), False)
    assert response_format(asked, completion(choice('{"a": 1}'))).state is FindingState.MATCH
    assert "is not of type" in response_format(asked, completion(choice('{"a": "one"}'))).reason


def test_commentary_beside_the_answer_is_not_held_to_its_form():
    said = completion(choice("I look it up.\n\n{}"))._replace(notes=(COMMENTARY,))
    assert response_format(ask(body={"response_format": OBJECT}), said).state is FindingState.NOT_MEASURED


@pytest.mark.parametrize(
    ("api", "text", "state"),
    [
        ("responses", '{"a": 1}\n\n{"a": 2}', FindingState.MATCH),
        ("responses", '{"a": 1}\n\nDone.', FindingState.DIFFER),
        ("responses", '{"a": 1}\n{"a": 2}', FindingState.DIFFER),
        ("chat", '{"a": 1}\n\n{"a": 2}', FindingState.DIFFER),
    ],
)
def test_the_texts_of_several_messages_of_a_response_are_each_json(api, text, state):
    assert response_format(ask(api=api, body={"response_format": OBJECT}), completion(choice(text))).state is state


@pytest.mark.parametrize(("length", "state"), [(500_000, "match"), (500_001, "not_measured")])
def test_a_text_of_more_than_500_000_characters_is_not_parsed(length, state):
    text = '{"a": "' + "x" * (length - 9) + '"}'
    assert len(text) == length
    assert response_format(ask(body={"response_format": OBJECT}), completion(choice(text))).state == state


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (OBJECT, "{}", ("match", 1.0, "dict", "json_object", "")),
        (OBJECT, "[1]", ("differ", 0.0, "list", "json_object", "json_object was requested, and a JSON list came")),
        (
            *(OBJECT, "Here"),
            (
                *("differ", 0.0, "not JSON", "json_object"),
                "json_object was requested, and the text is not JSON: Expecting value: line 1 column 1 (char 0)",
            ),
        ),
        (
            *(shaped({}), " ```json"),
            ("differ", 0.0, "fenced", "json_schema", "json_schema was requested, and the text is fenced as Markdown"),
        ),
        (shaped({"type": "array"}), "[]", ("match", 1.0, "valid", "json_schema", "")),
        (shaped(None), "{}", ("not_measured", None, "", "", "the request declares no schema; the text is JSON")),
        ({"type": "json_schema"}, "{}", ("not_measured", None, "", "", "the request declares no schema; the text is JSON")),
        (OBJECT, " ", ("not_measured", None, "", "", "the answer has no text")),
        ("json_object", "a", ("not_measured", None, "", "", "the request does not require JSON")),
        (
            OBJECT,
            "[" * 200_000,
            ("differ", 0.0, "not JSON", "json_object", "json_object was requested, and the text is not JSON: nested too deep"),
        ),
    ],
)
def test_finding_on_the_form_states_what_came_and_what_was_requested(form, text, expected):
    found = response_format(ask(body={"response_format": form}), completion(choice(text)))
    assert parts(found) == ("response_format", *expected)


def test_schema_that_a_text_disobeys_is_a_mismatch():
    found = response_format(ask(body={"response_format": shaped({"type": "array"})}), completion(choice("{}")))
    assert parts(found)[:5] == ("response_format", "differ", 0.0, "schema_mismatch", "json_schema")
    assert found.reason.startswith("the text: ")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (choice("a", calls=(call(),)), "the answer calls a tool"),
        (choice("a", refusal="no"), "the answer refuses"),
        (choice("a", finish="content_filter"), "the answer was ended by content_filter"),
        (choice("a", finish="max_tokens"), "the answer was ended by max_tokens"),
    ],
)
def test_answer_that_need_not_be_json_states_why(said, reason):
    assert response_format(ask(body={"response_format": OBJECT}), completion(said)).reason == reason


def test_first_of_the_texts_of_several_messages_is_the_one_that_obeys():
    asked = ask(api="responses", body={"response_format": shaped({"type": "array"})})
    assert response_format(asked, completion(choice("[]\n\n{}"))).state is FindingState.MATCH
    assert response_format(asked, completion(choice("{}\n\n[]"))).state is FindingState.DIFFER
    broken = response_format(asked, completion(choice("Done.")))
    assert broken.reason.endswith("not JSON: Expecting value: line 1 column 1 (char 0)")
