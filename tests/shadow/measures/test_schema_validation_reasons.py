"""What is stated of calls that are faulty, or that could not be checked, with the lengths at which a reason is cut."""

import pytest

from shadow.findings.finding import FindingState
from shadow.measures.schema_validation import (
    any_call_checked,
    call_kinds,
    call_validity,
    schema,
    validate,
    worst_validity,
)
from shadow.reading.completion import UnreadReason
from shadow.reading.parsed_request import Tool
from tests.shadow.compare.made import answer, ask, call, choice, pair, unread

LONG = "n" * 61
SHOWN = "n" * 59 + "\N{HORIZONTAL ELLIPSIS}"
GOOD, WRONG, UNKNOWN = call(), call(arguments='{"city": 5}'), call("other")
BARE = ask(tools=(Tool(name="get_weather", schema=None),))


def test_a_sealed_call_is_not_checked_and_its_name_is_cut_at_sixty_characters():
    assert call_validity(ask(), call(LONG, "gAAAAabc=")) == (
        "valid",
        f"not checked: the arguments of {SHOWN} are sealed",
    )
    assert SHOWN not in call_validity(ask(), call("n" * 60, "gAAAAabc="))[1]


def test_arguments_that_are_no_json_are_named_with_the_fault():
    kind, why = call_validity(ask(), call(LONG, "{"))
    assert (kind, why.startswith(f"the arguments of {SHOWN} are not JSON: Expecting property name")) == ("invalid_json", True)


def test_an_unknown_name_is_shown_beside_those_that_were_offered():
    tools = (Tool(name="a", schema=None), Tool(name="b", schema=None))
    assert call_validity(ask(tools=tools), call(LONG))[1] == f"'{SHOWN}' is not among the offered tools (a, b)"
    assert call_validity(ask(tools=()), call("c"))[1] == "'c' is not among the offered tools (none)"


@pytest.mark.parametrize(("api", "kind"), [("responses", "valid"), ("chat_completions", "unknown_name")])
def test_a_call_that_the_api_of_responses_defines_is_known_there_alone(api, kind):
    assert call_validity(ask(api=api), call("local_shell_call"))[0] == kind


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"previous_response_id": "r1"}, "valid"),
        ({"previous_response_id": None}, "unknown_name"),
        ({"mcp_servers": [{"url": "u"}]}, "valid"),
        ({"mcp_servers": []}, "unknown_name"),
        ({"tools": [{"type": "mcp"}]}, "valid"),
        ({"tools": [{"type": "web_search"}, {"type": "tool_search_tool_regex"}]}, "valid"),
        ({"tools": [{"type": "web_search"}]}, "unknown_name"),
        ({"tools": {"type": "mcp"}}, "unknown_name"),
    ],
)
def test_a_name_is_unknown_where_all_tools_are_listed_in_the_request(sent, kind):
    assert call_validity(ask(sent=sent), UNKNOWN)[0] == kind


def test_a_fault_is_shown_by_its_path_and_cut_at_three_hundred_characters():
    nested = {"properties": {"a": {"items": {"type": "integer"}}}}
    assert validate(nested, {"a": [1, "x"]}) == (True, '.a[1]: "x" is not of type "integer"')
    known, why = validate({"type": "integer"}, "y" * 400)
    assert (known, len(why)) == (True, 300)


def test_a_schema_or_a_value_nested_too_deep_is_not_checked():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert validate({"enum": deep}, 1) == (False, "the schema is of no use: it is nested too deep")
    while deep:
        deep = deep.pop()


@pytest.mark.parametrize(
    ("calls", "worst", "checked"),
    [
        ((), ("valid", ""), False),
        ((GOOD,), ("valid", ""), True),
        ((GOOD, UNKNOWN, WRONG), ("unknown_name", "'other' is not among the offered tools (get_weather)"), True),
    ],
)
def test_the_worst_of_several_calls_is_the_first_that_is_faulty(calls, worst, checked):
    made = choice("text", calls=calls)
    assert worst_validity(ask(), made) == worst
    assert any_call_checked(ask(), made) is checked


def test_a_call_that_could_not_be_checked_gives_its_reason_beside_one_that_is_valid():
    tools = (*ask().tools, Tool(name="bare", schema=None))
    for calls in ((GOOD, call("bare")), (call("bare"), GOOD)):
        assert worst_validity(ask(tools=tools), choice(calls=calls)) == ("valid", "not checked: bare declares no schema")
        assert any_call_checked(ask(tools=tools), choice(calls=calls))
    assert not any_call_checked(BARE, choice(calls=(GOOD,)))


def test_the_classes_of_a_response_are_those_of_its_calls():
    assert call_kinds(ask(), answer(choice(calls=(GOOD, WRONG)))) == ["valid", "schema_mismatch"]
    assert call_kinds(ask(), answer("text")) == call_kinds(ask(), unread(UnreadReason.BROKEN)) == []


def test_of_two_answers_that_call_and_do_not_call_the_one_that_does_is_named():
    assert schema(pair("a", choice(calls=(GOOD,)))).reason == "only the reference calls a tool"
    assert schema(pair(choice(calls=(GOOD,)), "a")).reason == "only the provider calls a tool"
    assert schema(pair("a", "b")).reason == "neither answer calls a tool"


def test_a_side_whose_calls_could_be_checked_is_compared_with_one_whose_could_not():
    tools = (*ask().tools, Tool(name="bare", schema=None))
    one, other = choice(calls=(call("bare"),)), choice(calls=(GOOD,))
    assert schema(pair(one, other, ask(tools=tools))).state is FindingState.MATCH
    found = schema(pair(one, one, ask(tools=tools)))
    assert (found.state, found.reason) == (FindingState.NOT_MEASURED, "not checked: bare declares no schema")


def test_an_answer_with_too_many_calls_on_either_side_is_not_compared():
    few, many = choice(calls=(GOOD,)), choice(calls=(GOOD,) * 257)
    for sides in ((few, many), (many, few)):
        found = schema(pair(*sides))
        assert (found.state, found.reason[:9]) == (FindingState.NOT_COMPARABLE, "257 calls")


@pytest.mark.parametrize(
    ("useless", "why"),
    [
        ({"pattern": "(?!a)"}, '"(?!a)" is not a "regex"'),
        ({"type": "strin"}, "\"strin\" is not valid under any of the schemas listed in the 'anyOf' keyword"),
    ],
)
def test_schema_of_no_use_is_stated_with_its_fault(useless, why):
    assert validate(useless, "a") == (False, f"the schema is of no use: {why}")
    tools = (Tool(name="t", schema=useless),)
    assert call_validity(ask(tools=tools), call("t", "1")) == ("valid", f"not checked: t: the schema is of no use: {why}")


@pytest.mark.parametrize(
    ("schema_", "kind", "reason"),
    [({"type": "integer"}, "schema_mismatch", ': "yyy'), ({"pattern": f"(?!{'a' * 300})"}, "valid", "not checked: ")],
)
def test_reason_of_a_call_is_cut_at_three_hundred_characters_with_the_name_of_its_tool(schema_, kind, reason):
    tools = (Tool(name="n" * 99, schema=schema_),)
    found, why = call_validity(ask(tools=tools), call("n" * 99, f'"{"y" * 400}"'))
    assert (found, len(why), why.endswith("\N{HORIZONTAL ELLIPSIS}")) == (kind, 300, True)
    assert why.replace("n" * 99, "").startswith(reason)


def test_names_of_offered_tools_are_cut_at_two_hundred_characters_and_a_name_of_a_set_at_sixty():
    tools = tuple(Tool(name=f"tool_{number:03}", schema=None) for number in range(40))
    offered = ", ".join(tool.name for tool in tools)[:199] + "\N{HORIZONTAL ELLIPSIS}"
    assert call_validity(ask(tools=tools), UNKNOWN)[1] == f"'other' is not among the offered tools ({offered})"
    one_of_a_set = call_validity(ask(sent={"tools": [{"type": "mcp"}]}), call(LONG))[1]
    assert one_of_a_set == f"not checked: {SHOWN} may be one of a set of tools that a request does not list"
