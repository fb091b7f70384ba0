"""The largest and longest values that a span takes, each with the one beyond it, and what is left out."""

import json

import pytest

from tests.exchanges import asked, exchange, said
from tests.shadow.telemetry.test_genai_spans import span

LARGEST = 2**63


def attributes(made=None, **more):
    found = span(made, **more).attributes
    return {name.removeprefix("gen_ai."): value for name, value in found.items() if name.startswith(("gen_ai.", "sameweights."))}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("number", "sent"), [(LARGEST - 1, True), (LARGEST, False)])
@pytest.mark.parametrize(
    ("parameter", "name"), [("max_tokens", "request.max_tokens"), ("n", "request.choice.count"), ("seed", "request.seed")]
)
def test_number_of_a_request_is_sent_where_it_fits_64_bits(parameter, name, number, sent, sign):
    assert (name in attributes(exchange(said(), request=asked(**{parameter: sign * number})))) is sent


@pytest.mark.parametrize(("count", "sent"), [(0, True), (LARGEST - 1, True), (LARGEST, False), (-1, False)])
def test_count_of_a_row_is_sent_where_it_fits_64_bits_and_is_not_negative(count, sent):
    assert ("usage.input_tokens" in attributes(exchange(b"", request=asked()), prompt_tokens=count)) is sent


def test_one_choice_and_a_whole_answer_are_not_stated():
    found = attributes(exchange(said(), request=asked(n=1)), first_chunk=0.25, stream=False)
    assert not {"request.choice.count", "request.stream", "response.time_to_first_chunk"} & found.keys()
    streamed = attributes(exchange(said(), request=asked()), first_chunk=0.25, stream=True)
    assert (streamed["request.stream"], streamed["response.time_to_first_chunk"]) == (True, 0.25)
    assert "response.time_to_first_chunk" not in attributes(exchange(said(), request=asked()), first_chunk=None, stream=True)


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ({"reasoning_effort": "l" * 20}, "l" * 20),
        ({"reasoning_effort": "l" * 21}, None),
        ({"reasoning": {"effort": "low"}}, "low"),
        ({"reasoning": "low"}, None),
        ({"reasoning_effort": 3}, None),
        ({}, None),
    ],
)
def test_level_of_reasoning_is_a_word_of_up_to_twenty_characters(body, level):
    assert attributes(exchange(said(), request=asked(**body))).get("request.reasoning.level") == level


@pytest.mark.parametrize(
    ("form", "kind"),
    [({"type": "json_object"}, "json"), ({"type": "text"}, "text"), ({"type": None}, None), ("json_object", None), ({}, None)],
)
def test_form_of_the_answer_is_json_or_text_where_it_is_asked_for(form, kind):
    assert attributes(exchange(said(), request=asked(response_format=form))).get("output.type") == kind


@pytest.mark.parametrize(("length", "kept"), [(200, 200), (201, 200)])
def test_ids_are_cut_to_200_characters(length, kept):
    long = "i" * length
    whole = json.loads(said()) | {"id": long}
    found = attributes(exchange(json.dumps(whole).encode(), request=asked(previous_response_id=long)))
    assert found["request.previous_response.id"] == found["response.id"] == "i" * kept


def test_what_a_record_does_not_have_is_left_out():
    found = attributes(
        exchange(b"{}", request=asked()), model="", echoed_model="", first_token=None, upstream="", tag="", finish_reason=""
    )
    absent = {"request.model", "response.model", "response.id", "response.finish_reasons", "request.previous_response.id"}
    assert not absent & found.keys()
    assert not {"sameweights.time_to_first_token", "sameweights.upstream", "sameweights.tag", "error.type"} & found.keys()


def test_what_the_conventions_have_no_name_for_is_sent_under_the_name_of_the_product():
    row = {"upstream": "u", "tag": "t", "conversation": "c", "unread": "truncated", "first_token": 0.125}
    found = attributes(exchange(said(), request=asked()), **row)
    assert found["sameweights.time_to_first_token"] == 0.125
    assert {name: found[f"sameweights.{name}"] for name in ("upstream", "tag", "conversation", "unread")} == {
        name: row[name] for name in ("upstream", "tag", "conversation", "unread")
    }


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"status": 400}, "400"),
        ({"status": 399}, ""),
        ({"status": None}, ""),
        ({"status": 500, "failure": "timeout"}, "timeout"),
    ],
)
def test_status_from_400_on_and_a_failure_are_the_error_of_a_span(row, error):
    made = span(exchange(said(), request=asked()), **row)
    assert (made.error, made.attributes.get("error.type", "")) == (error, error)


@pytest.mark.parametrize(("stop", "sent"), [(["a", 1, None], ("a",)), (7, None), ({"a": 1}, None), ([], None)])
def test_stop_sequence_that_is_no_text_is_left_out(stop, sent):
    made = span(exchange(said(), request=asked(stop=stop)), content=True)
    assert made.attributes.get("gen_ai.request.stop_sequences") == sent
    assert "sameweights.content_cut" not in made.attributes


def test_stop_sequences_of_the_messages_api_are_sent_too():
    made = span(exchange(said(), request=asked(stop_sequences=["x"])), content=True)
    assert made.attributes["gen_ai.request.stop_sequences"] == ("x",)


def test_answer_that_cannot_be_read_is_not_called_cut():
    made = span(exchange(b"<html>", request=asked()), content=True)
    assert "gen_ai.input.messages" in made.attributes
    assert "gen_ai.output.messages" not in made.attributes
    assert "sameweights.content_cut" not in made.attributes
