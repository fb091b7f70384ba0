import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import FailureKind
from shadow.checks.registry import CHECKS, EXCHANGE_CHECKS, check
from shadow.findings.api_coverage import not_applicable_reason
from shadow.findings.finding import FindingState, Signal
from shadow.findings.finding_builders import not_measured
from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.parsed_request import parse_request
from shadow.reading.parsed_response import parse_response
from tests.shadow.compare.made import answer, ask, call, choice, failed, unread
from tests.shadow.reading.test_parsed_response import WIRE, expectation, golden_exchange


@pytest.mark.parametrize(
    "response",
    [
        answer("hello"),
        answer(choice(calls=(call("x", "{"),))),
        failed(),
        failed(in_stream=True),
        unread(UnreadReason.BROKEN),
        answer(choice(None)),
    ],
)
def test_every_check_gives_one_finding_with_its_reason(response):
    found = check(ask(), response)
    assert [finding.signal for finding in found] == [signal for signal, _ in (*CHECKS, *EXCHANGE_CHECKS)]
    assert all((finding.state is FindingState.MATCH) == (finding.reason == "") for finding in found)


def test_an_answer_that_broke_fails_one_check_and_leaves_the_others():
    found = {finding.signal: finding.state for finding in check(ask(), unread(UnreadReason.BROKEN))}
    assert found.pop(Signal.BROKEN_STREAM) is FindingState.DIFFER
    assert set(found.values()) == {FindingState.NOT_MEASURED}


def test_a_request_that_could_not_be_read_leaves_its_answer_unchecked():
    asked = ask(unread=Unread(why=UnreadReason.NOT_JSON, detail="no JSON at byte 0"))
    found = check(asked, answer("hello"))
    assert found[0].reason == "the request could not be read: no JSON at byte 0"


def test_name_sent_to_the_provider_is_the_one_that_counts():
    said = answer("hello")
    for asked, sent_as, state in (
        ("m", "", FindingState.MATCH),
        ("n", "", FindingState.NOT_MEASURED),
        ("n", "m", FindingState.MATCH),
    ):
        found = check(ask(model=asked), said, sent_as=sent_as)
        assert next(finding.state for finding in found if finding.signal is Signal.ECHOED_MODEL) is state


def test_deployment_that_a_path_names_is_the_requested_model():
    said = answer("hello")
    request = said.exchange.request._replace(target="/openai/deployments/harbour/chat/completions?api-version=1")
    said = said._replace(exchange=said.exchange._replace(request=request))
    found = next(finding for finding in check(ask(model="gpt-4o"), said) if finding.signal is Signal.ECHOED_MODEL)
    assert found.reason == "'harbour' is a name of the provider's own, and 'm' answers: only a change of it would be a fault"
    known = check(ask(model="gpt-4o"), said, known_as=("gpt-4o-mini",))
    assert next(finding for finding in known if finding.signal is Signal.ECHOED_MODEL).state is FindingState.DIFFER


def test_each_check_gives_the_finding_of_its_own_entry_and_no_signal_stands_twice():
    entries = [signal for signal, _ in (*CHECKS, *EXCHANGE_CHECKS)]
    assert len(set(entries)) == len(entries)
    assert {judge.__name__ for _, judge in CHECKS} == {signal.value for signal, _ in CHECKS}


TOOLS = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in ("get_tide", "get_wind")]
RESPONSE = {"input": "When does the tide turn?", "tools": [*TOOLS, {"type": "custom", "name": "apply_patch"}]}
CITY = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
MESSAGE = {
    "max_tokens": 4_096,
    "messages": [{"role": "user", "content": "When does the tide turn?"}],
    "tools": [{"name": "get_weather", "input_schema": CITY}, {"type": "custom", "name": "get_time", "input_schema": {}}],
}
EMBEDDED = {"input": ["When does", "the tide turn?"]}
SPEAKING = {
    **dict.fromkeys(
        ("responses_text.sse", "responses_calls.sse", "responses_vllm_reasoning.sse", "responses_whole.json"), RESPONSE
    ),
    **dict.fromkeys(
        ("responses_cut.sse", "responses_custom_call.sse", "responses_refusal.json", "responses_end_alone.sse"), RESPONSE
    ),
    "responses_server_tool.json": {**RESPONSE, "tools": [{"type": "web_search"}]},
    "completions_text.sse": {"prompt": "Once", "stream_options": {"include_usage": True}},
    "completions_whole.json": {"prompt": "Once", "n": 2, "logprobs": 2},
    **dict.fromkeys(("messages_text.sse", "messages_thinking_and_tools.sse", "messages_whole.json"), MESSAGE),
    **dict.fromkeys(("messages_stop_sequence.json", "messages_search_blocks.json"), MESSAGE),
    **dict.fromkeys(("messages_refusal.sse", "messages_input_at_once.sse"), MESSAGE),
    **dict.fromkeys(("embeddings_numbers.json", "embeddings_base64.json"), EMBEDDED),
}
"""Answers of other APIs with nothing wrong in them, and what each may answer."""


def found_in(name, **more):
    expected = expectation(WIRE / name)
    sent = {"model": expected["said"].get("model"), "stream": expected["stream"], **SPEAKING.get(name, RESPONSE), **more}
    asked = parse_request(expected["target"], (), json.dumps(sent).encode(), False)
    body = (WIRE / name).read_bytes()
    return {each.signal: each for each in check(asked, parse_response(golden_exchange(WIRE / name, body, [len(body)])))}


@pytest.mark.parametrize("name", SPEAKING)
def test_a_clean_answer_of_another_api_gives_no_finding(name):
    found = found_in(name)
    assert {each.signal: each.reason for each in found.values() if each.state is FindingState.DIFFER} == {}
    assert found[Signal.USAGE].state is FindingState.MATCH


@pytest.mark.parametrize(
    ("name", "asked", "signal"),
    [
        ("responses_calls.sse", {"tools": TOOLS[:1]}, Signal.VALID_CALLS),
        ("responses_calls.sse", {"tool_choice": "none"}, Signal.TOOL_CHOICE),
        ("responses_calls.sse", {"parallel_tool_calls": False}, Signal.PARALLEL_CALLS),
        ("responses_text.sse", {"tool_choice": {"type": "function", "name": "get_tide"}}, Signal.TOOL_CHOICE),
        ("responses_text.sse", {"text": {"format": {"type": "json_object"}}}, Signal.RESPONSE_FORMAT),
        ("responses_text.sse", {"max_output_tokens": 3}, Signal.MAX_TOKENS),
        ("responses_cut.sse", {"max_output_tokens": 500}, Signal.FINISH_CONTRADICTION),
        ("responses_text.sse", {"include": ["message.output_text.logprobs"]}, Signal.LOGPROBS),
        ("responses_text.sse", {"stream": False}, Signal.STREAM_IGNORED),
        ("responses_text.sse", {"model": "gpt-5.6-mini"}, Signal.ECHOED_MODEL),
        ("responses_vllm_reasoning.sse", {"reasoning": {"effort": "none"}}, Signal.REASONING_FORM),
        ("responses_end_differs.sse", {}, Signal.STREAM_STRUCTURE),
        ("responses_without_end.sse", {}, Signal.BROKEN_STREAM),
        ("responses_failed.sse", {}, Signal.BROKEN_STREAM),
        ("completions_whole.json", {"n": 3}, Signal.CHOICE_COUNT),
        ("completions_whole.json", {"logprobs": 5}, Signal.TOP_LOGPROBS),
        ("completions_text.sse", {"stop": ["tide"]}, Signal.STOP),
        ("completions_text.sse", {"max_tokens": 1}, Signal.MAX_TOKENS),
        ("messages_whole.json", {**MESSAGE, "tools": MESSAGE["tools"][1:]}, Signal.VALID_CALLS),
        ("messages_text.sse", {**MESSAGE, "tool_choice": {"type": "any"}}, Signal.TOOL_CHOICE),
        ("messages_text.sse", {**MESSAGE, "tool_choice": {"type": "tool", "name": "get_time"}}, Signal.TOOL_CHOICE),
        (
            "messages_thinking_and_tools.sse",
            {**MESSAGE, "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
            Signal.PARALLEL_CALLS,
        ),
        ("messages_text.sse", {**MESSAGE, "max_tokens": 3}, Signal.MAX_TOKENS),
        ("messages_text.sse", {**MESSAGE, "stop_sequences": ["raining"]}, Signal.STOP),
        (
            "messages_text.sse",
            {**MESSAGE, "output_config": {"format": {"type": "json_schema", "schema": {}}}},
            Signal.RESPONSE_FORMAT,
        ),
        ("messages_text.sse", {**MESSAGE, "model": "claude-haiku-4-5"}, Signal.ECHOED_MODEL),
        ("messages_whole.json", {**MESSAGE, "thinking": {"type": "disabled"}}, Signal.REASONING_FORM),
        ("messages_ended_early.sse", MESSAGE, Signal.BROKEN_STREAM),
        ("messages_error_mid_stream.sse", MESSAGE, Signal.BROKEN_STREAM),
        ("messages_error.json", MESSAGE, Signal.CONTEXT_LIMIT),
        ("embeddings_strange_indices.json", {"input": "tide"}, Signal.USAGE),
        ("embeddings_numbers.json", {"input": "tide", "model": "text-embedding-3-large"}, Signal.ECHOED_MODEL),
    ],
)
def test_a_fault_in_another_api_is_named_by_its_check(name, asked, signal):
    assert {each.signal for each in found_in(name, **asked).values() if each.state is FindingState.DIFFER} == {signal}


def test_a_text_completion_may_hold_what_a_chat_may_not():
    found = found_in("completions_whole.json")
    states = {found[signal].state for signal in (Signal.TEMPLATE_LEAK, Signal.REASONING_FORM, Signal.EMPTY_ANSWER)}
    assert states == {FindingState.NOT_MEASURED}


def test_an_imitation_of_messages_is_named_by_its_words_and_its_form():
    found = found_in("messages_without_names.sse", **MESSAGE)
    faulty = {each.signal: each.reason for each in found.values() if each.state is FindingState.DIFFER}
    assert set(faulty) == {Signal.FINISH_VOCABULARY, Signal.STREAM_STRUCTURE}
    assert faulty[Signal.FINISH_VOCABULARY] == "the stop_reason is no word of this API: stop"


WHOLE_REQUEST = ask(
    body={
        "response_format": {"type": "json_object"},
        "stop": ["x"],
        "parallel_tool_calls": False,
        "temperature": 0,
        "stream_options": {"include_usage": True},
    },
    tool_choice="required",
)
"""A request that most checks have something to look for in."""
OF_THE_WIRE = {
    *(Signal.FINISH_CONTRADICTION, Signal.FINISH_VOCABULARY, Signal.STREAM_IGNORED, Signal.USAGE, Signal.STREAM_STRUCTURE),
    *(Signal.ECHOED_MODEL, Signal.SERVING_CHANGE, Signal.BROKEN_STREAM),
}
"""What is there to be looked at in any answer that came to its end, whatever it says."""
OF_WORDS = {
    *(Signal.EMPTY_ANSWER, Signal.STOP, Signal.TEMPLATE_LEAK, Signal.CALL_IN_TEXT),
    *(Signal.FOREIGN_SCRIPT, Signal.BROKEN_CHARACTERS),
}
CUT_BY_LENGTH = {
    "in its text": (choice("It is sunny", finish="length"), OF_THE_WIRE | OF_WORDS),
    "in its call": (
        choice(calls=(call(arguments='{"ci'),), finish="length"),
        OF_THE_WIRE | {Signal.EMPTY_ANSWER, Signal.TOOL_CHOICE, Signal.CALL_ID},
    ),
    "before any word": (choice(None, finish="length"), OF_THE_WIRE),
}


@pytest.mark.parametrize(("said", "looked_at"), CUT_BY_LENGTH.values(), ids=CUT_BY_LENGTH)
def test_of_an_answer_cut_by_length_a_check_matches_only_what_came_and_none_fails(said, looked_at):
    found = {finding.signal: finding.state for finding in check(WHOLE_REQUEST, answer(said))}
    assert {signal for signal, state in found.items() if state is FindingState.MATCH} == looked_at
    assert FindingState.DIFFER not in found.values()


@pytest.mark.parametrize("why", [UnreadReason.BROKEN, UnreadReason.EMPTY])
@pytest.mark.parametrize("signal", [signal for signal, _ in (*CHECKS, *EXCHANGE_CHECKS)])
def test_no_check_matches_an_answer_whose_connection_was_cut_or_whose_body_is_empty(signal, why):
    gone = unread(why, failure=FailureKind.RESET if why is UnreadReason.BROKEN else None)
    [found] = [finding for finding in check(WHOLE_REQUEST, gone) if finding.signal is signal]
    assert found.state is (FindingState.DIFFER if signal is Signal.BROKEN_STREAM else FindingState.NOT_MEASURED)
    assert found.reason


SET = {
    "stop": ["tide"],
    "logprobs": True,
    "top_logprobs": 2,
    "response_format": {"type": "json_object"},
    "parallel_tool_calls": False,
    "max_tokens": 1,
    "metadata": {},
}
"""Members of a request, each of which some check reads, but for the last."""


@given(st.sets(st.sampled_from([*SET])), st.booleans(), st.sampled_from([(), (call(),), (call(), call(index=1))]))
def test_what_is_known_before_a_check_runs_is_what_it_finds(members, stream, calls):
    asked = ask(body={member: SET[member] for member in members})
    said = answer(choice("The tide turns at noon.", calls), stream=stream)
    found = check(asked, said)
    assert [*found[: len(CHECKS)]] == [
        not_measured(signal, unfit) if (unfit := not_applicable_reason(signal, asked.api)) else judge(asked, said.completion)
        for signal, judge in CHECKS
    ]


def test_finding_that_is_known_before_its_check_has_the_reason_of_the_check():
    found = {each.signal: each.reason for each in check(ask(), answer("hello", stream=False))}
    assert found[Signal.STREAM_STRUCTURE] == "not a stream"
    assert found[Signal.SERVING_CHANGE] == "a whole answer names its server once"
    assert found[Signal.LUMPY_CALLS] == "not a stream with a tool call"
    assert found[Signal.LOST_SPACE] == "not a stream of several pieces of text"
    assert found[Signal.VALID_CALLS] == found[Signal.CALL_ID] == "the answer calls no tool"
    assert found[Signal.STOP] == "the request sets no stop sequence"
    assert found[Signal.PARALLEL_CALLS] == "the request does not forbid parallel calls"


def test_answer_that_failed_states_it_in_each_check_of_a_whole_one():
    found = check(ask(), failed())
    assert {each.reason for each in found[: len(CHECKS)]} == {"there is no whole answer: error 500 server_error: out of luck"}
    aliased = check(ask(model="prod-chat"), failed(), known_as=("gpt-4o",))
    assert aliased[: len(CHECKS)] == found[: len(CHECKS)]


def test_names_that_answered_before_change_the_finding_on_the_model_alone():
    said = answer("hello")
    plain, known = check(ask(model="prod-chat"), said), check(ask(model="prod-chat"), said, known_as=("m",))
    assert [one.signal for one, other in zip(plain, known, strict=True) if one != other] == [Signal.ECHOED_MODEL]
    assert next(each for each in known if each.signal is Signal.ECHOED_MODEL).state is FindingState.MATCH


def test_deployment_of_a_path_comes_before_the_name_that_was_sent():
    said = answer("hello", target="/openai/deployments/m/chat/completions")
    found = next(each for each in check(ask(model="n"), said, sent_as="other") if each.signal is Signal.ECHOED_MODEL)
    assert (found.state, found.reference) == (FindingState.MATCH, "m")
