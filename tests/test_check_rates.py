"""How seldom an equal provider is called faulty: the committed figures keep their bars, and a smaller run comes near them."""

import re
from pathlib import Path

import pytest

from bench.check_rates import BEGIN, END, GAINS, TWENTY, WORLDS, measure

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "reference" / "signals.md").read_text(encoding="utf-8")
TABLES = PAGE[PAGE.index(BEGIN) + len(BEGIN) : PAGE.index(END)]
FEWER = 60


def rows(text: str) -> list[list[str]]:
    found = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.strip().split("\n") if line.startswith("|")]
    return [row for row in found if re.search(r"\d of \d", line := " ".join(row)) and "---" not in line]


def test_the_committed_figures_keep_every_bar():
    false, gains = rows(TABLES)[: len(WORLDS) + len(TWENTY)], rows(TABLES)[len(WORLDS) + len(TWENTY) :]
    assert [row[0] for row in false] == [world.name for world in (*WORLDS, *TWENTY)]
    assert {row[4] for row in false} == {row[3] for row in gains} == {"1,000"}
    assert all(int(row[5]) <= int(row[6]) for row in false)
    assert {int(row[6]) for row in false[: len(WORLDS)]} == {50}
    assert {int(row[6]) for row in false[len(WORLDS) :]} == {10}
    assert len(gains) == len(GAINS)
    assert all(float(row[4]) >= float(row[5]) for row in gains if len(row) > 5 and row[5])


@pytest.mark.slow
def test_a_smaller_run_of_the_same_command_comes_near_them():
    text, _ = measure(FEWER, seed=4)
    committed, now = rows(TABLES), rows(text)
    assert [row[0] for row in now] == [row[0] for row in committed]
    for was, row in zip(committed, now, strict=True):
        if len(was) == 7:
            assert int(row[5]) <= 4, row
        else:
            assert abs(float(row[4]) - float(was[4])) <= 0.2, row
