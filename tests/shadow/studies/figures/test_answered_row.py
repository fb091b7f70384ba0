from shadow.studies.figures.answered_row import AnsweredRow, by_row, labelled_row


def test_a_label_stands_in_the_place_of_an_answer():
    assert labelled_row("a", calls=True).triggered
    assert labelled_row("a", calls=True).calls
    assert not labelled_row("a", calls=False).triggered
    assert not labelled_row("a", calls=False).calls


def test_rows_that_failed_are_paired_with_none():
    rows = [AnsweredRow(row="a", answered=False, failure="x"), labelled_row("b", calls=True)]
    assert set(by_row(rows)) == {"b"}


def test_an_answer_is_valid_when_it_holds_calls_and_each_is():
    assert not AnsweredRow(row="a", answered=True).valid
    assert AnsweredRow(row="a", answered=True, classes=("valid", "valid")).valid
    assert not AnsweredRow(row="a", answered=True, classes=("valid", "unknown_name")).valid
