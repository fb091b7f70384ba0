from dataclasses import replace

import pytest

from proxy.exchange import FailureKind
from shadow.compare.comparators import BOTH_WHOLE, COMPARATORS, FOR_ANY_PAIR, compare
from shadow.findings.finding import FAILURES, FindingState, Signal
from shadow.findings.pair import PairKind
from shadow.reading.completion import UnreadReason
from tests.shadow.compare.made import answer, ask, call, choice, completion, failed, pair, unread

PAIRS = [
    pair("a", "b"),
    pair(choice(calls=(call(),)), choice(calls=(call("x", "{"),))),
    pair(choice(None, finish=None), choice("b", finish="length")),
    pair(answer(completion(choice("a"), tokens=None)), answer("b", stream=False)),
    pair("a", "b", ask(tools=())),
    pair("a", "b", ask(seed=7), PairKind.SELF),
    pair("a", "b", ask(api="embeddings")),
    pair("a", failed()),
    pair(unread(UnreadReason.TRUNCATED), failed(429)),
]


@pytest.mark.parametrize("made", PAIRS)
def test_every_signal_gives_one_finding_and_only_a_match_has_no_reason(made):
    found = compare(made).findings
    assert [finding.signal for finding in found] == [signal for signal, _ in (*FOR_ANY_PAIR, *COMPARATORS)]
    for finding in found:
        assert (finding.state is FindingState.MATCH) == (finding.reason == "")
        assert finding.score is None or 0 <= finding.score <= 1
        assert max(len(finding.subject), len(finding.reference)) <= 200


def test_failed_side_is_measured_by_its_failure_alone():
    comparison = compare(pair("a", failed()))
    assert comparison.comparable
    first, *rest = comparison.findings
    assert (first.signal, first.state) == (Signal.ERROR, FindingState.DIFFER)
    assert (rest[0].signal, rest[0].state) == (Signal.ERROR_CLASS, FindingState.DIFFER)
    rest = rest[len(FOR_ANY_PAIR) - 1 :]
    assert {(finding.state, finding.reason) for finding in rest} == {(FindingState.NOT_COMPARABLE, comparison.comparable)}


def test_an_answer_equals_itself_in_every_signal_that_is_measured():
    for said in (choice("hello world"), choice(calls=(call(), call("x", "{"))), choice(refusal="no")):
        found = compare(pair(said, said)).findings
        assert {finding.state for finding in found} <= {FindingState.MATCH, FindingState.NOT_MEASURED}


def test_what_is_only_of_the_wire_never_counts():
    made = choice(calls=(call(arguments='{"city": "Paris", "days": 2}'),))
    other = replace(call(arguments='{"days":2.0,"city":"Paris"}'), id="another", deltas=9)
    plain = answer(completion(made._replace(tool_calls=(other,), pieces=("x",)), name="id-2"))
    assert all(finding.state is not FindingState.DIFFER for finding in compare(pair(answer(made), plain)).findings)


def test_the_kind_is_carried_over():
    assert compare(pair("a", "b", kind=PairKind.SELF)).kind is PairKind.SELF


def test_two_whole_answers_are_not_checked_for_failure():
    assert tuple(judge(pair("a", choice(calls=(call(),)))) for _, judge in FOR_ANY_PAIR) == BOTH_WHOLE
    assert compare(pair("a", "b")).findings[: len(FOR_ANY_PAIR)] == BOTH_WHOLE


WEATHER = choice("It is sunny in Paris today, and it will be so tomorrow.")
CALLS = choice(calls=(call(),))
TEXT_CUT = choice("It is sunny in", finish="length")
CALL_CUT = choice(calls=(call(arguments='{"ci'),), finish="length")
NOTHING_CUT = choice(None, finish="length")
TIMES = {
    *(Signal.FIRST_CHUNK, Signal.FIRST_TOKEN, Signal.INTER_CHUNK, Signal.STALLS, Signal.TOTAL, Signal.RATE),
    *(Signal.PROMPT_TOKENS, Signal.TEMPLATE_INPUT),
}
"""What the wire and the count of the prompt tell, wherever the answer ends."""
ACTS = {Signal.ANSWER_KIND, Signal.FINISH_TRIGGER, Signal.TRUNCATION, Signal.REFUSAL, Signal.REFUSAL_WORDS}
"""What an answer did until it was cut is what it did."""
WORDS = {Signal.TEXT, Signal.FIRST_DIVERGENCE}
MEASURED = {
    "a text cut by length": (TEXT_CUT, WEATHER, TIMES | ACTS | WORDS),
    "two texts cut by length": (TEXT_CUT, TEXT_CUT, TIMES | ACTS | WORDS),
    "a call cut by length": (
        CALL_CUT,
        CALLS,
        TIMES | ACTS | {Signal.CALLS_TOOL, Signal.TOOLS, Signal.CALL_KEPT, Signal.ASK_BACK},
    ),
    "a text cut by length before a call": (TEXT_CUT, CALLS, TIMES | ACTS | {Signal.ASK_BACK}),
    "an answer cut by length before any word": (NOTHING_CUT, WEATHER, TIMES | ACTS | {Signal.TEXT}),
    "two answers without a word": (
        choice(None),
        choice(None),
        TIMES | ACTS | {Signal.CALLS_TOOL, Signal.FINISH, Signal.COMPLETION_TOKENS},
    ),
}


def test_signals_that_take_a_failed_response_are_the_signals_of_failure():
    assert {signal for signal, _ in FOR_ANY_PAIR} == FAILURES


@pytest.mark.parametrize(("one", "other", "measured"), MEASURED.values(), ids=MEASURED)
def test_cut_answer_gives_match_or_differ_only_for_measurable_signals(one, other, measured):
    for made in (pair(one, other), pair(other, one)):
        said = {finding.signal: finding.state for finding in compare(made).findings[len(FOR_ANY_PAIR) :]}
        spoke = {signal for signal, state in said.items() if state in {FindingState.MATCH, FindingState.DIFFER}}
        assert spoke - {Signal.CALL_KEPT} == measured - {Signal.CALL_KEPT}
        assert spoke <= measured


@pytest.mark.parametrize("why", [UnreadReason.BROKEN, UnreadReason.TRUNCATED, UnreadReason.EMPTY, UnreadReason.NO_RESPONSE])
@pytest.mark.parametrize("signal", [signal for signal, _ in COMPARATORS])
def test_no_signal_compares_an_answer_whose_connection_was_cut_or_whose_body_is_empty(signal, why):
    gone = unread(why, failure=FailureKind.RESET if why is UnreadReason.BROKEN else None)
    for made in (pair(gone, "a"), pair("a", gone), pair(gone, gone)):
        [found] = [finding for finding in compare(made).findings if finding.signal is signal]
        assert (found.state, bool(found.reason)) == (FindingState.NOT_COMPARABLE, True)
