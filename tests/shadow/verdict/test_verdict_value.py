"""The words of a verdict."""

from shadow.verdict.verdict_value import Word


def test_only_differences_and_faulty_answers_fail_a_report():
    assert {word for word in Word if word.is_guilty} == {Word.DIFFERS, Word.FAULTY}
