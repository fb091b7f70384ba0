from shadow.studies.own_checks.answer_facts import broken, passed_or_not
from shadow.studies.own_checks.check_spec import read_check

SPEC = read_check({"kind": "words", "equals": 12, "points": 5})


def test_a_check_gives_all_of_its_points_or_none():
    assert passed_or_not(SPEC, "").points == 5
    assert passed_or_not(SPEC, "11 words").points == 0


def test_a_broken_check_gives_no_points_and_is_no_fault():
    assert (broken(SPEC, "gone").points, broken(SPEC, "gone").broken, passed_or_not(SPEC, "x").broken) == (0, True, False)
