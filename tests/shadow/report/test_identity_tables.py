"""The tables as a terminal shows them."""

from dataclasses import replace

import pytest
from rich.console import Console

from shadow.report.build_report import as_text
from shadow.report.figures import GreedyLine, IdentityLine, Report, Scorecard, SegmentLine, TemplateLine
from shadow.report.identity_tables import identity_table, segment_table
from tests.verdicts import QUIET

WHO = {"provider": "near", "model": "m", "reference": "far"}


@pytest.fixture
def text():
    identity = IdentityLine(
        provider="near",
        model="m",
        identity="0a1b2c3d4e5f",
        since=1_790_000_000.0,
        changes=1,
        latest=("server: b is new",),
        facts={},
        accepted_tokens=900,
    )
    gone = "the tools are gone"
    template = TemplateLine(**WHO, causes=("tools_dropped",), fault=True, samples=50, explained=1.0, sentence=gone)
    quiet = TemplateLine(**WHO, causes=("none",), fault=False, samples=50, explained=1.0, sentence="nothing to tell")
    loud = SegmentLine(**WHO, signal="text", segment="tools", value="yes", differs=15, pairs=30, conversations=2, elsewhere=0.1)
    loud = replace(loud, noise_differs=1, noise_pairs=9, beyond_noise=True)
    greedy = GreedyLine(**WHO, signal="text", differs=3, pairs=8)
    return as_text(
        Report(
            since=0.0,
            until=1.0,
            cards=(),
            latency=(),
            traffic=(),
            identities=(identity,),
            templates=(template, quiet),
            segments=(loud,),
            greedy=(greedy,),
        )
    )


def test_each_table_stands_under_its_title(text):
    for words in (
        ("server identity", "near", "0a1b2c3d4e5f", "2026-09-21 14:13:20", "server: b is", "900 tokens"),
        ("prompt tokens", "the tools are gone"),
        ("segments", "tools: yes", "50 % of 30", "10 %", "11 % of 9"),
        ("greedy", "38 % of 8"),
    ):
        for word in words:
            assert word in text, word


def test_provider_with_too_few_answers_is_reported_as_not_measured():
    new = Scorecard(
        **WHO,
        pairs=0,
        compared=0,
        requests=7,
        verdict=QUIET,
        signals=(),
        checks=(),
        gaps=(),
        reasons=(),
    )
    report = Report(since=0.0, until=1.0, cards=(new, replace(new, provider="unasked", requests=0)), latency=(), traffic=())
    console = Console(width=200)
    with console.capture() as shown:
        console.print(identity_table(report))
    assert "not measured until 20 answers" in shown.get()
    assert "unasked" not in shown.get()


def test_segments_beyond_the_noise_come_first():
    faint = SegmentLine(**WHO, signal="text", segment="tools", value="no", differs=29, pairs=30, conversations=2, elsewhere=0.1)
    marked = replace(faint, value="yes", differs=15, beyond_noise=True)
    table = segment_table(Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), segments=(faint, marked)))
    assert [row.style for row in table.rows] == ["red", "dim"]


def test_what_is_as_it_should_be_is_not_reported(text):
    assert "nothing to tell" not in text
