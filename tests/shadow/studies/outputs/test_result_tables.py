from dataclasses import replace

import pytest

from shadow.drift.verifier_figures import Triggering
from shadow.studies.outputs.result_tables import ResultTable, bounds, result_tables
from shadow.studies.outputs.study_report import StudyReport, TouchedGroup
from shadow.studies.verdicts.candidate_evidence import SCORE
from shadow.studies.verdicts.difficulty import Difficulty, DifficultyFigures
from shadow.studies.verdicts.study_verdict import SignalDrop, StudyVerdict
from tests.shadow.studies.outputs.made import facts, probe_report, replay_report

TRIGGERING = Triggering(
    pairs=80,
    f1=0.4321,
    f1_limit=0.8,
    kappa=0.567,
    ratio=1.5,
    control_pairs=60,
    own_f1=0.9876,
    difference=None,
    low=None,
    high=None,
)


def table(report: StudyReport, title: str) -> ResultTable:
    return next(one for one in result_tables(report) if one.title == title)


def titles(report: StudyReport) -> list[str]:
    return [one.title for one in result_tables(report)]


def measured(report: StudyReport | None = None, **figures: object) -> StudyReport:
    """A report whose reference has such figures."""
    report = report or probe_report()
    return replace(report, result=replace(report.result, reference=replace(report.result.reference, **figures)))


def judged(**verdict: object) -> StudyReport:
    """A replay whose only verdict has such members."""
    report = replay_report()
    one: StudyVerdict = replace(report.result.verdicts[0], **verdict)
    return replace(report, result=replace(report.result, verdicts=(one,)))


def verified(**summary: object) -> StudyReport:
    """A replay whose only summary of a verifier has such members."""
    report = replay_report()
    return replace(report, verifiers=(replace(report.verifiers[0], **summary),))


def signal(name: str, *, mean: float = 0.0, direction: int = 1, worse: bool = False, required: bool = False) -> SignalDrop:
    return SignalDrop(name=name, direction=direction, pairs=44, mean=mean, low=-0.064, high=0.271, worse=worse, required=required)


@pytest.mark.parametrize("report", [probe_report(), replay_report()])
def test_words_stand_left_and_figures_right(report: StudyReport):
    for found in result_tables(report):
        for place, column in enumerate(found.columns):
            cells = [row[place] for row in found.rows]
            assert column.left == all(cell == "" or cell[0].isalpha() for cell in cells)


@pytest.mark.parametrize(
    ("title", "at_any_width", "from_80", "from_100"),
    [
        ("coverage", "provider, mean [95 %], runs", "complete, first try, seconds", "4 of 4, steps, calls"),
        ("tokens and cost", "provider, prompt, completion, cost", "model", "first token, tool time"),
        ("outcomes", "provider, how its runs ended", "", ""),
    ],
)
def test_columns_beyond_the_most_telling_ones_need_a_terminal_of_80_or_100_columns(title, at_any_width, from_80, from_100):
    found = {
        least: ", ".join(one.title for one in table(probe_report(), title).columns if one.width == least)
        for least in (0, 80, 100)
    }
    assert found == {0: at_any_width, 80: from_80, 100: from_100}


def test_scores_of_a_provider_stand_in_the_order_of_their_columns():
    report = measured(
        mean=0.5,
        low=0.251,
        high=0.756,
        scored=8,
        runs=10,
        complete=6,
        all_of_four=0.3,
        first_try=7,
        asked=9,
        steps=6.25,
        calls=5.5,
        seconds=123.4,
    )
    cells = ("maker (reference)", "50 % [25 to 76]", "8 of 10", "6 of 8", "30 %", "78 %", "6.25", "5.5", "123 s")
    assert table(report, "coverage").rows[0] == cells


def test_answers_of_a_replay_have_no_columns_of_complete_runs():
    found = table(measured(replay_report(), mean=0.5, low=None, high=None, scored=7, runs=7, complete=6), "answers")
    assert [one.title for one in found.columns][:4] == ["provider", "complete", "runs", "first try"]
    assert found.rows[0][:4] == ("maker (reference)", "50 %", "7", "100 %")
    assert "4 of 4" not in found.meaning
    assert "4 of 4" in table(probe_report(), "coverage").meaning


def test_a_provider_that_was_sent_nothing_has_a_dash_for_its_first_tries():
    assert table(measured(asked=0, first_try=0), "coverage").rows[0][5] == "-"
    assert table(measured(asked=1, first_try=1), "coverage").rows[0][5] == "100 %"


@pytest.mark.parametrize(
    ("seconds", "cell"), [(None, "-"), (0.123, "0.12 s"), (9.44, "9.4 s"), (10.6, "11 s"), (99.7, "100 s"), (734.5, "734 s")]
)
def test_seconds_have_two_digits_below_ten_and_none_behind_the_point_from_there(seconds: float | None, cell: str):
    assert table(measured(seconds=seconds), "coverage").rows[0][8] == cell


@pytest.mark.parametrize(
    ("tokens", "cell"), [(0.1234, "0.123"), (0, "0"), (99.44, "99.4"), (100, "100"), (1234.4, "1,234"), (2_345_678, "2,345,678")]
)
def test_numbers_have_three_digits_and_large_ones_all_in_groups(tokens: float, cell: str):
    assert table(measured(prompt_tokens=tokens), "tokens and cost").rows[0][2] == cell


def test_outcomes_stand_by_number_then_by_name_and_not_for_a_provider_without_runs():
    outcomes = {"asked_back": 2, "complete": 5, "cut": 2, "error": 9}
    found = table(measured(outcomes=outcomes), "outcomes").rows
    assert found[0] == ("maker", "error 9, complete 5, asked back 2, cut 2")
    assert "maker" not in [row[0] for row in table(measured(runs=0, scored=0), "outcomes").rows]
    assert "maker" in [row[0] for row in table(measured(runs=1, scored=1), "outcomes").rows]


def test_a_group_has_the_share_of_scored_runs_and_a_dash_where_there_is_none():
    touched = {"maker": (3, 4), "openrouter": (0, 1), "small": (0, 0), "twin": (1, 1)}
    report = replace(probe_report(), groups=(TouchedGroup(group="charges", touched=touched),))
    assert table(report, "tool groups").rows == (("charges", "75 %", "0 %", "-", "100 %"),)


def test_a_signal_has_its_pairs_its_drop_with_bounds_and_what_the_candidate_does():
    signals = (signal("arguments", mean=0.87, worse=True), signal("error", required=True), signal("tools", mean=-0.051))
    assert table(judged(signals=signals), "signals").rows == (
        ("worse", "tool arguments", "44", "+87 [-6 to 27]", "sends different tool arguments 87 points more often"),
        ("worse", "errors", "44", "+0 [-6 to 27]", "required"),
        ("worse", "tools chosen", "44", "-5 [-6 to 27]", ""),
    )


def test_a_signal_counted_the_other_way_is_shown_where_the_candidate_leans_that_way_or_is_worse():
    def shown(**members) -> list[str]:
        report = judged(signals=(signal("calls_tool_rate", direction=-1, **members), signal("error")))
        return [row[-1] for row in table(report, "signals").rows if row[1] == "how often it calls"]

    assert shown(mean=0.0) == shown(mean=-0.2) == []
    assert shown(mean=0.002) == [""]
    assert shown(mean=0.2, worse=True) == ["calls a tool 20 points more often"]
    assert len(shown(mean=0.0, worse=True)) == 1


def test_the_score_is_no_signal():
    assert "signals" not in titles(judged(signals=(signal(SCORE),)))


def test_rows_by_difficulty_have_their_pairs_their_drop_and_whether_they_differ():
    strata = tuple(
        DifficultyFigures(difficulty=which, pairs=20, mean=mean, low=-0.064, high=0.271, worse=mean > 0)
        for which, mean in ((Difficulty.EASY, -0.034), (Difficulty.HARD, 0.87))
    )
    assert table(judged(strata=strata), "difficulty").rows == (
        ("worse", "easy", "20", "-3 [-6 to 27]", "no difference shown"),
        ("worse", "hard", "20", "+87 [-6 to 27]", "differs"),
    )


def test_trigger_figures_stand_beside_the_reference_against_itself():
    found = table(verified(by_finish=TRIGGERING, cut=3), "triggers")
    assert found.rows == (("worse", "43.2 %", "98.8 % of 60", "80.0 %", "0.57", "1.50", "3"),)
    assert [one.title for one in found.columns if one.width == 80] == ["reference's own"]
    assert [one.title for one in found.columns if one.width == 100] == ["limit", "cut"]


def test_trigger_figures_that_are_undefined_are_dashes():
    unknown = replace(TRIGGERING, f1=None, f1_limit=None, kappa=None, ratio=None, own_f1=None, control_pairs=0)
    assert table(verified(by_finish=unknown, cut=0), "triggers").rows == (("worse", "-", "-", "-", "-", "-", "0"),)
    one = replace(unknown, control_pairs=1)
    assert table(verified(by_finish=one), "triggers").rows[0][2] == "- of 1"


def test_answers_without_a_call_have_no_table_of_triggers_or_calls():
    assert not {"triggers", "tool calls"} & set(titles(verified(called=0)))
    assert "triggers" not in titles(verified(by_finish=None))
    assert "tool calls" not in titles(verified(success_count=0))
    assert "tool calls" in titles(verified(success_count=1, called=1))


def test_figures_against_published_labels_have_a_table_of_their_own():
    found = table(verified(by_label=TRIGGERING), "published labels")
    assert found.rows == (("worse", "80", "43.2 %", "80.0 %", "0.57", "1.50"),)
    assert [(one.title, one.left, one.width) for one in found.columns if one.left or one.width] == [
        *(("provider", True, 0), ("rows", False, 80), ("limit", False, 100))
    ]
    unknown = replace(TRIGGERING, pairs=1, f1=None, f1_limit=None, kappa=None, ratio=None)
    assert table(verified(by_label=unknown), "published labels").rows == (("worse", "1", "-", "-", "-", "-"),)
    assert "published labels" not in titles(replay_report())


def test_tool_calls_have_their_accuracy_and_the_faults_that_occurred():
    classes = {"valid": 7, "invalid_json": 2, "unknown_name": 0, "schema_mismatch": 1}
    found = table(verified(schema_accuracy=0.7, called=10, errored_share=0.3, call_classes=classes), "tool calls")
    assert found.rows == (("worse", "70.0 %", "10", "30 %", "invalid json 2, schema mismatch 1"),)
    assert [one.title for one in found.columns if one.width == 80] == ["answers with calls"]


def test_errors_stand_by_number_then_by_class_each_on_its_row():
    found = table(measured(errors={"b": 2, "timeout": 5, "a": 2}), "errors").rows
    assert found[:3] == (("maker", "5", "timeout"), ("maker", "2", "a"), ("maker", "2", "b"))


def test_tokens_times_and_cost_of_a_provider_stand_beside_its_model():
    report = measured(prompt_tokens=10, completion_tokens=20, first_token=0.5, tool_seconds=3.0, cost=1234.567)
    cells = ("maker", "nano-30b", "10", "20", "0.5 s", "3 s", "$1,234.57")
    assert table(report, "tokens and cost").rows[0] == cells


def test_a_provider_that_ran_no_tool_or_whose_price_is_unknown_has_a_dash():
    report = replace(measured(tool_seconds=0.0, cost=None), facts=facts(models={}))
    row = table(report, "tokens and cost").rows[0]
    assert (row[1], row[5], row[6]) == ("", "-", "-")


@pytest.mark.parametrize(("tokens", "cost", "shown"), [(5, None, True), (None, 0.1, True), (None, None, False)])
def test_a_provider_of_which_neither_tokens_nor_cost_are_known_is_left_out(tokens, cost, *, shown: bool):
    found = table(measured(prompt_tokens=tokens, cost=cost), "tokens and cost").rows
    assert ("maker" in [row[0] for row in found]) == shown


def test_a_probe_has_its_scores_outcomes_groups_errors_and_costs():
    assert titles(probe_report()) == ["coverage", "outcomes", "tool groups", "errors", "tokens and cost"]


def test_a_replay_has_its_signals_strata_and_verifiers_figures():
    assert titles(replay_report()) == ["answers", "outcomes", "signals", "difficulty", "triggers", "tool calls"]


@pytest.mark.parametrize("report", [probe_report(), replay_report()])
def test_every_row_has_a_cell_for_every_column(report):
    for one in result_tables(report):
        assert one.meaning
        assert all(len(row) == len(one.columns) for row in one.rows)


def test_the_reference_stands_first_and_is_named_as_it():
    assert table(probe_report(), "coverage").rows[0][0] == "maker (reference)"


def test_a_provider_without_a_score_has_dashes_and_its_error_by_class():
    (small,) = [row for row in table(probe_report(), "coverage").rows if row[0] == "small"]
    assert small[:3] == ("small", "-", "0 of 3")
    assert table(probe_report(), "errors").rows == (("small", "3", "context_length_exceeded"),)


def test_a_worse_signal_is_named_by_what_the_candidate_does():
    rows = [row for row in table(replay_report(), "signals").rows if row[0] == "worse"]
    assert any("more often" in row[-1] for row in rows)
    assert all(row[-1] in {"", "required"} for row in table(replay_report(), "signals").rows if row[0] == "same")


def test_an_interval_is_in_whole_points():
    assert bounds(-0.064, 0.271) == " [-6 to 27]"
    assert bounds(0.87, 0.93) == " [87 to 93]"
    assert bounds(None, 0.2) == ""
