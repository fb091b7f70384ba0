"""Does a call stand in the text? What the request shows, asks for or forbids counts, and what the answer calls beside it."""

import random

import pytest

from bench.onwire import understood
from bench.written import HARD, answer_of, harmless
from shadow.checks.call_in_text import call_in_text
from shadow.checks.template_leak import template_leak
from shadow.findings.finding import FindingState
from shadow.reading.parsed_request import Tool
from tests.shadow.compare.made import ask, call, choice, completion, parts

MARKED = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'
BARE = '{"name": "get_weather", "parameters": {"city": "Paris"}}'
TOOLS = (Tool(name="get_weather", schema=None), Tool(name="get_time", schema=None))


def asking(text="Is it raining in Paris?", **more):
    return ask(messages=({"role": "user", "content": text},), tools=TOOLS, **more)


def state(asked, text, *calls):
    return call_in_text(asked, completion(choice(text, calls))).state


@pytest.mark.parametrize("text", [MARKED, BARE, f"I will look.\n\n{BARE}"])
def test_a_call_in_the_text_is_named_with_its_tool_and_how_it_is_written(text):
    found = call_in_text(asking(), completion(choice(text)))
    assert (found.state, found.subject) == (FindingState.DIFFER, "get_weather")
    assert found.reason.startswith("a call of get_weather is in the text as ")


def test_nothing_is_judged_without_tools_or_text_or_where_calls_are_forbidden():
    assert state(ask(tools=()), MARKED) is FindingState.NOT_MEASURED
    assert state(asking(), None) is FindingState.NOT_MEASURED
    assert state(asking(tool_choice="none"), MARKED) is FindingState.NOT_MEASURED
    assert state(asking(), "It rains.") is FindingState.MATCH


def test_call_that_was_also_made_is_not_reported_and_another_one_is():
    assert state(asking(), MARKED, call("get_weather", "{}")) is FindingState.MATCH
    assert state(asking(), MARKED, call("get_time", "{}")) is FindingState.DIFFER


@pytest.mark.parametrize(
    ("asked", "marked", "bare"),
    [
        ("Show me a tool call.", FindingState.MATCH, FindingState.MATCH),
        ("What is <tool_call>?", FindingState.MATCH, FindingState.MATCH),
        ('Why was this logged: {"name": "x", "arguments": {}}', FindingState.DIFFER, FindingState.MATCH),
        ("Give me the JSON for it.", FindingState.DIFFER, FindingState.MATCH),
        ("How would you call it?", FindingState.DIFFER, FindingState.MATCH),
        ("Don't run it, what comes next?", FindingState.DIFFER, FindingState.MATCH),
        ("Save the table of cities.", FindingState.DIFFER, FindingState.DIFFER),
    ],
)
def test_call_that_the_request_shows_or_is_about_is_no_fault(asked, marked, bare):
    assert (state(asking(asked), MARKED), state(asking(asked), BARE)) == (marked, bare)


def test_earlier_message_with_the_markup_counts_and_only_the_users_last_is_about_it():
    talk = ({"role": "system", "content": f"Write {MARKED}"}, {"role": "user", "content": "Go on."})
    assert state(ask(messages=talk, tools=TOOLS), MARKED) is FindingState.MATCH
    talk = (
        {"role": "user", "content": "What is a tool call?"},
        {"role": "user", "content": [{"type": "text", "text": "Go on."}]},
    )
    assert state(ask(messages=talk, tools=TOOLS), MARKED) is FindingState.DIFFER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What does a tool call look like here?", FindingState.MATCH),
        ("Which markup is that?", FindingState.MATCH),
        ("[ticket: raw-tool-markup-in-text] Is it raining?", FindingState.DIFFER),
        ("[ticket: tool-call-as-text] Is it raining?", FindingState.DIFFER),
    ],
)
def test_a_part_of_an_identifier_is_no_word_about_calls(text, expected):
    assert state(asking(text=text), MARKED) is expected


@pytest.mark.parametrize(("wanted", "expected"), [("json_object", FindingState.MATCH), ("text", FindingState.DIFFER)])
def test_where_json_is_the_form_of_the_answer_an_object_is_no_call(wanted, expected):
    assert state(asking(body={"response_format": {"type": wanted}}), BARE) is expected


@pytest.mark.parametrize("way", HARD)
def test_hard_texts_raise_neither_this_check_nor_that_on_markers(way):
    chance = random.Random(way)
    for number in range(20):
        asked, answer = understood(*answer_of(harmless(chance, way), chance, stream=number % 2 == 0))
        assert call_in_text(asked, answer.completion).state is not FindingState.DIFFER
        assert template_leak(asked, answer.completion).state is not FindingState.DIFFER


def test_the_markers_about_a_call_are_a_leak_too_but_where_the_request_is_about_such_text():
    assert template_leak(asking(), completion(choice(MARKED))).subject == "<tool_call>, </tool_call>"
    about = asking(text="Show me the markup of such a call.")
    assert template_leak(about, completion(choice(MARKED))).state is FindingState.MATCH
    assert template_leak(about, completion(choice(f"{MARKED}<|im_end|>"))).subject == "<|im_end|>"
    assert template_leak(asking(), completion(choice("<tool_call> of nothing"))).subject == "<tool_call>"
    assert template_leak(ask(tools=()), completion(choice(MARKED))).state is FindingState.DIFFER
    assert template_leak(asking(tool_choice="none"), completion(choice(MARKED))).state is FindingState.DIFFER


def test_reason_of_a_long_text_states_how_far_it_was_read():
    found = call_in_text(asking(), completion(choice(MARKED + "x" * 100_000)))
    assert found.reason.endswith("(of the first 100,000 characters; the rest was not read)")


@pytest.mark.parametrize(("place", "differs"), [(99_967, True), (99_968, False)])
def test_the_first_100_000_characters_are_searched_for_a_call(place, differs):
    assert (state(asking(), "x" * place + MARKED) is FindingState.DIFFER) == differs


@pytest.mark.parametrize(("before", "excused"), [(19_986, True), (19_987, False)])
def test_the_last_message_is_searched_for_words_about_calls_in_its_first_20_000_characters(before, excused):
    assert (state(asking("x" * before + " chat template"), MARKED) is FindingState.DIFFER) != excused


def test_of_many_calls_in_the_text_four_are_named():
    tools = tuple(Tool(name=f"get_{number}", schema=None) for number in range(6))
    text = "".join(MARKED.replace("get_weather", tool.name) for tool in tools)
    asked = ask(messages=({"role": "user", "content": "Go."},), tools=tools)
    assert call_in_text(asked, completion(choice(text))).subject == "get_0, get_1, get_2, get_3"


@pytest.mark.parametrize(("before", "found"), [(19_980, FindingState.MATCH), (20_000, FindingState.DIFFER)])
def test_words_about_calls_count_in_the_first_twenty_thousand_characters_of_the_last_message(before, found):
    assert state(asking("a " * (before // 2) + "Show me a tool call."), MARKED) is found


def test_call_in_the_text_is_stated_with_its_tools_and_its_form():
    found = call_in_text(asking(), completion(choice(MARKED + MARKED.replace("get_weather", "get_time"))))
    reason = "a call of get_weather, get_time is in the text as markup of a template"
    assert parts(found) == ("call_in_text", "differ", 0.0, "get_weather, get_time", "", reason)
    assert parts(call_in_text(asking(), completion(choice("It rains.")))) == ("call_in_text", "match", 1.0, "", "", "")
    bare = call_in_text(asking(), completion(choice(BARE)))
    assert bare.reason == "a call of get_weather is in the text as a JSON object"


@pytest.mark.parametrize(
    ("asked", "text", "reason"),
    [
        (ask(tools=()), MARKED, "the request offers no tools"),
        (asking(tool_choice="none"), MARKED, "tool_choice is none"),
        (asking(), "", "the answer has no text"),
        (asking(), None, "the answer has no text"),
    ],
)
def test_text_without_a_tool_to_call_is_not_measured(asked, text, reason):
    found = call_in_text(asked, completion(choice(text)))
    assert (found.state, found.reason) == (FindingState.NOT_MEASURED, reason)


@pytest.mark.parametrize(
    ("asked", "text", "differs"),
    [
        ("Show the payload.", BARE, False),
        ("Show the payload.", MARKED, True),
        ("Show the chat template.", MARKED, False),
        ("Show the chat template.", BARE, False),
        ("Is it raining?", BARE, True),
    ],
)
def test_request_about_code_excuses_an_object_and_one_about_calls_any_form(asked, text, differs):
    assert (state(asking(asked), text) is FindingState.DIFFER) == differs


@pytest.mark.parametrize(("length", "shown"), [(120, "t" * 120), (121, "t" * 119 + "…")])
def test_tools_that_are_called_in_the_text_are_named_by_120_characters(length, shown):
    name = "t" * length
    asked = ask(messages=({"role": "user", "content": "Go."},), tools=(Tool(name=name, schema=None),))
    found = call_in_text(asked, completion(choice(MARKED.replace("get_weather", name))))
    assert (found.subject, found.reason) == (shown, f"a call of {shown} is in the text as markup of a template")


@pytest.mark.parametrize(("wanted", "differs"), [("json_schema", False), (None, False), ("text", True)])
def test_any_form_but_text_makes_an_object_the_answer(wanted, differs):
    assert (state(asking(body={"response_format": {"type": wanted}}), BARE) is FindingState.DIFFER) == differs
    assert state(asking(body={"response_format": "json"}), BARE) is FindingState.DIFFER


def test_reason_names_the_form_of_the_first_of_two_calls():
    text = MARKED + "\n" + BARE.replace("get_weather", "get_time")
    found = call_in_text(asking(), completion(choice(text)))
    assert found.reason == "a call of get_weather, get_time is in the text as markup of a template"


def test_parts_of_a_message_that_hold_no_text_are_left_out():
    content = ["tool call", {"type": "image_url"}, {"text": 5}, {"type": "text", "text": "Is it raining?"}]
    assert state(ask(messages=({"role": "user", "content": content},), tools=TOOLS), MARKED) is FindingState.DIFFER


def test_request_without_a_message_of_the_user_is_about_no_calls():
    assert state(ask(messages=({"role": "system", "content": "Show a tool call."},), tools=TOOLS), MARKED) is FindingState.DIFFER
