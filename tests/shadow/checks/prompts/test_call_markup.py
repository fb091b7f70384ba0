"""Calls found in texts: by every template, about the names of offered tools alone, and never at the cost of a crash."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.written import HARD, NAMES, WAYS, harmless, leaked
from shadow.checks.prompts.call_markup import AFTER, BEFORE, FORMS, OPENING, written_calls

TOOLS = ("get_weather", "search")
CALL = '<tool_call>{"name": "search", "arguments": {}}</tool_call>'


def tools(text: str, offered=TOOLS) -> list[str]:
    return [call.tool for call in written_calls(text, offered)]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_writing_a_call_is_found(way):
    chance = random.Random(way)
    for _ in range(30):
        example = leaked(chance, way)
        offered = [tool["function"]["name"] for tool in example.body["tools"]]
        assert tools(example.text, offered), example.text


@pytest.mark.parametrize(
    "way", ["prose that names the tool", "the tool in a list", "the tool in a table", "a link", "a signature"]
)
def test_prose_about_a_tool_is_no_call(way):
    chance = random.Random(way)
    for _ in range(30):
        example = harmless(chance, way)
        assert tools(example.text, NAMES) == [], example.text


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>{'name': 'get_weather', 'arguments': {}}",
        'Let me see.\n\n<tool_call>\n{"name":"get_weather"',
        '<tool_calls>[{"name": "get_weather", "arguments": {}}]</tool_calls>',
        '[\n  {\n    "id": "a1",\n    "type": "function",\n    "function": {\n      "name": "get_weather",\n      "args": {}',
        '{"action": "get_weather", "action_input": "Paris"}',
        '{"tool": "get_weather", "args": {"city": "Paris"}}',
        '{"tool_uses": [{"recipient_name": "get_weather", "parameters": {}}]}',
        "<|tool_call_begin|>get_weather<|tool_call_argument_begin|>{}",
        '```python\nget_weather(city="Paris")\n```',
        'default_api.get_weather(city="Paris")',
        "**Action:** `get_weather`\n**Action Input:** Paris",
        '[get_weather(city="Paris"),\n search(query="rain (today)")]',
        '<invoke name="get_weather">',
        "assistant to=functions.get_weather code{}",
    ],
)
def test_a_call_in_another_spelling_of_its_markup_is_found(text):
    assert tools(text) == ["get_weather"] or "get_weather" in tools(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "get_weather",
        "get_weather()s are calls",
        'I will call get_weather(city="Paris") for you.',
        "<tool_call> is what comes before a name, as that of get_weather.",
        "The block `<tool_call>get_weather` is missing.",
        "```\n<tool_call>get_weather\n```\nis how it begins.",
        '{"name": "get_weather"}',
        '{"name": "get_weather", "parameters": {"type": "object", "properties": {}}}',
        '{"city": "get_weather", "arguments": {}}',
        'Its name is {"name": "get_weather", "arguments": {}} within a line.',
        '<tool_call>{"name": "get_weather_at", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "my-get_weather", "arguments": {}}</tool_call>'.replace("my-", "my"),
        "Action: get_weather",
        "[get_weather](https://example.com)",
        "[search(query)](docs.md)",
        "firebase.functions.search(1)",
        'search: {"query": 1}',
    ],
)
def test_what_is_no_call_of_an_offered_tool_is_not_found(text):
    assert tools(text) == []


@pytest.mark.parametrize("marker", OPENING)
def test_each_opening_counts_before_an_offered_name_alone(marker):
    assert tools(f'So: {marker}"get_weather') == ["get_weather"]
    assert tools(f"So: {marker} was not about get_weather") == []
    assert tools(f"So: {marker}get_water") == []


def test_arguments_before_the_name_are_looked_over_to_a_limit():
    long = "x" * (BEFORE - 100)
    assert tools(f'{{"arguments": {{"note": "{long}"}}, "name": "search"}}') == ["search"]
    assert tools(f'{{"arguments": {{"note": "{long * 2}"}}, "name": "search"}}') == []
    assert AFTER < BEFORE


@pytest.mark.parametrize(
    ("offered", "before", "found"),
    [
        (["search"], 299, True),
        (["search"], 300, False),
        (["search", "get_weather"], 149, True),
        (["search", "get_weather"], 150, False),
    ],
)
def test_a_call_is_looked_for_at_the_first_300_places_of_the_offered_names(offered, before, found):
    text = "get_weather of\n" + "(search the web)\n" * before + CALL
    assert ("search" in {call.tool for call in written_calls(text, offered)}) == found


@pytest.mark.parametrize(("before", "found"), [(2, True), (3, False)])
def test_a_call_is_looked_for_at_three_places_of_each_name_however_many_tools_are_offered(before, found):
    offered = ["search", *(f"tool_{number}" for number in range(1_000, 1_500))]
    text = " ".join(offered[1:]) + "\n" + "(search the web)\n" * before + CALL
    assert ("search" in {call.tool for call in written_calls(text, offered)}) == found


def test_each_tool_is_reported_once():
    one = '<tool_call>{"name": "search", "arguments": {}}</tool_call>'
    assert tools(f"{one}\n{one}\n<tool_call>get_weather") == ["get_weather", "search"]


PIECES = st.sampled_from(
    [
        *OPENING,
        "search",
        "get_weather",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        '"',
        "\n",
        "name",
        "arguments",
        ":",
        ",",
        "```",
        "`",
        " ",
        "\0",
        "é",
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_text_is_read_to_its_end(text):
    found = list(written_calls(text, TOOLS))
    assert {call.tool for call in found} <= set(TOOLS)
    assert all(isinstance(call.stands_in(text), bool) and call.form in FORMS for call in found)


def test_hard_examples_and_ways_are_many():
    assert len(WAYS) >= 35
    assert len(HARD) >= 18


def first(text: str):
    return next(written_calls(text, TOOLS), None)


@pytest.mark.parametrize(
    ("text", "title", "marker"),
    [
        ("<tool_call>search", "markup of a template", "<tool_call>"),
        ("<invoke name=search>", "markup of a template", "<invoke "),
        ('{"name": "search", "arguments": {}}', "a JSON object", ""),
        ('{"arguments": {"a": 1}, "name": "search"}', "a JSON object", ""),
        ("```tool_code\nprint(search(1))\n```", "tool_code", ""),
        ("[search(query=1)]", "a list of calls", ""),
        ("search(query=1)", "a call and nothing else", ""),
        ("Action: search\nAction Input: x", "Action and Action Input", ""),
        ("to=functions.search", "a channel to functions", ""),
        ("functions.search:0", "functions and a name", ""),
        ('search{"query": 1}', "a name and its arguments", ""),
        ("functionsearch\n```json\n{}", "a name and its arguments", ""),
        (">>>search\n{", "a recipient", ""),
    ],
)
def test_call_is_named_by_the_way_it_is_written_and_its_marker(text, title, marker):
    found = first(text)
    assert (found.tool, found.form.title, found.marker) == ("search", title, marker)


@pytest.mark.parametrize(
    ("text", "request_", "stands"),
    [
        ("<tool_call>search", "Use <tool_call> for it.", True),
        ("<tool_call>search", "Use <invoke name> for it.", False),
        ('{"name": "search", "arguments": {}}', '{"name": "x"}', True),
        ('{"name": "search", "arguments": {}}', "a name", False),
        ("search(query=1)", "call search(1)", True),
        ("search(query=1)", "call get_weather(1)", False),
        (">>>search\n{", "write >>>search", True),
        (">>>search\n{", "write >>>other", False),
    ],
)
def test_request_shows_a_way_of_writing_calls_by_its_marker_or_the_name(text, request_, stands):
    assert first(text).stands_in(request_) is stands


@pytest.mark.parametrize(("blanks", "found"), [(1_989, True), (1_990, False)])
def test_marker_within_two_thousand_characters_before_the_name_counts(blanks, found):
    assert (first("<tool_call>" + "\n" * blanks + "search") is not None) is found


@pytest.mark.parametrize(("blanks", "found"), [(985, True), (986, False)])
def test_arguments_within_a_thousand_characters_behind_the_name_count(blanks, found):
    assert (first('{"name": "search"' + " " * blanks + ', "arguments": {}}') is not None) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```\n<tool_call>search\n```", True),
        ("x ```\n<tool_call>search\n```", False),
        ("```json\n[search(query=1)]\n```", True),
        ("So:\n```json\n[search(query=1)]\n```", False),
        ('So:\n```json\n{"name": "search", "arguments": {}}\n```', True),
        ("<tool_call>\t search", True),
        ("<tool_call>search-it", False),
        ("<tool_call>search_it", False),
        ("<tool_call>research", False),
        ("<tool_call>search2", False),
        ("function search\n```json\n{}", False),
        ("afunctionsearch\n```json\n{}", False),
    ],
)
def test_name_counts_alone_and_in_code_only_where_code_is_the_whole_or_the_form(text, found):
    assert (first(text) is not None) is found


def test_no_call_is_written_where_no_name_was_offered():
    assert list(written_calls(CALL, [])) == []
    assert [call.tool for call in written_calls(CALL, ["", "search"])] == ["search"]
