import pytest

from shadow.checks.max_tokens_stop_and_n import choice_count, max_tokens, stop
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion, parts


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


@pytest.mark.parametrize(
    ("asked", "said", "expected"),
    [
        (ask(max_tokens=16), completion(choice("x")), ("differ", 0.0, "20", "16", "20 completion tokens of 16 allowed")),
        (ask(max_tokens=16, n=2), completion(choice("x")), ("match", 1.0, "20", "32", "")),
        (ask(max_tokens=8, n=2), completion(choice("x")), ("differ", 0.0, "20", "16", "20 completion tokens of 16 allowed")),
        (
            *(ask(max_tokens=5), completion(choice("so " * 9))),
            ("differ", 0.0, "9 words", "5", "9 words of 5 tokens allowed"),
        ),
        (ask(max_tokens=0), completion(choice("x")), ("not_measured", None, "", "", "the request sets no limit")),
        (ask(max_tokens=1), completion(choice("x"), tokens=(1, 4)), ("match", 1.0, "4", "1", "")),
        (
            ask(max_tokens=1),
            completion(choice("x"), tokens=(1, 5)),
            ("differ", 0.0, "5", "1", "5 completion tokens of 1 allowed"),
        ),
        (
            *(ask(max_tokens=16), completion(choice("x"), tokens=None)),
            (
                *("not_measured", None, "", ""),
                "the answer reports no completion_tokens, and its words are within the limit",
            ),
        ),
        (
            *(ask(max_tokens=16), completion(choice("x", reasoning="hm"))),
            ("not_measured", None, "", "", "the tokens of the reasoning are not counted separately"),
        ),
        (ask(max_tokens=17), completion(choice("x", reasoning="hm")), ("match", 1.0, "20", "17", "")),
    ],
)
def test_finding_on_max_tokens_states_what_came_and_what_was_allowed(asked, said, expected):
    assert parts(max_tokens(asked, said)) == ("max_tokens", *expected)


@pytest.mark.parametrize(("thought", "state"), [(1, "match"), (0, "differ")])
def test_reasoning_that_is_counted_is_taken_off(thought, state):
    said = completion(choice("x", reasoning="hm"))
    said = said._replace(usage=said.usage._replace(reasoning_tokens=thought))
    assert max_tokens(ask(max_tokens=16), said).state == state


def test_several_choices_that_came_share_the_usage():
    said = completion(choice("x"))
    assert max_tokens(ask(max_tokens=8), said._replace(choices=(choice("x"),) * 3)).state is FindingState.MATCH
    assert max_tokens(ask(max_tokens=5), said._replace(choices=(choice("x"),) * 3)).reference == "15"


@pytest.mark.parametrize(("before", "state"), [(99_989, "differ"), (99_990, "match")])
def test_words_of_the_first_hundred_thousand_characters_are_counted(before, state):
    text = "x" * before + " so" * 10
    assert max_tokens(ask(max_tokens=1), completion(choice(text), tokens=(1, 1))).state == state


def test_stop_sequence_is_stated_with_its_place():
    found = stop(ask(body={"stop": ["zz", "lo"]}), completion(choice("hello there")))
    reason = "the stop sequence 'lo' stands at character 3 of the text"
    assert parts(found) == ("stop", "differ", 0.0, "stands at character 3 of the text", "lo", reason)
    at_start = stop(ask(body={"stop": "he"}), completion(choice("hello")))
    assert at_start.subject == "stands at character 0 of the text"
    whole = stop(ask(body={"stop": "hello"}), completion(choice("hello")))
    assert (whole.subject, whole.reason) == ("ends the text", "the stop sequence 'hello' ends the text")
    assert parts(stop(ask(body={"stop": ["zz"]}), completion(choice("a")))) == ("stop", "match", 1.0, "", "", "")
    assert stop(ask(body={"stop": 5}), completion(choice("a"))).reason == "the request sets no stop sequence"
    assert stop(ask(body={"stop": "b"}), completion(choice(""))).reason == "the answer has no text"


@pytest.mark.parametrize(("length", "quoted"), [(58, "'" + "s" * 58 + "'"), (59, "'" + "s" * 58 + "…")])
def test_stop_sequence_is_quoted_by_sixty_characters(length, quoted):
    found = stop(ask(body={"stop": "s" * length}), completion(choice("s" * length)))
    assert found.reason == f"the stop sequence {quoted} ends the text"


def test_choices_are_counted_against_those_requested():
    one, two = completion(choice("a")), completion(choice("a"))._replace(choices=(choice("a"),) * 2)
    assert parts(choice_count(ask(), two)) == ("choice_count", "differ", 0.0, "2", "1", "2 of 1 choices came")
    assert parts(choice_count(ask(n=2), two)) == ("choice_count", "match", 1.0, "2", "2", "")
    assert parts(choice_count(ask(n=2), one)) == ("choice_count", "differ", 0.0, "1", "2", "1 of 2 choices came")
    assert choice_count(ask(), one).reason == "one choice was requested, and one came"
