import pytest

from shadow.checks.reasoning_form import reasoning_form, turned_off
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion, parts


def asking(text):
    return ask(messages=({"role": "user", "content": text},))


@pytest.mark.parametrize(
    ("asked", "said", "state", "reason"),
    [
        (ask(), choice("hello"), FindingState.NOT_MEASURED, "shows no reasoning"),
        (ask(), choice("hello", reasoning="hm"), FindingState.MATCH, ""),
        (ask(), choice("<think>hm</think>hello"), FindingState.DIFFER, "<think> is in the text"),
        (ask(), choice("[THINK]hm[/THINK]hello"), FindingState.DIFFER, "[THINK] is in the text"),
        (ask(), choice("◁think▷hm◁/think▷hello"), FindingState.DIFFER, "◁think▷ is in the text"),
        (ask(), choice("<seed:think>hm</seed:think>hello"), FindingState.DIFFER, "<seed:think> is in the text"),
        (ask(), choice("I think </think> so"), FindingState.DIFFER, "</think> is in the text"),
        (asking("Answer in <think> tags"), choice("<think>hm"), FindingState.NOT_MEASURED, "no reasoning"),
        (ask(), choice("Use `<think>` for it"), FindingState.NOT_MEASURED, "no reasoning"),
        (ask(body={"enable_thinking": False}), choice("a", reasoning="hm"), FindingState.DIFFER, "2 characters of it came"),
        (ask(), choice("so " * 30 + "be it", reasoning="so " * 30), FindingState.DIFFER, "a second time"),
        (
            ask(body={"reasoning_format": "raw"}),
            choice("<think>hm</think>hello"),
            FindingState.NOT_MEASURED,
            "reasoning_format to raw",
        ),
        (ask(api="messages"), choice("<thinking>hm</thinking>hello"), FindingState.NOT_MEASURED, "this model writes itself"),
        (ask(api="messages"), choice("<think>hm</think>hello"), FindingState.DIFFER, "<think> is in the text"),
        (ask(), choice("<thinking>hm</thinking>hello"), FindingState.DIFFER, "<thinking> is in the text"),
    ],
)
def test_reasoning_outside_its_field_differs(asked, said, state, reason):
    found = reasoning_form(asked, completion(said))
    assert found.state is state
    assert reason in found.reason


@pytest.mark.parametrize(
    ("body", "off"),
    [
        ({}, False),
        ({"reasoning_effort": "low"}, False),
        ({"reasoning_effort": "none"}, True),
        ({"chat_template_kwargs": {"enable_thinking": False}}, True),
        ({"chat_template_kwargs": {"thinking": True}}, False),
        ({"thinking": {"type": "disabled"}}, True),
        ({"reasoning": {"enabled": False}}, True),
        ({"reasoning": {"effort": "high"}}, False),
    ],
)
def test_reasoning_is_turned_off_by_each_known_parameter(body, off):
    assert turned_off(body) is off


@pytest.mark.parametrize(("place", "state"), [(99_993, "differ"), (99_994, "not_measured")])
def test_the_first_100_000_characters_are_searched_for_a_tag(place, state):
    assert reasoning_form(ask(), completion(choice("x" * place + "<think>"))).state == state


@pytest.mark.parametrize(("length", "state"), [(80, "match"), (81, "differ")])
def test_reasoning_of_more_than_80_characters_that_begins_the_text_stands_twice(length, state):
    assert reasoning_form(ask(), completion(choice("a" * length + " so", reasoning="a" * length))).state == state


@pytest.mark.parametrize(
    ("asked", "said", "expected"),
    [
        (ask(), choice("a", reasoning="hm"), ("match", 1.0, "reasoning_content", "", "")),
        (
            *(ask(), choice("<think>hm")),
            ("differ", 0.0, "<think>", "", "<think> is in the text: its reasoning was not taken out"),
        ),
        (
            *(ask(body={"enable_thinking": False}), choice("a", reasoning=" hm ")),
            ("differ", 0.0, "reasoning_content", "", "the request turned reasoning off, and 2 characters of it came"),
        ),
        (
            *(ask(), choice("\n" + "so " * 30 + "be it", reasoning="so " * 30)),
            ("differ", 0.0, "reasoning_content", "", "the reasoning is in the text a second time"),
        ),
        (ask(), choice("be it " + "so " * 30, reasoning="so " * 30), ("match", 1.0, "reasoning_content", "", "")),
        (ask(), choice("a", reasoning=" "), ("not_measured", None, "", "", "the answer shows no reasoning")),
        (
            *(ask(api="messages"), choice("<thinking>hm")),
            ("not_measured", None, "", "", "<thinking> is a word that this model writes itself"),
        ),
        (
            *(ask(body={"reasoning_format": "raw"}), choice("<think>hm")),
            ("not_measured", None, "", "", "the request sets reasoning_format to raw"),
        ),
    ],
)
def test_form_of_reasoning_is_stated_by_its_tag_or_its_field(asked, said, expected):
    assert parts(reasoning_form(asked, completion(said))) == ("reasoning_form", *expected)


def test_claude_writes_thinking_itself_whatever_the_api():
    said = completion(choice("<thinking>hm"))._replace(model="Claude-4")
    assert reasoning_form(ask(), said).reason == "<thinking> is a word that this model writes itself"
    plain = completion(choice("<think>hm"))._replace(model="Claude-4")
    assert reasoning_form(ask(), plain).state is FindingState.DIFFER


def test_tag_of_the_request_leaves_the_reasoning_in_its_field_to_be_judged():
    asked = ask(messages=({"role": "user", "content": "Use <think>"},), body={"enable_thinking": False})
    assert reasoning_form(asked, completion(choice("<think>a", reasoning="hm"))).state is FindingState.DIFFER


@pytest.mark.parametrize(
    ("body", "off"),
    [
        ({"reasoning_effort": "off"}, True),
        ({"enable_thinking": None}, False),
        ({"enable_thinking": True}, False),
        ({"chat_template_kwargs": {"thinking": False}}, True),
        ({"chat_template_kwargs": "thinking"}, False),
        ({"thinking": {"type": "enabled"}}, False),
        ({"thinking": "disabled"}, False),
        ({"reasoning": {"enabled": True}}, False),
        ({"reasoning": {"effort": "none"}}, True),
        ({"reasoning": "none"}, False),
        ({"enable_thinking": True, "reasoning": {"enabled": False}}, True),
    ],
)
def test_any_of_the_known_parameters_turns_reasoning_off(body, off):
    assert turned_off(body) is off
