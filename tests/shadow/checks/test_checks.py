"""All checks together, on bytes as servers send them: each fault is named by its own check and by no other."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.corpus import cases
from bench.faulty import FAULTS, RIGHT, committed, signals
from bench.onwire import MODEL, answered, exchange, faults, spoken, understood
from shadow.checks.registry import CHECKS, EXCHANGE_CHECKS, check
from shadow.findings.finding import FindingState
from shadow.reading.parsed_request import parse_request
from shadow.reading.parsed_response import parse_response


def _named(fault):
    return f"{fault.signal.value}: {fault.name}".encode("ascii", "backslashreplace").decode()


@pytest.mark.parametrize("fault", FAULTS, ids=_named)
def test_a_server_with_one_fault_is_named_by_that_check_alone_on_its_first_answer(fault):
    for body, answer in committed(fault):
        found = faults(body, answer, status=fault.status)
        assert {finding.signal for finding in found} == {fault.signal, *fault.also}, [finding.reason for finding in found]
        assert found[0].reason


@pytest.mark.parametrize("right", RIGHT, ids=_named)
def test_the_same_feature_used_rightly_is_looked_at_and_found_fine(right):
    for body, answer in committed(right):
        found = {finding.signal: finding for finding in check(*understood(body, answer))}
        assert found[right.signal].state is FindingState.MATCH, found[right.signal].reason
        assert not [finding.reason for finding in found.values() if finding.state is FindingState.DIFFER]


def test_every_check_has_a_fault_that_shows_it():
    assert set(signals(FAULTS)) == {signal for signal, _ in (*CHECKS, *EXCHANGE_CHECKS)}


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_faithful_answers_of_every_kind_raise_nothing(stream):
    for case in cases(240, seed=11):
        body = {"model": MODEL, "messages": [{"role": "user", "content": case.asked}]}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        found = faults(body, answered(body, [spoken(case.pieces)]))
        assert not found, (case.kind, found)


@pytest.mark.parametrize("stream", [True, False])
def test_faithful_answers_cut_by_length_at_any_character_raise_nothing(stream):
    for number, case in enumerate(cases(120, seed=13)):
        draw = random.Random(number)
        last = draw.randrange(len(case.pieces))
        half = case.pieces[last][: draw.randrange(len(case.pieces[last])) + 1]
        body = {"model": MODEL, "messages": [{"role": "user", "content": case.asked}], "stream": stream}
        found = faults(body, answered(body, [spoken([*case.pieces[:last], half], finish="length")]))
        assert not found, (case.kind, found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50) | st.floats() | st.text(max_size=12) | st.sampled_from(["none", "required"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "tools",
        "tool_choice",
        "response_format",
        "stop",
        "n",
        "logprobs",
        "top_logprobs",
        "max_tokens",
        "stream_options",
        "thinking",
        "reasoning",
    ]
)


@given(st.dictionaries(KEYS, JSON), st.binary(max_size=300), st.sampled_from([200, 400]))
def test_no_request_and_no_bytes_make_a_check_raise(more, answer, status):
    body = {"model": "m", "messages": [], "stream": True, **more}
    for given_bytes in (answer, b"data: " + answer + b"\n\n"):
        made = exchange(body, given_bytes, status=status)
        assert check(parse_request(made.request.target, (), made.request.body, truncated=False), parse_response(made))


@pytest.mark.slow
@given(JSON, st.dictionaries(KEYS, JSON), st.booleans())
def test_no_message_makes_a_check_raise(message, more, stream):
    def changed(objects):
        for one in objects:
            for choice in one.get("choices", ()):
                choice["delta" if stream else "message"] = {"content": "a", "tool_calls": message, "reasoning": message}
        return objects

    body = {"model": "m", "messages": [{"role": "user", "content": "a"}], "stream": stream}
    assert check(*understood({**body, **more}, answered(body, [spoken()], changed)))
