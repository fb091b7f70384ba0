from dataclasses import replace
from types import SimpleNamespace

import pytest

from shadow.drift.verifier_figures import Triggering
from shadow.report.figures import Report, Scorecard
from shadow.report.latency_lines import LatencyLine, PaceLine
from shadow.report.latency_tables import _figures, _times, latency_rows, latency_table, pace_table, trigger_table
from shadow.report.report_text import printed
from tests.verdicts import QUIET

EMPTY = Report(since=0.0, until=1.0, cards=(), latency=(), traffic=())


def shown(table):
    return " ".join(printed([table], width=200, color=False).split())


def line(role, measure, ratio):
    times = {"answers": 3, "p50": 0.5, "p95": 1.25}
    return LatencyLine(provider="p", role=role, measure=measure, reference="r", pairs=2, ratio=ratio, **times)


def test_times_stand_beside_their_ratio_to_the_reference():
    lines = (line("provider", "seconds", 2.04), line("reference", "first_chunk", None))
    text = shown(latency_table(Report(since=0.0, until=1.0, cards=(), latency=lines, traffic=())))
    assert "0.500 / 1.250 2.0x" in text
    assert "p (as reference) 3 0.500 / 1.250 -" in text


def test_a_narrow_table_has_a_row_for_each_measure_and_cuts_no_time():
    lines = tuple(line("reference", measure, None) for measure in ("first_chunk", "first_token", "seconds"))
    table = latency_table(Report(since=0.0, until=1.0, cards=(), latency=lines, traffic=()), wide=False)
    text = printed([table], width=60, color=False)
    assert text.count("0.500 / 1.250") == table.row_count == 3
    assert text.count("p (as reference)") == 1
    assert max(map(len, text.split("\n"))) <= 60


def test_only_a_pace_that_changed_is_shown():
    fields = {"provider": "p", "model": "m\x1b", "limit": 0.5, "blocks": 9, "evidence": 1.0}
    made = (
        PaceLine(measure="first_token", tempo="slower", since=0.0, share=0.4, **fields),
        PaceLine(measure="token", tempo="steady", since=None, share=None, **fields),
    )
    table = pace_table(Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), paces=made))
    assert table.row_count == 1
    assert "first token slower since 1970-01-01 00:00:00 UTC 40% of the answers took longer than 0.500 s" in shown(table)
    assert "\x1b" not in shown(table)


def card(found):
    return Scorecard(
        provider="p",
        reference="r",
        model="m",
        pairs=9,
        compared=9,
        requests=9,
        verdict=QUIET,
        signals=(),
        checks=(),
        gaps=(),
        reasons=(),
        triggering=found,
    )


def test_the_figures_of_verifiers_stand_beside_the_references_own():
    found = Triggering(
        pairs=900,
        f1=0.76,
        f1_limit=0.98,
        kappa=0.5,
        ratio=1.02,
        control_pairs=90,
        own_f1=0.77,
        difference=-0.01,
        low=-0.05,
        high=0.03,
    )
    nothing = Triggering(
        pairs=1,
        f1=None,
        f1_limit=None,
        kappa=None,
        ratio=None,
        control_pairs=0,
        own_f1=None,
        difference=None,
        low=None,
        high=None,
    )
    report = Report(since=0.0, until=1.0, cards=(card(found), card(nothing), card(None)), latency=(), traffic=())
    text = shown(trigger_table(report))
    assert "900 76 % 77 % of 90 -1 [-5 to 3] 0.50 1.02x" in text
    assert "1 - - - - -" in text
    assert trigger_table(report).row_count == 2


def test_an_empty_report_has_empty_latency_tables():
    assert [table(EMPTY).row_count for table in (latency_table, pace_table, trigger_table)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("line", "cell"),
    [
        (None, "-"),
        (SimpleNamespace(p50=0.1234, p95=2.0, ratio=None), "0.123 / 2.000"),
        (SimpleNamespace(p50=0.1236, p95=12.0, ratio=1.25), "0.124 / 12.000  1.2x"),
    ],
)
def test_times_have_milliseconds_and_a_ratio_where_there_is_one(line, cell):
    assert _times(line) == cell


@pytest.mark.parametrize(
    ("more", "cells"),
    [
        ({}, ("60", "91 %", "93 % of 40", "-2 [-6 to 3]", "0.81", "0.95x")),
        ({"own_f1": None, "kappa": None, "ratio": None}, ("60", "91 %", "-", "-2 [-6 to 3]", "-", "-")),
        ({"low": None}, ("60", "91 %", "93 % of 40", "-2", "0.81", "0.95x")),
        ({"high": None}, ("60", "91 %", "93 % of 40", "-2", "0.81", "0.95x")),
        ({"difference": None, "low": None}, ("60", "91 %", "93 % of 40", "-", "0.81", "0.95x")),
    ],
)
def test_the_figures_of_verifiers_stand_in_their_columns(more, cells):
    found = {"pairs": 60, "f1": 0.912, "own_f1": 0.934, "control_pairs": 40, "difference": -0.022}
    found |= {"low": -0.06, "high": 0.03, "kappa": 0.812, "ratio": 0.951}
    assert _figures(SimpleNamespace(**{**found, **more})) == cells


PACE = PaceLine(provider="p", model="m", measure="token", tempo="slower", limit=0.5, blocks=9, evidence=1.0, since=0.0, share=0.4)


def paced(*paces):
    return pace_table(Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), paces=paces))


def test_twenty_paces_and_the_figures_of_twenty_providers_are_shown():
    assert [paced(*[PACE] * count).row_count for count in (20, 21)] == [20, 20]
    found = card(SimpleNamespace(**FIGURES))
    assert trigger_table(Report(since=0.0, until=1.0, cards=(found,) * 21, latency=(), traffic=())).row_count == 20


FIGURES = {"pairs": 1, "f1": None, "own_f1": None, "control_pairs": 0, "difference": None}
FIGURES |= {"low": None, "high": None, "kappa": None, "ratio": None}


@pytest.mark.parametrize("missing", ["since", "share", "limit"])
def test_a_pace_of_which_something_is_not_known_has_no_details(missing):
    assert "since" not in shown(paced(replace(PACE, **{missing: None})))


def test_a_pace_that_recovered_is_not_yellow():
    assert [row.style for row in paced(PACE, replace(PACE, tempo="recovered")).rows] == ["yellow", ""]


def test_sides_stand_by_role_and_name_with_the_most_answers_of_a_measure():
    lines = (
        line("reference", "seconds", None),
        line("provider", "seconds", None),
        replace(line("provider", "first_token", 1.0), answers=2),
        replace(line("provider", "first_token", 1.0), provider="a", answers=1),
    )
    found = list(latency_rows(Report(since=0.0, until=1.0, cards=(), latency=lines, traffic=())))
    assert [(name, answers, times) for name, answers, times in found] == [
        ("a", 1, ["-", "0.500 / 1.250  1.0x", "-"]),
        ("p", 3, ["-", "0.500 / 1.250  1.0x", "0.500 / 1.250"]),
        ("p (as reference)", 3, ["-", "-", "0.500 / 1.250"]),
    ]
