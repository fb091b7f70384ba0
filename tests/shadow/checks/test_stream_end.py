import pytest

from proxy.exchange import FailureKind
from shadow.checks.stream_end import broken_stream, empty_answer, reasoning_only
from shadow.findings.finding import FindingState
from shadow.reading.completion import UnreadReason
from tests.shadow.compare.made import answer, ask, call, choice, completion, failed, unread


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
def test_an_answer_that_ends_of_itself_says_something(said, expected):
    found = empty_answer(ask(), completion(said))
    assert found.state is expected
    assert bool(found.reason) == (expected is not FindingState.MATCH)


def test_an_answer_of_nothing_may_be_what_was_asked_for():
    asked = ask(messages=({"role": "user", "content": "Respond with two blank lines only."},))
    found = empty_answer(asked, completion(choice("\n")))
    assert (found.state, found.reason) == (FindingState.NOT_MEASURED, "nothing came, and the request speaks of that")


def test_reasoning_alone_is_distinguished_from_nothing():
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
def test_an_answer_of_reasoning_alone_differs_unless_it_was_cut(said, expected):
    assert reasoning_only(ask(), completion(said)).state is expected


@pytest.mark.parametrize(
    ("leg", "expected"),
    [
        (answer("hello"), FindingState.MATCH),
        (answer("hello", stream=False), FindingState.NOT_MEASURED),
        (answer("hel", failure=FailureKind.RESET), FindingState.DIFFER),
        (answer("hel", failure=FailureKind.CLIENT_GONE), FindingState.NOT_MEASURED),
        (unread(UnreadReason.BROKEN), FindingState.DIFFER),
        (unread(UnreadReason.NO_DONE), FindingState.DIFFER),
        (unread(UnreadReason.TRUNCATED), FindingState.NOT_MEASURED),
        (failed(500), FindingState.NOT_MEASURED),
        (failed(in_stream=True), FindingState.DIFFER),
        (unread(UnreadReason.NO_RESPONSE, status=None), FindingState.NOT_MEASURED),
    ],
)
def test_a_stream_comes_to_its_end_or_is_broken_by_its_provider(leg, expected):
    assert broken_stream(ask(), leg).state is expected
