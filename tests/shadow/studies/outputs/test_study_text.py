import re
import unicodedata

import pytest
from rich.cells import cell_len

from shadow.studies.outputs.study_text import as_text
from tests.shadow.studies.outputs.made import HOSTILE, probe_report, replay_report

REPORTS = [probe_report(), replay_report(), probe_report(HOSTILE, detail=HOSTILE)]


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("report", REPORTS, ids=["probe", "replay", "hostile"])
def test_no_line_is_wider_than_the_terminal_and_no_column_is_cut(report, width: int):
    text = as_text(report, width=width)
    assert all(cell_len(line) <= width for line in text.split("\n"))
    assert "…" not in text


def test_verdicts_stand_first_with_their_mark_and_their_sentence():
    text = as_text(probe_report(), width=80)
    assert text.index("✗  openrouter  FAIL") < text.index("✓  twin        PASS") < text.index("coverage  each provider")
    assert "?  small       NOT MEASURED" in text
    assert "more than the 30 points allowed below maker" in text


@pytest.mark.parametrize(
    ("width", "has", "lacks"), [(60, "mean [95 %]", "seconds"), (80, "seconds", "4 of 4 "), (100, "calls", "…")]
)
def test_a_narrow_terminal_leaves_columns_out(width: int, has: str, lacks: str):
    table = as_text(probe_report(), width=width).split("coverage  each")[1].split("outcomes")[0].split("maker")[0]
    header = table.split("\n  provider")[1]
    assert has in header
    assert lacks not in header


def test_name_of_a_candidate_takes_a_third_of_the_terminal_at_most():
    text = as_text(probe_report("x" * 200), width=81)
    [name] = re.findall(r"^ +✗ +(x+) +FAIL$", text, re.MULTILINE)
    assert len(name) == 27
    assert re.search(r"^ +✓ +twin +PASS$", text, re.MULTILINE)


def test_hostile_text_drives_no_terminal():
    for color in (False, True):
        text = as_text(probe_report(HOSTILE, detail=HOSTILE), width=80, color=color)
        assert "\x1b[2J" not in text
        assert "\u202e" not in text
        assert "\ud800" not in text
    plain = as_text(probe_report(HOSTILE, detail=HOSTILE), width=80)
    assert not [one for one in plain if unicodedata.category(one) in {"Cc", "Cf", "Cs"} and one != "\n"]
    assert "[ESC]" in plain


AT_80 = """\
probe battery: openrouter, small, twin against maker
  20 of 40 blocks, every candidate decided; 730 requests, 4,231,000 tokens,
  $1.83
  2026-09-21 14:13:20 to 2026-09-21 14:25:34 UTC, seed 7, sameweights 1.0

  ✗  openrouter  FAIL
                 more than the 30 points allowed below maker: coverage 0 %
                 against 87 %, a drop of 87 points (drop [42 to 98]) over 15
                 pairs
  ?  small       NOT MEASURED
                 small gave nothing to score in 3 of 3 runs
                 (context_length_exceeded 3)
  ✓  twin        PASS
                 less than the 30 points allowed below maker: coverage 95 %
                 against 90 %, a rise of 5 points (drop [-34 to 24]) over 20
                 pairs

coverage  each provider alone, failed runs left out; 4 of 4: the chance that
four runs of a task are all complete
  provider                mean [95 %]    runs  complete  first try  seconds
  ─────────────────────────────────────────────────────────────────────────
  maker (reference)   90 % [68 to 99]      20  18 of 20      100 %    503 s
  openrouter            0 % [0 to 22]      15   0 of 15      100 %    349 s
  small                             -  0 of 3         -        0 %        -
  twin               95 % [75 to 100]      20  19 of 20      100 %    362 s

outcomes  an error is an outcome, never a score of 0
  provider    how its runs ended
  ──────────────────────────────────
  maker       complete 18, partial 2
  openrouter  partial 15
"""
AT_46 = """\
  provider                 mean [95 %]    runs
  ────────────────────────────────────────────
  maker (reference)    90 % [68 to 99]      20
  aa bb cc dd ee ff      0 % [0 to 22]      15
  gg
  small                              -  0 of 3
  twin                95 % [75 to 100]      20

outcomes  an error is an outcome, never a
score of 0
  provider              how its runs ended
  ────────────────────────────────────────────
  maker                 complete 18, partial 2
  aa bb cc dd ee ff gg  partial 15
  small                 context overflow 3
  twin                  complete 19, partial 1
"""


def test_a_study_begins_with_its_verdicts_and_its_tables_follow_each_below_its_meaning():
    text = as_text(probe_report(), width=80)
    assert text.startswith(AT_80)
    assert text.endswith("hold one by one with 95 %.\nagain: sameweights probe battery.toml --seed 7")


def test_eighteen_columns_of_a_name_stay_on_one_line_where_a_table_is_narrow():
    text = as_text(probe_report("aa bb cc dd ee ff gg"), width=46)
    assert AT_46 in text
    below = "  aa bb cc dd ee ff gg\n      prompt 23,000 · completion 900 · cost\n      $0.17\n"
    assert below in text, "beside eighteen columns there is no room for the figures"


def test_a_verdict_has_the_colour_of_its_word_and_its_sentence_has_none():
    text = as_text(probe_report(), width=80, color=True)
    for colour, mark, name, word, sentence in (
        ("1;31", "✗", "openrouter", "FAIL", "more than the 30 points allowed"),
        ("33", "?", "small     ", "NOT MEASURED", "small gave nothing to score"),
        ("32", "✓", "twin      ", "PASS", "less than the 30 points allowed"),
    ):
        assert f"\x1b[{colour}m{mark}\x1b[0m  \x1b[1m{name}\x1b[0m  \x1b[{colour}m{word} " in text
        assert f"\x1b[39m{sentence}" in text
    assert text.startswith("\x1b[1mprobe battery: openrouter, small, twin against maker\x1b[0m\n  \x1b[2m20 of 40 blocks")
    assert "\x1b[1mcoverage\x1b[0m\x1b[2m  each provider alone" in text
    assert "\x1b[2magain: sameweights" in text
