import pytest

from shadow.compare import reasoning
from shadow.findings.finding import FindingState
from shadow.reading.completion import Usage
from tests.shadow.compare.made import answer, ask, choice, completion, pair, parts


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


def test_place_of_reasoning_is_its_field_before_anything_else():
    shown = answer(completion(choice("<think>a</think>", reasoning="hm")._replace(reasoning_field="")))
    assert reasoning.reasoning_place(shown) == "reasoning"
    assert reasoning.reasoning_place(reasoned(text=" ", content="so")) == "none"
    assert reasoning.reasoning_place(reasoned(content="\n <thinking>hm")) == "in the text"
    assert reasoning.reasoning_place(reasoned(content="so <think>hm")) == "none"
    assert reasoning.reasoning_place(reasoned(content=None, tokens=1)) == "billed, not shown"
    assert reasoning.reasoning_place(reasoned(tokens=0)) == "none"
    assert reasoning.reasoning_place(answer(completion(choice("a"), tokens=None))) == "none"


@pytest.mark.parametrize(
    ("one", "other", "score", "reason"),
    [
        (
            reasoned(text="a", field="reasoning"),
            reasoned(text="b"),
            0.5,
            "under another name: reasoning against reasoning_content",
        ),
        (reasoned(content="<think>a"), reasoned(text="b"), 0.0, "reasoning: in the text against reasoning_content"),
        (reasoned(), reasoned(text="b"), 0.0, "reasoning: none against reasoning_content"),
        (reasoned(text="b"), reasoned(), 0.0, "reasoning: reasoning_content against none"),
        (reasoned(tokens=5), reasoned(), 0.0, "reasoning: billed, not shown against none"),
    ],
)
def test_reasoning_that_is_shown_otherwise_differs_by_a_half_or_by_all(one, other, score, reason):
    places = tuple(reasoning.reasoning_place(side) for side in (one, other))
    assert parts(reasoning.reasoning_field(pair(one, other))) == ("reasoning_shown", "differ", score, *places, reason)


def test_reasoning_that_is_billed_or_in_the_text_of_both_matches():
    for made in (reasoned(tokens=5), reasoned(content="<think>a")):
        place = reasoning.reasoning_place(made)
        assert parts(reasoning.reasoning_field(pair(made, made))) == ("reasoning_shown", "match", 1.0, place, place, "")


def test_lengths_of_reasoning_are_stated_with_their_unit_effort_and_margin():
    found = reasoning.reasoning_length(pair(reasoned(tokens=1000), reasoned(tokens=200), ask(body={"reasoning_effort": "low"})))
    reason = "1000 tokens of reasoning against 200 at effort low: beyond 2x and 100 tokens"
    shown = "1000 tokens at effort low", "200 tokens at effort low"
    assert parts(found) == ("reasoning_length", "differ", 0.2, *shown, reason)
    written = reasoning.reasoning_length(pair(reasoned(text="a" * 2000), reasoned(text="a" * 500)))
    reason = "2000 characters of reasoning against 500 at no stated effort: beyond 2x and 400 characters"
    shown = "2000 characters at no stated effort", "500 characters at no stated effort"
    assert parts(written) == ("reasoning_length", "differ", 0.25, *shown, reason)


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        (reasoned(tokens=0, text="a" * 9), reasoned(tokens=0, text="a" * 8), ("9 characters", "8 characters")),
        (reasoned(tokens=None, text="a" * 9), reasoned(tokens=3, text="a" * 8), ("9 characters", "8 characters")),
        (reasoned(tokens=3, text="a" * 9), reasoned(tokens=None, text="a" * 8), ("9 characters", "8 characters")),
        (reasoned(tokens=3, text="a" * 9), reasoned(tokens=0, text="a" * 8), ("3 tokens", "0 tokens")),
    ],
)
def test_reasoning_is_counted_in_tokens_only_where_both_sides_report_them_and_one_has_some(one, other, shown):
    found = reasoning.reasoning_length(pair(one, other))
    assert (found.subject, found.reference) == tuple(f"{each} at no stated effort" for each in shown)


@pytest.mark.parametrize(("length", "kept"), [(20, "e" * 20), (21, "e" * 19 + "…")])
def test_effort_is_quoted_by_20_characters_and_the_plain_member_comes_first(length, kept):
    both = {"reasoning_effort": "e" * length, "reasoning": {"effort": "low"}}
    assert reasoning.effort(ask(body=both)) == f"effort {kept}"


def test_nothing_of_reasoning_is_measured_where_neither_side_has_some():
    assert parts(reasoning.reasoning_field(pair("a", "b")))[1:] == (
        *("not_measured", None, "", ""),
        "neither answer shows or bills any reasoning",
    )
    for made in (pair("a", "b"), pair(reasoned(text="a"), "b"), pair("a", reasoned(text="b"))):
        assert reasoning.reasoning_length(made).reason == "not both answers report or show any reasoning"
