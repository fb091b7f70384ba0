"""One answer as a run: what an error, a denial, a cut or an empty answer counts as."""

import json

import pytest

from proxy.exchange import ChunkTimings, Failure, FailureKind
from shadow.reading.parsed_response import parse_response
from shadow.studies.chat_request import ChatRequest, parsed_answer
from shadow.studies.measured_run import RunOutcome
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.own_checks.run_checks import CheckedAnswer, check_answer
from shadow.studies.replay.measured_rows import RowPlace, answer_facts, measured_row, outcome_of
from tests.exchanges import asked, exchange, said

PLACE = RowPlace(block=0, task="t", position=0, tries=1)
CALL = {"tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}


def error(status: int, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"error": {"message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "outcome", "detail"),
    [
        (200, said("Hello"), RunOutcome.COMPLETE, ""),
        (200, said(None, message=CALL, finish_reason="tool_calls"), RunOutcome.COMPLETE, ""),
        (200, said("Hel", finish_reason="length"), RunOutcome.CUT, ""),
        (200, said(""), RunOutcome.EMPTY, ""),
        (200, said("", message={"refusal": "No."}), RunOutcome.REFUSED, ""),
        (*error(401, "Incorrect API key"), RunOutcome.DENIED, "status 401"),
        (*error(429, "slow down"), RunOutcome.DENIED, "status 429"),
        (*error(400, "maximum context length is 34000 tokens"), RunOutcome.CONTEXT_OVERFLOW, "context_overflow"),
        (*error(400, "unknown member"), RunOutcome.ERROR, "bad_parameter 400"),
        (*error(500, "oops"), RunOutcome.ERROR, "server 500"),
        (200, b"{", RunOutcome.ERROR, "not_json"),
    ],
)
def test_an_answer_ends_as(status, body, outcome, detail):
    assert outcome_of(parse_response(exchange(body, status))) == (outcome, detail)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (FailureKind.CONNECT, RunOutcome.ERROR),
        (FailureKind.RESET, RunOutcome.ERROR),
        (FailureKind.SILENCE_TIMEOUT, RunOutcome.OUT_OF_TIME),
        (FailureKind.TOTAL_TIMEOUT, RunOutcome.OUT_OF_TIME),
        (FailureKind.TOO_LARGE, RunOutcome.BUDGET),
        (FailureKind.STALE, RunOutcome.BUDGET),
    ],
)
def test_a_failure_of_the_provider_is_an_error_and_a_limit_of_ours_is_none(kind, outcome):
    failed = exchange(answered=False, failure=Failure(kind, "why", after_head=False))
    assert outcome_of(parse_response(failed)) == (outcome, kind.value)


@pytest.mark.parametrize(("body", "score"), [(said("Hi"), 1.0), (said("H", finish_reason="length"), 0.0)])
def test_a_run_has_its_place_its_score_and_its_tokens(body, score):
    request = ChatRequest(body=asked("Hi"), cluster="c")
    parsed = parsed_answer(exchange(body, provider="near", conversation="c"), request.parsed)
    run = measured_row(parsed, RowPlace(block=3, task="f:1", position=9, tries=2), (("answer_kind", 1),))
    assert (run.provider, run.block, run.task, run.position, run.tries) == ("near", 3, "f:1", 9, 2)
    assert (run.score, run.cluster, run.payoffs) == (score, "c", (("answer_kind", 1),))
    assert (run.prompt_tokens, run.completion_tokens) == (9, 3)


def test_an_error_has_no_score_and_no_times():
    parsed = parsed_answer(exchange(*error(500, "oops")[::-1]), ChatRequest(body=asked("Hi")).parsed)
    run = measured_row(parsed, RowPlace(block=0, task="f:1", position=0, tries=4))
    assert (run.score, run.seconds, run.calls, run.failed) == (None, None, (), True)


FIVE_WORDS = read_check({"kind": "words", "equals": 5, "points": 3})
PERIOD = read_check({"kind": "contains", "text": "."})
UNUSABLE = read_check({"kind": "json_schema", "schema": {"type": "no type"}})


def checked_run(body: bytes, *specs, status: int = 200):
    parsed = parsed_answer(exchange(body, status, provider="near"), ChatRequest(body=asked("Hi"), cluster="c").parsed)
    facts = answer_facts(parsed.answer)
    checked = CheckedAnswer(results=tuple(check_answer(spec, facts) for spec in specs)) if facts else None
    return measured_row(parsed, RowPlace(block=0, task="t", position=0, tries=1), (), checked)


@pytest.mark.parametrize(
    ("text", "outcome", "score", "points"),
    [
        ("One two three four five.", RunOutcome.COMPLETE, 1.0, 4.0),
        ("One two three four five", RunOutcome.PARTIAL, 0.75, 3.0),
        ("One two", RunOutcome.PARTIAL, 0.0, 0.0),
    ],
)
def test_the_points_of_own_checks_are_the_score(text: str, outcome: RunOutcome, score: float, points: float):
    run = checked_run(said(text), FIVE_WORDS, PERIOD)
    assert (run.outcome, run.score, run.points, run.of) == (outcome, score, points, 4.0)


def test_a_check_that_cannot_be_made_leaves_the_row_out():
    run = checked_run(said("{}"), UNUSABLE)
    assert (run.outcome, run.score, run.points) == (RunOutcome.WORLD_FAILED, None, None)
    assert run.detail.startswith("a check could not be made: the schema is of no use")


def test_a_failed_answer_is_not_checked():
    run = checked_run(b"{}", FIVE_WORDS, status=500)
    assert (run.outcome, run.score, run.points) == (RunOutcome.ERROR, None, None)


def test_calls_can_be_checked_with_their_arguments():
    spec = read_check({"kind": "tool_arguments", "tool": "f"})
    assert checked_run(said(None, message=CALL, finish_reason="tool_calls"), spec).score == 1.0
    assert checked_run(said("no call"), spec).score == 0.0


def test_a_whole_answer_has_its_times_and_calls_and_what_it_cost():
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "cost": 0.25}
    body = json.dumps({**json.loads(said(None, message=CALL, finish_reason="tool_calls")), "usage": usage}).encode()
    run = measured_row(parsed_answer(exchange(body), ChatRequest(body=asked("Hi")).parsed), PLACE)
    assert (run.calls, run.cost, run.points, run.of) == (("f",), 0.25, None, None)
    assert run.seconds == 0.5
    assert run.first_token is None or run.first_token <= run.seconds


def test_a_streamed_answer_has_the_time_of_its_first_token_unless_it_failed():
    events = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    marks, headers = ChunkTimings([0.25], [len(events)]), (("content-type", "text/event-stream"),)
    request = ChatRequest(body=asked("Hi")).parsed
    whole = exchange(events, headers=headers, marks=marks)
    failed = whole._replace(failure=Failure(FailureKind.RESET, "why", after_head=True))
    assert [measured_row(parsed_answer(each, request), PLACE).first_token for each in (whole, failed)] == [0.25, None]


def test_the_check_that_could_not_be_made_is_named_among_others():
    run = checked_run(said("{}"), FIVE_WORDS, UNUSABLE)
    assert run.detail.startswith("a check could not be made: the schema is of no use")


def test_an_answer_without_usage_has_no_tokens():
    body = {name: member for name, member in json.loads(said("Hi")).items() if name != "usage"}
    run = measured_row(parsed_answer(exchange(json.dumps(body).encode()), ChatRequest(body=asked("Hi")).parsed), PLACE)
    assert (run.prompt_tokens, run.completion_tokens, run.cost, run.score) == (None, None, None, 1.0)


def test_an_answer_that_cannot_be_read_has_nothing_to_check_and_no_tokens():
    parsed = parsed_answer(exchange(b"{"), ChatRequest(body=asked("Hi")).parsed)
    assert answer_facts(parsed.answer) is None
    run = measured_row(parsed, PLACE)
    assert (run.outcome, run.prompt_tokens, run.score) == (RunOutcome.ERROR, None, None)


def test_a_refused_answer_keeps_its_outcome_whatever_its_checks_show():
    run = checked_run(said("", message={"refusal": "No."}), PERIOD)
    assert (run.outcome, run.score, run.points, run.of) == (RunOutcome.REFUSED, 0.0, 0.0, 1.0)


def test_the_first_missed_check_is_the_detail_of_a_partial_answer():
    run = checked_run(said("One two"), FIVE_WORDS, PERIOD)
    assert run.detail == "words equals 5: 2 words; asked for exactly 5"
