import pytest

from shadow.checks.max_tokens_stop_and_n import choice_count, max_tokens, stop
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion


@pytest.mark.parametrize(
    ("asked", "said", "state", "reason"),
    [
        (ask(), completion(choice("x")), FindingState.NOT_MEASURED, "sets no limit"),
        (ask(max_tokens=20), completion(choice("x")), FindingState.MATCH, ""),
        (ask(max_tokens=17), completion(choice("x")), FindingState.MATCH, ""),
        (ask(max_tokens=16), completion(choice("x")), FindingState.DIFFER, "20 completion tokens of 16 allowed"),
        (ask(max_tokens=16, n=2), completion(choice("x")), FindingState.MATCH, ""),
        (ask(max_tokens=16), completion(choice("x", reasoning="hm")), FindingState.NOT_MEASURED, "not counted separately"),
        (ask(max_tokens=16), completion(choice("x"), tokens=None), FindingState.NOT_MEASURED, "reports no completion_tokens"),
        (ask(max_tokens=16), completion(choice("so " * 20), tokens=None), FindingState.DIFFER, "20 words of 16 tokens allowed"),
    ],
)
def test_more_tokens_or_words_than_max_tokens_differ(asked, said, state, reason):
    found = max_tokens(asked, said)
    assert found.state is state
    assert reason in found.reason


@pytest.mark.parametrize(
    ("body", "text", "state", "reason"),
    [
        ({}, "a", FindingState.NOT_MEASURED, "sets no stop"),
        ({"stop": [5, ""]}, "a", FindingState.NOT_MEASURED, "sets no stop"),
        ({"stop": "b"}, None, FindingState.NOT_MEASURED, "has no text"),
        ({"stop": "b"}, "a", FindingState.MATCH, ""),
        ({"stop": "b"}, "abc", FindingState.DIFFER, "'b' stands at character 1"),
        ({"stop": ["x", "b"]}, "ab", FindingState.DIFFER, "'b' ends the text"),
        ({"stop": "b", "include_stop_str_in_output": True}, "ab", FindingState.MATCH, ""),
        ({"stop": "b", "include_stop_str_in_output": True}, "abc", FindingState.DIFFER, "stands at character 1"),
    ],
)
def test_text_that_holds_a_stop_sequence_differs(body, text, state, reason):
    found = stop(ask(body=body), completion(choice(text)))
    assert found.state is state
    assert reason in found.reason


def test_number_of_choices_other_than_n_differs():
    said = completion(choice("a"))
    assert choice_count(ask(), said).state is FindingState.NOT_MEASURED
    assert choice_count(ask(n=3), said).reason == "1 of 3 choices came"


@pytest.mark.parametrize(("words", "state"), [(8, "match"), (9, "differ")])
def test_words_beyond_the_limit_by_more_than_three_differ_whatever_is_counted(words, state):
    assert max_tokens(ask(max_tokens=5), completion(choice("so " * words), tokens=(1, 5))).state == state


@pytest.mark.parametrize(("place", "state"), [(15, "differ"), (16, "match")])
def test_the_first_sixteen_stop_sequences_are_looked_for(place, state):
    sequences = [f"<{number}>" for number in range(20)]
    assert stop(ask(body={"stop": sequences}), completion(choice(f"a {sequences[place]} b"))).state == state
