"""Findings about a reference itself, and the bounds from which they are reported."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from shadow.report.figures import CheckLine, ReferenceLine, Report
from shadow.report.reference_lines import reference_lines
from shadow.report.report_text import render
from shadow.verdict.coverage_shortfalls import shortfalls
from tests.shadow.report.test_drift_table import ALARM


class Seen:
    """As much of a card as is looked at."""

    def __init__(self, *checks, reference="r", model="m", pairs=0, lost=None):
        self.reference, self.model, self.checks, self.pairs = reference, model, checks, pairs
        self.verdict = SimpleNamespace(coverage=SimpleNamespace(shortfalls=shortfalls(lost or {})))


def check(name, faulty, answers):
    return CheckLine(
        signal=name,
        answers=1,
        faulty=0,
        low=0.0,
        high=1.0,
        reference_answers=answers,
        reference_faulty=faulty,
        reference_low=0.0,
        reference_high=1.0,
    )


@pytest.mark.parametrize(
    ("name", "faulty", "answers", "told"),
    [
        ("broken_stream", 2, 50, True),
        ("broken_stream", 2, 49, False),
        ("broken_stream", 1, 50, False),
        ("empty_answer", 21, 1_000, True),
        ("empty_answer", 20, 1_000, False),
        ("lost_space", 900, 1_000, False),
    ],
)
def test_a_reference_is_faulty_by_itself_beyond_two_percent_of_fifty_answers(name, faulty, answers, told):
    found = reference_lines([Seen(check(name, faulty, answers))], [])
    assert [line.state for line in found] == ["faulty"] * told


def test_two_providers_of_one_reference_report_it_once():
    card = Seen(check("broken_stream", 31, 400))
    [line] = reference_lines([card, card], [])
    assert (line.reference, line.model, line.sentence) == ("r", "m", "broken streams in 31 of 400 answers")
    assert reference_lines([Seen(check("broken_stream", 31, 400), reference="")], []) == ()


def test_drift_state_of_a_reference_is_reported_too():
    failing = replace(ALARM, blame="reference", name="reference_failing", why="the reference failed in 302 of 640 requests")
    moved = replace(ALARM, blame="reference", name="reference_moved", sentence="the reference r moved")
    found = reference_lines([], [failing, moved, ALARM])
    assert [(line.state, line.sentence) for line in found] == [
        ("failing", "the reference failed in 302 of 640 requests"),
        ("moved", "the reference r moved"),
    ]


def test_a_faulty_reference_is_reported_above_the_verdicts():
    line = ReferenceLine(reference="r", model="m", state="faulty", sentence="broken streams in 31 of 400 answers")
    report = Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), references=(line,))
    text = render(report, width=100, color=False)
    assert text.index("the reference r (m) is faulty: broken streams in 31 of 400 answers") < text.index("not measured")


NO_ANSWER = "the reference returned no complete response"
CONTEXT = f"{NO_ANSWER} (refused: context 8192): error 400 x: your prompt is too long"


def test_refusals_of_a_reference_are_reported_once_with_their_share_and_cause():
    failing = replace(ALARM, reference="r", model="m", blame="reference", name="reference_failing", why="failed")
    card = Seen(pairs=60, lost={CONTEXT: 29, f"{NO_ANSWER} (refused: parameter top_k): error 400": 1})
    [line] = reference_lines([card], [failing])
    assert (line.state, line.sentence) == ("refusing", "refuses 50 % of your requests: context 8,192, the member top_k")


@pytest.mark.parametrize(("refused", "failed", "told"), [(3, 0, True), (2, 0, False), (3, 3, True), (3, 4, False)])
def test_refusals_are_reported_beyond_two_percent_where_they_are_most_of_what_is_lost(refused, failed, told):
    card = Seen(pairs=100, lost={CONTEXT: refused, f"{NO_ANSWER} (failed): error 503": failed})
    assert bool(reference_lines([card], [])) is told


def test_what_the_provider_refuses_is_no_refusal_of_its_reference():
    assert reference_lines([Seen(pairs=10, lost={CONTEXT.replace("reference", "provider"): 10})], []) == ()


def test_a_refusing_reference_is_reported_with_the_three_most_frequent_things_it_refuses():
    refused = {f"{NO_ANSWER} (refused: parameter p{number}): error 400": 9 - number for number in range(4)}
    [line] = reference_lines([Seen(pairs=60, lost=refused)], [])
    assert line.sentence == "refuses 50 % of your requests: the member p0, the member p1, the member p2"
