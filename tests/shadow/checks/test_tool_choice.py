import pytest

from shadow.checks.tool_choice import parallel_calls, tool_choice
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, call, choice, completion, parts

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


@pytest.mark.parametrize(
    ("asked", "said", "expected"),
    [
        ("none", CALLED, ("differ", 0.0, "get_weather", "none", "tool_choice is none, and get_weather came")),
        ("none", PLAIN, ("match", 1.0, "", "none", "")),
        ("required", CALLED, ("match", 1.0, "get_weather", "required", "")),
        ("required", PLAIN, ("differ", 0.0, "no call", "required", "tool_choice is required, and no call came")),
        (NAMED, CALLED, ("match", 1.0, "get_weather", "get_weather", "")),
        (allowed("b"), CALLED, ("differ", 0.0, "get_weather", "allowed_tools", "tool_choice allows b, and get_weather came")),
        (
            *(allowed("b", mode="any"), PLAIN),
            ("differ", 0.0, "no call", "allowed_tools", "tool_choice is allowed_tools, and no call came"),
        ),
        ("tool", PLAIN, ("not_measured", None, "", "", "the request leaves the choice of tools free")),
        (
            {"mode": "required"},
            PLAIN,
            ("differ", 0.0, "no call", "allowed_tools", "tool_choice is allowed_tools, and no call came"),
        ),
        (
            {"mode": 5, "tools": [{"name": "b"}]},
            CALLED,
            ("differ", 0.0, "get_weather", "allowed_tools", "tool_choice allows b, and get_weather came"),
        ),
        ({"custom": {"name": "get_weather"}}, CALLED, ("match", 1.0, "get_weather", "get_weather", "")),
        ({"name": ""}, CALLED, ("not_measured", None, "", "", "the request leaves the choice of tools free")),
        (
            *("required", choice(None, finish=None, refusal="no")),
            ("not_measured", None, "", "", "no call came, but the answer was ended by a refusal"),
        ),
        (
            *("required", choice("a", finish="content_filter")),
            ("not_measured", None, "", "", "no call came, but the answer was ended by content_filter"),
        ),
        (
            *("required", choice("a", other=("web_search_call", "x_use"))),
            ("not_measured", None, "", "", "no call came, but the server ran a tool of its own (web_search_call, x_use)"),
        ),
    ],
)
def test_finding_on_tool_choice_states_what_came_and_what_was_set(asked, said, expected):
    assert parts(tool_choice(ask(tool_choice=asked), completion(said))) == ("tool_choice", *expected)


@pytest.mark.parametrize(("length", "shown"), [(60, "n" * 60), (61, "n" * 59 + "…")])
def test_names_of_tools_are_stated_by_sixty_characters(length, shown):
    name = "n" * length
    found = tool_choice(ask(tool_choice="none"), completion(choice(calls=(call(name),))))
    assert (found.subject, found.reason) == (shown, f"tool_choice is none, and {shown} came")
    missing = tool_choice(ask(tool_choice={"name": name}), completion(PLAIN))
    assert missing.reason == f"tool_choice is {shown}, and no call came"


def test_three_of_the_calls_that_came_are_named():
    several = completion(choice(calls=tuple(call(name) for name in "abcde")))
    assert tool_choice(ask(tool_choice="none"), several).reason == "tool_choice is none, and a, b, c and 2 more came"
    three = completion(choice(calls=tuple(call(name) for name in "abc")))
    assert tool_choice(ask(tool_choice="none"), three).reason == "tool_choice is none, and a, b, c came"


def test_parallel_calls_are_counted_against_one():
    forbidden = ask(body={"parallel_tool_calls": False})
    found = parallel_calls(forbidden, completion(choice(calls=(call(),) * 3)))
    reason = "parallel_tool_calls is false, and 3 calls came"
    assert parts(found) == ("parallel_calls", "differ", 0.0, "3", "1", reason)
    assert parts(parallel_calls(forbidden, completion(CALLED))) == ("parallel_calls", "match", 1.0, "1", "1", "")
    assert parallel_calls(forbidden, completion(PLAIN)).reason == "the answer calls no tool"
    assert parallel_calls(ask(), completion(CALLED)).reason == "the request does not forbid parallel calls"
    cut = parallel_calls(forbidden, completion(choice(calls=(call(),), finish="length")))
    assert cut.reason == "the answer was ended by length before a second call could come"
