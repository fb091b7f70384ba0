import pytest

from shadow.checks.tool_choice import parallel_calls, tool_choice
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, call, choice, completion

NAMED = {"type": "function", "function": {"name": "get_weather"}}
CALLED, PLAIN = choice(calls=(call(),)), choice("hello")


def allowed(*names, mode="auto"):
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


@pytest.mark.parametrize(
    ("asked", "said", "state", "reason"),
    [
        (None, CALLED, FindingState.NOT_MEASURED, "free"),
        ("auto", PLAIN, FindingState.NOT_MEASURED, "free"),
        ("none", PLAIN, FindingState.MATCH, ""),
        ("none", CALLED, FindingState.DIFFER, "tool_choice is none, and get_weather came"),
        ("required", CALLED, FindingState.MATCH, ""),
        ("any", PLAIN, FindingState.DIFFER, "tool_choice is any, and no call came"),
        ("required", PLAIN, FindingState.DIFFER, "no call came"),
        ("required", choice("a", finish="length"), FindingState.NOT_MEASURED, "ended by length"),
        ("required", choice("a", finish="MAX_TOKENS"), FindingState.NOT_MEASURED, "ended by MAX_TOKENS"),
        ("required", choice("a", other=("server_tool_use",)), FindingState.NOT_MEASURED, "a tool of its own (server_tool_use)"),
        ("required", choice("a", other=("web_search_call",)), FindingState.NOT_MEASURED, "a tool of its own"),
        ("required", choice("a", other=("audio", "web_search_tool_result")), FindingState.DIFFER, "no call came"),
        ("required", choice(refusal="no"), FindingState.NOT_MEASURED, "ended by stop"),
        (NAMED, CALLED, FindingState.MATCH, ""),
        ({"name": "get_weather"}, CALLED, FindingState.MATCH, ""),
        (NAMED, PLAIN, FindingState.DIFFER, "tool_choice is get_weather, and no call came"),
        (NAMED, choice(calls=(call(), call("b"))), FindingState.DIFFER, "allows get_weather, and b came"),
        (allowed("get_weather"), PLAIN, FindingState.MATCH, ""),
        (allowed("get_weather"), CALLED, FindingState.MATCH, ""),
        (allowed("b", "c"), CALLED, FindingState.DIFFER, "allows b, c, and get_weather came"),
        (allowed("a", "b", "c"), CALLED, FindingState.DIFFER, "allows a, b, c, and get_weather came"),
        (allowed("a", "b", "c", "d"), CALLED, FindingState.DIFFER, "allows a, b, c and 1 more, and get_weather came"),
        (allowed("get_weather", mode="required"), PLAIN, FindingState.DIFFER, "no call came"),
        ({"type": 5, "function": [1]}, CALLED, FindingState.NOT_MEASURED, "free"),
    ],
)
def test_what_is_called_is_what_the_choice_allows(asked, said, state, reason):
    found = tool_choice(ask(tool_choice=asked), completion(said))
    assert found.state is state
    assert reason in found.reason


@pytest.mark.parametrize(
    ("value", "calls", "state"),
    [
        (None, 2, FindingState.NOT_MEASURED),
        (True, 2, FindingState.NOT_MEASURED),
        (False, 0, FindingState.NOT_MEASURED),
        (False, 1, FindingState.MATCH),
        (False, 2, FindingState.DIFFER),
    ],
)
def test_a_second_call_differs_where_parallel_calls_are_forbidden(value, calls, state):
    said = completion(choice(calls=(call(),) * calls))
    assert parallel_calls(ask(body={"parallel_tool_calls": value}), said).state is state


@pytest.mark.parametrize(("calls", "state"), [(1, FindingState.NOT_MEASURED), (2, FindingState.DIFFER)])
def test_cut_answer_fails_parallel_calls_only_with_a_second_call(calls, state):
    said = completion(choice(calls=(call(),) * calls, finish="length"))
    assert parallel_calls(ask(body={"parallel_tool_calls": False}), said).state is state
