"""K2-Vendor-Verifier's figures against evalscope's arithmetic, and each known defect of the verifiers shown not to be here."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.parsed_exchange import parse_exchange
from shadow.studies.figures.answered_row import AnsweredRow, answered_row, labelled_row
from shadow.studies.figures.verifier_summary import VerifierSummary, verifier_summary
from tests import evalscope
from tests.exchanges import exchange


def choose(n: int) -> list[int]:
    return list(range(n))


def summary(rows: list[AnsweredRow], reference: list[AnsweredRow] | None = None, **more) -> VerifierSummary:
    return verifier_summary(rows, provider="p", model="m", reference=reference or [], choose=choose, **more)


TOOL = {
    "type": "function",
    "function": {"name": "get", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}},
}


def read(
    choice: dict[str, object], tools: list[dict[str, object]] | None = None, *, row: str = "0", stream: bytes = b"", **more
) -> AnsweredRow:
    """One answer through the real reader."""
    body = stream or json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()
    sent = {"model": "m", "messages": [{"role": "user", "content": "?"}], "stream": bool(stream)}
    asked = json.dumps({**sent, "tools": [TOOL] if tools is None else tools}).encode()
    seen = parse_exchange(exchange(body, request=asked, stream=bool(stream)))
    return answered_row(row, seen.request, seen.answer, **more)


def calling(*calls: tuple[str, str], finish: str | None = "tool_calls") -> dict[str, object]:
    made = [
        {"id": f"c{place}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for place, (name, arguments) in enumerate(calls)
    ]
    return {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": made}, "finish_reason": finish}


def saying(text: str, finish: str | None = "stop") -> dict[str, object]:
    return {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}


@pytest.mark.slow
def test_the_figures_of_two_thousand_random_tables_are_evalscopes():
    random = Random(18)
    for _ in range(2000):
        rows, labels, table = [], [], []
        propensity, quality, sides = random.random(), random.random(), random.random()
        for place in range(random.randrange(1, 60)):
            called, valid, label = random.random() < propensity, random.random() < quality, random.random() < sides
            classes = (("valid" if valid else "schema_mismatch"),) if called else ()
            rows.append(
                AnsweredRow(row=f"{place}", answered=True, finish_reason="tool_calls" if called else "stop", classes=classes)
            )
            labels.append(labelled_row(f"{place}", calls=label))
            table.append((int(called), int(called and valid), int(label)))
        found, theirs = summary(rows, labels), evalscope.aggregate(table)
        assert found.finish_tool_calls == theirs["count_finish_reason_tool_calls"]
        assert found.successful_tool_call_count == theirs["count_successful_tool_call"]
        assert (found.schema_accuracy or 0.0) == pytest.approx(theirs["schema_accuracy"], abs=1e-15)
        assert (found.tool_call_f1 or 0.0) == pytest.approx(theirs["trigger_similarity"], abs=1e-15)


ARGUMENTS = st.sampled_from(['{"a": 1}', '{"a": "x"}', "{}", '{"a": 1', "", "null", '{"a": 1, "b": 2}'])


@given(st.lists(st.tuples(st.sampled_from(["get", "other"]), ARGUMENTS), min_size=1, max_size=3))
def test_calls_of_a_tool_with_a_schema_are_valid_exactly_where_evalscope_finds_them_so(calls: list[tuple[str, str]]):
    assert read(calling(*calls)).valid == evalscope.accepts(calls, [TOOL])


def test_an_error_is_no_answer_that_did_not_call():
    rows = [read(calling(("get", '{"a": 1}')), row="0"), AnsweredRow(row="1", answered=False, failure="status 500")]
    labels = [labelled_row("0", calls=True), labelled_row("1", calls=True)]
    found = summary(rows, labels)
    assert (found.tool_call_f1, found.success_count, found.failure_count, found.failures) == (1.0, 1, 1, {"status 500": 1})
    assert evalscope.aggregate([(1, 1, 1), (0, 0, 1)])["trigger_similarity"] == pytest.approx(2 / 3)


def test_nothing_is_reported_without_evidence():
    found = summary([read(saying("hi"))], [labelled_row("0", calls=False)])
    assert (found.tool_call_f1, found.schema_accuracy, found.errored_share) == (None, None, None)
    assert evalscope.aggregate([(0, 0, 0)])["schema_accuracy"] == 0.0


@pytest.mark.parametrize(
    "function",
    [{"name": "get"}, {"name": "get", "parameters": {}}, {"name": "get", "parameters": {"type": "no type"}}],
    ids=["no schema", "an empty one", "one that no validator can be built from"],
)
def test_a_tool_without_a_usable_schema_is_no_fault_of_the_provider(function: dict[str, object]):
    tools = [{"type": "function", "function": function}]
    found = read(calling(("get", '{"a": 1}')), tools)
    assert (found.valid, summary([found]).schema_accuracy) == (True, 1.0)
    assert found.unchecked == (function.get("parameters") != {})
    assert not evalscope.accepts([("get", '{"a": 1}')], tools)


def test_a_finish_reason_of_calls_without_a_call_is_no_success():
    found = summary([read(saying("I will look", finish="tool_calls"))])
    assert (found.finish_tool_calls, found.successful_tool_call_count, found.schema_validation_error_count) == (1, 0, 1)
    assert found.called == 0
    assert evalscope.accepts([], [TOOL])


def test_a_number_that_is_no_json_is_no_valid_argument():
    tools = [{"type": "function", "function": {"name": "get", "parameters": {"type": "object"}}}]
    assert read(calling(("get", '{"a": NaN}')), tools).classes == ("invalid_json",)
    assert evalscope.accepts([("get", '{"a": NaN}')], tools)


def test_a_missing_finish_reason_is_not_stop():
    found = summary([read(saying("hi", finish=None))])
    assert (found.finish_stop, found.finish_others, found.finish_others_detail) == (0, 1, {"missing": 1})


def test_usage_of_a_last_chunk_without_choices_is_counted():
    chunks = [
        {"id": "x", "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": None}]},
        {"id": "x", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"id": "x", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13}},
    ]
    stream = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    found = summary([read({}, stream=stream)])
    assert found.usage == {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13}


def test_rows_that_were_sent_again_lower_the_availability():
    rows = [read(saying("hi"), row="0"), read(saying("hi"), row="1", tries=3)]
    found = summary([*rows, AnsweredRow(row="2", answered=False, failure="rate_limit", tries=4)])
    assert (found.first_try, found.asked) == (1, 3)


def test_answers_are_paired_by_their_row_and_not_by_their_place():
    own = [read(calling(("get", '{"a": 1}')), row="7"), read(saying("hi"), row="3")]
    found = summary(own, [labelled_row("3", calls=False), labelled_row("7", calls=True), labelled_row("9", calls=True)])
    assert found.tool_call_f1 == 1.0
    assert found.by_finish is not None
    assert found.by_finish.pairs == 2


def test_any_finish_reason_that_is_no_call_is_a_negative_and_stands_in_the_detail():
    found = summary([read(saying("x", finish="length")), read(saying("x", finish="content_filter"), row="1")])
    assert (found.finish_others_detail, found.cut) == ({"content_filter": 1, "length": 1}, 1)


def test_a_call_under_another_finish_reason_counts_by_call_and_not_by_finish_reason():
    found = summary([read(calling(("get", '{"a": 1}'), finish="stop"))], [labelled_row("0", calls=True)])
    assert found.by_finish is not None
    assert found.by_call is not None
    assert (found.by_finish.f1, found.by_call.f1, found.called) == (0.0, 1.0, 1)


def test_each_call_has_its_class_and_an_answer_with_any_fault_is_errored():
    calls = (("get", '{"a": 1}'), ("get", '{"a": '), ("nothing", "{}"), ("get", "{}"))
    found = summary([read(calling(*calls)), read(calling(("get", '{"a": 1}')), row="1")])
    assert found.call_classes == {"valid": 2, "invalid_json": 1, "unknown_name": 1, "schema_mismatch": 1}
    assert found.errored_share == 0.5


def test_the_reference_against_itself_stands_beside_the_provider():
    own = [labelled_row(f"{place}", calls=place % 2 == 0) for place in range(60)]
    again = [labelled_row(f"{place}", calls=place % 2 == 0 or place % 10 == 1) for place in range(60)]
    found = summary(own, own, control=again)
    assert found.by_finish is not None
    assert (found.by_finish.f1, found.by_finish.control_pairs) == (1.0, 60)
    assert found.by_finish.own_f1 == pytest.approx(60 / 66)


def test_reasoning_without_an_answer_is_empty():
    choice = {"index": 0, "message": {"role": "assistant", "content": "", "reasoning_content": "hm"}, "finish_reason": "stop"}
    found = summary([read(choice), read(saying(" \n"), row="1")])
    assert (found.empty, found.reasoning_only) == (2, 1)


def test_the_times_of_a_summary_span_its_rows():
    rows = [AnsweredRow(row="0", answered=True, started=10.0, seconds=2.0), AnsweredRow(row="1", answered=False, started=11.0)]
    found = summary(rows)
    assert (found.eval_started_at, found.eval_finished_at) == (10.0, 12.0)
    assert summary([]).eval_started_at is None


def test_published_labels_are_compared_by_finish_reason_and_answers_by_both():
    """An answer that holds a call and ends with "stop" triggers no call for a verifier."""
    answers = [AnsweredRow(row="0", answered=True, finish_reason="stop", classes=("valid",))]
    labels = [labelled_row("0", calls=True)]
    found = summary(answers, labels, labels=labels)
    assert (found.by_label.f1, found.by_finish.f1, found.by_call.f1) == (0.0, 0.0, 1.0)


def test_times_and_tokens_of_rows_that_lack_some_are_of_those_that_have_them():
    answers = [
        AnsweredRow(row="0", answered=True, started=20.0, seconds=3.0, prompt_tokens=5, completion_tokens=None),
        AnsweredRow(row="1", answered=True, started=22.0, seconds=None, prompt_tokens=None, completion_tokens=7),
        AnsweredRow(row="2", answered=False, failure="timeout", started=10.0, seconds=1.0),
        AnsweredRow(row="3", answered=True),
    ]
    found = summary(answers)
    assert (found.eval_started_at, found.eval_finished_at) == (10.0, 23.0)
    assert summary(answers[1:2]).eval_finished_at == 22.0
    assert found.usage == {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    assert (found.asked, found.success_count, found.failure_count, found.failures) == (4, 3, 1, {"timeout": 1})
    assert found.finish_others_detail == {"missing": 3}


def test_answers_are_counted_by_their_endings_their_faults_and_their_tries():
    answers = [
        AnsweredRow(row="0", answered=True, finish_reason="tool_calls", classes=("valid", "unknown_name"), unchecked=1),
        AnsweredRow(row="1", answered=True, finish_reason="tool_calls", classes=("valid",), tries=2, unchecked=2),
        AnsweredRow(row="2", answered=True, finish_reason="length", empty=True),
        AnsweredRow(row="3", answered=True, finish_reason="stop", reasoning_only=True),
        AnsweredRow(row="4", answered=False, failure="timeout", tries=1),
    ]
    found = summary(answers)
    assert (found.finish_stop, found.finish_tool_calls, found.finish_others, found.cut) == (1, 2, 1, 1)
    assert (found.successful_tool_call_count, found.schema_validation_error_count, found.schema_accuracy) == (1, 1, 0.5)
    assert (found.called, found.errored_share, found.unchecked) == (2, 0.5, 3)
    assert found.call_classes == {"valid": 2, "invalid_json": 0, "unknown_name": 1, "schema_mismatch": 0}
    assert (found.first_try, found.empty, found.reasoning_only) == (3, 1, 1)
    assert (found.tool_call_f1, found.by_finish, found.by_call, found.by_label) == (None, None, None, None)
