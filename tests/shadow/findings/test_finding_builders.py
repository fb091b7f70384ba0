import pytest

from shadow.findings.finding import FindingState, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured, short, storable


def test_a_match_needs_no_reason_and_everything_else_has_one():
    assert match_or_differ(Signal.TEXT, True, "a", "b", "why").reason == ""
    assert match_or_differ(Signal.TEXT, False, "a", "b", "why").reason == "why"
    assert not_comparable(Signal.TEXT, "why").state is FindingState.NOT_COMPARABLE
    assert not_measured(Signal.TEXT, "why").state is FindingState.NOT_MEASURED


def test_a_long_value_is_cut_to_its_length():
    assert short("x" * 500) == "x" * 199 + "…"
    assert short("x" * 200) == "x" * 200


def test_a_lone_surrogate_never_reaches_a_database():
    assert storable("a\ud800b") == "a?b"
    match_or_differ(Signal.TEXT, False, "\ud800", "\udfff", "\ud800").reason.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "shown"), [("a", "a"), ("", ""), (7, "7"), ("é" * 200, "é" * 200), ("é" * 201, "é" * 199 + "…")]
)
def test_match_has_the_score_1_and_shows_both_values_up_to_200_characters(value, shown):
    found = match_or_differ(Signal.TOOLS, True, value, value, "why")
    assert (found.signal, found.state, found.score, found.reason) == (Signal.TOOLS, FindingState.MATCH, 1.0, "")
    assert (found.subject, found.reference) == (shown, shown)


def test_match_of_two_values_shows_each_on_its_side():
    found = match_or_differ(Signal.TOOLS, True, "a", "b", "")
    assert (found.subject, found.reference) == ("a", "b")
    assert match_or_differ(Signal.TOOLS, True, "", "b", "").reference == "b"
    assert match_or_differ(Signal.TOOLS, True, "a", "", "").subject == "a"


@pytest.mark.parametrize(
    ("same", "score", "expected"), [(False, None, 0.0), (False, 0.4, 0.4), (True, 0.9, 0.9), (False, 0.0, 0.0), (True, 0.0, 0.0)]
)
def test_score_is_the_one_that_is_given_and_else_that_of_a_difference(same, score, expected):
    found = match_or_differ(Signal.TEXT, same, "a", "b", "why", score=score)
    assert (found.score, found.state) == (expected, FindingState.MATCH if same else FindingState.DIFFER)
    assert (found.subject, found.reference, found.reason) == ("a", "b", "" if same else "why")


def test_finding_without_a_comparison_has_its_reason_and_both_values():
    found = not_comparable(Signal.TEXT, "why", "a", "b")
    assert (found.signal, found.reason, found.subject, found.reference, found.score) == (Signal.TEXT, "why", "a", "b", None)
    assert (not_measured(Signal.TEXT, "why").signal, not_measured(Signal.TEXT, "why").reason) == (Signal.TEXT, "why")
