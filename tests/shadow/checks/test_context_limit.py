import pytest

from shadow.checks.context_limit import context_limit
from shadow.findings.finding import FindingState
from shadow.reading.completion import ProviderError, Unread, UnreadReason, Usage
from tests.shadow.compare.made import answer, ask, choice, completion


def counting(tokens, cached=None, other=()):
    usage = Usage(prompt_tokens=tokens, completion_tokens=1, total_tokens=None, reasoning_tokens=None, cached_tokens=cached)
    return answer(completion(choice("a", other=other))._replace(usage=usage))


def words(count):
    return ask(messages=({"role": "user", "content": [{"type": "text", "text": "so  " * count}, {"type": "image_url"}]},))


def thinking(count, thoughts):
    earlier = {"role": "assistant", "content": f"<think>{'hm ' * thoughts}</think>{'so ' * (count - 1)}"}
    return ask(messages=(earlier, {"role": "user", "content": "go"}))


@pytest.mark.parametrize(
    ("asked", "response", "state", "reason"),
    [
        (words(10), counting(1), FindingState.NOT_MEASURED, "fewer than 64 words"),
        (words(100), counting(None), FindingState.NOT_MEASURED, "reports no prompt_tokens"),
        (words(100), counting(400), FindingState.MATCH, ""),
        (words(100), counting(100), FindingState.MATCH, ""),
        (words(100), counting(99), FindingState.DIFFER, "99 prompt tokens for 100 words"),
        (words(100), counting(60, cached=60), FindingState.MATCH, ""),
        (words(100)._replace(body={"truncation": "auto"}), counting(60), FindingState.NOT_MEASURED, "allows that it be cut"),
        (
            words(100)._replace(sent={"context_management": {"edits": []}}),
            counting(60),
            FindingState.NOT_MEASURED,
            "be shortened",
        ),
        (words(100), counting(60, other=("compaction",)), FindingState.NOT_MEASURED, "be shortened"),
        (
            words(100)._replace(sent={"input": [{"type": "compaction"}]}),
            counting(60),
            FindingState.NOT_MEASURED,
            "a compaction of",
        ),
        (
            words(100)._replace(sent={"input": [{"type": "message"}]}),
            counting(60),
            FindingState.DIFFER,
            "60 prompt tokens for 100 words",
        ),
        (thinking(70, 40), counting(72), FindingState.MATCH, ""),
        (thinking(70, 40), counting(69), FindingState.DIFFER, "69 prompt tokens for 70 words"),
        (
            ask(unread=Unread(why=UnreadReason.NOT_JSON, detail="no JSON")),
            counting(1),
            FindingState.NOT_MEASURED,
            "could not be read",
        ),
    ],
)
def test_a_prompt_count_below_the_words_of_the_request_differs(asked, response, state, reason):
    found = context_limit(asked, response)
    assert found.state is state
    assert reason in found.reason


def test_refusal_for_length_reveals_the_sizes():
    error = ProviderError(
        status=400, type="", code="", message="maximum context length is 8,192 tokens, got 9001", in_stream=False
    )
    found = context_limit(ask(), answer(Unread(why=UnreadReason.ERROR, detail=""), status=400, error=error))
    assert found.state is FindingState.DIFFER
    assert found.subject == "refused as too long (8,192 and 9001)"


@pytest.mark.parametrize(("count", "measured"), [(31, False), (32, True)])
def test_a_request_is_measured_from_64_words_on(count, measured):
    asked = ask(messages=({"role": "user", "content": "so  " * count},))
    assert (context_limit(asked, counting(1)).state is not FindingState.NOT_MEASURED) == measured


def test_of_a_refusal_for_length_the_first_four_sizes_are_named():
    words = "prompt is too long: 1111 of 2222, 3333 and 4444, 5555"
    error = ProviderError(status=400, type="", code="", message=words, in_stream=False)
    refused = answer(Unread(why=UnreadReason.ERROR, detail=""), status=400, error=error)
    assert context_limit(ask(), refused).subject == "refused as too long (1111 and 2222, and 3333 and 4444,)"
