from dataclasses import replace

import pytest

from shadow.compare.compare import BOTH_WHOLE, COMPARATORS, UNGATED, compare
from shadow.compare.finding import Aspect, State
from shadow.compare.pair import Kind
from shadow.reading.completion import Why
from tests.shadow.compare.made import answer, call, choice, completion, failed, pair, unread

PAIRS = [
    pair("a", "b"),
    pair(choice(calls=(call(),)), choice(calls=(call("x", "{"),))),
    pair(choice(None, finish=None), choice("b", finish="length")),
    pair(answer(completion(choice("a"), tokens=None)), answer("b", stream=False)),
    pair("a", failed()),
    pair(unread(Why.TRUNCATED), failed(429)),
]


@pytest.mark.parametrize("made", PAIRS)
def test_every_signal_speaks_once_and_nothing_but_a_match_goes_without_a_reason(made):
    found = compare(made).findings
    assert [finding.aspect for finding in found] == [aspect for aspect, _ in (*UNGATED, *COMPARATORS)]
    for finding in found:
        assert (finding.state is State.MATCH) == (finding.reason == "")
        assert finding.score is None or 0 <= finding.score <= 1
        assert max(len(finding.subject), len(finding.reference)) <= 200


def test_where_a_leg_failed_only_its_failure_is_measured():
    comparison = compare(pair("a", failed()))
    assert comparison.comparable
    first, *rest = comparison.findings
    assert (first.aspect, first.state) == (Aspect.ERROR, State.DIFFER)
    assert (rest[0].aspect, rest[0].state) == (Aspect.ERROR_CLASS, State.DIFFER)
    rest = rest[len(UNGATED) - 1 :]
    assert {(finding.state, finding.reason) for finding in rest} == {(State.NOT_COMPARABLE, comparison.comparable)}


def test_an_answer_equals_itself_in_every_signal_that_is_measured():
    for said in (choice("hello world"), choice(calls=(call(), call("x", "{"))), choice(refusal="no")):
        found = compare(pair(said, said)).findings
        assert {finding.state for finding in found} <= {State.MATCH, State.NOT_MEASURED}


def test_what_is_only_of_the_wire_never_counts():
    made = choice(calls=(call(arguments='{"city": "Paris", "days": 2}'),))
    other = replace(call(arguments='{"days":2.0,"city":"Paris"}'), id="another", deltas=9)
    plain = answer(completion(replace(made, tool_calls=(other,), pieces=("x",)), name="id-2"))
    assert all(finding.state is not State.DIFFER for finding in compare(pair(answer(made), plain)).findings)


def test_the_kind_is_carried_over():
    assert compare(pair("a", "b", kind=Kind.SELF)).kind is Kind.SELF


def test_two_whole_answers_are_not_asked_whether_they_failed():
    assert tuple(judge(pair("a", choice(calls=(call(),)))) for _, judge in UNGATED) == BOTH_WHOLE
    assert compare(pair("a", "b")).findings[: len(UNGATED)] == BOTH_WHOLE
