"""An answer has a row for each measure that it has, in the order of the columns."""

from storage.measured_times import MEASURES, measured


def test_measures_that_an_answer_lacks_have_no_row_and_zero_is_a_measure():
    rows = [("a", "m", "primary", None, 0.0, 2.0), ("b", "m", "shadow", 0.5, None, None)]
    assert list(measured(rows)) == [
        ("a", "m", "primary", "first_token", 0.0),
        ("a", "m", "primary", "seconds", 2.0),
        ("b", "m", "shadow", "first_chunk", 0.5),
    ]
    assert MEASURES == ("first_chunk", "first_token", "seconds")
