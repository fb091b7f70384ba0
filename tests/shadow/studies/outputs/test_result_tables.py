import pytest

from shadow.studies.outputs.result_tables import bounds, result_tables
from tests.shadow.studies.outputs.made import probe_report, replay_report


def tables(report):
    return {table.title: table for table in result_tables(report)}


def test_a_probe_has_its_scores_outcomes_groups_errors_and_costs():
    assert list(tables(probe_report())) == ["coverage", "outcomes", "tool groups", "errors", "tokens and cost"]


def test_a_replay_has_its_signals_strata_and_verifiers_figures():
    assert list(tables(replay_report())) == ["answers", "outcomes", "signals", "difficulty", "triggers", "tool calls"]


@pytest.mark.parametrize("report", [probe_report(), replay_report()])
def test_every_row_has_a_cell_for_every_column(report):
    for table in result_tables(report):
        assert table.meaning
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_the_reference_stands_first_and_is_named_as_it():
    assert tables(probe_report())["coverage"].rows[0][0] == "maker (reference)"


def test_a_provider_without_a_score_has_dashes_and_its_error_by_class():
    found = tables(probe_report())
    (small,) = [row for row in found["coverage"].rows if row[0] == "small"]
    assert small[:3] == ("small", "-", "0 of 3")
    assert found["errors"].rows == (("small", "3", "context_length_exceeded"),)


def test_a_worse_signal_is_named_by_what_the_candidate_does():
    rows = [row for row in tables(replay_report())["signals"].rows if row[0] == "worse"]
    assert any("more often" in row[-1] for row in rows)
    assert all(row[-1] in {"", "required"} for row in tables(replay_report())["signals"].rows if row[0] == "same")


def test_an_interval_is_in_whole_points():
    assert bounds(-0.064, 0.271) == " [-6 to 27]"
    assert bounds(None, 0.2) == ""
