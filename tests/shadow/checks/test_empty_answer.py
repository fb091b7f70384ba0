import pytest

from shadow.checks.empty_answer import empty_answer, reasoning_only
from shadow.findings.finding import FindingState, Signal
from tests.shadow.compare.made import ask, call, choice, completion, parts


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (choice("hello"), FindingState.MATCH),
        (choice(calls=(call(),)), FindingState.MATCH),
        (choice(refusal="no"), FindingState.MATCH),
        (choice(""), FindingState.DIFFER),
        (choice(" \n", reasoning="thinking"), FindingState.NOT_MEASURED),
        (choice(None, finish=None), FindingState.DIFFER),
        (choice(None, finish="length"), FindingState.NOT_MEASURED),
        (choice(None, finish="content_filter"), FindingState.NOT_MEASURED),
        (choice(None, finish="MAX_TOKENS"), FindingState.NOT_MEASURED),
        (choice("", other=("audio",)), FindingState.NOT_MEASURED),
        (choice(None, other=("server_tool_use",)), FindingState.NOT_MEASURED),
    ],
)
def test_finished_response_without_content_differs(said, expected):
    found = empty_answer(ask(), completion(said))
    assert found.state is expected
    assert bool(found.reason) == (expected is not FindingState.MATCH)


@pytest.mark.parametrize(("length", "shown"), [(119, "k" * 119), (120, "k" * 120), (121, "k" * 119 + "…")])
def test_kinds_that_are_not_read_are_named_in_120_characters(length, shown):
    assert empty_answer(ask(), completion(choice("", other=("k" * length,)))).reason == f"what came is not read: {shown}"


def test_empty_response_that_the_request_may_call_for_is_not_measured():
    asked = ask(messages=({"role": "user", "content": "Respond with two blank lines only."},))
    found = empty_answer(asked, completion(choice("\n")))
    assert (found.state, found.reason) == (FindingState.NOT_MEASURED, "the answer is empty, and the request may call for that")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (choice(None, finish="content_filter"), "a filter on content withheld the answer (content_filter)"),
        (
            choice(None, finish="stop")._replace(filtered=("hate", "violence")),
            "a filter on content withheld the answer (hate, violence)",
        ),
        (choice(None, finish="length"), "the answer was ended by length before it had any content"),
        (choice(None, finish="MAX_TOKENS"), "the answer was ended by MAX_TOKENS before it had any content"),
    ],
)
def test_what_ended_a_response_before_its_content_is_named_as_it_was_sent(said, reason):
    assert empty_answer(ask(), completion(said)).reason == reason
    assert reasoning_only(ask(), completion(said._replace(reasoning="hm"))).reason == reason


def test_reasoning_alone_is_no_empty_answer():
    found = reasoning_only(ask(), completion(choice(None, reasoning="thinking")))
    assert (found.state, found.reason) == (FindingState.DIFFER, "only 8 characters of reasoning came")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (choice("hello", reasoning="thinking"), FindingState.MATCH),
        (choice(calls=(call(),), reasoning="thinking"), FindingState.MATCH),
        (choice("hello"), FindingState.NOT_MEASURED),
        (choice("", reasoning="thinking", finish="length"), FindingState.NOT_MEASURED),
        (choice("", reasoning="thinking"), FindingState.DIFFER),
        (choice("", reasoning="thinking", other=("image_generation_call",)), FindingState.NOT_MEASURED),
    ],
)
def test_response_of_reasoning_alone_differs_unless_it_was_cut(said, expected):
    assert reasoning_only(ask(), completion(said)).state is expected


def test_reasoning_beside_what_is_not_read_is_not_measured_with_its_kinds():
    found = reasoning_only(ask(), completion(choice(None, reasoning="hm", other=("image", "audio"))))
    assert (found.signal, found.state) == (Signal.REASONING_ONLY, FindingState.NOT_MEASURED)
    assert found.reason == "what else came is not read: image, audio"


def test_empty_answer_and_reasoning_alone_are_stated_as_what_came():
    nothing = "the answer has no text, tool call or refusal"
    assert parts(empty_answer(ask(), completion(choice("")))) == ("empty_answer", "differ", 0.0, nothing, "", nothing)
    assert parts(empty_answer(ask(), completion(choice("a")))) == ("empty_answer", "match", 1.0, "", "", "")
    alone = "only 2 characters of reasoning came"
    thought = completion(choice(None, reasoning="hm"))
    assert parts(reasoning_only(ask(), thought)) == ("reasoning_only", "differ", 0.0, alone, "", alone)
    assert empty_answer(ask(), thought).reason == "only reasoning came"
    assert reasoning_only(ask(), completion(choice("a"))).reason == "the answer shows no reasoning"
    both = completion(choice("a", reasoning="hm"))
    assert parts(reasoning_only(ask(), both)) == ("reasoning_only", "match", 1.0, "", "", "")


@pytest.mark.parametrize(("length", "shown"), [(120, "k" * 120), (121, "k" * 119 + "…")])
def test_kinds_beside_reasoning_that_are_not_read_are_named_in_120_characters(length, shown):
    said = completion(choice("", reasoning="hm", other=("k" * length,)))
    assert reasoning_only(ask(), said).reason == f"what else came is not read: {shown}"


def test_text_of_blanks_beside_a_refusal_or_a_call_is_no_empty_answer():
    for said in (choice(" ", refusal="no"), choice(" ", calls=(call(),))):
        assert empty_answer(ask(), completion(said)).state is FindingState.MATCH
        assert reasoning_only(ask(), completion(said._replace(reasoning="hm"))).state is FindingState.MATCH
    assert reasoning_only(ask(), completion(choice(" ", reasoning="hm"))).state is FindingState.DIFFER
