import pytest

from shadow.checks.template_leak import MARKERS, template_leak
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion, parts


def asking(text):
    return ask(messages=({"role": "user", "content": text},))


@pytest.mark.parametrize("marker", MARKERS)
def test_marker_differs_unless_the_request_holds_it_or_it_is_quoted_as_code(marker):
    said = completion(choice(f"It rained {marker} all day."))
    assert template_leak(asking("Tell me."), said).subject == marker
    assert template_leak(asking(f"What is {marker}?"), said).state is FindingState.MATCH
    assert template_leak(asking("Tell me."), completion(choice(f"Write `{marker}` there."))).state is FindingState.MATCH


def test_reason_of_a_long_text_states_how_far_it_was_read():
    found = template_leak(asking(""), completion(choice("<|im_end|>" + "x" * 100_000)))
    assert found.reason.endswith("(of the first 100,000 characters; the rest was not read)")
    assert template_leak(asking(""), completion(choice(None))).state is FindingState.NOT_MEASURED


@pytest.mark.parametrize(("place", "state"), [(99_990, "differ"), (99_991, "match")])
def test_the_first_100_000_characters_are_searched_for_a_marker(place, state):
    assert template_leak(asking(""), completion(choice("x" * place + "<|im_end|>"))).state == state


def test_the_first_four_markers_are_named():
    found = template_leak(asking(""), completion(choice("".join(MARKERS[:6]))))
    assert found.subject == ", ".join(MARKERS[:4])


def test_markers_are_stated_in_the_order_of_their_list():
    found = template_leak(asking(""), completion(choice("a <|im_end|> b <|im_start|>")))
    shown = "<|im_start|>, <|im_end|>"
    assert parts(found) == ("template_leak", "differ", 0.0, shown, "", f"{shown} is in the text")
    assert parts(template_leak(asking(""), completion(choice("a < b [1]")))) == ("template_leak", "match", 1.0, "", "", "")
    assert template_leak(asking(""), completion(choice(""))).reason == "the answer has no text"


def test_marker_beside_one_that_is_quoted_or_requested_is_found_alone():
    text = "`<|im_start|>` and <|im_end|>"
    assert template_leak(asking(""), completion(choice(text))).subject == "<|im_end|>"
    both = completion(choice("<|im_start|> <|im_end|>"))
    assert template_leak(asking("What is <|im_end|>?"), both).subject == "<|im_start|>"
    fenced = completion(choice("```\n<|im_end|>\n"))
    assert template_leak(asking(""), fenced).state is FindingState.MATCH
