from shadow.findings.finding import Aspect, State
from shadow.findings.outcomes import incomparable, judged, short, storable, unmeasured


def test_a_match_needs_no_reason_and_everything_else_has_one():
    assert judged(Aspect.TEXT, True, "a", "b", "why").reason == ""
    assert judged(Aspect.TEXT, False, "a", "b", "why").reason == "why"
    assert incomparable(Aspect.TEXT, "why").state is State.NOT_COMPARABLE
    assert unmeasured(Aspect.TEXT, "why").state is State.NOT_MEASURED


def test_a_long_value_is_cut_to_its_length():
    assert short("x" * 500) == "x" * 199 + "…"
    assert short("x" * 200) == "x" * 200


def test_a_lone_surrogate_never_reaches_a_database():
    assert storable("a\ud800b") == "a?b"
    judged(Aspect.TEXT, False, "\ud800", "\udfff", "\ud800").reason.encode("utf-8")
