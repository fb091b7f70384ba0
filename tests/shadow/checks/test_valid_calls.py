import pytest

from shadow.checks.valid_calls import valid_calls
from shadow.findings.finding import FindingState
from shadow.reading.parsed_request import Tool
from tests.shadow.compare.made import ask, call, choice, completion, parts


def test_calls_that_obey_their_schema_match():
    assert valid_calls(ask(), completion(choice(calls=(call(),)))).state is FindingState.MATCH


@pytest.mark.parametrize("wrong", [call(arguments='{"city": 5}'), call(arguments="{"), call("nope")])
def test_one_invalid_call_beside_a_valid_one_differs_with_its_class(wrong):
    found = valid_calls(ask(), completion(choice(calls=(call(), wrong))))
    assert found.state is FindingState.DIFFER
    assert found.subject in {"schema_mismatch", "invalid_json", "unknown_name"}


@pytest.mark.parametrize(
    ("asked", "said", "reason"),
    [
        (ask(), choice("hello"), "the answer calls no tool"),
        (ask(), choice(calls=(call(arguments='{"ci'),), finish="length"), "cut by a limit"),
        (ask(tools=(Tool(name="get_weather", schema=None),)), choice(calls=(call(),)), "declares no schema"),
    ],
)
def test_what_cannot_be_checked_is_not_called_fine(asked, said, reason):
    found = valid_calls(asked, completion(said))
    assert found.state is FindingState.NOT_MEASURED
    assert reason in found.reason


@pytest.mark.parametrize(
    "sent",
    [
        {"tools": [{"type": "tool_search"}]},
        {"tools": [{"type": "tool_search_tool_bm25_20251119", "name": "s"}]},
        {"tools": [{"type": "mcp", "server_url": "x"}]},
        {"mcp_servers": [{"name": "x"}]},
        {"previous_response_id": "resp_1"},
    ],
)
def test_a_tool_that_a_request_need_not_list_is_not_called_unknown(sent):
    found = valid_calls(ask(sent=sent), completion(choice(calls=(call("elsewhere"),))))
    assert found.state is FindingState.NOT_MEASURED
    assert "a set of tools that a request does not list" in found.reason


def test_calls_after_the_256th_are_not_checked_and_not_called_fine():
    assert valid_calls(ask(), completion(choice(calls=(call(),) * 256))).state is FindingState.MATCH
    found = valid_calls(ask(), completion(choice(calls=(*(call(),) * 256, call("nope")))))
    assert found.state is FindingState.NOT_MEASURED
    assert found.reason == "257 calls in one answer: more than 256 are not compared or validated"


def test_invalid_call_among_the_first_256_of_more_differs():
    found = valid_calls(ask(), completion(choice(calls=(*(call(),) * 255, call("nope"), call()))))
    assert (found.state, found.subject) == (FindingState.DIFFER, "unknown_name")


def test_calls_are_stated_by_their_worst_class():
    fine = valid_calls(ask(), completion(choice(calls=(call(),))))
    assert parts(fine) == ("valid_calls", "match", 1.0, "valid", "", "")
    wrong = valid_calls(ask(), completion(choice(calls=(call(), call("nope")))))
    assert parts(wrong)[:5] == ("valid_calls", "differ", 0.0, "unknown_name", "")
    assert "nope" in wrong.reason
    cut = valid_calls(ask(), completion(choice(calls=(call(),), finish="length")))
    assert cut.reason == "the answer was cut by a limit on length, its last call may be too"
