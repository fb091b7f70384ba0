"""The normal form itself."""

from __future__ import annotations

import pytest

from shadow.reading.completion import Choice, Completion, UnreadReason, Usage

CHOICE = Choice(
    index=0,
    text="a",
    reasoning=None,
    reasoning_field="",
    refusal=None,
    tool_calls=(),
    finish_reason="stop",
    logprobs=None,
    pieces=("a",),
)


def test_the_first_choice_is_the_one_that_is_compared():
    choices = (CHOICE, CHOICE._replace(index=1, text="b", pieces=("b",)))
    said = Completion(id="", model="", fingerprint="", stream=False, choices=choices, usage=None, notes=())
    assert said.first.text == "a"


def test_reasons_can_be_metric_labels():
    assert all(reason.value.replace("_", "").isalpha() and reason.value.islower() for reason in UnreadReason)


def test_calls_that_the_server_ran_are_told_from_their_results_and_from_media():
    other = ("server_tool_use", "web_search_tool_result", "audio", "web_search_call", "citation")
    assert CHOICE._replace(other=other).served == ("server_tool_use", "web_search_call")
    assert CHOICE._replace(other=("audio",)).served == ()


@pytest.mark.parametrize(
    ("finish", "filtered", "withheld"),
    [
        ("stop", (), False),
        ("content_filter", (), True),
        ("SAFETY", (), True),
        ("stop", ("hate (high)",), True),
        (None, (), False),
    ],
)
def test_an_answer_is_withheld_where_a_filter_is_named_or_ended_it(finish, filtered, withheld):
    assert CHOICE._replace(finish_reason=finish, filtered=filtered).withheld is withheld


@pytest.mark.parametrize(
    ("finish", "ended"),
    [("stop", "stop"), ("END_TURN", "stop"), ("max_tokens", "length"), ("tool_use", "tool_calls"), ("odd", "odd"), (None, None)],
)
def test_a_finish_reason_of_another_dialect_is_given_in_the_words_of_chat_completions(finish, ended):
    assert CHOICE._replace(finish_reason=finish).ended == ended


def test_reasoning_is_no_part_of_the_completion_tokens_unless_the_api_defines_it_so():
    counts = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens", "reasoning_tokens", "cached_tokens"))
    assert Usage(**counts).reasoning_inside is False
