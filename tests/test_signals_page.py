"""The page on the checks names each of them once, and its figures are what a smaller run of the same command gives."""

import re
from pathlib import Path

import pytest

from bench.signals import BEGIN, END, measure, table
from shadow.checks.registry import CHECKS, EXCHANGE_CHECKS
from shadow.verdict.phrases import NAMES

pytestmark = pytest.mark.slow


PAGE = (Path(__file__).resolve().parent.parent / "docs" / "reference" / "signals.md").read_text(encoding="utf-8")
PIECES = {f"{pieces}, {language}" for pieces in ("whole words", "like a tokenizer") for language in ("English", "German")}
CHECKED = {signal.value for signal, _ in (*CHECKS, *EXCHANGE_CHECKS)}


def figures(text: str) -> dict[str, list[float]]:
    found = re.findall(r"^\| (`\w+`|[a-z ]+, (?:English|German)) \|((?: [\d.,]+ \|)+)$", text, re.MULTILINE)
    return {name.strip("`"): [float(cell.replace(",", "")) for cell in cells.strip(" |").split("|")] for name, cells in found}


def test_every_check_has_one_line_and_a_name_in_plain_words():
    written, _, _ = PAGE.partition(BEGIN)
    rows = re.findall(r"^\| `(\w+)` \|", written, re.MULTILINE)
    assert sorted(rows) == sorted(CHECKED)
    assert set(NAMES) >= CHECKED


def test_the_figures_are_what_a_smaller_run_gives():
    page = figures(PAGE[PAGE.index(BEGIN) : PAGE.index(END)])
    now = figures(table(measure(480, seed=5)))
    assert set(page) == set(now) == {*CHECKED, *PIECES}
    for name in CHECKED:
        _, recall, _, judged, alarms, precision = page[name]
        assert (alarms, precision) == (now[name][4], now[name][5]) == (0, 1), name
        assert recall >= 0.95, name
        assert now[name][1] >= recall - 0.15, name
        assert judged > 0, name


def test_the_bar_for_lost_spaces_is_kept_where_whole_words_are_sent():
    page = figures(PAGE)
    for language in ("English", "German"):
        _, found, in_answer, *_, boundaries, false_hits = page[f"whole words, {language}"]
        assert min(found, in_answer) >= 0.95
        assert boundaries >= 100_000
        assert false_hits <= boundaries / 100_000


def test_among_tokens_a_provider_that_loses_spaces_shows_within_a_hundred_answers_and_hardly_a_faithful_one():
    page = figures(PAGE)
    for language, found in (("English", 0.75), ("German", 0.4)):
        row = page[f"like a tokenizer, {language}"]
        assert row[1] >= found
        assert row[4] >= 0.99
        assert row[6] == 0
