import json
from dataclasses import replace

import pytest

from shadow.reading.parsed_exchange import parse_exchange
from shadow.studies.figures.answered_row import answered_row
from shadow.studies.figures.verifier_summary import verifier_summary
from shadow.studies.outputs.verifier_files import VerifierRow, response_object, result_row, rows_jsonl, summary_json
from tests.exchanges import exchange

ROW_KEYS = [
    "data_index",
    "request",
    "response",
    "status",
    "finish_reason",
    "tool_calls_valid",
    "last_run_at",
    "duration_ms",
    "hash",
]
FINISH_KEYS = ["finish_stop", "finish_tool_calls", "finish_others", "finish_others_detail"]
CALL_KEYS = ["schema_validation_error_count", "successful_tool_call_count", "usage"]
TIME_KEYS = ["eval_started_at", "eval_finished_at", "eval_duration_ms"]
SUMMARY_KEYS = ["model", "success_count", "failure_count", *FINISH_KEYS, *CALL_KEYS, *TIME_KEYS]
CALL = {"id": "functions.get:0", "type": "function", "function": {"name": "get", "arguments": '{"a": 1}'}}
ANSWER = {
    "id": "x",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [CALL]}, "finish_reason": "tool_calls"}
    ],
    "usage": {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13},
}
TOOL = {"type": "function", "function": {"name": "get"}}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "?"}], "tools": [TOOL]}


def made(answer: bytes = json.dumps(ANSWER).encode(), status: int = 200, stream: bool = False) -> VerifierRow:
    body = json.dumps({**ASKED, "stream": stream}).encode()
    seen = parse_exchange(exchange(answer, status=status, request=body, stream=stream))
    failure = "" if status == 200 else f"status {status}"
    row = answered_row("samples.jsonl:4", seen.request, seen.answer, failure=failure)
    return VerifierRow(data_index=4, row=row, request=body, response=seen.answer, key="abc")


def test_a_row_has_the_verifiers_keys_and_the_request_as_it_was_sent():
    (line,) = rows_jsonl([made()])
    found = json.loads(line)
    assert list(found)[: len(ROW_KEYS)] == ROW_KEYS
    assert (found["data_index"], found["status"], found["finish_reason"]) == (4, "success", "tool_calls")
    assert found["tool_calls_valid"] is True
    assert found["request"] == {**ASKED, "stream": False}
    assert found["duration_ms"] == 500
    assert found["last_run_at"] == "2023-11-14T22:13:20.500000+00:00"


def test_a_response_is_a_whole_completion_also_where_it_was_streamed():
    deltas = [{"tool_calls": [{"index": 0, **CALL}]}, {}]
    chunks = [
        {"id": "x", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        for delta, finish in zip(deltas, (None, "tool_calls"), strict=True)
    ]
    chunks.append({"id": "x", "model": "m", "choices": [], "usage": ANSWER["usage"]})
    stream = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    assert response_object(made(stream, stream=True).response) == response_object(made().response) == ANSWER


def test_a_failure_is_failed_with_its_class_and_counts_as_nothing_else():
    found = result_row(made(b"{}", status=500))
    assert (found["status"], found["response"], found["finish_reason"]) == ("failed", {"error": "status 500"}, None)
    assert response_object(made(b"{}", status=500).response) is None


@pytest.mark.parametrize("body", [b'{"a": NaN}', b"[" * 100_000, b"\xff", b""])
def test_a_request_that_is_no_json_makes_a_line_that_is(body: bytes):
    row = made()
    found = VerifierRow(data_index=1, row=row.row, request=body, response=row.response, key="")
    line = json.dumps(result_row(found), allow_nan=False)
    assert json.loads(line)["data_index"] == 1


def test_a_summary_has_the_verifiers_keys_the_f1_and_our_figures_apart():
    summary = verifier_summary([made().row], provider="p", model="m", choose=range)
    found = json.loads(summary_json(summary), parse_constant=pytest.fail)
    assert list(found)[: len(SUMMARY_KEYS)] == SUMMARY_KEYS
    assert (found["success_count"], found["finish_tool_calls"]) == (1, 1)
    assert (found["schema_accuracy"], found["tool_call_f1"]) == (1.0, None)
    assert found["usage"] == ANSWER["usage"]
    assert found["eval_duration_ms"] == 500
    assert {"call_classes", "first_try", "by_finish", "by_call"} <= set(found["sameweights"])


@pytest.mark.parametrize(
    ("started", "seconds", "ended", "milliseconds"),
    [
        (1_700_000_000.0, 0.1236, "2023-11-14T22:13:20.123600+00:00", 124),
        (1_700_000_000.0, 2.0, "2023-11-14T22:13:22+00:00", 2_000),
        (1_700_000_000.0, None, "2023-11-14T22:13:20+00:00", None),
        (None, None, None, None),
    ],
)
def test_times_of_a_row_are_its_end_and_its_whole_milliseconds(started, seconds, ended, milliseconds):
    timed = replace(made(), row=replace(made().row, started=started, seconds=seconds))
    found = result_row(timed)
    assert (found["last_run_at"], found["duration_ms"]) == (ended, milliseconds)


@pytest.mark.parametrize(("classes", "valid"), [(("valid",), True), (("valid", "unknown_name"), False)])
def test_calls_are_valid_only_in_a_row_that_ended_in_calls(classes: tuple[str, ...], *, valid: bool):
    row = replace(made().row, classes=classes)
    assert result_row(replace(made(), row=row))["tool_calls_valid"] is valid
    assert result_row(replace(made(), row=replace(row, finish_reason="stop")))["tool_calls_valid"] is None


def test_a_number_of_the_request_that_json_does_not_have_is_null():
    request = b'{"a": NaN, "b": [Infinity, 1, -1e400, 2.5]}'
    (line,) = rows_jsonl([replace(made(), request=request)])
    assert json.loads(line)["request"] == {"a": None, "b": [None, 1, None, 2.5]}


def said(message: dict[str, object], **more: object) -> dict[str, object]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    found = response_object(made(json.dumps({"id": "x", "model": "m", "choices": [choice], **more}).encode()).response)
    assert found is not None
    return found


def test_a_response_without_calls_reasoning_or_usage_states_none():
    assert said({"content": "Hello"}) == {
        "id": "x",
        "object": "chat.completion",
        "model": "m",
        "usage": None,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "tool_calls": None},
                "finish_reason": "stop",
            }
        ],
    }


def test_a_response_keeps_its_reasoning():
    (choice,) = said({"content": "Hello", "reasoning_content": "They greet."})["choices"]
    assert choice["message"]["reasoning_content"] == "They greet."


def test_a_summary_of_rows_without_a_time_states_none():
    untimed = replace(made().row, started=None, seconds=None)
    found = json.loads(summary_json(verifier_summary([untimed], provider="p", model="m", choose=range)))
    assert [found[key] for key in TIME_KEYS] == [None, None, None]


def test_a_summary_has_the_time_from_the_first_start_to_the_last_end():
    rows = [replace(made().row, started=started, seconds=0.2506) for started in (1_700_000_010.0, 1_700_000_000.0)]
    found = json.loads(summary_json(verifier_summary(rows, provider="p", model="m", choose=range)))
    assert [found[key] for key in TIME_KEYS] == ["2023-11-14T22:13:20+00:00", "2023-11-14T22:13:30.250600+00:00", 10251]
