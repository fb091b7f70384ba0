import pytest

from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.study_verdict import EXITS, StudyWord, exit_code
from tests.shadow.studies.simulated import study, succeeds


@pytest.mark.parametrize(("word", "code"), [("PASS", 0), ("COMPARED", 0), ("FAIL", 3), ("UNDECIDED", 4), ("NOT MEASURED", 4)])
def test_every_word_has_its_exit_code(word: str, code: int):
    assert EXITS[StudyWord(word)] == code


def test_a_fail_outweighs_an_undecided_one():
    result, _ = study(
        {"reference": succeeds(1.0), "bad": succeeds(0.0), "near": succeeds(0.7)},
        policy=StudyPolicy(allowed_drop=0.3),
        passes=14,
    )
    assert [verdict.word for verdict in result.verdicts] == [StudyWord.FAIL, StudyWord.UNDECIDED]
    assert exit_code(result) == 3
