from dataclasses import replace

from shadow.studies.outputs.study_lines import ENDINGS, heading, promises, remarks, summary
from tests.shadow.studies.outputs.made import facts, probe_report, replay_report


def test_the_heading_names_the_study_its_candidates_and_the_reference():
    assert heading(probe_report()) == "probe battery: openrouter, small, twin against maker"


def test_summary_has_the_runs_the_reason_of_the_end_and_the_cost():
    first, second = summary(probe_report())
    assert first.endswith("of 40 blocks, every candidate decided; 730 requests, 4,231,000 tokens, $1.83")
    assert second == "2026-09-21 14:13:20 to 2026-09-21 14:25:34 UTC, seed 7, sameweights 1.0"


def test_a_study_taken_up_with_fewer_blocks_than_it_holds_states_both():
    run = probe_report().blocks
    shown = {planned: summary(replace(probe_report(), facts=facts(planned=planned)))[0] for planned in (run, run - 1)}
    assert shown[run].startswith(f"{run} of {run} blocks, ")
    assert shown[run - 1].startswith(f"{run} blocks, more than the {run - 1} planned now, ")


def test_every_ending_of_a_study_has_its_words():
    for ending, words in ENDINGS.items():
        assert words in summary(replace(probe_report(), facts=facts(ended_by=ending)))[0]


def test_a_study_without_known_prices_states_no_cost():
    assert "$" not in summary(replace(probe_report(), facts=facts(cost=None)))[0]


def test_the_promise_names_the_level_the_allowed_drop_and_the_fewest_pairs():
    assert promises(probe_report())[0] == "Judged by coverage, allowed drop 30 points, not below 6 pairs."
    assert "at most 5 % are wrong" in promises(probe_report())[1]
    assert "signals of pairs, allowed drop 5 points" in promises(replay_report())[0]


def test_skipped_rows_are_counted_and_the_first_ones_named():
    report = replace(probe_report(), facts=facts(skipped=tuple(f"rows.jsonl:{n}: not JSON" for n in range(9)), skipped_rows=9))
    found = remarks(report)
    assert "skipped, because it could not be read: 9 rows" in found
    assert "rows.jsonl:4: not JSON" in found
    assert "rows.jsonl:5: not JSON" not in found
    assert found[-1] == "again: sameweights probe battery.toml --seed 7"
