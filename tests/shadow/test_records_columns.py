"""What each column of a row holds of an exchange: cut texts, counts that fit, checks by their outcome, why it was not read."""

import json

import pytest

from proxy.exchange import Failure, FailureKind
from shadow.findings.finding import Finding, FindingState, Signal
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange, exchange_record, storable
from tests.exchanges import asked, said
from tests.exchanges import exchange as made


def row(body=None, *, outcomes=(), checks=(), **more):
    return record(body, outcomes=outcomes, checks=checks, **more).exchange


def record(body=None, *, outcomes=(), checks=(), **more):
    seen = parse_exchange(made(said() if body is None else body, request=more.pop("request", asked()), **more))
    return exchange_record(seen, outcomes=outcomes, checks=checks)


def counted(**usage):
    return json.dumps(json.loads(said()) | {"usage": usage}).encode()


@pytest.mark.parametrize(
    ("state", "score", "passed", "kept"),
    [
        (FindingState.MATCH, 1.0, True, False),
        (FindingState.MATCH, 0.9, False, True),
        (FindingState.MATCH, None, False, True),
        (FindingState.DIFFER, 1.0, False, True),
        (FindingState.DIFFER, 0.0, False, True),
        (FindingState.NOT_MEASURED, None, False, False),
        (FindingState.NOT_COMPARABLE, None, False, True),
    ],
)
def test_check_that_matches_wholly_is_kept_by_name_and_every_other_measured_one_as_a_row(state, score, passed, kept):
    found = record(checks=[Finding(signal=Signal.LOST_SPACE, state=state, score=score, reason="r")])
    assert found.passed == ((Signal.LOST_SPACE.value,) if passed else ())
    assert [(each.signal, each.state) for each in found.findings] == ([(Signal.LOST_SPACE.value, state.value)] if kept else [])


@pytest.mark.parametrize(("length", "kept"), [(200, 200), (201, 200)])
def test_texts_are_cut_to_200_characters(length, kept):
    assert storable("m" * length) == "m" * kept
    assert storable("ü" * length) == "ü" * kept
    assert storable("a\ud800") == "a?"


@pytest.mark.parametrize(("length", "kept"), [(2_000, 2_000), (2_001, 2_000)])
def test_targets_and_values_of_headers_are_cut_to_2000_characters(length, kept):
    found = row(target="/v1/chat/completions?" + "q" * (length - 21), headers=(("server", "s" * length),))
    assert len(found.target) == kept
    assert json.loads(found.response_headers) == [["server", "s" * kept]]


@pytest.mark.parametrize(("count", "kept"), [(64, 64), (65, 64)])
def test_64_headers_are_kept(count, kept):
    assert len(json.loads(row(headers=tuple((f"h{place}", "v") for place in range(count))).response_headers)) == kept


@pytest.mark.parametrize(("length", "kept"), [(1_000_000, 1_000_000), (1_000_001, 1_000_000)])
def test_arguments_of_a_call_are_cut_to_a_million_characters(length, kept):
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "a b" + " " * (length - 3)}}
    [stored] = record(said("", message={"tool_calls": [call]}), outcomes=["invalid_json"]).tool_calls
    assert (len(stored.arguments), stored.position, stored.call_id, stored.outcome) == (kept, 0, "c", "invalid_json")


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (2**63 - 1, 2**63 - 1), (2**63, None), (-1, None)])
def test_count_is_stored_where_it_fits_a_column(count, kept):
    seen = parse_exchange(made(said(), request=asked()))
    completion = seen.answer.completion
    usage = completion.usage._replace(prompt_tokens=count)
    answer = seen.answer._replace(completion=completion._replace(usage=usage))
    assert exchange_record(seen._replace(answer=answer), outcomes=(), checks=()).exchange.prompt_tokens == kept


def test_classes_of_tokens_are_stored_where_they_are_known():
    known = row(counted(prompt_tokens=9, completion_tokens=3, total_tokens=12, prompt_tokens_details={"cached_tokens": 4}))
    assert (known.prompt_tokens, known.cached_tokens, known.fresh_tokens, known.output_tokens) == (9, 4, 5, 3)
    assert known.usage_state != ""
    without = row(json.dumps({**json.loads(said()), "usage": None}).encode())
    assert (without.fresh_tokens, without.output_tokens, without.prompt_tokens) == (None, None, None)


@pytest.mark.parametrize(("finish", "kept"), [("stop", "stop"), (None, "")])
def test_end_of_an_answer_is_stored_and_nothing_where_it_states_none(finish, kept):
    assert row(said(finish_reason=finish)).finish_reason == kept


def test_exchange_without_a_response_has_empty_columns_and_comes_back_without_one():
    gone = Failure(kind=FailureKind.CONNECT, detail="no route", after_head=False)
    found = row(answered=False, failure=gone)
    assert (found.status, found.response_body, found.response_size, found.marks) == (None, None, 0, b"")
    assert (found.echoed_model, found.usage_state, found.failure, found.failure_detail) == ("", "", "connect", "no route")
    back = exchange(found)
    assert (back.response, back.failure) == (None, gone)


def test_response_comes_back_with_its_size_and_the_time_of_its_head():
    found = row()
    assert (found.response_size, exchange(found).response.size) == (len(said()), len(said()))
    assert exchange(found._replace(head_seconds=0.125)).response.head_seconds == 0.125
    assert exchange(found._replace(head_seconds=None)).response.head_seconds == 0.0


def test_exchange_whose_bodies_were_not_held_is_stored_and_comes_back_as_such():
    found = row(unheld=True)
    assert found.unread == "not_held"
    assert exchange(found).unheld
    assert (row().unread, exchange(row()).unheld) == ("", False)


def test_answer_and_request_that_cannot_be_read_have_their_reason():
    assert row(b"<html>").unread == "not_json"
    cut = made(said(), request=asked()[:20])
    seen = parse_exchange(cut._replace(request=cut.request._replace(size=500)))
    assert exchange_record(seen, outcomes=(), checks=()).exchange.unread == "request_truncated"
    assert row(request=b"no json").unread == ""
