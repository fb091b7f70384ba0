import pytest

from shadow.compare import reasoning
from shadow.findings.finding import FindingState
from shadow.reading.completion import Usage
from tests.shadow.compare.made import answer, ask, choice, completion, pair


def reasoned(tokens=None, text=None, field="reasoning_content", content="so"):
    said = completion(choice(content, reasoning=text)._replace(reasoning_field=field if text else ""))
    usage = Usage(prompt_tokens=1, completion_tokens=9, total_tokens=None, reasoning_tokens=tokens, cached_tokens=None)
    return answer(said._replace(usage=usage))


def test_reasoning_is_in_a_field_in_the_text_billed_only_or_absent():
    cases = [reasoned(text="hm"), reasoned(content="<think>hm</think>so"), reasoned(tokens=5), reasoned()]
    assert [reasoning.reasoning_place(completion) for completion in cases] == [
        "reasoning_content",
        "in the text",
        "billed, not shown",
        "none",
    ]
    found = reasoning.reasoning_field(pair(cases[2], cases[0]))
    assert (found.state, found.score, found.reason) == (
        FindingState.DIFFER,
        0.0,
        "reasoning: billed, not shown against reasoning_content",
    )


def test_reasoning_under_another_field_name_differs_with_a_score_of_one_half():
    found = reasoning.reasoning_field(pair(reasoned(text="hm", field="reasoning"), reasoned(text="hm")))
    assert (found.state, found.score) == (FindingState.DIFFER, 0.5)
    assert reasoning.reasoning_field(pair(reasoned(text="a"), reasoned(text="b"))).state is FindingState.MATCH
    assert reasoning.reasoning_field(pair("a", "b")).state is FindingState.NOT_MEASURED


def test_reasoning_is_measured_in_tokens_at_the_requested_effort():
    high = ask(body={"reasoning_effort": "high"})
    found = reasoning.reasoning_length(pair(reasoned(tokens=200), reasoned(tokens=1000), high))
    assert (found.state, found.score, found.subject) == (FindingState.DIFFER, 0.2, "200 tokens at effort high")
    assert reasoning.reasoning_length(pair(reasoned(tokens=60), reasoned(tokens=150))).state is FindingState.MATCH
    assert reasoning.effort(ask(body={"reasoning": {"effort": "low"}})) == "effort low"
    for other in (
        {},
        {"reasoning_effort": ""},
        {"reasoning_effort": 5},
        {"reasoning": {"effort": ["high"]}},
        {"reasoning": "high"},
    ):
        assert reasoning.effort(ask(body=other)) == "no stated effort"


def test_without_counts_reasoning_is_measured_in_characters():
    found = reasoning.reasoning_length(pair(reasoned(text="a" * 300), reasoned(text="a" * 2000)))
    assert (found.state, found.subject) == (FindingState.DIFFER, "300 characters at no stated effort")
    assert reasoning.reasoning_length(pair(reasoned(text="a"), reasoned())).state is FindingState.NOT_MEASURED


def test_an_answer_that_does_not_reason_where_the_other_bills_it_is_measured():
    assert reasoning.reasoning_length(pair(reasoned(tokens=0), reasoned(tokens=900))).score == 0


@pytest.mark.parametrize(
    ("one", "other", "state"), [(50, 150, "match"), (50, 151, "differ"), (300, 600, "match"), (300, 601, "differ")]
)
def test_reasoning_tokens_match_at_twice_or_a_hundred_and_differ_beside_it(one, other, state):
    assert reasoning.reasoning_length(pair(reasoned(tokens=one), reasoned(tokens=other))).state == state


@pytest.mark.parametrize(("one", "other", "state"), [(100, 500, "match"), (100, 501, "differ")])
def test_reasoning_characters_match_within_four_hundred(one, other, state):
    assert reasoning.reasoning_length(pair(reasoned(text="a" * one), reasoned(text="a" * other))).state == state


def test_sealed_reasoning_on_either_side_is_not_measured():
    sealed = answer(completion(choice("so", other=("redacted_thinking",))))
    for sides in ((sealed, reasoned(text="hm")), (reasoned(text="hm"), sealed)):
        found = reasoning.reasoning_field(pair(*sides))
        assert (found.state, found.reason) == (FindingState.NOT_MEASURED, "the reasoning of an answer is sealed")
