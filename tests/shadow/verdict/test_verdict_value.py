"""The words of a verdict."""

from shadow.verdict.verdict_value import VerdictWord


def test_only_differences_and_faulty_answers_fail_a_report():
    assert {word for word in VerdictWord if word.is_adverse} == {VerdictWord.DIFFERS, VerdictWord.FAULTY}
