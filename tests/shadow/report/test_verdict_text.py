"""The verdicts in a few lines."""

import json
from dataclasses import replace

import pytest

from shadow.report.build_report import build_verdicts
from shadow.report.verdict_text import short_status, status_json, status_lines, verdict_text
from tests.records import NOW, add_pair


@pytest.fixture
def report(filled):
    return filled.verdicts


def text(report, width=80, **more) -> str:
    return verdict_text(report.cards, report.references, period="all records", now=NOW, width=width, color=False, **more)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_verdicts_fit_the_width_without_a_broken_word(report, width):
    shown = text(report, width)
    assert max(map(len, shown.split("\n"))) <= width
    assert {"garbler", "squeezer", "arguments", "undecided,", "reference,"} <= set(shown.split())


@pytest.mark.parametrize(("width", "below"), [(78, True), (79, False)])
def test_verdict_stands_below_a_name_that_leaves_it_less_than_30_columns(store, width, below):
    # the mark, the name and what parts two columns take 49
    add_pair(store, "p", "Hello", "Hello", model="m" * 43)
    add_pair(store, "p", "Hello", "Hello", model="n" * 43)
    assert store.flush(20)
    lines = text(build_verdicts(store, 0.0, NOW + 60), width).split("\n")
    assert lines[1] == f"? p {'m' * 43}" if below else lines[1].startswith(f"? p {'m' * 43}  undecided, 1 pair")


def test_verdicts_begin_with_the_number_that_differ_and_end_with_the_next_command(report):
    lines = text(report, 110, options=" --db 'a b.db'").split("\n")
    assert lines[0] == "1 of 2 differs from the reference, 1 has faulty answers, 1 undecided, 1 not measured  all records"
    assert lines[1].startswith("✗ garbler   differs, 80 pairs")
    assert lines[-1] == "Next: sameweights report garbler --db 'a b.db'"


def test_verdicts_are_those_of_the_full_report(filled):
    assert filled.verdicts.cards == filled.report.cards


def test_too_little_evidence_is_no_verdict_and_leads_to_the_doctor(store):
    assert text(build_verdicts(store, 0.0, NOW)).startswith("No request in this period")
    add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    shown = text(build_verdicts(store, 0.0, NOW + 60))
    assert shown.startswith("No verdict yet, 1 undecided  ")
    assert "Next: sameweights doctor" in shown


def test_status_has_one_line_for_each_provider(report):
    lines = status_lines(report.cards, now=NOW)
    assert [line.split(":")[0] for line in lines] == ["✗ garbler", "✗ squeezer", "? newcomer", "✓ faithful", "… loner"]
    assert short_status(report.cards) == "✗2 ?1 ✓1 …1"
    assert short_status(()) == "-"


def test_status_without_a_provider_states_that_nothing_was_requested():
    assert status_lines([], now=NOW) == ("No request in this period",)


def test_status_has_the_20_worst_and_counts_the_others_by_their_marks(report):
    worst, *_, open_one = report.cards
    cards = [replace(worst, model=f"model-{number:02}") for number in range(21)] + [open_one] * 2
    lines = status_lines(cards, now=NOW, options=" --since 7d")
    assert [line.partition(":")[0] for line in lines[:20]] == [f"✗ garbler model-{number:02}" for number in range(20)]
    assert lines[20:] == ("and 3 more (✗1 …2): sameweights status --all --since 7d",)
    assert status_lines(cards[:20], now=NOW) == lines[:20]
    everything = status_lines(cards, now=NOW, everything=True)
    assert (len(everything), everything[:20]) == (23, lines[:20])
    assert short_status(cards) == "✗21 …2"
    assert len(json.loads(status_json(cards, now=NOW))["providers"]) == 23


@pytest.mark.promise("reader.terminal")
def test_hostile_model_name_takes_one_short_line(store):
    for model in ("m", "evil\x1b[2J\n" + "x" * 1_000_000):
        add_pair(store, "p", "Hello", "Hello", model=model)
    assert store.flush(20)
    report = build_verdicts(store, 0.0, NOW + 60)
    for shown in (text(report), "\n".join(status_lines(report.cards, now=NOW))):
        assert "\x1b" not in shown
        assert len(shown) < 2_000


def test_json_of_the_status_has_its_schema_and_times(report):
    found = json.loads(status_json(report.cards, now=NOW))
    assert (found["schema"], found["at"]) == ("sameweights.status/1", "2023-11-14T22:13:20.000+00:00")
    assert found["providers"][0]["verdict"] == "differs"
