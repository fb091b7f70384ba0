import pytest

from shadow.checks.reasoning_form import reasoning_form, turned_off
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion


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
