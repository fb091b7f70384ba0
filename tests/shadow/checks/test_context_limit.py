import pytest

from shadow.checks.context_limit import context_limit
from shadow.findings.finding import FindingState
from shadow.reading.completion import ProviderError, Unread, UnreadReason, Usage
from tests.shadow.compare.made import answer, ask, choice, completion, parts


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


@pytest.mark.parametrize(
    ("asked", "response", "expected"),
    [
        (words(100), counting(400), ("match", 1.0, "400", "200", "")),
        (
            *(words(100), counting(60)),
            ("differ", 0.0, "60", "100", "60 prompt tokens for 100 words: a part of the request did not reach the model"),
        ),
        (words(100), counting(0), ("not_measured", None, "", "", "the answer reports no prompt_tokens")),
        (
            *(words(100), answer(completion(choice("a"), tokens=None))),
            ("not_measured", None, "", "", "the answer reports no prompt_tokens"),
        ),
        (words(10), counting(1), ("not_measured", None, "", "", "the messages hold fewer than 64 words")),
    ],
)
def test_tokens_of_the_prompt_are_stated_against_the_words_of_the_request(asked, response, expected):
    found = parts(context_limit(asked, response))
    assert found[:2] + found[3:4] + found[5:] == ("context_limit", expected[0], expected[2], expected[4])
    assert expected[0] != "differ" or found[4] == expected[3]


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        ("prompt is too long", "refused as too long"),
        ("prompt is too long: 99 of 10", "refused as too long"),
        ("prompt is too long: 100", "refused as too long (100)"),
        ("prompt is too long: 200_000 of 1.000.000", "refused as too long (200_000 and 1.000.000)"),
    ],
)
def test_sizes_of_a_refusal_have_three_digits_at_least(message, subject):
    error = ProviderError(status=400, type="", code="", message=message, in_stream=False)
    found = context_limit(ask(), answer(Unread(why=UnreadReason.ERROR, detail=""), status=400, error=error))
    assert parts(found) == ("context_limit", "differ", 0.0, subject, "", f"{subject}: {message}")


@pytest.mark.parametrize(("length", "kept"), [(160, "x" * 142), (161, "x" * 141 + "…")])
def test_message_of_a_refusal_for_length_is_quoted_by_160_characters(length, kept):
    message = "prompt is too long".ljust(length, "x")
    error = ProviderError(status=400, type="", code="", message=message, in_stream=False)
    found = context_limit(ask(), answer(Unread(why=UnreadReason.ERROR, detail=""), status=400, error=error))
    assert found.reason == f"refused as too long: prompt is too long{kept}"


def test_other_errors_and_unread_requests_are_stated():
    error = ProviderError(status=500, type="", code="", message="no", in_stream=False)
    failed = answer(Unread(why=UnreadReason.ERROR, detail=""), status=500, error=error)
    assert context_limit(words(100), failed).reason == "the answer reports no prompt_tokens"
    unread = ask(unread=Unread(why=UnreadReason.NOT_JSON, detail="no JSON"))
    assert context_limit(unread, failed).reason == "the request could not be read: no JSON"


@pytest.mark.parametrize("tags", ["<thinking>{}</thinking>", "[THINK]{}[/THINK]", "<think>{}"])
def test_earlier_thoughts_need_not_reach_the_model(tags):
    thought = tags.format("hm " * 40)
    asked = ask(messages=({"role": "assistant", "content": "so " * 70 + thought}, {"role": "user", "content": ""}))
    assert context_limit(asked, counting(70)).state is FindingState.MATCH
    assert context_limit(asked, counting(69)).reference == "70"


@pytest.mark.parametrize(
    ("part", "excused"), [({"type": "compaction"}, True), ({"type": "text", "text": "a"}, False), ("compaction", False)]
)
def test_compaction_in_a_message_stands_for_what_came_before(part, excused):
    asked = ask(messages=({"role": "user", "content": "so " * 100}, {"role": "user", "content": [part]}))
    found = context_limit(asked, counting(60))
    assert (found.reason == "the request holds a compaction of what came before") == excused


@pytest.mark.parametrize(("blank", "count", "measured"), [(" ", 62, False), (" ", 63, True), ("\n", 62, False), ("\n", 63, True)])
def test_words_of_a_request_are_counted_by_blanks_and_line_feeds(blank, count, measured):
    asked = ask(messages=({"role": "user", "content": f"so{blank}" * count + "so"},))
    assert (context_limit(asked, counting(80)).state is FindingState.MATCH) == measured


@pytest.mark.parametrize(("tokens", "words"), [(101, "101"), (100, "51")])
def test_words_are_counted_one_by_one_only_where_the_tokens_are_fewer_than_the_blanks(tokens, words):
    asked = ask(messages=({"role": "user", "content": "so  " * 50 + "so"},))
    found = context_limit(asked, counting(tokens))
    assert (found.state, found.reference) == (FindingState.MATCH, words)


def test_request_that_may_be_cut_and_was_not_matches():
    asked = words(100)._replace(body={"truncation": "auto"})
    assert context_limit(asked, counting(100)).state is FindingState.MATCH
    assert context_limit(asked, counting(99)).state is FindingState.NOT_MEASURED
