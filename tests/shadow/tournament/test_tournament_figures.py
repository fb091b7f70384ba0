import pytest

from shadow.choice.candidate_claims import ChoiceVerdict
from tests.shadow.tournament.arm_rows import arm
from tests.shadow.tournament.made_figures import candidate, signal
from tests.shadow.tournament.test_tournament_view import figures, shown


def test_the_largest_difference_is_that_of_the_required_signals():
    found = shown(figures(arm("host-a", excess=0.12)))
    assert found["host-a"].largest.signal == "answer_kind"
    assert found["host-b"].largest is None


@pytest.mark.parametrize(
    ("first", "second", "largest"),
    [
        ((0.02, -0.01, 0.05), (0.01, -0.02, 0.04), "answer_kind"),
        ((0.01, -0.02, 0.04), (-0.02, -0.05, 0.01), "error"),
        ((0.0, -0.03, 0.03), (0.01, -0.02, 0.04), "error"),
        ((-0.02, -0.05, 0.01), (0.02, -0.01, 0.05), "error"),
        ((0.02, -0.01, 0.05), (-0.02, -0.05, 0.0), "answer_kind"),
        ((-0.02, -0.05, 0.0), (-0.02, -0.05, 0.01), "error"),
        ((-0.1, -0.2, -0.05), (-0.1, -0.2, 0.0), "error"),
        ((None, None, None), (0.0, -0.03, 0.03), "error"),
    ],
)
def test_the_largest_is_the_farthest_from_no_difference_either_way_and_of_equal_ones_the_one_that_reaches_higher(
    first, second, largest
):
    one = candidate("host-a", ChoiceVerdict.UNDECIDED, signal(*first), signal(*second, name="error"))
    assert one.largest.signal == largest
