import pytest

from shadow.checks.request_limits import choice_count, max_tokens, stop
from shadow.findings.finding import State
from tests.shadow.compare.made import ask, choice, completion


@pytest.mark.parametrize(
    ("asked", "said", "state", "reason"),
    [
        (ask(), completion(choice("x")), State.NOT_MEASURED, "sets no limit"),
        (ask(max_tokens=20), completion(choice("x")), State.MATCH, ""),
        (ask(max_tokens=17), completion(choice("x")), State.MATCH, ""),
        (ask(max_tokens=16), completion(choice("x")), State.DIFFER, "20 completion tokens of 16 allowed"),
        (ask(max_tokens=16, n=2), completion(choice("x")), State.MATCH, ""),
        (ask(max_tokens=16), completion(choice("x", reasoning="hm")), State.NOT_MEASURED, "not told apart"),
        (ask(max_tokens=16), completion(choice("x"), tokens=None), State.NOT_MEASURED, "reports no completion_tokens"),
        (ask(max_tokens=16), completion(choice("so " * 20), tokens=None), State.DIFFER, "20 words of 16 tokens allowed"),
    ],
)
def test_max_tokens_is_held_to_the_usage_and_to_the_words(asked, said, state, reason):
    found = max_tokens(asked, said)
    assert found.state is state
    assert reason in found.reason


@pytest.mark.parametrize(
    ("body", "text", "state", "reason"),
    [
        ({}, "a", State.NOT_MEASURED, "sets no stop"),
        ({"stop": [5, ""]}, "a", State.NOT_MEASURED, "sets no stop"),
        ({"stop": "b"}, None, State.NOT_MEASURED, "has no text"),
        ({"stop": "b"}, "a", State.MATCH, ""),
        ({"stop": "b"}, "abc", State.DIFFER, "'b' stands at character 1"),
        ({"stop": ["x", "b"]}, "ab", State.DIFFER, "'b' ends the text"),
        ({"stop": "b", "include_stop_str_in_output": True}, "ab", State.MATCH, ""),
        ({"stop": "b", "include_stop_str_in_output": True}, "abc", State.DIFFER, "stands at character 1"),
    ],
)
def test_a_stop_sequence_ends_the_text_and_is_not_in_it(body, text, state, reason):
    found = stop(ask(body=body), completion(choice(text)))
    assert found.state is state
    assert reason in found.reason


def test_as_many_choices_come_as_were_asked_for():
    said = completion(choice("a"))
    assert choice_count(ask(), said).state is State.NOT_MEASURED
    assert choice_count(ask(n=3), said).reason == "1 of 3 choices came"
