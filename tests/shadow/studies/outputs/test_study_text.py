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
