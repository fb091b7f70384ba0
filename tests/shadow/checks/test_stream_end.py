import pytest

from proxy.exchange import FailureKind
from shadow.checks.stream_end import broken_stream, empty_answer, reasoning_only
from shadow.findings.finding import State
from shadow.reading.completion import Why
from tests.shadow.compare.made import answer, ask, call, choice, completion, failed, unread


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (choice("hello"), State.MATCH),
        (choice(calls=(call(),)), State.MATCH),
        (choice(refusal="no"), State.MATCH),
        (choice(""), State.DIFFER),
        (choice(" \n", reasoning="thinking"), State.NOT_MEASURED),
        (choice(None, finish=None), State.DIFFER),
        (choice(None, finish="length"), State.NOT_MEASURED),
        (choice(None, finish="content_filter"), State.NOT_MEASURED),
        (choice(None, finish="MAX_TOKENS"), State.NOT_MEASURED),
        (choice("", other=("audio",)), State.NOT_MEASURED),
        (choice(None, other=("server_tool_use",)), State.NOT_MEASURED),
    ],
)
def test_an_answer_that_ends_of_itself_says_something(said, expected):
    found = empty_answer(ask(), completion(said))
    assert found.state is expected
    assert bool(found.reason) == (expected is not State.MATCH)


def test_an_answer_of_nothing_may_be_what_was_asked_for():
    asked = ask(messages=({"role": "user", "content": "Respond with two blank lines only."},))
    found = empty_answer(asked, completion(choice("\n")))
    assert (found.state, found.reason) == (State.NOT_MEASURED, "nothing came, and the request speaks of that")


def test_reasoning_alone_is_distinguished_from_nothing():
    found = reasoning_only(ask(), completion(choice(None, reasoning="thinking")))
    assert (found.state, found.reason) == (State.DIFFER, "only 8 characters of reasoning came")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (choice("hello", reasoning="thinking"), State.MATCH),
        (choice(calls=(call(),), reasoning="thinking"), State.MATCH),
        (choice("hello"), State.NOT_MEASURED),
        (choice("", reasoning="thinking", finish="length"), State.NOT_MEASURED),
        (choice("", reasoning="thinking"), State.DIFFER),
        (choice("", reasoning="thinking", other=("image_generation_call",)), State.NOT_MEASURED),
    ],
)
def test_an_answer_of_reasoning_alone_differs_unless_it_was_cut(said, expected):
    assert reasoning_only(ask(), completion(said)).state is expected


@pytest.mark.parametrize(
    ("leg", "expected"),
    [
        (answer("hello"), State.MATCH),
        (answer("hello", stream=False), State.NOT_MEASURED),
        (answer("hel", failure=FailureKind.RESET), State.DIFFER),
        (answer("hel", failure=FailureKind.CLIENT_GONE), State.NOT_MEASURED),
        (unread(Why.BROKEN), State.DIFFER),
        (unread(Why.NO_DONE), State.DIFFER),
        (unread(Why.TRUNCATED), State.NOT_MEASURED),
        (failed(500), State.NOT_MEASURED),
        (failed(in_stream=True), State.DIFFER),
        (unread(Why.NO_RESPONSE, status=None), State.NOT_MEASURED),
    ],
)
def test_a_stream_comes_to_its_end_or_is_broken_by_its_provider(leg, expected):
    assert broken_stream(ask(), leg).state is expected
