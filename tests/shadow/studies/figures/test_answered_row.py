from shadow.reading.parsed_exchange import parse_exchange
from shadow.studies.figures.answered_row import AnsweredRow, answered_row, by_row, labelled_row
from tests.exchanges import asked, exchange, said


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


def test_a_failed_answer_is_a_row_without_figures_and_a_label_one_of_a_single_try():
    seen = parse_exchange(exchange(said(""), request=asked()))
    failed = answered_row("a", seen.request, seen.answer, failure="timeout")
    read = answered_row("a", seen.request, seen.answer)
    for row, answered, empty in ((failed, False, False), (read, True, True), (labelled_row("a", calls=True), True, False)):
        assert (row.answered, row.tries, row.unchecked, row.empty, row.reasoning_only) == (answered, 1, 0, empty, False)
    assert (failed.failure, failed.classes, failed.prompt_tokens, read.prompt_tokens) == ("timeout", (), None, 9)
