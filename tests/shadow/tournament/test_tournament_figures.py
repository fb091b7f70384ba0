from tests.shadow.tournament.arm_rows import arm
from tests.shadow.tournament.test_tournament_view import figures, shown


def test_the_largest_difference_is_that_of_the_required_signals():
    found = shown(figures(arm("host-a", excess=0.12)))
    assert found["host-a"].largest.signal == "answer_kind"
    assert found["host-b"].largest is None
