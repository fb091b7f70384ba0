import pytest

from shadow.checks.finish_contradiction import finish_contradiction, finish_vocabulary
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, call, choice, completion, parts


@pytest.mark.parametrize(
    ("asked", "said", "reason"),
    [
        (ask(), choice("hello"), ""),
        (ask(), choice(calls=(call(),)), ""),
        (ask(), choice("hello", finish=None), "without a finish_reason"),
        (ask(), choice("hello", finish="tool_calls"), "no tool is named"),
        (ask(), choice(calls=(call(name=""),)), "no tool is named"),
        (ask(), choice(calls=(call(),), finish="stop"), "stop beside 1 tool call"),
        (ask(tool_choice="required"), choice(calls=(call(),), finish="stop"), ""),
        (ask(tool_choice={"type": "function"}), choice(calls=(call(),), finish="stop"), ""),
        (ask(max_tokens=500), choice("x", finish="length"), "length after 20 tokens of 500"),
        (ask(max_tokens=21), choice("x", finish="length"), ""),
        (ask(max_tokens=20), choice("x", finish="length"), ""),
        (ask(), choice("x", finish="length"), ""),
        (ask(), choice("x", finish="content_filter"), ""),
        (ask(), choice("x", finish="end_turn"), ""),
        (ask(), choice(calls=(call(),), finish="STOP"), "stop beside 1 tool call"),
        (ask(max_tokens=500), choice("x", finish="max_tokens"), "length after 20 tokens of 500"),
    ],
)
def test_finish_reason_that_contradicts_the_body_differs(asked, said, reason):
    found = finish_contradiction(asked, completion(said))
    assert found.state is (FindingState.DIFFER if reason else FindingState.MATCH)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("finish", "state"),
    [
        ("stop", FindingState.MATCH),
        ("function_call", FindingState.MATCH),
        ("eos", FindingState.DIFFER),
        ("STOP", FindingState.DIFFER),
        (None, FindingState.NOT_MEASURED),
    ],
)
def test_finish_reason_of_no_api_word_differs(finish, state):
    assert finish_vocabulary(ask(), completion(choice("a", finish=finish))).state is state


def test_unknown_finish_reason_names_the_words_of_its_own_api():
    found = finish_vocabulary(ask(api="responses"), completion(choice("hello", finish="incomplete: tired")))
    assert found.state is FindingState.DIFFER
    assert "completed, or incomplete by max_output_tokens" in found.reason


@pytest.mark.parametrize(
    ("used", "limit", "state"),
    [
        (64, 100, FindingState.MATCH),
        (0, 50, FindingState.MATCH),
        (960, 1_000, FindingState.MATCH),
        (64, 127, FindingState.MATCH),
        (64, 128, FindingState.DIFFER),
        (65, 100, FindingState.DIFFER),
        (960, 1_024, FindingState.DIFFER),
    ],
)
def test_response_cut_at_the_last_whole_block_of_64_tokens_matches(used, limit, state):
    said = completion(choice("x", finish="length"), tokens=(10, used))
    assert finish_contradiction(ask(max_tokens=limit), said).state is state


@pytest.mark.parametrize(
    ("allowed", "used", "contradicts"),
    [(500, 499, False), (500, 498, True), (500, 448, False), (512, 448, True), (500, 447, True), (500, 500, False)],
)
def test_an_answer_ends_at_its_limit_a_token_before_it_or_at_the_last_block_of_64(allowed, used, contradicts):
    found = finish_contradiction(ask(max_tokens=allowed), completion(choice("x", finish="length"), tokens=(1, used)))
    assert bool(found.reason) == contradicts


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (choice("a"), ("match", 1.0, "stop", "", "")),
        (choice("a", finish=None), ("differ", 0.0, "None", "", "the answer ends without a finish_reason")),
        (choice("a", finish="tool_use"), ("differ", 0.0, "tool_calls", "", "finish_reason is tool_calls and no tool is named")),
        (choice(calls=(call(),), finish="stop"), ("differ", 0.0, "stop", "", "finish_reason is stop beside 1 tool call")),
        (choice(calls=(call(),) * 2, finish="stop"), ("differ", 0.0, "stop", "", "finish_reason is stop beside 2 tool calls")),
        (choice(calls=(call(""), call("f"))), ("match", 1.0, "tool_calls", "", "")),
    ],
)
def test_contradiction_is_stated_beside_the_meaning_of_the_finish_reason(said, expected):
    assert parts(finish_contradiction(ask(), completion(said))) == ("finish_contradiction", *expected)


def test_early_end_by_length_is_stated_with_both_counts():
    found = finish_contradiction(ask(max_tokens=500), completion(choice("x", finish="length"), tokens=(1, 65)))
    assert found.reason == "finish_reason is length after 65 tokens of 500 allowed"
    assert finish_contradiction(ask(max_tokens=500), completion(choice("x", finish="length"), tokens=None)).reason == ""


def test_word_of_no_api_is_quoted_with_the_words_of_its_own():
    found = finish_vocabulary(ask(), completion(choice("a", finish="eos")))
    reason = "'eos' is no end of an answer of this API (stop, length, tool_calls, content_filter, function_call)"
    assert parts(found) == ("finish_vocabulary", "differ", 0.0, "eos", "", reason)
    assert parts(finish_vocabulary(ask(), completion(choice("a")))) == ("finish_vocabulary", "match", 1.0, "stop", "", "")
    assert finish_vocabulary(ask(), completion(choice("a", finish=None))).reason == "the answer ends without a finish_reason"
    strange = "the stop_reason is no word of this API: stop"
    noted = finish_vocabulary(ask(), completion(choice("a"))._replace(notes=("something else", strange)))
    assert parts(noted) == ("finish_vocabulary", "differ", 0.0, "stop", "", strange)
    other = finish_vocabulary(ask(), completion(choice("a"))._replace(notes=("something else",)))
    assert other.state is FindingState.MATCH


@pytest.mark.parametrize(("length", "quoted"), [(58, "'" + "w" * 58 + "'"), (59, "'" + "w" * 58 + "…")])
def test_word_of_no_api_is_quoted_by_sixty_characters(length, quoted):
    assert finish_vocabulary(ask(), completion(choice("a", finish="w" * length))).reason.startswith(f"{quoted} is no end")
