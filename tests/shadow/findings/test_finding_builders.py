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
