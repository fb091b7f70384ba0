"""shadow.privacy.privacy_policy: no credential and, where bodies are hashed, no word gets into a row; comparing works again."""

import json
from dataclasses import asdict

import pytest

from shadow.compare.comparators import compare
from shadow.findings.finding import Finding, FindingState, Signal
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.privacy.privacy_policy import comparable, row_of, shown
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from shadow.records import AnsweredPair, calls, pair_record
from shadow.records import exchange as exchange_of
from tests.conformance import offered
from tests.exchanges import asked, exchange, guard, said
from tests.running import PATIENCE

SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz012345"
CALL = {"id": "call_1", "type": "function", "function": {"name": "send", "arguments": f'{{"key": "{SECRET}", "to": "somebody"}}'}}


def seen(text=f"Use {SECRET}.", **more):
    return parse_exchange(exchange(said(text, message={"tool_calls": [CALL]}), request=asked(f"My key is {SECRET}"), **more))


def stored(bodies="full", live=None):
    live, keeper = live or seen(tag=SECRET), guard(bodies)
    check = Finding(signal=Signal.LOST_SPACE, state=FindingState.DIFFER, reason=SECRET, subject=SECRET)
    outcomes = ["valid"] * len(calls(live.answer))
    return keeper.exchange_record(live, outcomes=outcomes, checks=[check])


@pytest.mark.parametrize("bodies", ["full", "hash", "none"])
def test_no_credential_is_in_any_row(bodies):
    live = seen()
    other = parse_shadow_exchange(exchange(said(f"Another {SECRET}"), id="1" * 32), live)
    triple = AnsweredPair(live=live, reference=other, control=None, reason=ControlReason.NONE)
    found = compare(Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=other.answer))
    exchanges = (stored(bodies, other),)
    record = guard(bodies).pair_record(
        pair_record(triple, comparisons=[found], payoffs=[], exchanges=exchanges, alterations=[SECRET])
    )
    assert any(finding.state == "differ" for finding in record.findings)
    assert SECRET not in repr(asdict(record)) + repr(stored(bodies)._asdict())


def test_full_bodies_stay_but_for_the_credential():
    row = stored().exchange
    assert row.request_body == asked("My key is " + "*" * len(SECRET))
    assert shown(row) == row
    assert comparable(row) == exchange_of(row)


def test_a_pseudonym_holds_no_word_and_is_not_shown_as_a_body():
    row = stored("hash").exchange
    assert b"somebody" not in row.response_body + row.request_body
    assert (shown(row).request_body, shown(row).response_body) == (None, None)


def test_pseudonymised_answers_can_be_compared_again():
    live = parse_exchange(exchange(said("Seven bridges cross the river"), request=asked("How many bridges?")))
    again = parse_shadow_exchange(exchange(said("Seven bridges cross the river", id=2)), live)
    other = parse_shadow_exchange(exchange(said("I cannot say")), live)
    rows = [guard("hash").exchange_record(each, outcomes=[], checks=[]) for each in (live, again, other)]
    first, second, third = (parse_exchange(comparable(record.exchange)) for record in rows)

    def text(one, two):
        found = compare(Pair(kind=PairKind.CROSS, request=one.request, subject=one.answer, reference=two.answer)).findings
        return next(finding.state for finding in found if finding.signal is Signal.TEXT)

    assert text(first, second) is FindingState.MATCH
    assert text(first, third) is FindingState.DIFFER


def test_a_stored_pseudonym_is_read_as_a_body_that_was_not_kept(store):
    offered(store.add_exchange, stored("hash")).result(PATIENCE)
    assert row_of(store, "0" * 32).response_body is None
    assert store.exchange("0" * 32).response_body.startswith(b'{"veiled":true,')
    assert row_of(store, "1" * 32) is None


def test_a_pseudonym_of_another_api_is_read_in_the_words_of_the_normal_form():
    sent = b'{"model": "m", "input": "How many bridges?"}'
    body = {"status": "completed", "model": "m", "output": [{"type": "message", "content": "Seven bridges cross the river"}]}
    made = exchange(json.dumps(body).encode(), request=sent)
    live = parse_exchange(made._replace(request=made.request._replace(target="/v1/responses")))
    row = stored("hash", live).exchange
    assert b"bridges" not in row.request_body + row.response_body
    again = parse_exchange(comparable(row))
    assert (again.request.unread, len(again.request.messages), again.answer.completion.first.finish_reason) == (None, 1, "stop")
